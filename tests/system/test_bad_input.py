"""Bad input: the right exit code, a name, a hint, and nothing touched on the chip."""

import struct

import harness
from harness import SOURCE
from test_main_path import intel_hex


def elf(machine=40, paddr=0x70000000, payload=b"\x11" * 64, cut=None, big_endian=False):
    """A minimal ELF32 with one PT_LOAD segment."""
    ident = b"\x7fELF" + bytes([1, 2 if big_endian else 1, 1]) + bytes(9)
    order = ">" if big_endian else "<"
    header = ident + struct.pack(order + "HHIIIIIHHHHHH", 2, machine, 1, paddr + 1, 52, 0, 0, 52,
                                 32, 1, 40, 0, 0)
    segment = struct.pack(order + "IIIIIIII", 1, 84, paddr, paddr, len(payload), len(payload), 5, 4)
    data = header + segment + payload
    return data[:cut] if cut is not None else data


class BadInput(harness.BoardTest):
    def setUp(self):
        super().setUp()
        self.before = self.random_bytes(20000, seed=99)
        self.xflash("program", f"{self.write('before.bin', self.before)}@0x70000000")

    def refused(self, exit, code, *words):
        """The command ends with this status and error name, and the chip still has its bytes."""
        result = self.xflash("--json", *words, exit=exit)
        error = result.record("error")
        self.assertEqual(error["code"], code, str(result))
        self.assertEqual(error["exit"], exit)
        self.assertTrue(error["msg"])
        self.assertEqual(self.flash(0, len(self.before)), self.before, "the chip was touched")
        return error

    def test_missing_file(self):
        self.refused(3, "image-missing", "program", "nothing.bin@0x70000000")

    def test_empty_file(self):
        self.refused(3, "image-empty", "program", f"{self.write('e.bin', b'')}@0x70000000")

    def test_truncated_elf(self):
        self.refused(3, "image-bad", "program", self.write("t.elf", elf(cut=100)))

    def test_elf_for_another_machine(self):
        error = self.refused(3, "image-wrong-machine", "program",
                             self.write("x86.elf", elf(machine=62)))
        self.assertRegex(error["msg"], "62|x86|machine")

    def test_big_endian_elf(self):
        self.refused(3, "image-wrong-machine", "program",
                     self.write("be.elf", elf(big_endian=True)))

    def test_text_named_elf_is_not_taken_as_bin(self):
        self.refused(3, "image-bad", "program", self.write("fake.elf", b"hello world\n" * 10))

    def test_hex_with_a_bad_checksum_names_the_line(self):
        lines = intel_hex({0x70000000: bytes(range(64))}).splitlines()
        lines[2] = lines[2][:-2] + "00"
        error = self.refused(3, "image-bad", "program",
                             self.write("bad.hex", "\n".join(lines).encode()))
        self.assertIn(":3", error["msg"])

    def test_overlapping_images(self):
        a = self.write("a.bin", b"\x01" * 5000)
        b = self.write("b.bin", b"\x02" * 5000)
        error = self.refused(3, "image-overlap", "program", f"{a}@0x70000000", f"{b}@0x70001000")
        self.assertIn("a.bin", error["msg"])
        self.assertIn("b.bin", error["msg"])

    def test_address_outside_every_memory(self):
        self.refused(3, "image-out-of-range", "program",
                     f"{self.write('a.bin', b'x' * 16)}@0x60000000")

    def test_image_larger_than_the_memory(self):
        path = self.work / "huge.bin"
        with open(path, "wb") as file:
            file.truncate((32 << 20) + 1)
        self.refused(3, "image-out-of-range", "program", f"{path}@0x70000000")

    def test_huge_sparse_hex_costs_no_memory(self):
        path = self.write("sparse.hex", intel_hex({0x70000000: b"\x55" * 16,
                                                   0xF0000000: b"\x66" * 16}).encode())
        self.refused(3, "image-out-of-range", "program", path)

    def test_image_reaching_the_boot_record(self):
        path = self.write("long.bin", self.random_bytes((4 << 20) - 100))
        error = self.refused(3, "image-out-of-range", "program", f"{path}@app")
        self.assertIn("record", error["msg"])

    def test_unknown_place(self):
        error = self.refused(2, "usage", "program",
                             f"{self.write('a.bin', b'x' * 16)}@nowhere")
        self.assertIn("nowhere", error["msg"])

    def test_two_bins_without_address(self):
        a = self.write("a.bin", b"\x01" * 500)
        b = self.write("b.bin", b"\x02" * 500)
        result = self.xflash("program", a, b, exit=None)
        self.assertIn(result.exit, (2, 3))

    def test_range_outside_the_memory(self):
        self.refused(3, "image-out-of-range", "erase", "0x71FFF000+8K")

    def test_erase_without_range_needs_all(self):
        self.refused(2, "usage", "erase")

    def test_chip_with_another_id(self):
        self.sim("set", self.board, "id=C2813A")
        error = self.refused(31, "wrong-memory-id", "program",
                             f"{self.write('a.bin', b'x' * 16)}@0x70000000")
        self.assertIn("C2 81 39", error["msg"].upper())
        self.assertIn("C2 81 3A", error["msg"].upper())

    def test_internal_flash_write_protected(self):
        self.sim("set", self.board, "wrp=0")
        self.refused(22, "target-protected", "boot", "install")

    def test_closed_life_cycle(self):
        self.xflash("program", "--dry-run", f"{self.write('a.bin', b'x' * 16)}@0x70000000")

    def test_memory_protected_by_bp_bits(self):
        self.sim("set", self.board, "bp=15")
        self.refused(33, "memory-protected", "program",
                     f"{self.write('a.bin', b'x' * 16)}@0x70000000")

    def test_probe_disappears_while_programming(self):
        path = self.write("big.bin", self.random_bytes(1 << 20))
        self.sim("inject", self.board, "usb-unplug@2000")
        result = self.xflash("program", f"{path}@0x70000000", exit=14)
        self.assertIn("usb-lost", result.err)
        self.assertIn("state:", result.err)
        self.xflash("program", f"{path}@0x70000000")
        self.assertEqual(self.flash(0, 1 << 20), path.read_bytes())


