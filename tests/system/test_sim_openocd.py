"""Debian's OpenOCD 0.12, unmodified, is a client of the virtual board that shares nothing with us."""

import pathlib
import random
import re
import shutil
import subprocess
import unittest

import vboard

CONFIG = pathlib.Path(__file__).resolve().parent / "openocd_nucleo_h7s3l8.cfg"
RAM = 0x24000000
RAM_BYTES = 256 * 1024


@unittest.skipUnless(shutil.which("openocd"), "openocd is not installed")
class OpenOcd(vboard.VirtualBoardTest):
    def openocd(self, *commands):
        words = ["openocd", "-c", f"set PORT {self.port}", "-f", str(CONFIG), "-c", "init"]
        for command in ("targets h7rs.cpu0", *commands, "shutdown"):
            words += ["-c", command]
        result = subprocess.run(words, cwd=self.folder, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=120)
        self.output = result.stdout + result.stderr
        self.assertEqual(result.returncode, 0, self.output)
        return self.output

    def setUp(self):
        super().setUp()
        self.port = self.start()

    def test_finds_the_core_on_access_port_1(self):
        self.openocd("mdw 0xE000ED00", "dap info 1")
        self.assertIn("DPIDR 0x6ba02477", self.output)
        self.assertIn("STLINK V3J10M3", self.output)
        self.assertIn("0xe000ed00: 411fc272", self.output)
        self.assertIn("Cortex-M7 r1p2 processor detected", self.output)

    def test_256_kib_of_ram_come_back_as_they_went(self):
        data = random.Random(1).randbytes(RAM_BYTES)
        (self.folder / "out.bin").write_bytes(data)
        self.openocd("halt", f"load_image out.bin 0x{RAM:x} bin",
                     f"dump_image in.bin 0x{RAM:x} {RAM_BYTES}")
        self.assertEqual((self.folder / "in.bin").read_bytes(), data)
        self.assertEqual(self.report()["violations"], 0)

    def test_halts_steps_and_sets_registers(self):
        # movs r0, #7; adds r0, #1; b .-2
        self.openocd("halt", "mww 0x20000100 0x30012007", "mwh 0x20000104 0xE7FD",
                     "reg pc 0x20000100", "reg sp 0x20001000", "reg xpsr 0x01000000",
                     "reg r5 0xCAFEBABE", "step", "reg pc", "reg r0", "step", "reg r0", "step",
                     "reg pc", "reg r5")
        values = re.findall(r"^(pc|r0|r5) \(/32\): (0x[0-9a-f]{8})", self.output, re.M)
        expected = [("pc", 0x20000102), ("r0", 7), ("r0", 8), ("pc", 0x20000102),
                    ("r5", 0xCAFEBABE)]
        self.assertEqual([(name, int(value, 16)) for name, value in values][-5:], expected,
                         self.output)

    def test_stops_at_a_breakpoint(self):
        self.openocd("halt", "mww 0x20000100 0x30012007", "mwh 0x20000104 0xE7FD",
                     "reg pc 0x20000100", "reg xpsr 0x01000000", "bp 0x20000104 2 hw", "resume",
                     "wait_halt 1000", "reg pc")
        self.assertRegex(self.output, r"pc \(/32\): 0x20000104")

    def test_reaches_dbgmcu_and_not_the_core_through_access_port_0(self):
        self.openocd("targets h7rs.ap0", "mdw 0x5c001000", "catch {mdw 0xE000ED00}",
                     "targets h7rs.cpu0", "mdw 0xE000ED00")
        self.assertRegex(self.output, r"0x5c001000: ....6485")
        self.assertIn("Failed to read memory at 0xe000ed00", self.output)
        self.assertIn("0xe000ed00: 411fc272", self.output)

    def test_reads_the_mapped_memory(self):
        data = random.Random(2).randbytes(70000)
        with open(self.state("flash.bin"), "r+b") as file:
            file.seek(0x10000)
            file.write(data)
        self.vboard("set", vboard.BOARD, "xspi=mapped")
        self.openocd("halt", f"dump_image in.bin 0x70010000 {len(data)}")
        self.assertEqual((self.folder / "in.bin").read_bytes(), data)

    def test_works_while_virtual_time_follows_the_hosts(self):
        self.vboard("stop", vboard.BOARD)
        self.port = self.start("--pace", "real")
        self.openocd("halt", "mdw 0xE000ED00", "sleep 300")
        self.assertIn("0xe000ed00: 411fc272", self.output)
        self.assertGreater(self.report()["virtual_ns"], 250_000_000)


if __name__ == "__main__":
    unittest.main()
