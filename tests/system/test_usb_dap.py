"""CMSIS-DAP probes over the real libraries: hidapi's hidraw and libusb's bulk endpoints, down to the
system calls, with a virtual board behind them."""

import re
import shutil
import signal
import subprocess
import time

import harness
from harness import TARGET

MODELS = {
    "dap1": ("CMSIS-DAP v1", "1.10"),
    "dap2-fs": ("CMSIS-DAP v2", "2.0.0"),
    "dap2": ("CMSIS-DAP v2", "2.1.1"),
}


class Dap(harness.BoardTest):
    def setUp(self):
        super().setUp()
        self.plain = dict(self.env)

    def sim(self, *words, check=True, exit=0):
        env, self.env = self.env, self.plain
        try:
            return super().sim(*words, check=check, exit=exit)
        finally:
            self.env = env

    def plug(self, model, *words):
        self.env = dict(self.plain)
        text = self.sim("start", self.board, "--usb", "--probe", model, *words).out
        for line in text.splitlines():
            if line.startswith("export "):
                name, value = line[7:].split("=", 1)
                self.env[name] = value

    def unplug(self):
        """The next one is as from the factory."""
        self.sim("stop", "--all")
        shutil.rmtree(self.sim_dir, ignore_errors=True)

    def plug_again(self, model):
        """The virtual bus brings a bulk device back by itself; a hidraw node needs a new start."""
        if model == "dap1":
            self.unplug()
            self.plug(model)
            return
        for _ in range(50):
            if '"usb_path":"1-1"' in self.xflash_plain("--json", "list").out.replace(" ", ""):
                return
            time.sleep(0.1)
        self.fail("the probe does not come back")

    def run_it(self, *words, exit=0, timeout=300):
        result = self.xflash_plain("-b", self.board, *words, exit=exit, timeout=timeout)
        self.check_no_success_after_error(result)
        return result

    def test_program_and_verify(self):
        image = (TARGET / "blinky.bin").read_bytes()
        for model, (kind, firmware) in MODELS.items():
            with self.subTest(model):
                self.plug(model)
                result = self.run_it("--boot", "install", "program", TARGET / "blinky.bin")
                self.assertIn(f"probe   {kind} {firmware}, serial ", result.err)
                self.assertIn("programmed and verified", result.out)
                self.assertEqual(self.flash(0, len(image)), image)
                self.assert_clean()
                self.assertIn("equal", self.run_it("verify", TARGET / "blinky.bin").out)
                self.assert_clean()
                self.unplug()

    def test_random_data_there_and_back(self):
        """Every border there is: of packets, of TAR, of blocks, of sectors."""
        data = self.random_bytes(70001, seed=7)
        for model in MODELS:
            with self.subTest(model):
                self.plug(model)
                self.run_it("program", f"{self.write('data.bin', data)}@0x70100000")
                self.assertEqual(self.flash(0x100000, len(data)), data)
                self.run_it("read", "0x70100003+69000", "-o", self.work / "back.bin")
                self.assertEqual((self.work / "back.bin").read_bytes(), data[3:69003])
                self.assert_clean()
                self.unplug()

    def test_a_killed_run_leaves_nothing_in_the_way(self):
        data = self.write("data.bin", self.random_bytes(60000, seed=8))
        for model in MODELS:
            with self.subTest(model):
                self.plug(model)
                for delay in (0.4, 1.2):
                    process = subprocess.Popen(
                        [str(harness.XFLASH), "-b", self.board, "program", f"{data}@0x70200000"],
                        env=self.env, cwd=self.work, stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    time.sleep(delay)
                    process.send_signal(signal.SIGKILL)
                    process.communicate()
                    self.run_it("info")
                self.run_it("program", f"{data}@0x70200000")
                self.assertEqual(self.flash(0x200000, 60000), data.read_bytes())
                self.unplug()

    def test_unplugged(self):
        for model in MODELS:
            with self.subTest(model):
                self.plug(model)
                for at in (1, 20, 150, 400):
                    data = self.write("data.bin", self.random_bytes(30000, seed=at))
                    self.sim("inject", self.board, f"usb-unplug@{at}")
                    start = time.monotonic()
                    result = self.run_it("program", f"{data}@0x70300000", exit=None)
                    seconds = time.monotonic() - start
                    self.assertIn(result.exit, (10, 14), str(result))
                    self.assertRegex(result.err, r"usb-lost|no-probe")
                    self.assertLess(seconds, 20, str(result))
                    self.plug_again(model)
                    self.run_it("program", f"{data}@0x70300000")
                    self.assertEqual(self.flash(0x300000, 30000), data.read_bytes())
                self.unplug()

    def test_disturbed_wires(self):
        """Whatever the debug port does, the contents are right or the run says why not."""
        data = self.write("data.bin", self.random_bytes(30000, seed=10))
        for model in ("dap1", "dap2"):
            for kind in ("dap-wait", "dap-parity", "dap-fault"):
                with self.subTest(f"{model} {kind}"):
                    self.plug(model)
                    self.sim("inject", self.board, f"{kind}@seed:3/400")
                    result = self.run_it("program", f"{data}@0x70300000", exit=None)
                    text = self.sim("inject", self.board).out
                    self.sim("inject", self.board, "off")
                    self.assertIn(result.exit, (0, 20), str(result) + text)
                    if result.exit == 0:
                        self.assertEqual(self.flash(0x300000, 30000), data.read_bytes())
                    fired = re.search(rf"{kind} +\d+ +(\d+)", text)
                    self.assertGreater(int(fired.group(1)), 0, text)
                    self.run_it("program", f"{data}@0x70300000")
                    self.assertEqual(self.flash(0x300000, 30000), data.read_bytes())
                    self.unplug()


if __name__ == "__main__":
    harness.main()
