"""A cut between the erase of a partly covered sector and its rewrite, and kill -9 there: the next
run has every byte, the kept ones too."""

import signal
import time

import harness


class KeptBytes(harness.BoardTest):
    def setUp(self):
        super().setUp()
        self.before = self.random_bytes(12288, seed=21)
        self.image = self.random_bytes(5000, seed=22)
        self.xflash("program", f"{self.write('before.bin', self.before)}@0x70200000")
        self.path = self.write("image.bin", self.image)
        self.expected = self.before[:1000] + self.image + self.before[6000:]

    def program(self, exit=0):
        return self.xflash("program", f"{self.path}@0x702003e8", exit=exit)

    def check(self):
        self.assertEqual(self.flash(0x200000, len(self.expected)), self.expected)

    def test_power_cut_at_each_chip_operation_of_the_run(self):
        cuts = 0
        for index in range(1, 60):
            self.sim("inject", self.board, f"power-cut@{index}")
            result = self.program(exit=None)
            if result.exit == 0:
                break
            cuts += 1
            self.assertNotEqual(result.exit, 1, str(result))
            again = self.program()
            self.check()
            self.assertIsNotNone(again)
            # back to the first state for the next index
            self.xflash("program", f"{self.work / 'before.bin'}@0x70200000")
        self.assertGreater(cuts, 10, "the injector hardly fired")
        self.check()

    def test_kill_after_the_erase(self):
        self.sim("inject", self.board, "op-stuck@3")
        process = self.spawn("program", f"{self.path}@0x702003e8")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.flash(0x200000, 16) != b"\xff" * 16:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.sim("power-cycle", self.board)
        result = self.program()
        self.check()
        self.assertRegex(result.err + result.out, "restor|journal")

    def test_interrupt_leaves_the_chip_idle_and_the_next_run_completes(self):
        path = self.write("big.bin", self.random_bytes(4 << 20))
        process = self.spawn("program", f"{path}@0x70000000")
        deadline = time.monotonic() + 20
        # The first sector is written last of all, so the second 64 KB tell that writing goes on.
        while time.monotonic() < deadline and not self.flash(0x10000, 16).strip(b"\xff"):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130, err)
        self.xflash("program", f"{path}@0x70000000")
        self.assertEqual(self.flash(0, 4 << 20), path.read_bytes())

    def test_unwritable_journal_erases_nothing(self):
        state = self.folder / "state"
        self.xflash("info")
        import shutil
        shutil.rmtree(state, ignore_errors=True)
        state.write_text("a file where the folder should be")
        self.env["XFLASH_SIM_DIR"] = str(self.sim_dir)
        result = self.program(exit=5)
        self.assertIn("journal", result.err)
        self.assertEqual(self.flash(0x200000, len(self.before)), self.before)


if __name__ == "__main__":
    harness.main()
