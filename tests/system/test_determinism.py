"""Virtual time is exact: two runs of one build from equal state are equal to the nanosecond."""

import shutil

import harness
from harness import TARGET


class Determinism(harness.BoardTest):
    def run_once(self):
        path = self.write("image.bin", self.random_bytes(600000, seed=11))
        result = self.xflash("--json", "program", f"{path}@0x70003000")
        record = result.record("result")
        report = self.report()
        return record["ms"], report["virtual_ns"], report["cost"]

    def test_two_runs_from_equal_state_files_take_the_same_virtual_time(self):
        self.xflash("boot", "install")
        self.xflash("program", TARGET / "blinky.bin")
        self.sim("stop", self.board)
        saved = self.folder / "saved"
        shutil.copytree(self.sim_dir, saved)
        first = self.run_once()
        self.sim("stop", self.board)
        shutil.rmtree(self.sim_dir)
        shutil.copytree(saved, self.sim_dir)
        second = self.run_once()
        self.assertEqual(first, second)


if __name__ == "__main__":
    harness.main()
