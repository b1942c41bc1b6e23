"""A program that uses libusb, for the tests of the USB door. It is run as a process of its own, under
the environment that `xflash-vboard env` prints: usb_client.py ACTION [WORDS], one JSON per line out.

libusb is the machine's own, through ctypes; nothing of it is replaced."""

import ctypes
import json
import struct
import sys
import time

ERRORS = {0: "OK", -1: "IO", -2: "INVALID_PARAM", -3: "ACCESS", -4: "NO_DEVICE", -5: "NOT_FOUND",
          -6: "BUSY", -7: "TIMEOUT", -8: "OVERFLOW", -9: "PIPE", -11: "NO_MEM"}
STATUSES = ["COMPLETED", "ERROR", "TIMED_OUT", "CANCELLED", "STALL", "NO_DEVICE", "OVERFLOW"]
TIMEOUT_MS = 5000


class Transfer(ctypes.Structure):
    pass


CALLBACK = ctypes.CFUNCTYPE(None, ctypes.POINTER(Transfer))
Transfer._fields_ = [
    ("dev_handle", ctypes.c_void_p), ("flags", ctypes.c_uint8), ("endpoint", ctypes.c_ubyte),
    ("type", ctypes.c_ubyte), ("timeout", ctypes.c_uint), ("status", ctypes.c_int),
    ("length", ctypes.c_int), ("actual_length", ctypes.c_int), ("callback", CALLBACK),
    ("user_data", ctypes.c_void_p), ("buffer", ctypes.c_void_p), ("num_iso_packets", ctypes.c_int)]


class DeviceDescriptor(ctypes.Structure):
    _fields_ = [
        ("bLength", ctypes.c_uint8), ("bDescriptorType", ctypes.c_uint8),
        ("bcdUSB", ctypes.c_uint16), ("bDeviceClass", ctypes.c_uint8),
        ("bDeviceSubClass", ctypes.c_uint8), ("bDeviceProtocol", ctypes.c_uint8),
        ("bMaxPacketSize0", ctypes.c_uint8), ("idVendor", ctypes.c_uint16),
        ("idProduct", ctypes.c_uint16), ("bcdDevice", ctypes.c_uint16),
        ("iManufacturer", ctypes.c_uint8), ("iProduct", ctypes.c_uint8),
        ("iSerialNumber", ctypes.c_uint8), ("bNumConfigurations", ctypes.c_uint8)]


class Timeval(ctypes.Structure):
    _fields_ = [("tv_sec", ctypes.c_long), ("tv_usec", ctypes.c_long)]


HOTPLUG = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int,
                           ctypes.c_void_p)

usb = ctypes.CDLL("libusb-1.0.so.0")
for name, result in (("libusb_alloc_transfer", ctypes.POINTER(Transfer)),
                     ("libusb_get_device_list", ctypes.c_ssize_t),
                     ("libusb_open", ctypes.c_int)):
    getattr(usb, name).restype = result


def say(**record):
    print(json.dumps(record), flush=True)


def name_of(result):
    return ERRORS.get(result, str(result)) if result < 0 else "OK"


