"""The USB door: unmodified libusb, libstlink, hidapi and OpenOCD find the virtual probe, down to the
system calls. Nothing of xflash itself runs here."""

import ctypes.util
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import vboard

HERE = pathlib.Path(__file__).resolve().parent
CLIENT = HERE / "usb_client.py"
CONFIG = HERE / "openocd_usb.cfg"
RAM = 0x24000000
RAM_BYTES = 256 * 1024
H750 = "h750-bare"

ST_LINK = ["adapter driver st-link", "st-link vid_pid 0x0483 0x374e",
           "transport select dapdirect_swd", "adapter speed 24000"]


def has_board(name):
    known = subprocess.run([str(vboard.VBOARD), "list"], capture_output=True, text=True, check=False)
    return name in known.stdout


def is_running(pid):
    """A process that nobody has waited for yet does not run any more."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


class Usb(vboard.VirtualBoardTest):
    def start_usb(self, *options, name=vboard.BOARD):
        """Returns the port of the TCP door; self.usb_env shows the bus to other programs."""
        lines = self.vboard("start", name, "--usb", *options).stdout.splitlines()
        self.assertRegex(lines[0], r"^127\.0\.0\.1:\d+$")
        self.read_environment(lines[1:])
        return int(lines[0].rsplit(":", 1)[1])

    def read_environment(self, lines):
        self.usb_env = {key: value for key, value in os.environ.items()
                        if not key.startswith("XFLASH_")}
        for line in lines:
            self.assertRegex(line, r"^export [A-Z_]+=\S+$")
            key, value = line.removeprefix("export ").split("=", 1)
            self.usb_env[key] = value
        self.assertEqual(sorted(line.split("=")[0] for line in lines),
                         ["export LD_PRELOAD", "export UMOCKDEV_DIR"])
        self.root = pathlib.Path(self.usb_env["UMOCKDEV_DIR"])

    def tool(self, *words, timeout=120, exit=0):
        result = subprocess.run([str(word) for word in words], env=self.usb_env, cwd=self.folder,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=timeout, check=False)
        if exit is not None:
            self.assertEqual(result.returncode, exit, f"{words}\n{result.stdout}{result.stderr}")
        return result.stdout + result.stderr

    def client(self, *words, before=()):
        """The records that usb_client.py printed, as one; a list for `list`."""
        text = self.tool(*before, sys.executable, CLIENT, *words, exit=None)
        records = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        if words[0] in ("list", "events"):
            return records
        self.assertTrue(records, text)
        return {key: value for record in records for key, value in record.items()}

    def spawn(self, *words):
        """A client in the background, after its first line."""
        process = subprocess.Popen([sys.executable, str(CLIENT), *map(str, words)],
                                   env=self.usb_env, cwd=self.folder, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, json.loads(process.stdout.readline())

    def rest(self, process, line=""):
        """What a background client prints from now on, as one record."""
        out, _ = process.communicate(line, timeout=60)
        return {key: value for text in out.splitlines() for key, value in json.loads(text).items()}

    def pid(self, folder="usb"):
        return int((self.folder / "sim" / folder / "pid").read_text(encoding="ascii"))

    def openocd(self, adapter, *commands):
        words = ["openocd"]
        for command in adapter:
            words += ["-c", command]
        words += ["-f", str(CONFIG), "-c", "init"]
        for command in (*commands, "shutdown"):
            words += ["-c", command]
        return self.tool(*words)

    def round_trip(self, adapter):
        data = random.Random(3).randbytes(RAM_BYTES)
        (self.folder / "out.bin").write_bytes(data)
        text = self.openocd(
            adapter, "mdw 0xE000ED00", "halt", f"load_image out.bin 0x{RAM:x} bin",
            f"dump_image in.bin 0x{RAM:x} {RAM_BYTES}",
            # movs r0, #7; adds r0, #1; b .-2
            "mww 0x20000100 0x30012007", "mwh 0x20000104 0xE7FD", "reg pc 0x20000100",
            "reg sp 0x20001000", "reg xpsr 0x01000000", "reg r5 0xCAFEBABE", "step", "reg pc",
            "step", "reg r0", "reg r5")
        self.assertIn("0xe000ed00: 411fc272", text)
        self.assertEqual((self.folder / "in.bin").read_bytes(), data, text)
        values = re.findall(r"^(pc|r0|r5) \(/32\): (0x[0-9a-f]{8})", text, re.M)
        self.assertEqual([(name, int(value, 16)) for name, value in values][-3:],
                         [("pc", 0x20000102), ("r0", 8), ("r5", 0xCAFEBABE)], text)
        self.assertEqual(self.report()["violations"], 0)


class Tools(Usb):
    @unittest.skipUnless(shutil.which("st-info"), "st-info is not installed")
    def test_st_info_sees_the_probe_and_no_chip_it_knows(self):
        port = self.start_usb()
        with vboard.Door(port) as door:
            serial = door.info()["serial"]
        text = self.tool("st-info", "--probe")
        self.assertIn("Found 1 stlink programmers", text)
        self.assertRegex(text, r"version: +V3J10\n")
        self.assertIn(serial, text)
        self.assertRegex(text, r"chipid: +0x0000\n")  # it cannot select access port 1
        self.assertEqual(self.report()["violations"], 0)

    @unittest.skipUnless(shutil.which("openocd"), "openocd is not installed")
    def test_openocd_works_on_an_st_link(self):
        self.start_usb()
        self.round_trip(ST_LINK)

    @unittest.skipUnless(shutil.which("openocd"), "openocd is not installed")
    def test_openocd_works_on_cmsis_dap_1_over_hidraw(self):
        self.start_usb("--probe", "dap1")
        self.round_trip(["adapter driver cmsis-dap", "cmsis_dap_backend hid",
                         "transport select swd", "adapter speed 4000"])

    def test_hidapi_reads_and_writes_reports(self):
        for library in ("libhidapi-hidraw.so.0", "libhidapi-libusb.so.0"):
            with self.subTest(library):
                if ctypes.util.find_library(library.removeprefix("lib").split(".")[0]) is None:
                    self.skipTest(f"{library} is not installed")
                self.start_usb("--probe", "dap1")
                result = json.loads(self.tool(sys.executable, HERE / "hidapi_client.py", library))
                self.assertTrue(result["open"])
                self.assertEqual(result["written"], 65)
                self.assertEqual(result["packet"], "00024000")  # 64 bytes
                self.assertEqual(result["nothing"], 0)
                self.assertGreaterEqual(result["waited"], 0.09)
                self.assertEqual(result["lengths"], [1, 2, 1, 2])
                self.vboard("stop", vboard.BOARD)

    @unittest.skipUnless(shutil.which("openocd"), "openocd is not installed")
    def test_openocd_works_on_cmsis_dap_2_over_bulk(self):
        self.start_usb("--probe", "dap2")
        self.round_trip(["adapter driver cmsis-dap", "cmsis_dap_backend usb_bulk",
                         "transport select swd", "adapter speed 10000"])

    @unittest.skipUnless(shutil.which("openocd"), "openocd is not installed")
    @unittest.skipUnless(has_board(H750), "there is no board with its core on access port 0")
    def test_openocd_hla_works_where_the_core_is_on_access_port_0(self):
        data = random.Random(4).randbytes(RAM_BYTES)
        (self.folder / "out.bin").write_bytes(data)
        for model in ("v2", "v2-1", "v3"):
            with self.subTest(model):
                self.start_usb("--probe", model, name=H750)
                text = self.tool("openocd", "-f", "interface/stlink.cfg", "-f",
                                 "target/stm32h7x.cfg", "-c", "gdb_port disabled", "-c", "init",
                                 "-c", "halt", "-c", f"load_image out.bin 0x{RAM:x} bin",
                                 "-c", f"dump_image in.bin 0x{RAM:x} {RAM_BYTES}",
                                 "-c", "reg pc", "-c", "shutdown")
                self.assertEqual((self.folder / "in.bin").read_bytes(), data, text)
                self.assertRegex(text, r"pc \(/32\): 0x[0-9a-f]{8}")
                self.vboard("stop", H750)

    @unittest.skipUnless(shutil.which("st-info"), "st-info is not installed")
    @unittest.skipUnless(has_board(H750), "there is no board with its core on access port 0")
    def test_st_info_reads_the_chip_id_of_an_h7(self):
        for model in ("v2", "v2-1", "v3"):
            with self.subTest(model):
                self.start_usb("--probe", model, name=H750)
                self.assertRegex(self.tool("st-info", "--probe"), r"chipid: +0x0*450\n")
                self.vboard("stop", H750)


    @unittest.skipUnless(shutil.which("st-flash"), "st-flash is not installed")
    @unittest.skipUnless(has_board(H750), "there is no board with its core on access port 0")
    def test_st_flash_writes_internal_flash(self):
        data = random.Random(5).randbytes(5000)
        (self.folder / "out.bin").write_bytes(data)
        self.start_usb(name=H750)
        text = self.tool("st-flash", "write", "out.bin", "0x08000000")
        self.assertIn("Flash written and verified", text)
        self.tool("st-flash", "read", "in.bin", "0x08000000", len(data))
        self.assertEqual((self.folder / "in.bin").read_bytes(), data)


class Devices(Usb):
    def test_descriptors_of_every_model(self):
        models = [line.split()[:2] for line in self.vboard("models").stdout.splitlines()]
        self.assertGreaterEqual(len(models), 7)
        for name, usb_id in models:
            with self.subTest(name):
                self.start_usb("--probe", name)
                device, = self.client("list")
                self.assertEqual(f"{device['vid']:04x}:{device['pid']:04x}", usb_id)
                self.assertEqual(device["open"], "OK")
                self.assertEqual(device["no_such_string"], "PIPE")
                self.assertEqual(device["ports"], [1])
                self.assertIn(device["speed"], (2, 3))
                self.vboard("stop", vboard.BOARD)

    def test_raw_serial_number_of_an_old_v2(self):
        self.start_usb("--probe", "v2")
        serial = self.client("list")[0]["strings"][2]
        self.vboard("stop", vboard.BOARD)
        self.start_usb("--probe", "v2-j24")
        raw = bytes.fromhex(self.client("list")[0]["raw_serial"])
        self.assertEqual(raw[:2], bytes([26, 3]))
        self.assertEqual(raw[2::2].hex().upper(), serial)
        self.assertEqual(raw[3::2], bytes(12))

    def test_boards_share_a_bus(self):
        self.start_usb(name=vboard.BOARD + "#1")
        self.start_usb("--probe", "v2-1", name=vboard.BOARD + "#2")
        self.start_usb("--probe", "dap1", name=vboard.BOARD + "#3")
        devices = self.client("list")
        self.assertEqual(len(devices), 3)
        self.assertEqual(len({device["strings"][2] for device in devices}), 3)
        self.assertEqual(sorted(device["ports"] for device in devices), [[1], [2], [3]])
        self.assertEqual(len({device["address"] for device in devices}), 3)
        self.vboard("stop", vboard.BOARD + "#2")
        self.assertEqual(sorted(device["ports"] for device in self.client("list")), [[1], [3]])

    def test_the_environment_can_be_asked_for_again(self):
        self.vboard("env", exit=2)
        self.start_usb()
        first = self.root
        self.read_environment(self.vboard("env").stdout.splitlines())
        self.assertEqual(self.root, first)

    def test_a_running_board_opens_its_door_later(self):
        self.start()
        self.start_usb()
        self.assertEqual(len(self.client("list")), 1)
        self.assertIn("running with the probe v3",
                      self.vboard("start", vboard.BOARD, "--usb", "--probe", "v2", exit=12).stderr)

    def test_a_factory_reset_makes_it_another_device(self):
        self.start_usb("--probe", "v2-1")
        before, = self.client("list")
        self.vboard("reset", vboard.BOARD)
        after, = self.client("list")
        self.assertNotEqual(before["strings"][2], after["strings"][2])
        self.assertEqual(before["pid"], after["pid"])  # the probe stays the one that was chosen

    def test_deep_folders_are_no_obstacle(self):
        self.env["XFLASH_SIM_DIR"] = str(self.folder / "/".join(["deeper" * 5] * 8))
        self.start_usb()
        self.assertEqual(len(self.client("list")), 1)
        self.vboard("stop", "--all")
        self.assertFalse(self.root.exists())

    @unittest.skipUnless(shutil.which("setpriv") and os.getuid() == 0, "needs root and setpriv")
    def test_permissions_of_the_device_node(self):
        other = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
        self.folder.chmod(0o755)
        self.start_usb()
        for mode, expected in (("0600", "ACCESS"), ("0666", "OK")):
            self.vboard("set", vboard.BOARD, f"node={mode}")
            wait_until(lambda: self.client("list", before=other) != [])
            devices = self.client("list", before=other)
            self.assertEqual([device["open"] for device in devices], [expected], mode)
        self.vboard("set", vboard.BOARD, "node=0777", exit=2)


class Claims(Usb):
    def test_one_program_at_a_time(self):
        self.start_usb()
        holder, claimed = self.spawn("hold")
        self.assertEqual(claimed, {"open": "OK", "claim": "OK"})
        self.assertEqual(self.client("claim"), {"open": "OK", "claim": "BUSY"})
        self.assertEqual(self.client("list")[0]["open"], "OK")  # looking does not disturb
        last = self.rest(holder, "\n")
        self.assertEqual(last["result"], "OK")
        self.assertEqual(self.client("claim")["claim"], "OK")

    def test_a_killed_program_lets_the_probe_go(self):
        self.start_usb()
        for _ in range(5):
            holder, _ = self.spawn("hold")
            holder.kill()
            holder.wait()
            self.assertTrue(wait_until(lambda: self.client("claim").get("claim") == "OK", 5))
        self.assertEqual(self.client("commands", 3)["done"], 3)

    def test_a_program_killed_while_it_reads_hidraw_lets_the_probe_go(self):
        self.start_usb("--probe", "dap1")
        reader = subprocess.Popen(
            [sys.executable, HERE / "hidapi_client.py", "libhidapi-hidraw.so.0", "wait"],
            env=self.usb_env, stdout=subprocess.PIPE)
        self.assertTrue(json.loads(reader.stdout.readline())["open"])
        self.vboard("reset", vboard.BOARD, exit=12)
        time.sleep(1.5)  # it is still there when its read was answered with "nothing"
        self.assertIsNone(reader.poll())
        self.vboard("reset", vboard.BOARD, exit=12)
        reader.kill()
        reader.communicate()
        self.assertTrue(wait_until(
            lambda: self.vboard("reset", vboard.BOARD, exit=None).returncode == 0, 5))

    def test_a_client_of_the_other_door_has_it(self):
        port = self.start_usb()
        with vboard.Door(port) as door:
            self.assertEqual(door.open(), 1)
            self.assertEqual(self.client("claim"), {"open": "OK", "claim": "BUSY"})
        self.assertTrue(wait_until(lambda: self.client("claim")["claim"] == "OK"))
        holder, _ = self.spawn("hold")
        with vboard.Door(port) as door:
            self.assertEqual(door.info()["used"], 1)
            self.assertEqual(door.open(), 0x2004)
        self.vboard("reset", vboard.BOARD, exit=12)
        self.rest(holder, "\n")
        with vboard.Door(port) as door:
            self.assertTrue(wait_until(lambda: door.info()["used"] == 0))
            self.assertEqual(door.open(), 1)

    def test_what_a_host_may_do_wrong(self):
        self.start_usb()
        self.assertEqual(self.client("faults"), {
            "unclaimed": "IO", "second_claim": "BUSY", "no_interface": "NOT_FOUND",
            "no_endpoint": "IO", "other_reset": "-99", "configuration": "BUSY",
            "overflow": "OVERFLOW", "short": "OK", "short_bytes": 2, "timeout": "TIMEOUT",
            "alive": "OK", "reset": "OK", "claim_after_reset": "OK", "after_reset": "OK",
            "after_reset_bytes": 2})

    def test_an_endpoint_that_stalls_stays_so_until_it_is_cleared(self):
        self.start_usb()
        self.vboard("inject", vboard.BOARD, "usb-stall@5")
        self.assertEqual(self.client("stall", 10)["results"], ["OK", "OK", "PIPE", "PIPE", "OK"])


class Unplugging(Usb):
    def test_programs_hear_of_it(self):
        self.start_usb()
        listener, registered = self.spawn("events", 4)
        self.assertEqual(registered["registered"], "OK")
        # No other program in between: umockdev names the sockets for its messages by number of the
        # descriptor, so the latest program with an equal number gets them.
        self.vboard("set", vboard.BOARD, "probe=unplugged")
        self.vboard("set", vboard.BOARD, "probe=plugged")
        out, _ = listener.communicate(timeout=60)
        events = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([event["event"] for event in events], ["left", "arrived"])
        self.assertNotEqual(events[0]["address"], events[1]["address"])

    def test_plugging_in_goes_on_for_ever(self):
        # more often than there are device addresses
        for model, times in (("v3", 130), ("dap1", 10)):
            with self.subTest(model):
                self.start_usb("--probe", model)
                bus = self.pid()
                for _ in range(times):
                    self.vboard("set", vboard.BOARD, "probe=unplugged", "probe=plugged")
                self.assertEqual(self.pid(), bus)
                self.assertTrue(is_running(bus))
                self.assertEqual([device["open"] for device in self.client("list")], ["OK"])
                self.vboard("stop", vboard.BOARD)
                self.assertFalse(self.root.exists())

    def test_a_transfer_under_way_ends(self):
        self.start_usb()
        waiting, _ = self.spawn("wait_in")
        time.sleep(1.5)
        self.vboard("set", vboard.BOARD, "probe=unplugged")
        last = self.rest(waiting)
        self.assertLess(last["cpu_seconds"], 0.1)  # it slept in poll()
        self.assertEqual((last["result"], last["after"]), ("NO_DEVICE", "NO_DEVICE"))
        self.assertLess(last["seconds"], 3)
        self.vboard("power-cycle", vboard.BOARD)  # plugs it in
        self.assertEqual(self.client("commands", 3)["done"], 3)

    def test_at_any_transfer_and_back_when_the_program_has_gone(self):
        self.start_usb()
        for index in (1, 2, 3, 50, 99):
            with self.subTest(index):
                self.vboard("inject", vboard.BOARD, f"usb-unplug@{index}")
                last = self.client("commands", 100)
                self.assertEqual((last["result"], last["done"]), ("NO_DEVICE", (index - 1) // 2))
                self.assertLess(last["seconds"], 2)
                self.assertTrue(wait_until(lambda: len(self.client("list")) == 1))
        self.assertEqual(self.client("commands", 10)["done"], 10)

    def test_both_doors_follow(self):
        port = self.start_usb()
        with vboard.Door(port) as door:
            self.assertEqual(door.open(), 1)
            self.vboard("inject", vboard.BOARD, "usb-unplug@1")
            self.assertEqual(door.usb([0xF5], in_bytes=2)[0], 0x1003)
            self.assertEqual(self.client("list"), [])
        self.assertTrue(wait_until(lambda: len(self.client("list")) == 1))

    def test_a_killed_board_is_unplugged_and_the_others_stay(self):
        self.start_usb(name=vboard.BOARD + "#1")
        self.start_usb(name=vboard.BOARD + "#2")
        bus = self.pid()
        first = min(device["address"] for device in self.client("list"))
        waiting, _ = self.spawn("hold", first)
        os.kill(self.pid(vboard.BOARD + "#1"), signal.SIGKILL)
        self.assertTrue(wait_until(lambda: len(self.client("list")) == 1))
        self.assertEqual(self.rest(waiting, "\n")["result"], "NO_DEVICE")
        self.assertEqual(self.client("commands", 3)["done"], 3)
        self.assertTrue(is_running(bus))

    def test_a_violation_that_stops_the_board_ends_its_transfers(self):
        self.start_usb("--stop-on-violation")
        # one byte is answered with two, which the host did not ask for: a violation
        text = self.tool(sys.executable, CLIENT, "faults", exit=None)
        self.assertIn('"NO_DEVICE"', text)
        self.vboard("power-cycle", vboard.BOARD)
        self.assertEqual(self.client("commands", 3)["done"], 3)


class Processes(Usb):
    def test_stop_leaves_no_process_and_no_folder(self):
        self.start_usb()
        self.client("commands", 3)
        pids = [self.pid(), self.pid(vboard.BOARD + "#0")]
        self.vboard("stop", vboard.BOARD)
        self.assertEqual([pid for pid in pids if is_running(pid)], [])
        self.assertFalse(self.root.exists())
        self.assertFalse((self.folder / "sim" / "usb").exists(),
                         list((self.folder / "sim" / "usb").glob("*")))

    def test_stop_all_ends_the_bus_while_a_program_hangs_on_it(self):
        self.start_usb()
        holder, _ = self.spawn("hold")
        bus = self.pid()
        self.vboard("stop", "--all")
        self.assertFalse(is_running(bus))
        self.assertFalse(self.root.exists())
        holder.kill()

    def test_a_killed_bus_is_replaced_by_the_next_start(self):
        self.start_usb()
        before = self.root
        os.kill(self.pid(), signal.SIGKILL)
        self.assertTrue(wait_until(lambda: self.vboard("env", exit=None).returncode == 2))
        self.assertTrue(before.exists())
        self.start_usb()
        self.assertNotEqual(self.root, before)
        self.assertFalse(before.exists())
        self.assertEqual(self.client("commands", 3)["done"], 3)

    def test_boards_that_start_at_once_make_one_bus(self):
        names = [f"{vboard.BOARD}#{number}" for number in range(4)]
        started = [subprocess.Popen([str(vboard.VBOARD), "start", name, "--usb"], env=self.env,
                                    cwd=self.folder, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, text=True) for name in names]
        answers = [process.communicate(timeout=60)[0].splitlines() for process in started]
        self.assertEqual(len({tuple(lines[1:]) for lines in answers}), 1, answers)
        self.read_environment(answers[0][1:])
        self.assertEqual(len(self.client("list")), 4)

    def test_nothing_is_left_open(self):
        self.start_usb()
        counts = []
        for _ in range(3):
            for _ in range(3):
                self.client("commands", 2)
            self.vboard("set", vboard.BOARD, "probe=unplugged")
            self.vboard("set", vboard.BOARD, "probe=plugged")
            time.sleep(1.5)  # the bus keeps an unplugged device a moment
            self.client("commands", 2)
            time.sleep(1.5)
            counts.append([len(os.listdir(f"/proc/{pid}/fd"))
                           for pid in (self.pid(), self.pid(vboard.BOARD + "#0"))])
        self.assertEqual(counts[1], counts[2], counts)


class Figures(Usb):
    """Modelled: constants of the reference, no hardware was measured."""

    def write(self, *options, words=()):
        self.start_usb("--pace", "virtual", *options[1:], name=options[0])
        self.assertEqual(self.client("write_blocks", 64, *words)["bad"], [])
        text = self.vboard("report", options[0]).stdout
        rate = re.search(r"target memory written +([0-9.]+) KB/s, ([0-9.]+) waits per 6 KiB", text)
        self.vboard("stop", options[0])
        return [float(value) for value in rate.groups()]

    def test_blocks_with_a_status_each_on_a_v3(self):
        rate, waits = self.write(vboard.BOARD)
        self.assertGreaterEqual(rate, 0.95 * 1765)
        self.assertLessEqual(rate, 1.05 * 1765)
        self.assertLessEqual(waits, 1.3)
        # transfers that are submitted together count once, each wait is one
        self.assertGreaterEqual(waits, 0.95)

    @unittest.skipUnless(has_board(H750), "there is no board with its core on access port 0")
    def test_blocks_with_a_status_each_on_a_v2(self):
        rate, waits = self.write(H750, "--probe", "v2", words=[hex(RAM), 0])
        self.assertGreaterEqual(rate, 0.95 * 251)
        self.assertLessEqual(rate, 1.05 * 251)
        self.assertLessEqual(waits, 1.3)

    def test_time_follows_the_hosts_unless_told_otherwise(self):
        for options, passes in (((), True), (("--pace", "virtual"), False)):
            with self.subTest(options):
                self.start_usb(*options)
                holder, _ = self.spawn("hold")
                time.sleep(0.6)
                self.assertEqual(self.report()["virtual_ns"] > 300_000_000, passes)
                self.rest(holder, "\n")
                self.vboard("stop", vboard.BOARD)

    def test_runs_are_equal_to_the_nanosecond(self):
        times = []
        for _ in range(2):
            self.start_usb("--pace", "virtual")
            self.client("write_blocks", 8)
            times.append(self.report()["virtual_ns"])
            self.vboard("stop", vboard.BOARD)
        self.assertEqual(times[0], times[1])
        self.assertGreater(times[0], 0)


if __name__ == "__main__":
    unittest.main()
