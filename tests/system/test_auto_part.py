"""A board file that leaves the part to the chip: everything comes from SFDP."""

import json

import harness
from harness import SOURCE


class AutoPart(harness.BoardTest):
    def setUp(self):
        super().setUp()
        board = json.loads((SOURCE / "boards" / "nucleo-h7s3l8.json").read_text())
        board["board"] = "auto-board"
        board["memories"][0].update(part="auto", program_bus="auto", run_bus="auto")
        board.pop("boot", None)
        board.pop("partitions", None)
        (self.work / "auto.json").write_text(json.dumps(board))

    def auto(self, *words, exit=0):
        return self.xflash("-b", "./auto.json", *words, exit=exit)

    def test_info_names_the_size_from_sfdp(self):
        self.assertIn("32768 KB", self.auto("info").out)
        self.assert_clean()

    def test_programs_reads_erases_and_tests(self):
        data = self.random_bytes(70001, seed=41)
        path = self.write("image.bin", data)
        self.auto("program", f"{path}@0x70010000")
        self.assertEqual(self.flash(0x10000, len(data)), data)
        self.auto("verify", f"{path}@0x70010000")
        self.auto("read", f"0x70010000+{len(data)}", "-o", "out.bin")
        self.assertEqual((self.work / "out.bin").read_bytes(), data)
        self.auto("erase", "0x70010000+4K")
        self.auto("blank", "0x70010000+4K")
        self.assertEqual(self.flash(0x11000, 1000), data[0x1000:0x1000 + 1000])
        self.auto("blank", "flash", exit=43)
        self.auto("test")
        self.assert_clean()

    def test_bounds_are_those_of_the_chip(self):
        path = self.write("image.bin", bytes(16))
        self.auto("program", f"{path}@0x72000000", exit=3)

    def test_a_plain_dry_run_says_that_the_chip_must_be_asked(self):
        path = self.write("image.bin", bytes(16))
        result = self.auto("program", "--dry-run", f"{path}@0x70000000", exit=4)
        self.assertIn("--dry-run=target", result.err)
        self.auto("program", "--dry-run=target", f"{path}@0x70000000")
        self.assertEqual(self.flash(0, 16), b"\xff" * 16)


if __name__ == "__main__":
    harness.main()