class Probe:
    """An ST-LINK that was opened; endpoints come from the descriptor's usual places."""

    def __init__(self, handle, out, into):
        self.handle, self.out, self.into = handle, out, into

    def bulk(self, endpoint, data_or_bytes, timeout_ms=TIMEOUT_MS):
        """(result, bytes received or count sent)"""
        is_in = endpoint & 0x80
        buffer = ctypes.create_string_buffer(
            data_or_bytes if is_in else bytes(data_or_bytes),
            data_or_bytes if is_in else len(data_or_bytes))
        actual = ctypes.c_int(0)
        result = usb.libusb_bulk_transfer(self.handle, ctypes.c_ubyte(endpoint), buffer,
                                          len(buffer), ctypes.byref(actual), timeout_ms)
        return name_of(result), buffer.raw[:actual.value] if is_in else actual.value

    def command(self, *words, in_bytes=0, data=b"", timeout_ms=TIMEOUT_MS):
        result, _ = self.bulk(self.out, bytes(words).ljust(16, b"\0"), timeout_ms)
        if result == "OK" and data:
            result, _ = self.bulk(self.out, data, timeout_ms)
        if result != "OK" or in_bytes == 0:
            return result, b""
        return self.bulk(self.into, in_bytes, timeout_ms)

    def attach(self, access_port=1):
        """Debug mode at the highest speed, access port open."""
        if self.command(0xF5, in_bytes=2)[1][0] == 0:
            self.command(0xF3, 0x07)  # a V2 wakes up in DFU mode
        self.command(0xF2, 0x63, 1, in_bytes=8)
        self.command(0xF2, 0x43, 0, 0, in_bytes=2)
        self.command(*struct.pack("<BBBBI", 0xF2, 0x61, 0, 0, 24000), in_bytes=8)
        self.command(0xF2, 0x30, 0xA3, in_bytes=2)
        result, reply = self.command(0xF2, 0x4B, access_port, in_bytes=2)
        assert result == "OK" and reply[0] == 0x80, (result, reply)


class Context:
    def __init__(self):
        self.pointer = ctypes.c_void_p()
        result = usb.libusb_init(ctypes.byref(self.pointer))
        if result != 0:
            say(init=name_of(result))
            sys.exit(1)

    def devices(self):
        table = ctypes.POINTER(ctypes.c_void_p)()
        count = usb.libusb_get_device_list(self.pointer, ctypes.byref(table))
        return [ctypes.c_void_p(table[i]) for i in range(count)]

    def describe(self, device):
        descriptor = DeviceDescriptor()
        ports = (ctypes.c_uint8 * 8)()
        usb.libusb_get_device_descriptor(device, ctypes.byref(descriptor))
        count = usb.libusb_get_port_numbers(device, ports, 8)
        return {"vid": descriptor.idVendor, "pid": descriptor.idProduct,
                "bus": usb.libusb_get_bus_number(device),
                "address": usb.libusb_get_device_address(device),
                "ports": list(ports[:max(count, 0)]), "speed": usb.libusb_get_device_speed(device),
                "indexes": [descriptor.iManufacturer, descriptor.iProduct,
                            descriptor.iSerialNumber]}

    def open(self, device):
        handle = ctypes.c_void_p()
        return usb.libusb_open(device, ctypes.byref(handle)), handle

    def find(self, address=None):
        """The only device, or the one with that address."""
        found = [device for device in self.devices()
                 if address is None or usb.libusb_get_device_address(device) == address]
        assert len(found) == 1, [self.describe(device) for device in found]
        return found[0]

    def probe(self, address=None):
        """Opened and claimed, or a pair of results that says why not."""
        device = self.find(address)
        opened, handle = self.open(device)
        if opened != 0:
            return None, {"open": name_of(opened)}
        claimed = usb.libusb_claim_interface(handle, 0)
        if claimed != 0:
            return None, {"open": "OK", "claim": name_of(claimed)}
        out = 0x02 if self.describe(device)["pid"] == 0x3748 else 0x01
        return Probe(handle, out, 0x81), {"open": "OK", "claim": "OK"}

    def probe_or_exit(self, address=None):
        probe, why = self.probe(address)
        if probe is None:
            say(**why)
            sys.exit(1)
        return probe

    def handle_events(self, seconds):
        wait = Timeval(int(seconds), int(seconds % 1 * 1e6))
        usb.libusb_handle_events_timeout_completed(self.pointer, ctypes.byref(wait), None)


def string(handle, index):
    text = ctypes.create_string_buffer(256)
    count = usb.libusb_get_string_descriptor_ascii(handle, ctypes.c_uint8(index), text, 256)
    return text.raw[:count].decode("ascii") if count >= 0 else name_of(count)


