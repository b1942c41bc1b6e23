"""silicon rule 1: nothing is assumed about the state at entry. Programming from each of them."""

import harness
from harness import TARGET

STATES = (
    "cpu=rom", "cpu=locked", "cpu=dirty-cache", "cpu=mpu", "cpu=dma", "cpu=pll", "xspickp=1",
    "xspi=mapped", "iwdg=on",
    "chip=1S", "chip=8S", "chip=8D", "chip=dpd", "chip=suspended", "chip=erasing",
)


class EntryStates(harness.BoardTest):
    def test_programs_from_each_entry_state(self):
        for number, state in enumerate(STATES):
            with self.subTest(state=state):
                data = self.random_bytes(20000, seed=number)
                path = self.write("image.bin", data)
                self.sim("set", self.board, state)
                self.xflash("program", f"{path}@0x70040000")
                self.assertEqual(self.flash(0x40000, len(data)), data)
                self.assert_clean()

    def test_programs_while_an_application_runs_from_the_chip(self):
        self.xflash("boot", "install")
        for application in ("blinky", "fastclock"):
            with self.subTest(application=application):
                self.xflash("run", TARGET / f"{application}.elf", "--for", "1s")
                data = self.random_bytes(20000, seed=5)
                path = self.write("image.bin", data)
                self.xflash("program", f"{path}@0x70800000")
                self.assertEqual(self.flash(0x800000, len(data)), data)
                self.assert_clean()

    def test_access_port_that_opens_late(self):
        for delay in ("0ms", "5ms", "100ms", "500ms"):
            with self.subTest(delay=delay):
                self.sim("set", self.board, f"ap-delay={delay}")
                self.xflash("info")
                self.xflash("reset")
                self.xflash("info", "--connect", "under-reset")
                self.assert_clean()


if __name__ == "__main__":
    harness.main()
