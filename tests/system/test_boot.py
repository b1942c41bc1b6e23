"""The bootloader: what it starts, what it refuses, and from which states of the chip."""

import harness
from harness import TARGET, led_lines


class Boot(harness.BoardTest):
    def install(self):
        self.xflash("boot", "install")
        self.xflash("program", TARGET / "blinky.bin")

    def test_empty_flash_parks_the_core_and_says_so(self):
        self.xflash("boot", "install")
        result = self.xflash("boot", "check", exit=52)
        self.assertRegex((result.out + result.err).lower(), "empty|blank")
        halted = self.xflash("halt")
        self.assertNotIn("lock", halted.out.lower(), "parked, not locked up")
        self.assert_clean()

    def test_check_of_a_good_image_says_ok(self):
        self.install()
        result = self.xflash("boot", "check")
        self.assertIn("ok", (result.out + result.err).lower())
        self.assert_clean()

    def test_missing_bootloader_is_reported_and_program_warns(self):
        self.xflash("boot", "check", exit=52)
        result = self.xflash("program", TARGET / "blinky.bin")
        self.assertIn("will not start: no bootloader", result.out + result.err)
        self.assertIn("boot install", result.out + result.err)

    def test_run_without_bootloader_ends_before_erasing(self):
        before = self.flash(0, 4096) if self.state().exists() else None
        self.xflash("run", TARGET / "blinky.elf", "--for", "1s", exit=52)
        if before is not None:
            self.assertEqual(self.flash(0, 4096), before)
        self.assertEqual(self.flash(0, 16), b"\xff" * 16)

    def test_boot_install_within_the_same_plan(self):
        result = self.xflash("run", "--boot", "install", TARGET / "blinky.elf", "--for", "2s")
        self.assertGreaterEqual(len(led_lines(result.out)), 3, str(result))
        self.assert_clean()

    def test_one_flipped_bit_is_found_by_verify_and_by_the_bootloader(self):
        self.install()
        offset = 700
        self.poke(offset, bytes([self.flash(offset, 1)[0] ^ 0x10]))
        result = self.xflash("verify", TARGET / "blinky.bin", exit=42)
        self.assertIn("0x700002bc", result.err.lower())
        result = self.xflash("boot", "check", exit=52)
        self.assertRegex((result.out + result.err).lower(), "crc|checksum")

    def test_a_raw_write_over_the_record_is_announced(self):
        self.xflash("boot", "install")
        self.xflash("program", harness.TARGET / "blinky.bin")
        raw = f"{self.write('raw.bin', b'raw' * 8)}@0x703ff010"
        result = self.xflash("--json", "program", raw)
        codes = [row["code"] for row in result.records("warning")]
        self.assertIn("no-boot-record", codes, str(result))
        self.xflash("boot", "check", exit=52)

    def test_foreign_contents_need_consent(self):
        self.xflash("program", f"{self.write('own.bin', b'own bootloader!!' * 8)}@0x08000000")
        self.xflash("boot", "install", exit=6)
        self.xflash("boot", "install", "--yes")
        self.install()
        self.xflash("boot", "check")

    def test_seal_writes_a_record_for_what_another_tool_programmed(self):
        self.install()
        blinky = (TARGET / "blinky.bin").read_bytes()
        # Another tool changes a byte of text behind our back.
        offset = blinky.index(b"LED on")
        self.poke(offset, b"LID")
        self.xflash("boot", "check", exit=52)
        self.xflash("boot", "seal", "--yes")
        self.xflash("boot", "check")

    def test_fast_clock_application_survives_its_own_clock_change(self):
        self.xflash("boot", "install")
        result = self.xflash("run", TARGET / "fastclock.elf", "--for", "3s")
        self.assertGreaterEqual(len(led_lines(result.out)), 5, str(result))
        self.assert_clean()


class Programs(harness.BoardTest):
    def test_a_program_that_faults_ends_with_its_registers(self):
        self.xflash("boot", "install")
        result = self.xflash("run", TARGET / "crasher.elf", "--timeout", "5s", exit=51)
        self.assertIn("cfsr", result.err)
        # The next program starts clean, in RAM and without a reset.
        result = self.xflash("run", TARGET / "ramblinky.elf", "--for", "2s")
        self.assertGreaterEqual(len(led_lines(result.out)), 3, str(result))
        self.assertEqual(self.flash(0, 16)[4:8], (TARGET / "crasher.bin").read_bytes()[4:8])


class BootFromEveryChipState(harness.BoardTest):
    """silicon rule 7: chip in any state, over every kind of reset."""

    states = ("1S", "8S", "8D", "dpd", "erasing", "suspended")

    def test_boots_from_each_state_over_each_reset(self):
        self.xflash("boot", "install")
        self.xflash("program", TARGET / "blinky.bin")
        for reset in ("nrst", "sysreset", "iwdg"):
            for state in self.states:
                with self.subTest(reset=reset, chip=state):
                    self.sim("set", self.board, f"chip={state}")
                    self.sim("set", self.board, f"reset={reset}")
                    result = self.xflash("log", "--until", "LED on", "--timeout", "5s")
                    self.assertIn("LED on", result.out)
                    self.assert_clean()

    def test_boots_after_power_on(self):
        self.xflash("boot", "install")
        self.xflash("program", TARGET / "blinky.bin")
        self.sim("power-cycle", self.board)
        self.xflash("log", "--until", "LED on", "--timeout", "5s")
        self.assert_clean()


if __name__ == "__main__":
    harness.main()