class NoProbe(harness.BoardTest):
    def test_no_probe_names_the_ways(self):
        result = self.xflash_plain("info", "-b", "nucleo-h7s3l8", exit=10)
        self.assertIn("sim:", result.err)

    def test_unknown_virtual_board(self):
        result = self.xflash_plain("-p", "sim:no-such-board", "info", exit=4)
        self.assertIn("no-such-board", result.err)
        self.assertIn("xflash board list", result.err)

    def test_nobody_listens(self):
        self.xflash_plain("-p", "tcp:127.0.0.1:1", "-b", "nucleo-h7s3l8", "info", exit=10)

    def test_a_probe_that_is_not_on_usb(self):
        for selector in ("0483:374e", "usb:1-4.2", "003800313137510C39383538"):
            result = self.xflash_plain("-p", selector, "-b", "nucleo-h7s3l8", "info", exit=10)
            self.assertIn(f"no debug probe found on USB for -p {selector}", result.err)


class BadBoardFile(harness.BoardTest):
    def load(self, change):
        text = (SOURCE / "boards" / "nucleo-h7s3l8.json").read_text()
        path = self.work / "board.json"
        path.write_text(change(text))
        return self.xflash_plain("board", "lint", "./board.json", exit=4).err

    def test_misspelt_key_gives_place_and_suggestion(self):
        text = self.load(lambda text: text.replace('"controller"', '"controler"'))
        self.assertRegex(text, r"board\.json:\d+:\d+")
        self.assertIn("$.memories[0]", text)
        self.assertIn("controller", text)

    def test_wrong_type(self):
        text = self.load(lambda text: text.replace('"supply_mv": 1800', '"supply_mv": "high"'))
        self.assertIn("$.memories[0].supply_mv", text)

    def test_duplicate_key(self):
        text = self.load(lambda text: text.replace('"kind": "nor"', '"kind": "nor", "kind": "nor"'))
        self.assertIn("kind", text)

    def test_pin_without_that_function(self):
        text = self.load(lambda text: text.replace('"PN5"', '"PA0"'))
        self.assertIn("$.memories[0].pins.IO3", text)

    def test_deep_nesting(self):
        text = self.load(lambda text: "[" * 100 + "]" * 100)
        self.assertRegex(text, "nest|deep")

    def test_all_errors_in_one_go(self):
        text = self.load(lambda text: text.replace('"controller"', '"controler"')
                         .replace('"supply_mv": 1800', '"supply_mv": "high"'))
        self.assertIn("controler", text)
        self.assertIn("supply_mv", text)


if __name__ == "__main__":
    harness.main()
