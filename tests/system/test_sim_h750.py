"""h750-bare, the virtual board with its core on access port 0, under Debian's OpenOCD 0.12 with its
stock configuration files: HLA and dapdirect. And the programs that make a board hard to reach."""

import random
import re
import shutil
import struct
import subprocess
import unittest

import vboard

BOARD = "h750-bare"
RAM = 0x24000000
RAM_BYTES = 256 * 1024
QUIET = ("gdb_port disabled; tcl_port disabled; telnet_port disabled",)
HLA = ("interface/stlink.cfg", "hla_stlink_backend tcp {port}", ())
DAPDIRECT = ("interface/stlink-dap.cfg", "st-link backend tcp {port}",
             ("transport select dapdirect_swd",))
LINKS = {"hla": HLA, "dapdirect": DAPDIRECT}

# adds r0, #1; b .-2
COUNT = bytes.fromhex("0130fde7")


class H750Test(vboard.VirtualBoardTest):
    def setUp(self):
        super().setUp()
        self.port = self.start(name=BOARD)

    def openocd(self, link, *commands, before=(), exit=0):
        interface, backend, transport = LINKS[link]
        words = ["openocd", "-f", interface, "-c", backend.format(port=self.port)]
        for command in transport:
            words += ["-c", command]
        words += ["-f", "target/stm32h7x.cfg"]
        for command in (*QUIET, *before, "init", *commands, "shutdown"):
            words += ["-c", command]
        result = subprocess.run(words, cwd=self.folder, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=120)
        self.output = result.stdout + result.stderr
        self.assertEqual(result.returncode, exit, self.output)
        return self.output

    def sim_set(self, *words):
        self.vboard("set", BOARD, *words)

    def violations(self):
        return self.vboard("report", BOARD, "--json", exit=None).stdout

    def assert_clean(self):
        self.assertIn('"violations":0', self.violations())

    def put_program(self, code):
        """Stack pointer and entry, then code, in internal flash; a restart makes it run."""
        image = struct.pack("<II", 0x20020000, 0x08000009) + code
        for file, data in (("internal.bin", image), ("internal.granules", b"\1")):
            path = self.folder / "sim" / f"{BOARD}#0" / file
            with open(path, "r+b") as handle:
                handle.write(data)
        self.vboard("power-cycle", BOARD)


@unittest.skipUnless(shutil.which("openocd"), "openocd is not installed")
class OpenOcd(H750Test):
    def test_examines_and_shows_the_identity(self):
        for link in LINKS:
            with self.subTest(link=link):
                self.openocd(link, "mdw 0x5c001000", "mdw 0xE000ED00")
                self.assertIn("STLINK V3J10M3", self.output)
                self.assertIn("Cortex-M7 r1p1 processor detected", self.output)
                self.assertIn("0x5c001000: 20036450", self.output)
                self.assertIn("0xe000ed00: 411fc271", self.output)
                self.assert_clean()

    def test_256_kib_of_ram_come_back_as_they_went(self):
        for number, link in enumerate(LINKS):
            with self.subTest(link=link):
                data = random.Random(number).randbytes(RAM_BYTES)
                (self.folder / "out.bin").write_bytes(data)
                self.openocd(link, "halt", f"load_image out.bin 0x{RAM:x} bin",
                             f"dump_image in.bin 0x{RAM:x} {RAM_BYTES}")
                self.assertEqual((self.folder / "in.bin").read_bytes(), data)
                self.assert_clean()

    def test_halts_steps_and_sets_registers(self):
        self.put_program(COUNT)
        for link in LINKS:
            with self.subTest(link=link):
                self.openocd(link, "halt", "reg pc 0x08000008", "reg r0 7", "step", "reg r0",
                             "step", "reg pc", "reg r5 0xCAFEBABE", "reg r5", "resume")
                values = re.findall(r"^(pc|r0|r5) \(/32\): (0x[0-9a-f]{8})", self.output, re.M)
                values = [(name, int(value, 16)) for name, value in values]
                self.assertEqual(values[-4:], [("r0", 8), ("pc", 0x08000008),
                                               ("r5", 0xCAFEBABE), ("r5", 0xCAFEBABE)],
                                 self.output)
                self.assert_clean()

    def test_reset_halt_stops_at_the_first_instruction(self):
        self.put_program(COUNT)
        self.openocd("dapdirect", "reset halt", "reg pc", "reg r0")
        self.assertRegex(self.output, r"pc \(/32\): 0x08000008")
        self.assertRegex(self.output, r"r0 \(/32\): 0x00000000")
        self.assert_clean()

    def test_access_port_2_reaches_dbgmcu(self):
        self.openocd("dapdirect", "targets stm32h7x.ap2", "mdw 0xE00E1000 2",
                     "catch {mdw 0x24000000}")
        self.assertRegex(self.output, r"0xe00e1000: 20036450 007.003f")
        self.assertIn("Failed to read memory at 0x24000000", self.output)

    def test_programs_the_internal_flash_with_its_own_loader(self):
        data = random.Random(3).randbytes(50000)
        (self.folder / "out.bin").write_bytes(data)
        for link in LINKS:
            with self.subTest(link=link):
                self.openocd(link, "halt", "flash write_image erase out.bin 0x08000000 bin",
                             "verify_image out.bin 0x08000000 bin")
                internal = self.folder / "sim" / f"{BOARD}#0" / "internal.bin"
                self.assertEqual(internal.read_bytes()[:len(data)], data)
                self.assert_clean()

    def test_a_program_without_swd_is_caught_under_reset_only(self):
        self.sim_set("cpu=app-swd-off")
        self.openocd("dapdirect", exit=1)
        self.assertRegex(self.output, "(?i)error")
        self.openocd("dapdirect", "reset halt", "reg pc", "mdw 0x5c001000",
                     before=("reset_config srst_only srst_nogate connect_assert_srst",))
        self.assertRegex(self.output, r"pc \(/32\): 0x08000040")
        self.assertIn("0x5c001000: 20036450", self.output)
        self.assert_clean()


