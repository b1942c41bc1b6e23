"""OpenOCD reads, through the mapped window that our bootloader set up, what xflash programmed."""

import pathlib
import shutil
import subprocess
import unittest

import harness
from harness import TARGET

CONFIG = pathlib.Path(__file__).resolve().parent / "openocd_nucleo_h7s3l8.cfg"


@unittest.skipUnless(shutil.which("openocd"), "openocd is not installed")
class OpenOcdAfterXflash(harness.BoardTest):
    def test_mapped_flash_equals_the_image(self):
        image = (TARGET / "blinky.bin").read_bytes()
        data = self.random_bytes(100000, seed=31)
        self.xflash("boot", "install")
        self.xflash("program", TARGET / "blinky.bin",
                    f"{self.write('data.bin', data)}@0x70100000")
        self.xflash("log", "--until", "LED on", "--timeout", "5s")
        port = self.sim("start", self.board).out.split(":")[-1].strip()
        words = ["openocd", "-c", f"set PORT {port}", "-f", str(CONFIG), "-c", "init",
                 "-c", "targets h7rs.cpu0", "-c", "halt",
                 "-c", f"dump_image code.bin 0x70000000 {len(image)}",
                 "-c", f"dump_image data_back.bin 0x70100000 {len(data)}",
                 "-c", "resume", "-c", "shutdown"]
        result = subprocess.run(words, cwd=self.work, stdin=subprocess.DEVNULL, text=True,
                                capture_output=True, timeout=120, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual((self.work / "code.bin").read_bytes(), image)
        self.assertEqual((self.work / "data_back.bin").read_bytes(), data)
        self.assert_clean()


if __name__ == "__main__":
    harness.main()