def raw_string(handle, index):
    data = ctypes.create_string_buffer(256)
    count = usb.libusb_control_transfer(handle, 0x80, 6, 0x0300 | index, 0x0409, data, 256, 1000)
    return data.raw[:count].hex() if count >= 0 else name_of(count)


def act_list(context):
    for device in context.devices():
        record = context.describe(device)
        opened, handle = context.open(device)
        record["open"] = name_of(opened)
        if opened == 0:
            record["strings"] = [string(handle, index) for index in record["indexes"]]
            record["raw_serial"] = raw_string(handle, record["indexes"][2])
            record["no_such_string"] = raw_string(handle, 99)
            usb.libusb_close(handle)
        say(**record)


def act_claim(context, address=None):
    _, why = context.probe(address and int(address))
    say(**why)


def act_hold(context, address=None):
    """Claims, says so, waits for a line, then uses the probe and closes it."""
    probe, why = context.probe(address and int(address))
    say(**why)
    sys.stdin.readline()
    began = time.monotonic()
    result, reply = probe.command(0xF7, in_bytes=8)
    say(result=result, reply=reply.hex(), seconds=time.monotonic() - began)
    again = context.open(context.find(address and int(address)))[0] if result == "OK" else None
    say(second_open=None if again is None else name_of(again))
    usb.libusb_close(probe.handle)
    say(closed=True)


def act_wait_in(context):
    """An IN transfer for which nothing comes; unplugged or timed out is how it ends."""
    probe = context.probe_or_exit()
    say(waiting=True)
    began, began_cpu = time.monotonic(), time.process_time()
    result, data = probe.bulk(0x81, 64, 3000)
    say(result=result, bytes=len(data), seconds=time.monotonic() - began,
        cpu_seconds=time.process_time() - began_cpu)
    say(after=probe.command(0xF5, in_bytes=2)[0])


def act_faults(context):
    """What a host may do wrong, and what the bus says to it."""
    probe = context.probe_or_exit()
    device = context.find()
    _, other = context.open(device)
    buffer = ctypes.create_string_buffer(16)
    actual = ctypes.c_int(0)
    say(unclaimed=name_of(usb.libusb_bulk_transfer(
        other, ctypes.c_ubyte(1), buffer, 16, ctypes.byref(actual), 500)))
    say(second_claim=name_of(usb.libusb_claim_interface(other, 0)))
    say(no_interface=name_of(usb.libusb_claim_interface(other, 5)))
    say(no_endpoint=probe.bulk(0x07, b"x" * 16)[0])
    say(other_reset=name_of(usb.libusb_reset_device(other)))
    say(configuration=name_of(usb.libusb_set_configuration(other, 1)))
    usb.libusb_close(other)
    probe.attach()
    # one byte is answered with two
    say(overflow=probe.command(*struct.pack("<BBIHB3s", 0xF2, 0x0C, 0x24000000, 1, 1,
                                            b"\x00\x00\xab"), in_bytes=1)[0])
    result, data = probe.command(0xF5, in_bytes=64)
    say(short=result, short_bytes=len(data))
    say(timeout=probe.bulk(0x81, 64, 200)[0])
    say(alive=probe.command(0xF5, in_bytes=2)[0])
    # a command whose answer nobody takes, then a port reset: nothing is left over
    probe.command(0xF7)
    say(reset=name_of(usb.libusb_reset_device(probe.handle)))
    say(claim_after_reset=name_of(usb.libusb_claim_interface(probe.handle, 0)))
    result, data = probe.command(0xF5, in_bytes=64)
    say(after_reset=result, after_reset_bytes=len(data))