class HardToConnect(H750Test):
    """Through the door itself: what each state answers, and that a reset does not end it."""

    STATUS_OK = 0x80
    CPUID = 0xE000ED00

    def attach(self, door, ap=0):
        _, reply = door.usb([0xF2, 0x30, 0xA3], in_bytes=2)
        if reply[0] == self.STATUS_OK:
            _, reply = door.usb([0xF2, 0x4B, ap], in_bytes=2)
        return reply[0]

    def read(self, door, addr, ap=0):
        _, reply = door.usb(struct.pack("<BBIB", 0xF2, 0x36, addr, ap), in_bytes=8)
        status, value = reply[0], struct.unpack_from("<I", reply, 4)[0]
        if status != self.STATUS_OK:
            door.usb(struct.pack("<BBHHI", 0xF2, 0x46, 0xFFFF, 0, 0x1E), in_bytes=2)
        return status, value

    def write(self, door, addr, value, ap=0):
        _, reply = door.usb(struct.pack("<BBIIB", 0xF2, 0x35, addr, value, ap), in_bytes=2)
        return reply[0]

    def nrst(self, door, level):
        door.usb([0xF2, 0x3C, level], in_bytes=2)

    def test_listed_in_the_help(self):
        text = self.vboard("set", BOARD).stdout
        for state in ("app-sleep", "app-stop", "app-swd-off", "app-watchdog", "app-cache",
                      "app-locked", "app-all", "sleep", "app-delay"):
            self.assertIn(state, text)
        for key in ("xspi=", "chip=", "ap-delay=", "nvstate=", "mode="):
            self.assertNotIn(key, text)

    def test_swd_pins_reused(self):
        self.sim_set("cpu=app-swd-off")
        with vboard.Door(self.port) as door:
            door.open()
            self.assertNotEqual(self.attach(door), self.STATUS_OK)
            self.nrst(door, 0)
            self.assertEqual(self.attach(door), self.STATUS_OK)
            self.assertEqual(self.read(door, self.CPUID), (self.STATUS_OK, 0x411FC271))
            self.assertNotEqual(self.read(door, RAM)[0], self.STATUS_OK)
            self.nrst(door, 1)
            self.assertEqual(self.read(door, RAM)[0], self.STATUS_OK)
            door.advance_ns(20_000_000)
            self.assertNotEqual(self.read(door, self.CPUID)[0], self.STATUS_OK)
        self.assert_clean()

    def test_halt_under_reset_comes_before_the_program(self):
        self.sim_set("cpu=app-all")
        with vboard.Door(self.port) as door:
            door.open()
            self.nrst(door, 0)
            self.assertEqual(self.attach(door), self.STATUS_OK)
            self.assertEqual(self.write(door, 0xE000EDF0, 0xA05F0003), self.STATUS_OK)
            self.assertEqual(self.write(door, 0xE000EDFC, 0x01000001), self.STATUS_OK)
            self.nrst(door, 1)
            door.advance_ns(1_000_000_000)
            status, dhcsr = self.read(door, 0xE000EDF0)
            self.assertEqual((status, dhcsr >> 17 & 1), (self.STATUS_OK, 1))
            self.assertEqual(self.write(door, RAM, 0x12345678), self.STATUS_OK)
        self.assert_clean()

    def test_stop_mode_is_opened_by_dbgmcu_through_access_port_2(self):
        self.sim_set("cpu=app-stop")
        with vboard.Door(self.port) as door:
            door.open()
            self.assertNotEqual(self.attach(door), self.STATUS_OK, "AP0 has no clock")
            door.usb(struct.pack("<BBHHI", 0xF2, 0x46, 0xFFFF, 0, 0x1E), in_bytes=2)
            self.assertEqual(self.attach(door, 2), self.STATUS_OK)
            self.assertEqual(self.write(door, 0xE00E1004, 0x00600007, ap=2), self.STATUS_OK)
            self.assertEqual(self.read(door, self.CPUID), (self.STATUS_OK, 0x411FC271))
            self.assertEqual(self.write(door, 0xE000EDF0, 0xA05F0003), self.STATUS_OK)
            self.assertEqual(self.read(door, RAM)[0], self.STATUS_OK)
        self.assert_clean()

    def test_what_a_crashed_client_left_is_there_for_the_next(self):
        self.put_program(COUNT)
        with vboard.Door(self.port) as door:
            door.open()
            self.attach(door)
            self.write(door, 0xE000EDF0, 0xA05F0003)
            self.write(door, 0xE0002000, 3)
            self.write(door, 0xE0002008, 0x08000009)
        with vboard.Door(self.port) as door:
            self.assertEqual(door.open(), 1)
            self.attach(door)
            self.assertEqual(self.read(door, 0xE000EDF0)[1] & 0x20001, 0x20001)
            self.assertEqual(self.read(door, 0xE0002008)[1], 0x08000009)


if __name__ == "__main__":
    unittest.main()
