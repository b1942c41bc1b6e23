"""The native USB link, through libusb down to the system call: the main job, and everything that can go
wrong on the way (faults: U1 to U5). The virtual board stands behind real USB device nodes (umockdev)."""

import json
import random
import re
import shlex
import shutil
import signal
import subprocess
import time
import unittest

import harness
from harness import SANITIZED, TARGET, XFLASH, led_lines

BUS_PROGRAM = harness.VBOARD.with_name("xflash-vboard-usb")
# The place of the only probe on the bus of a test.
PROBE = "libusb:usb:1-1"
# How long xflash may need to see that its probe is gone (contract: 2 s), and to end.
GONE_SECONDS = 8 if SANITIZED else 2
# With sanitizers everything takes longer: fewer places.
STEP = 200 if SANITIZED else 50


@unittest.skipUnless(BUS_PROGRAM.exists() and shutil.which("umockdev-wrapper"), "no umockdev")
class OnUsb(harness.BoardTest):
    pace = "virtual"

    def setUp(self):
        super().setUp()
        self.env["ASAN_OPTIONS"] = "verify_asan_link_order=0"

    def plug(self, model="v3", name=None):
        """A board of this test, with its probe on the bus; self.usb is what programs need to see it."""
        lines = self.sim("start", name or self.board, "--usb", "--pace", self.pace,
                         "--probe", model).out.splitlines()
        self.usb = dict(self.env)
        for line in lines[1:]:
            key, value = shlex.split(line)[1].split("=", 1)
            self.usb[key] = value

    def on_usb(self, *words, exit=0, board=None, timeout=300, **variables):
        command = [str(word) for word in
                   (XFLASH, "-p", PROBE, "-b", board or self.board, *words)]
        process = subprocess.run(command, env=dict(self.usb, **variables), cwd=self.work,
                                 timeout=timeout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, check=False)
        result = harness.Result(process, command)
        if exit is not None:
            self.assertEqual(result.exit, exit, str(result))
        self.check_no_success_after_error(result)
        return result

    def start_on_usb(self, *words):
        command = [str(word) for word in (XFLASH, "-p", PROBE, "-b", self.board, *words)]
        return subprocess.Popen(command, env=self.usb, cwd=self.work, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def image(self, count, seed):
        return self.write(f"image{seed}.bin", self.random_bytes(count, seed))

    def transfers(self):
        """Of the last program that opened the probe."""
        text = self.sim("report", self.board, "--json", check=False).out
        return json.loads(text)["cost"]["usb_transfers"]

    def start_and_wait(self, count, *words):
        """Starts a run; returns when it has made so many transfers, or has ended."""
        before = self.transfers()
        process = self.start_on_usb(*words)
        while process.poll() is None:
            now = self.transfers()
            if now != before and now >= count:
                break
        return process


class MainJob(OnUsb):
    def test_every_model_that_selects_access_ports_programs_the_same(self):
        for seed, model in enumerate(("v2", "v2-1", "v3", "v3-nomsd")):
            with self.subTest(model):
                self.plug(model)
                path = self.image(20000, seed)
                self.on_usb("program", f"{path}@0x70000000")
                self.assertEqual(self.flash(0, 20000), path.read_bytes())
                self.on_usb("verify", f"{path}@0x70000000")
                self.assert_clean()
                self.sim("stop", self.board)

    def test_old_firmware_is_refused_with_what_to_do(self):
        for model, version in (("v2-j24", "V2J24S4"), ("v3-j2", "V3J2M0")):
            with self.subTest(model):
                self.plug(model)
                error = self.on_usb("info", exit=15).err
                self.assertIn("probe-firmware", error)
                self.assertIn(f"{version} of the ST-LINK is too old for access port 1", error)
                self.assertIn("V2J32 or V3J3 is needed", error)
                self.assertIn("STSW-LINK007", error)
                self.sim("stop", self.board)

    def test_one_command_at_a_time_gives_the_same(self):
        self.plug()
        path = self.image(20000, 5)
        result = self.on_usb("program", f"{path}@0x70000000", XFLASH_USB_BATCH="off")
        self.assertNotIn("one by one", result.err)
        self.assertEqual(self.flash(0, 20000), path.read_bytes())
        self.assert_clean()


class MainJobInRealTime(OnUsb):
    pace = "real"

    def test_install_program_run(self):
        self.plug()
        self.on_usb("boot", "install")
        self.on_usb("program", TARGET / "blinky.bin")
        result = self.on_usb("run", TARGET / "blinky.elf", "--for", "3s")
        self.assertGreaterEqual(len(led_lines(result.out)), 4, str(result))
        self.assert_clean()


class Failures(OnUsb):
    pace = "real"  # fewer looks at the mailbox: the runs are shorter

    def setUp(self):
        super().setUp()
        self.plug()
        self.path = self.image(12000, 1)

    def program(self, *words, exit=0):
        return self.on_usb(*words, "program", f"{self.path}@0x70000000", exit=exit)

    def expect_the_next_run_to_complete(self, what):
        self.sim("inject", self.board, "off")
        self.program()
        self.assertEqual(self.flash(0, 12000), self.path.read_bytes(), what)

    def inject(self, kind, index):
        self.poke(0, b"\xff" * 12000)
        self.sim("inject", self.board, f"{kind}@{index}")
        result = self.program("-v", exit=None)
        if result.exit == 0:
            self.assertEqual(self.flash(0, 12000), self.path.read_bytes(), f"{kind}@{index}")
        else:
            self.assertRegex(result.err, r"usb-protocol|usb-lost|target-\w+|stub-\w+", str(result))
            self.assertIn(result.exit, (14, 20, 70), str(result))
        self.expect_the_next_run_to_complete(f"{kind}@{index}")
        return result

    def test_a_refused_or_short_transfer(self):
        generator = random.Random(3)
        survived = repeated = 0
        for kind in ("usb-stall", "usb-short"):
            for index in (2, 9, 40, *(generator.randrange(60, 300) for _ in range(250 // STEP))):
                result = self.inject(kind, index)
                survived += 1 if result.exit == 0 else 0
                repeated += 1 if re.search("repeating|one by one|does not answer", result.err) else 0
        # A register of the MCU is not written twice, so not every failure is survived.
        self.assertGreaterEqual(survived, 4 if SANITIZED else 12)
        self.assertGreaterEqual(repeated, 4 if SANITIZED else 12)

    def test_a_transfer_that_never_ends(self):
        for index in (41,) if SANITIZED else (3, 41, 222):
            begin = time.monotonic()
            self.inject("usb-timeout", index)
            self.assertLess(time.monotonic() - begin, 120)

    def test_an_unplugged_probe_at_every_50th_transfer(self):
        self.program()
        count = self.transfers()
        self.assertGreater(count, 250)
        for index in (1, 2, 17, *range(STEP, count, STEP)):
            self.sim("inject", self.board, f"usb-unplug@{index}")
            self.poke(0, b"\xff" * 12000)
            begin = time.monotonic()
            result = self.program(exit=None)
            if result.exit == 0:  # looked at the mailbox less often than the first run
                self.assertGreater(index, count * 3 // 4)
                continue
            self.assertEqual(result.exit, 14, str(result))
            self.assertIn("usb-lost", result.err, f"usb-unplug@{index}")
            self.assertLess(time.monotonic() - begin, 60)
            self.expect_the_next_run_to_complete(f"usb-unplug@{index}")

    def test_an_unplugged_probe_is_noticed_within_two_seconds(self):
        for transfers in (100, 250):
            self.poke(0, b"\xff" * 12000)
            process = self.start_and_wait(transfers, "program", f"{self.path}@0x70000000")
            begin = time.monotonic()
            self.sim("set", self.board, "probe=unplugged")
            error = process.communicate(timeout=60)[1].decode()
            self.assertLess(time.monotonic() - begin, GONE_SECONDS, error)
            self.assertEqual(process.returncode, 14, error)
            self.assertIn("usb-lost", error)
            self.sim("set", self.board, "probe=plugged")
            self.expect_the_next_run_to_complete("unplugged")

    def test_a_killed_run_leaves_the_probe_usable(self):
        for transfers in (30, 250) if SANITIZED else (1, 30, 90, 150, 250):
            self.poke(0, b"\xff" * 12000)
            process = self.start_and_wait(transfers, "program", f"{self.path}@0x70000000")
            process.send_signal(signal.SIGKILL)
            process.communicate()
            self.expect_the_next_run_to_complete(f"killed after {transfers} transfers")


if __name__ == "__main__":
    harness.main()