def act_stall(context, count):
    """Commands until one of them fails; then the pipe is cleared."""
    probe = context.probe_or_exit()
    results = []
    for _ in range(int(count)):
        results.append(probe.command(0xF5, in_bytes=2)[0])
        if results[-1] == "PIPE":
            results.append(probe.command(0xF5, in_bytes=2, timeout_ms=300)[0])
            usb.libusb_clear_halt(probe.handle, ctypes.c_ubyte(probe.into))
            usb.libusb_clear_halt(probe.handle, ctypes.c_ubyte(probe.out))
            results.append(probe.command(0xF5, in_bytes=2)[0])
            break
    say(results=results)


def act_commands(context, count):
    """GET_CURRENT_MODE over and over; the result of the last and how many went well."""
    probe = context.probe_or_exit()
    done, result, began = 0, "OK", time.monotonic()
    while done < int(count) and result == "OK":
        began = time.monotonic()
        result, _ = probe.command(0xF5, in_bytes=2)
        done += result == "OK"
    say(done=done, result=result, seconds=time.monotonic() - began)


class Pipeline:
    """Blocks of target memory written with a status each. Command, data, status command and status
    of a block are submitted together; with depth 2 the next block before the answer of this one."""

    def __init__(self, context, probe, data):
        self.context, self.probe, self.data = context, probe, data
        self.keep = []
        self.left = 0
        self.bad = []
        self.callback = CALLBACK(self.done)

    def submit(self, endpoint, data_or_bytes):
        buffer = ctypes.create_string_buffer(data_or_bytes, len(data_or_bytes)) \
            if isinstance(data_or_bytes, bytes) else ctypes.create_string_buffer(data_or_bytes)
        transfer = usb.libusb_alloc_transfer(0)
        transfer.contents.dev_handle = self.probe.handle
        transfer.contents.endpoint = endpoint
        transfer.contents.type = 2
        transfer.contents.timeout = TIMEOUT_MS
        transfer.contents.length = len(buffer)
        transfer.contents.callback = self.callback
        transfer.contents.buffer = ctypes.addressof(buffer)
        self.keep.append((transfer, buffer))
        self.left += 1
        result = usb.libusb_submit_transfer(transfer)
        assert result == 0, name_of(result)

    def done(self, transfer):
        self.left -= 1
        status = STATUSES[transfer.contents.status]
        reply = ctypes.string_at(transfer.contents.buffer, transfer.contents.actual_length)
        if status != "COMPLETED" or (transfer.contents.endpoint & 0x80 and reply[0] != 0x80):
            self.bad.append((status, reply[:1].hex()))

    def write(self, addr, block_bytes, access_port):
        for at in range(0, len(self.data), block_bytes):
            block = self.data[at:at + block_bytes]
            csw = b"\x00\x00\xab" if access_port else b"\0\0\0"
            self.submit(self.probe.out, struct.pack("<BBIHB3s4x", 0xF2, 0x08, addr + at % 0x10000,
                                                    len(block), access_port, csw))
            self.submit(self.probe.out, block)
            self.submit(self.probe.out, bytes([0xF2, 0x3E]).ljust(16, b"\0"))
            self.submit(self.probe.into, 12)
            while self.left:
                self.context.handle_events(1)


def act_write_blocks(context, count, addr="0x24000000", access_port="1"):
    probe = context.probe_or_exit()
    probe.attach(int(access_port))
    pipeline = Pipeline(context, probe, bytes(range(256)) * (24 * int(count)))
    pipeline.write(int(addr, 0), 6144, int(access_port))
    say(bad=pipeline.bad)


def act_events(context, seconds):
    """Devices that come and go."""
    def seen(_context, device, event, _user):
        record = context.describe(ctypes.c_void_p(device))
        say(event={1: "arrived", 2: "left"}[event], pid=record["pid"], address=record["address"])
        return 0
    callback = HOTPLUG(seen)
    result = usb.libusb_hotplug_register_callback(context.pointer, 3, 0, -1, -1, -1, callback,
                                                  None, None)
    say(registered=name_of(result))
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        context.handle_events(0.2)


if __name__ == "__main__":
    globals()["act_" + sys.argv[1]](Context(), *sys.argv[2:])
