"""A program that uses hidapi, for the tests of the USB door: hidapi_client.py LIBRARY [wait]. Writes
DAP_Info requests, one after the other and four at once, and prints what came back as JSON. wait: says
that it is open, and reads for ever."""

import ctypes
import json
import sys
import time

hid = ctypes.CDLL(sys.argv[1])
hid.hid_open.restype = ctypes.c_void_p
hid.hid_init()
device = ctypes.c_void_p(hid.hid_open(0x0D28, 0x0204, None))


def write(*report):
    return hid.hid_write(device, bytes([0, *report]).ljust(65, b"\0"), 65)


def read(timeout_ms):
    report = ctypes.create_string_buffer(64)
    count = hid.hid_read_timeout(device, report, 64, timeout_ms)
    return report.raw[:max(count, 0)]


result = {"open": bool(device)}
if device and sys.argv[2:] == ["wait"]:
    print(json.dumps(result), flush=True)
    while True:
        read(-1)
if device:
    result["written"] = write(0x00, 0xFF)
    result["packet"] = read(1000)[:4].hex()
    began = time.monotonic()
    result["nothing"] = len(read(100))
    result["waited"] = time.monotonic() - began
    for identity in (0xFE, 0xFF, 0xFE, 0xFF):
        write(0x00, identity)
    result["lengths"] = [read(-1)[1] for _ in range(4)]
    hid.hid_close(device)
hid.hid_exit()
print(json.dumps(result))
