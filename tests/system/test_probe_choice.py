"""Choosing a probe and waiting for it: what needs no device on USB. The bus of the tests is an empty
one (umockdev), so that probes on the developer's desk do not take part."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
import unittest

import harness
from harness import TARGET
from vboard import Door

UMOCKDEV = shutil.which("umockdev-run")
SETPRIV = shutil.which("setpriv")
NOBODY = 65534


def udev_device(pid, path, serial, number):
    """An ST-LINK for umockdev-run: there is nobody to answer, but the kernel knows its strings."""
    device = bytes([18, 1, 0, 2, 0, 0, 0, 64, 0x83, 4, pid & 255, pid >> 8, 0, 1, 1, 2, 3, 1])
    config = bytes([9, 2, 32, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 2, 255, 255, 255, 4,
                    7, 5, 1, 2, 64, 0, 0, 7, 5, 0x81, 2, 64, 0, 0])
    return "\n".join([
        f"P: /devices/pci0/usb1/{path}", f"N: bus/usb/001/{number:03}",
        f"E: DEVNAME=/dev/bus/usb/001/{number:03}", "E: DEVTYPE=usb_device", "E: SUBSYSTEM=usb",
        "A: busnum=1", f"A: devnum={number}", "A: speed=12", "A: bConfigurationValue=1",
        "A: idVendor=0483", f"A: idProduct={pid:04x}", "A: manufacturer=STMicroelectronics",
        "A: product=STM32 \x1b[2JSTLink", f"A: serial={serial}",
        f"H: descriptors={(device + config).hex().upper()}", "", ""])


@unittest.skipUnless(UMOCKDEV, "umockdev-run is not installed")
class EmptyBus(harness.BoardTest):
    def xflash_on(self, *words, exit=0):
        result = self.command([UMOCKDEV, "--", harness.XFLASH, *words])
        self.assertEqual(result.exit, exit, str(result))
        return result

    def test_without_a_probe(self):
        result = self.xflash_on("info", exit=10)
        self.assertIn("xflash: no debug probe found on USB\n", result.err)
        self.assertIn("-p sim:NAME is a virtual board", result.err)
        result = self.xflash_on("-p", "1234", "--json", "info", exit=10)
        self.assertEqual(result.record("error")["code"], "no-probe")
        self.assertEqual(result.record("error")["msg"],
                         "no debug probe found on USB for -p 1234")
        self.assertFalse(self.state().exists())

    def test_list_names_virtual_boards_without_starting_one(self):
        result = self.xflash_on("list")
        self.assertIn("no debug probe on USB", result.err)
        self.assertIn(self.board, result.out)
        records = self.xflash_on("--json", "list").records("probe")
        self.assertEqual([row["kind"] for row in records], ["virtual board"] * len(records))
        self.assertFalse(self.state().exists())

    def test_selectors_that_mean_nothing(self):
        for selector in ("usb:", "usb:1-x", "libusb:usb:", "sim:", "tcp:host:0", "0483:374e:"):
            self.assertIn("usage", self.xflash_on("-p", selector, "info", exit=2).err, selector)


@unittest.skipUnless(UMOCKDEV and SETPRIV and os.geteuid() == 0, "needs umockdev, setpriv and root")
class NoPermission(harness.BoardTest):
    """Devices on the bus whose nodes may not be opened."""

    def locked_out(self, *words, devices, exit):
        for number, device in enumerate(devices, 2):
            (self.work / f"{number}.umockdev").write_text(udev_device(*device, number))
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        program = " ".join(str(word) for word in (harness.XFLASH, *words))
        files = [word for number in range(2, len(devices) + 2)
                 for word in ("-d", f"{number}.umockdev")]
        result = self.command(
            [SETPRIV, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", UMOCKDEV, *files,
             "--", "sh", "-c", f"chmod 0 $UMOCKDEV_DIR/dev/bus/usb/001/*; {program}"])
        self.assertEqual(result.exit, exit, str(result))
        return result

    def test_the_udev_rule_is_printed(self):
        rule = ('SUBSYSTEM=="usb", ATTRS{idVendor}=="0483", ATTRS{idProduct}=="374e", '
                'MODE="0660", TAG+="uaccess"')
        device = (0x374E, "1-4", "003800313137510C39383538")
        result = self.locked_out("info", devices=[device], exit=11)
        self.assertIn("the probe ST-LINK V3E 003800313137510C39383538 (usb:1-4) may not be opened: "
                      "no permission for /dev/bus/usb/001/002", result.err)
        self.assertIn(rule, result.err)
        self.assertNotIn("sudo", result.err)
        result = self.locked_out("list", devices=[device], exit=0)
        self.assertIn(rule, result.err)
        self.assertRegex(result.out,
                         r"-p 003800313137510C39383538 +ST-LINK V3E +\? +usb:1-4 +no-permission\n")

    def test_list_records_and_hostile_strings(self):
        devices = [(0x374E, "1-4", "AAAA"), (0x3748, "1-2", "BBBB"), (0x374D, "1-3", "CCCC")]
        result = self.locked_out("--json list", devices=devices, exit=0)
        self.assertNotIn("\x1b", result.out)
        rows = [row for row in result.records("probe") if row["kind"] != "virtual board"]
        self.assertEqual([row["usb_path"] for row in rows], ["1-2", "1-3", "1-4"])
        self.assertEqual([row["state"] for row in rows],
                         ["no-permission", "bootloader", "no-permission"])
        self.assertEqual(rows[0]["product"], "STM32 \\x1B[2JSTLink")
        self.assertEqual(rows[0]["select"], "BBBB")

    def test_several_and_twins(self):
        devices = [(0x374E, "1-4", "AAAA"), (0x3748, "1-2", "BBBB"), (0x3748, "1-3", "BBBB")]
        result = self.locked_out("--json info", devices=devices, exit=13)
        message = result.record("error")["msg"]
        for option in ("-p AAAA", "-p usb:1-2", "-p usb:1-3"):
            self.assertIn(option, message)
        self.assertIn("same serial number are told apart by their place", message)
        self.assertIn("no-permission", message)
        self.locked_out("-p BBBB info", devices=devices, exit=13)
        self.locked_out("-p usb:1-2 info", devices=devices, exit=11)
        self.locked_out("-p aa info", devices=devices, exit=11)
        self.locked_out("-p 0483:374e info", devices=devices, exit=11)
        result = self.locked_out("-p usb:1-5 info", devices=devices, exit=10)
        self.assertIn("no probe matches -p usb:1-5; there are\n  -p usb:1-2", result.err)

    def test_a_loader_is_no_probe(self):
        result = self.locked_out("info", devices=[(0x374D, "1-3", "CCCC")], exit=15)
        self.assertIn("is in its bootloader", result.err)
        result = self.locked_out("info", devices=[(0x3744, "1-3", "CCCC")], exit=15)
        self.assertIn("ST-LINK V1", result.err)


class Waiting(harness.BoardTest):
    """--lock-wait, on the lock that every kind of probe has."""

    def setUp(self):
        super().setUp()
        self.xflash("boot", "install")
        self.xflash("program", TARGET / "blinky.elf")
        self.hold()

    def hold(self):
        self.holder = self.spawn("log")
        self.addCleanup(self.end, self.holder)
        self.holder.stdout.readline()

    def end(self, process):
        process.kill()
        process.communicate()

    def release(self, number=signal.SIGINT):
        self.holder.send_signal(number)
        self.holder.communicate(timeout=20)

    def test_the_holder_is_named(self):
        result = self.xflash("--json", "info", exit=12)
        self.assertRegex(result.record("error")["msg"],
                         rf"^the probe sim:.* is in use by process {self.holder.pid} \(xflash\)$")
        self.assertIn("--lock-wait", result.record("error")["hint"][0])

    def test_waiting_ends_in_time(self):
        start = time.monotonic()
        result = self.xflash("--lock-wait", "1", "info", exit=12)
        self.assertTrue(1 <= time.monotonic() - start < 5)
        self.assertRegex(result.err, rf"process {self.holder.pid} \(xflash\); waiting up to 1.0 s")
        self.assertEqual(result.err.count("waiting"), 1)

    def test_waiting_succeeds_when_the_holder_ends(self):
        for number in (signal.SIGINT, signal.SIGKILL):
            process = self.spawn("--lock-wait", "30", "info")
            line = process.stderr.readline().decode()
            self.assertIn("waiting up to 30.0 s", line)
            time.sleep(0.3)
            self.assertIsNone(process.poll())
            self.release(number)
            _, err = process.communicate(timeout=20)
            self.assertEqual(process.returncode, 0, err)
            self.hold()

    def test_a_killed_holder_blocks_nobody(self):
        self.release(signal.SIGKILL)
        self.xflash("info")

    def test_ctrl_c_ends_the_waiting(self):
        process = self.spawn("--lock-wait", "60", "info")
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=5)
        self.assertEqual(process.returncode, 130)

    def test_timeout_bounds_the_waiting(self):
        start = time.monotonic()
        self.xflash("--lock-wait", "60", "--timeout", "500ms", "info", exit=12)
        self.assertLess(time.monotonic() - start, 5)

    def test_a_server_waits_too(self):
        address = self.state("address").read_text().strip()
        words = ("-b", self.board, "-p", f"tcp:{address}", "--lock-wait", "1", "info")
        result = self.xflash_plain(*words, exit=12)
        self.assertIn(f"tcp:{address} is in use by process {self.holder.pid} (xflash); waiting up "
                      "to 1.0 s", result.err)


class Proxy(threading.Thread):
    """Between a client and the TCP door: gives the ST-LINK the board identifier `identifier`."""

    def __init__(self, port, identifier):
        super().__init__(daemon=True)
        self.port, self.identifier = port, identifier.encode()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            board = socket.create_connection(("127.0.0.1", self.port))
            asked = threading.Event()
            back = threading.Thread(target=self.copy_back, args=(board, client, asked), daemon=True)
            back.start()
            while data := client.recv(65536):
                if data[0] == 5 and data[8:10] == b"\xf2\x56":
                    asked.set()
                board.sendall(data)
            board.shutdown(socket.SHUT_RDWR)
            back.join()
            board.close()
            client.close()

    def copy_back(self, board, client, asked):
        while data := board.recv(65536):
            if asked.is_set():
                asked.clear()
                data = data[:6] + self.identifier + data[10:]
            client.sendall(data)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Recognition(harness.BoardTest):
    """The board is chosen by the identifier that its ST-LINK gives. An installation of its own: the
    board files that may claim an identifier are the installed ones."""

    def setUp(self):
        super().setUp()
        (self.folder / "bin").mkdir()
        shutil.copy(harness.XFLASH, self.folder / "bin")
        self.boards = self.folder / "share" / "xflash" / "boards"
        shutil.copytree(harness.SOURCE / "boards", self.boards)
        port = int(self.sim("start", self.board).out.strip().rsplit(":", 1)[1])
        self.proxy = Proxy(port, "0A7Z")
        self.addCleanup(self.proxy.close)

    def claim(self, name, **debug):
        board = json.loads((self.boards / f"{self.board}.json").read_text())
        board["board"] = name
        board["debug"] = {**board.get("debug", {}), **debug}
        (self.boards / f"{name}.json").write_text(json.dumps(board))

    def run_it(self, *words, exit=0):
        result = self.command([self.folder / "bin" / "xflash", "-p", f"tcp:{self.proxy.address}",
                               *words])
        self.assertEqual(result.exit, exit, str(result))
        return result

    def test_the_board_that_alone_claims_it(self):
        self.claim("mine", stlink_board_ids=["0042", "0A7Z"])
        result = self.run_it("--json", "info")
        self.assertEqual(result.record("target")["board"], "mine")
        self.assertEqual(result.record("target")["board_source"], "the ST-LINK's board identifier")
        self.assertIn("board   mine (chosen by the ST-LINK's board identifier)", result.err)
        result = self.run_it("-b", self.board, "info")
        self.assertIn(f"board   {self.board} (chosen by the command line)", result.err)

    def test_the_clock_of_the_recognised_board_is_kept(self):
        self.claim("mine", stlink_board_ids=["0A7Z"], max_khz=8000)
        self.assertEqual(self.run_it("--json", "info").record("probe")["khz"], 8000)
        self.assertEqual(self.run_it("--json", "--speed", "24M", "info").record("probe")["khz"],
                         24000)

    def test_a_program_run_without_a_board_named(self):
        self.claim("mine", stlink_board_ids=["0A7Z"])
        image = self.write("a.bin", self.random_bytes(3000))
        self.run_it("program", f"{image}@0x70800000")
        self.assertEqual(self.flash(8 << 20, 3000), image.read_bytes())

    def test_two_claims_are_none(self):
        for name in ("mine", "yours"):
            self.claim(name, stlink_board_ids=["0A7Z"])
        result = self.run_it("info", exit=4)
        self.assertIn("board identifier 0A7Z of the ST-LINK, claimed by: mine, yours", result.err)
        self.assertRegex(result.err, r"The MCU has DEV_ID 0x485.*boards with that MCU: .*mine.*yours")
        result = self.command([self.folder / "bin" / "xflash", "board", "lint", "mine"])
        self.assertIn('"0A7Z" is claimed by the board "yours", too', result.err)

    def test_no_claim(self):
        result = self.run_it("--json", "info", exit=4)
        error = result.record("error")
        self.assertEqual(error["code"], "board-unknown")
        self.assertIn("DEV_ID 0x485", error["msg"])
        self.assertIn(self.board, error["msg"])
        self.assertNotIn("board new", " ".join(error["hint"]))


class UsbDoor(harness.BoardTest):
    """Virtual probes on a virtual bus: libusb, libstlink and hidapi down to the ioctl."""

    def plug(self, *models):
        """One virtual board for each; returns their serial numbers, by place."""
        for instance, model in enumerate(models):
            text = self.sim("start", f"{self.board}#{instance}", "--usb", "--probe", model).out
        self.plain = dict(self.env)
        for line in text.splitlines():
            if line.startswith("export "):
                name, value = line[7:].split("=", 1)
                self.env[name] = value
        rows = self.listed()
        self.assertEqual([row["usb_path"] for row in rows],
                         [f"1-{i + 1}" for i in range(len(models))])
        return [row["serial"] for row in rows]

    def sim(self, *words, check=True, exit=0):
        env, self.env = self.env, getattr(self, "plain", self.env)
        try:
            return super().sim(*words, check=check, exit=exit)
        finally:
            self.env = env

    def listed(self):
        rows = self.xflash_plain("--json", "list").records("probe")
        return [row for row in rows if row["kind"] != "virtual board"]

    def info(self, *words, exit=0):
        return self.xflash_plain("-b", self.board, *words, "info", exit=exit)

    def start_usb(self, *words):
        process = subprocess.Popen([str(harness.XFLASH), "-b", self.board, *words], env=self.env,
                                   cwd=self.work, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def hold(self, serial):
        """A run that keeps the probe: it shows the log of a program."""
        for command in (["boot", "install"], ["program", TARGET / "blinky.elf"]):
            self.xflash_plain("-b", self.board, "-p", serial, *command)
        for _ in range(3):  # in real pace a busy computer may be too slow for the program's start
            process = self.start_usb("-p", serial, "log")
            if process.stdout.readline():
                return process
        self.fail(f"log ended: {process.communicate()[1].decode()}exit {process.returncode}")

    def test_list_asks_the_probes_and_leaves_their_targets_alone(self):
        self.plug("v3", "v2", "dap2")
        for instance in range(3):
            self.sim("inject", f"{self.board}#{instance}", "dap-fault@1")
        rows = self.listed()
        self.assertEqual([(row["kind"], row["fw"], row["state"]) for row in rows],
                         [("ST-LINK V3E", "V3J10M3", "free"), ("ST-LINK V2", "V2J46S7", "free"),
                          ("CMSIS-DAP v2", "2.1.1", "free")])
        fired = r"dap-fault +\d+ +(\d+)"
        for instance in range(3):
            text = self.sim("inject", f"{self.board}#{instance}").out
            self.assertEqual(re.search(fired, text).group(1), "0", text)
            report = json.loads(self.sim("report", f"{self.board}#{instance}", "--json").out)
            self.assertLessEqual(report["cost"]["usb_transfers"], 6)
        # That this would have been seen:
        self.info("-p", rows[0]["serial"], exit=None)
        text = self.sim("inject", f"{self.board}#0").out
        self.assertEqual(re.search(fired, text).group(1), "1", text)

    def test_choosing(self):
        serials = self.plug("v3", "v2", "v2-1")
        result = self.xflash_plain("--json", "-b", self.board, "info", exit=13)
        for serial in serials:
            self.assertIn(f"-p {serial} ", result.record("error")["msg"])
        for words, place in ((["-p", serials[1][-6:].lower()], 2), (["-p", serials[2]], 3),
                             (["-p", "usb:1-2"], 2), (["-p", "0483:374b"], 3),
                             (["-p", f"0483:374E:{serials[0][-3:]}"], 1),
                             (["-p", f"libstlink:{serials[0]}"], 1)):
            result = self.info(*words)
            self.assertRegex(result.err, rf"probe .* serial {serials[place - 1]},.*usb:1-{place}\)")
        self.info("-p", "usb:1-4", exit=10)
        self.info("-p", serials[0][:8], exit=10)
        self.assertIn("-p " + serials[0], self.info("-p", "0483:3757", exit=10).err)

    def test_the_only_one_is_taken(self):
        serial, = self.plug("v3")
        self.assertIn(f"serial {serial}", self.info().err)
        result = self.info("-v", "-p", "libstlink:")
        self.assertIn("libstlink", result.err)
        self.assertIn(f"serial {serial}", result.err)

    def test_where_the_tables_of_libstlink_end(self):
        self.plug("v3-nomsd")
        result = self.info("-v", "-p", "libstlink:")
        self.assertRegex(result.err, r"libstlink does not know .*opened by libusb instead")
        self.assertNotIn("libusb instead", self.info("-p", "libstlink:").err)

    def test_connecting_under_reset_is_not_for_libstlink(self):
        self.plug("v3")
        result = self.info("-v", "--connect", "under-reset", "-p", "libstlink:")
        self.assertIn("libstlink cannot connect under reset: the probe is opened by libusb instead",
                      result.err)

    def test_libstlink_is_for_st_links(self):
        self.plug("dap2")
        self.assertIn("libstlink speaks to ST-LINKs only", self.info("-p", "libstlink:", exit=2).err)

    def test_probes_that_cannot(self):
        self.plug("v2-j24", "v3-j2", "v3-loader")
        for place in (1, 2):
            result = self.info("-p", f"usb:1-{place}", exit=15)
            self.assertRegex(result.err, r"firmware V\dJ\d+\w+ of the ST-LINK is too old for access "
                                         r"port 1: V2J32 or V3J3 is needed")
        result = self.info("-p", "usb:1-3", exit=15)
        self.assertIn("is in its bootloader", result.err)
        self.assertEqual([row["state"] for row in self.listed()], ["free", "free", "bootloader"])

    def test_a_busy_probe_names_its_holder(self):
        first, second = self.plug("v3", "dap1")
        for serial in (first, second):
            holder = self.hold(serial)
            result = self.info("-p", serial, exit=12)
            self.assertIn(f"is in use by process {holder.pid} (xflash)", result.err)
            row, = [row for row in self.listed() if row["serial"] == serial]
            self.assertEqual((row["state"], row["holder_pid"], row["holder"]),
                             ("busy", holder.pid, "xflash"))
            self.assertIn(f"busy: xflash, process {holder.pid}", self.xflash_plain("list").out)
            # Killed, and the next run waits for nothing.
            holder.kill()
            holder.wait()
            self.info("-p", serial)
            self.assertEqual([row["state"] for row in self.listed()], ["free", "free"])

    def test_a_busy_probe_is_waited_for(self):
        serial, = self.plug("v3")
        holder = self.hold(serial)
        waiting = self.start_usb("-p", serial, "--lock-wait", "30", "info")
        self.assertIn(f"process {holder.pid} (xflash); waiting up to 30.0 s",
                      waiting.stderr.readline().decode())
        holder.send_signal(signal.SIGINT)
        _, err = waiting.communicate(timeout=60)
        self.assertEqual(waiting.returncode, 0, err.decode())

    def test_another_program_has_claimed_it(self):
        self.plug("v3")
        port = int(self.state("address").read_text().strip().rsplit(":", 1)[1])
        with Door(port) as door:
            self.assertEqual(door.open(), 1)
            result = self.info(exit=12)
            self.assertIn("is in use by another program", result.err)
            self.assertEqual(self.listed()[0]["state"], "busy")
            self.assertIn("busy: another program", self.xflash_plain("list").out)
        self.info("--lock-wait", "10")

    @unittest.skipUnless(SETPRIV and os.geteuid() == 0, "needs setpriv and root")
    def test_without_permission(self):
        serial, = self.plug("v3")
        nobody = [SETPRIV, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        for path in (self.folder, self.work, *(self.folder / "run").rglob("*"), self.folder / "run"):
            os.chown(path, NOBODY, NOBODY)
        os.chmod(self.folder, 0o755)
        for mode, state, exit in (("0666", "free", 0), ("0600", "no-permission", 11)):
            self.sim("set", self.board, f"node={mode}")
            for left in pathlib.Path(self.env["UMOCKDEV_DIR"]).glob("event*"):
                left.unlink()  # hot-plug sockets of earlier clients, root's: umockdev keeps them
            self.wait_for(lambda: state in self.command([*nobody, harness.XFLASH, "list"]).out)
            result = self.command([*nobody, harness.XFLASH, "-b", self.board, "info"])
            self.assertEqual(result.exit, exit, str(result))
            if exit == 11:
                self.assertIn('ATTRS{idProduct}=="374e", MODE="0660", TAG+="uaccess"', result.err)
                self.assertIn(serial, result.err)

    def wait_for(self, condition, limit_s=10):
        end = time.monotonic() + limit_s
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)


class Installed(harness.BoardTest):
    def test_the_udev_rules_are_installed(self):
        script = harness.BUILD / "host" / "cli" / "cmake_install.cmake"
        prefix = self.folder / "prefix"
        result = self.command(["cmake", f"-DCMAKE_INSTALL_PREFIX={prefix}", "-P", script])
        self.assertEqual(result.exit, 0, str(result))
        rules = prefix / "lib" / "udev" / "rules.d" / "60-xflash.rules"
        text = rules.read_text()
        self.assertIn('TAG+="uaccess"', text)
        self.assertNotIn("0666", text)
        self.assertFalse(stat.S_IMODE(rules.stat().st_mode) & 0o111)
        self.assertLess(rules.name, "73-seat-late.rules")
        result = self.command([harness.XFLASH, "help", "probe"])
        printed = re.search(r"^  (SUBSYSTEM.*)$", result.out, re.M).group(1)
        self.assertIn(printed, text)


if __name__ == "__main__":
    harness.main()
