"""The main job, as a person types it: every command of the README on a virtual board."""

import time
import unittest

import harness
from harness import FLASH, FLASH_BYTES, TARGET, led_lines


class MainPath(harness.BoardTest):
    def test_info_shows_probe_mcu_memory_and_sfdp(self):
        text = self.xflash("info").out
        self.assertIn("C2 81 39", text)
        self.assertIn("STM32H7S3L8", text)
        self.assertIn("SFDP", text)
        self.assertIn("ST-LINK V3", text)
        self.assert_clean()

    def test_install_program_run_shows_the_log_and_the_led(self):
        self.xflash("boot", "install")
        self.assert_clean()
        self.xflash("program", TARGET / "blinky.bin")
        self.assert_clean()
        result = self.xflash("run", TARGET / "blinky.elf", "--for", "3s")
        self.assertGreaterEqual(len(led_lines(result.out)), 5, str(result))
        self.assert_clean()
        changes = [change for change in self.report()["leds"] if change["name"] == "LD1"]
        self.assertGreaterEqual(len(changes), 5)

    def test_read_gives_back_what_was_programmed_and_ff_elsewhere(self):
        image = self.random_bytes(300001)
        path = self.write("image.bin", image)
        self.xflash("program", f"{path}@0x70000000")
        self.xflash("read", "0x70000000+1M", "-o", "out.bin")
        out = (self.work / "out.bin").read_bytes()
        self.assertEqual(len(out), 1 << 20)
        self.assertEqual(out[:len(image)], image)
        self.assertEqual(set(out[len(image):]), {0xFF})
        self.assert_clean()

    def test_read_to_standard_output(self):
        path = self.write("image.bin", b"0123456789abcdef")
        self.xflash("program", f"{path}@0x70000000")
        self.assertEqual(self.xflash("read", "0x70000000+16", "-o", "-").out, "0123456789abcdef")

    def test_erase_then_blank(self):
        path = self.write("image.bin", self.random_bytes(200000))
        self.xflash("program", f"{path}@0x70000000")
        self.xflash("blank", "0x70000000+64K", exit=43)
        self.xflash("erase", "0x70000000+64K")
        self.xflash("blank", "0x70000000+64K")
        self.assertEqual(self.flash(0x10000, 1000), path.read_bytes()[0x10000:0x10000 + 1000])
        self.assert_clean()

    def test_flash_test_passes_and_restores_the_contents(self):
        end = FLASH_BYTES - 65536
        data = self.random_bytes(65536, seed=7)
        path = self.write("tail.bin", data)
        self.xflash("program", f"{path}@flash+{end}")
        text = self.xflash("test").out
        self.assertIn("modelled", text)
        self.assertIn("KB/s", text)
        self.assertEqual(self.flash(end, 65536), data)
        self.assert_clean()

    def test_json_is_one_object_a_line_and_ends_with_the_result(self):
        path = self.write("big.bin", self.random_bytes(500000))
        result = self.xflash("--json", "program", f"{path}@0x70000000")
        records = result.records()
        self.assertEqual(records[0]["type"], "start")
        last = records[-1]
        self.assertEqual(last["type"], "result")
        self.assertTrue(last["ok"])
        self.assertTrue(last["verified"])
        self.assertEqual(last["clock"], "modelled")
        self.assertIn("real_ms", last)
        self.assertEqual(last["images"][0]["address"], FLASH)
        self.assertEqual(last["images"][0]["size"], 500000)
        self.assertEqual(last["images"][0]["sha256"], harness.sha256(path.read_bytes()))
        kinds = [record["type"] for record in records]
        for kind in ("probe", "target", "memory", "plan", "progress"):
            self.assertIn(kind, kinds)

    def test_the_plan_record_tells_what_will_really_be_done(self):
        image = f"{self.write('big.bin', self.random_bytes(500000))}@0x70000000"
        fresh = self.xflash("--json", "program", image).record("plan")
        self.assertEqual(fresh["write"], 500000)
        again = self.xflash("--json", "program", image).record("plan")
        self.assertEqual((again["write"], again["erase"]), (0, []))

    def test_partly_covered_sectors_keep_their_other_bytes(self):
        before = self.random_bytes(3 * 4096, seed=3)
        self.xflash("program", f"{self.write('a.bin', before)}@0x70100000")
        middle = self.random_bytes(5000, seed=4)
        self.xflash("program", f"{self.write('b.bin', middle)}@0x70100064")
        expected = before[:100] + middle + before[5100:]
        self.assertEqual(self.flash(0x100000, len(expected)), expected)
        self.assert_clean()

    def test_elf_with_internal_and_external_parts_is_one_plan(self):
        hex_file = self.work / "both.hex"
        hex_file.write_text(intel_hex({0x08008000: self.random_bytes(64, 5),
                                       0x70020000: self.random_bytes(3000, 6)}))
        self.xflash("program", hex_file)
        self.assertEqual(self.flash(0x20000, 3000), self.random_bytes(3000, 6))
        self.xflash("read", "0x08008000+64", "-o", "internal.bin")
        self.assertEqual((self.work / "internal.bin").read_bytes(), self.random_bytes(64, 5))
        self.assert_clean()

    def test_verify_command_and_no_verify(self):
        path = self.write("image.bin", self.random_bytes(70000))
        text = self.xflash("program", "--no-verify", f"{path}@0x70000000")
        self.assertIn("NOT verified", text.out + text.err)
        self.xflash("verify", f"{path}@0x70000000")
        self.poke(1234, bytes([self.flash(1234, 1)[0] ^ 1]))
        result = self.xflash("verify", f"{path}@0x70000000", exit=42)
        self.assertIn("0x700004d2", result.err.lower())

    def test_verifying_in_another_way(self):
        image = f"{self.write('image.bin', self.random_bytes(70001))}@0x70000003"
        self.xflash("program", image)
        links = {}
        for way in ("hash", "read", "mapped"):
            result = self.xflash("--json", "program", "--verify", way, image)  # all there already
            self.assertTrue(result.record("result")["verified"])
            links[way] = self.report()["cost"]["target_read_bytes"]
            self.assert_clean()
        self.assertGreater(links["read"], links["hash"] + 70000)
        self.assertLess(links["mapped"], links["hash"] + 10000)
        for way in ("hash", "read", "mapped"):
            self.xflash("verify", "--verify", way, image)
            self.poke(0x9000, bytes([self.flash(0x9000, 1)[0] ^ 0x10]))
            result = self.xflash("verify", "--verify", way, image, exit=42)
            self.assertIn("differs at 0x70009000", result.err)
            self.assertIn("in bits 4", result.err)
            self.poke(0x9000, bytes([self.flash(0x9000, 1)[0] ^ 0x10]))

    def test_second_client_is_told_who_holds_the_board(self):
        path = self.write("image.bin", self.random_bytes(8 << 20))
        first = self.spawn("--lock-wait", "30", "program", f"{path}@0x70000000")
        try:
            deadline = time.monotonic() + 30
            result = None
            while time.monotonic() < deadline and first.poll() is None:
                if self.state().exists():
                    result = self.command([harness.XFLASH, "-p", f"sim:{self.board}", "info"])
                    if result.exit == 12:
                        break
                time.sleep(0.05)
            self.assertEqual(result.exit, 12, str(result))
            self.assertIn(str(first.pid), result.err)
        finally:
            first.communicate()

    def test_reset_halt_and_log(self):
        self.xflash("boot", "install")
        self.xflash("program", TARGET / "blinky.bin")
        self.assertIn("pc", self.xflash("halt").out.lower())
        self.xflash("reset")
        result = self.xflash("log", "--for", "2s")
        self.assertGreaterEqual(len(led_lines(result.out)), 3, str(result))
        result = self.xflash("log", "--until", "LED off", "--timeout", "5s")
        self.assertIn("LED off", result.out)
        self.xflash("log", "--until", "never printed", "--timeout", "2s", exit=50)
        self.xflash("log", "--fail-on", "LED on", "--timeout", "5s", exit=51)


@unittest.skipIf(harness.SANITIZED and not harness.FULL, "too slow with sanitizers")
class WholeChip(harness.BoardTest):
    def test_32_mib_program_verify_and_read_back_equal(self):
        image = self.random_bytes(FLASH_BYTES)
        path = self.write("whole.bin", image)
        self.xflash("program", f"{path}@0x70000000")
        self.assertEqual(self.flash(), image)
        self.xflash("read", "flash", "-o", "out.bin")
        self.assertEqual((self.work / "out.bin").read_bytes(), image)
        self.assert_clean()


def intel_hex(parts):
    """parts: address -> bytes."""
    lines = []

    def record(kind, address, data):
        body = bytes([len(data), address >> 8 & 0xFF, address & 0xFF, kind]) + data
        lines.append(":" + (body + bytes([-sum(body) & 0xFF])).hex().upper())

    for start, data in sorted(parts.items()):
        for at in range(0, len(data), 16):
            address = start + at
            if at == 0 or address & 0xFFFF == 0:
                record(4, 0, (address >> 16).to_bytes(2, "big"))
            record(0, address & 0xFFFF, data[at:at + 16])
    record(1, 0, b"")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    harness.main()
