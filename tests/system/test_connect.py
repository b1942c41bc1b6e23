"""Getting hold of a core that does not want it, and leaving it clean, on both kinds of access port:
the H7R/S, whose boot ROM opens the core's port, and the H7, whose debug bus answers under reset."""

import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
import unittest

import harness

# What the programs do: sleep, stop the clocks, use the debug pins for something else.
STATES = ("sleep", "deep-sleep", "locked", "dirty-cache", "app-sleep", "app-stop", "app-swd-off",
          "app-watchdog", "app-cache", "app-locked", "app-all")
WAYS = ("auto", "attach", "halt", "under-reset")
# Without NRST nothing can be done about pins that are something else now.
NEED_RESET = ("app-swd-off", "app-all")

DHCSR, DEMCR, FP_CTRL, FP_COMP0 = 0xE000EDF0, 0xE000EDFC, 0xE0002000, 0xE0002008
DBGMCU_CR = 0x5C001004
C_DEBUGEN, S_HALT = 1 << 0, 1 << 17
VECTOR_CATCHES = 0x7F1

CONFIG = """
adapter driver st-link
st-link backend tcp {port}
st-link vid_pid 0x0483 0x374e
transport select dapdirect_swd
adapter speed 24000
gdb_port disabled
tcl_port disabled
telnet_port disabled
swd newdap chip cpu -irlen 4 -expected-id 0x6ba02477
dap create chip.dap -chain-position chip.cpu
target create chip.ap mem_ap -dap chip.dap -ap-num {ap}
init
foreach address {{{addresses}}} {{ echo [mdw $address] }}
shutdown
"""


class ConnectTest(harness.BoardTest):
    core_ap = 1

    def advance(self, milliseconds):
        """Lets the board run without anybody connected (docs/virtual-board.md, the TCP door)."""
        host, port = (self.state("address").read_text().strip()).split(":")
        with socket.create_connection((host, int(port)), timeout=10) as door:
            door.sendall(bytes([0x81, 0, 0, 0]) + struct.pack("<IQ", 0, milliseconds * 1_000_000))
            self.assertEqual(struct.unpack("<I", door.recv(16)[:4])[0], 1)

    def enter(self, state):
        """The board from the factory, its program in this state for a while."""
        self.sim("reset", self.board, check=False)
        self.sim("start", self.board)
        self.sim("set", self.board, f"cpu={state}")
        if state.startswith("app-"):
            self.sim("set", self.board, "app-delay=0", "reset=nrst")
        self.advance(50)

    def words(self, *addresses):
        """Read by OpenOCD through the access port alone: nothing is halted or enabled by it."""
        self.sim("start", self.board)
        port = self.state("address").read_text().strip().split(":")[1]
        path = self.write("look.cfg", CONFIG.format(port=port, ap=self.core_ap, addresses=" ".join(
            f"0x{address:08x}" for address in addresses)).encode())
        result = subprocess.run(["openocd", "-f", str(path)], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=120, check=False)
        found = dict(re.findall(r"^0x([0-9a-f]{8}): ([0-9a-f]{8})", result.stdout + result.stderr,
                                re.M))
        self.assertEqual(len(found), len(addresses), result.stderr)
        return [int(found[f"{address:08x}"], 16) for address in addresses]

    def assert_left_clean(self, halted=False):
        dhcsr, demcr, control, first, dbgmcu = self.words(DHCSR, DEMCR, FP_CTRL, FP_COMP0,
                                                          DBGMCU_CR)
        self.assertEqual(dhcsr & (C_DEBUGEN | S_HALT), C_DEBUGEN | S_HALT if halted else 0,
                         f"DHCSR 0x{dhcsr:08x}")
        self.assertEqual(demcr & VECTOR_CATCHES, 0, f"DEMCR 0x{demcr:08x}")
        self.assertEqual((control & 1, first & 1), (0, 0), f"FPB 0x{control:08x} 0x{first:08x}")
        self.assertEqual(dbgmcu & 7, 0, f"DBGMCU_CR 0x{dbgmcu:08x}")


class OnNucleo(ConnectTest):
    def check_state(self, state):
        for way in WAYS:
            with self.subTest(state=state, way=way):
                self.enter(state)
                expected = 20 if state in NEED_RESET and way in ("attach", "halt") else 0
                result = self.xflash("bench", "--size", "4K", "--connect", way, exit=expected)
                if expected != 0:
                    self.assertIn("(target-silent, exit 20)", result.err)
                    self.assertIn("SWDIO", result.err)
                self.assert_clean()


def add_states():
    """One test for each state, so that they run beside each other and fail by name."""
    for state in STATES:
        def test(self, state=state):
            self.check_state(state)
        setattr(OnNucleo, f"test_{state.replace('-', '_')}", test)


add_states()


class OnH750(OnNucleo):
    board = "h750-bare"
    core_ap = 0

    def test_info_names_mcu_unique_id_and_voltage(self):
        text = self.xflash("info").out
        self.assertRegex(text, r"STM32H750\w*, DEV_ID 0x450")
        self.assertRegex(text, r"unique ID [0-9A-F]{24}, internal flash 128 KB")
        self.assertRegex(text, r"target 3\.\d\d V")
        self.assertIn("read-out protection level 0", text)
        target = self.xflash("info", "--json").record("target")
        self.assertEqual((target["dev_id"], target["board"]), ("0x450", "h750-bare"))

    def test_under_reset_not_an_instruction_is_executed(self):
        self.enter("app-all")
        self.xflash("halt", "--connect", "under-reset")
        first = self.xflash("halt").out
        vector = int.from_bytes(self.state("internal.bin").read_bytes()[4:8], "little") & ~1
        self.assertIn(f"pc 0x{vector:08x}", first)

    def test_reset_and_halt_stops_at_the_reset_vector(self):
        self.enter("app-locked")
        self.xflash("reset", "--after", "halt")
        vector = int.from_bytes(self.state("internal.bin").read_bytes()[4:8], "little") & ~1
        self.assertIn(f"pc 0x{vector:08x}", self.xflash("halt").out)

    def test_256_kib_of_ram_come_back_as_they_went(self):
        records = self.xflash("bench", "--json").records("bench")
        self.assertEqual([(row["what"], row["size"]) for row in records],
                         [("write", 524288), ("read", 524288), ("word-write", 128),
                          ("word-read", 128)])
        self.assertTrue(all(row["clock"] == "modelled" for row in records))
        self.assert_clean()
        report = self.report()
        self.assertGreater(report["virtual_ns"], 0)

    def test_commands_that_need_a_memory_say_so(self):
        self.write("x.bin", b"\1\2\3\4")
        for words, exit_code, text in (
                (("program", "x.bin"), 2, "no boot entry"),
                (("program", "x.bin@0x90000000"), 3, "lies in no memory"),
                (("program", "x.bin@internal"), 6, "is not written by this version"),
                (("erase", "--all"), 2, "0 external memories"),
                (("erase", "internal"), 6, "is not written by this version"),
                (("test",), 2, "has no external memory"),
                (("boot", "install"), 2, "does not boot")):
            with self.subTest(words=words):
                result = self.xflash(*words, exit=exit_code)
                self.assertIn(text, result.err)
                if exit_code == 6:
                    self.assertIn("refused", result.err.splitlines()[-1])
        self.assert_clean()


@unittest.skipUnless(shutil.which("openocd"), "openocd is not installed")
class CleanEnd(ConnectTest):
    def test_after_every_command(self):
        self.write("x.bin", self.random_bytes(5000))
        for words, halted in (
                (("info",), False), (("info", "--connect", "under-reset"), False),
                (("bench", "--size", "8K"), False), (("program", "x.bin@0x70040000"), False),
                (("reset",), False), (("log", "--for", "20ms"), False),  # nothing runs: 51
                (("halt",), True), (("reset",), False), (("reset", "--after", "halt"), True),
                (("info", "--after", "halt"), True), (("info", "--after", "none"), True),
                (("info",), False)):
            with self.subTest(words=words):
                self.xflash(*words, exit=51 if words[0] == "log" else 0)
                self.assert_left_clean(halted)

    def test_after_a_failure(self):
        for words, exit_code in (
                (("info", "-b", "h750-bare"), 20), (("read", "internal", "-o", "/dev/full"), 5),
                (("reset", "--timeout", "1ms"), 50), (("reset", "--timeout", "12ms"), 50),
                (("halt", "--timeout", "1ms"), 50), (("boot", "check", "--timeout", "15ms"), 50),
                (("info", "--timeout", "20ms"), 50), (("bench", "--timeout", "60ms"), 50),
                (("info", "--connect", "under-reset", "--timeout", "12ms"), 50)):
            with self.subTest(words=words):
                result = self.xflash(*words, exit=None)
                self.assertIn(result.exit, (exit_code, 21) if exit_code == 20 else (exit_code,),
                              str(result))
                self.assert_left_clean()

    def test_after_a_signal(self):
        for number, exit_code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            for delay in (0.03, 0.1, 0.3):
                with self.subTest(signal=number, delay=delay):
                    process = self.spawn("bench", "--connect", "under-reset", "--retries", "50")
                    time.sleep(delay)
                    process.send_signal(number)
                    start = time.monotonic()
                    process.communicate(timeout=30)
                    self.assertLess(time.monotonic() - start, 5)
                    # it may have been done already, or not yet have listened
                    self.assertIn(process.returncode, (exit_code, 0, -number))
                    if process.returncode >= 0:
                        self.assert_left_clean()

    def test_the_next_run_after_kill_9_brings_everything_back(self):
        kills = 0
        for step in range(12):
            delay = 0.01 + 0.03 * step
            way = ("auto", "under-reset")[step % 2]
            with self.subTest(delay=delay, way=way):
                process = self.spawn("bench", "--connect", way)
                time.sleep(delay)
                process.kill()
                process.communicate(timeout=30)
                kills += process.returncode == -signal.SIGKILL
                self.xflash("info")
                self.assert_clean()
                self.assert_left_clean()
        self.assertGreater(kills, 0)

    def test_attaching_to_what_a_killed_run_left_warns_and_clears_its_catches(self):
        self.xflash("info")
        self.xflash("halt")
        # What a run leaves that is killed: debug enable, halted, a breakpoint, DBGMCU's bits.
        self.openocd_leaves("mww 0xE0002008 0x08000101", "mww 0xE0002000 3",
                            "mww 0xE000EDFC 0x01000401", "mww 0x5C001004 0x00200007",
                            "mww 0x5C001054 0x00040000", "mww 0x5C00103C 0x00000800")
        result = self.xflash("log", "--for", "5ms", exit=51)  # the program stands
        self.assertIn("was killed, and left the core halted", result.err)
        self.assert_left_clean(halted=True)
        self.xflash("reset")
        self.assert_left_clean()

    def openocd_leaves(self, *commands):
        self.sim("start", self.board)
        port = self.state("address").read_text().strip().split(":")[1]
        text = CONFIG.format(port=port, ap=self.core_ap, addresses="0xE000ED00")
        text = text.replace("shutdown", "\n".join((*commands, "shutdown")))
        path = self.write("leave.cfg", text.encode())
        result = subprocess.run(["openocd", "-f", str(path)], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)


class Errors(ConnectTest):
    def test_tell_the_cases_apart(self):
        for settings, words, exit_code, name in (
                (("voltage=0",), (), 23, "target-voltage"),
                (("voltage=1200",), (), 23, "target-voltage"),
                (("cpu=app-swd-off", "app-delay=0", "reset=nrst"), ("--connect", "attach"), 20,
                 "target-silent"),
                (("nvstate=closed",), (), 22, "target-protected")):
            with self.subTest(settings=settings):
                self.sim("reset", self.board, check=False)
                self.sim("start", self.board)
                self.sim("set", self.board, *settings)
                if settings[0].startswith("nvstate"):
                    self.sim("power-cycle", self.board)
                self.advance(50)
                result = self.xflash("info", *words, exit=exit_code)
                self.assertIn(f"({name}, exit {exit_code})", result.err)
                self.assertIn("try: ", result.err)


class Bench(harness.BoardTest):
    def test_measures_link_flash_read_and_hash(self):
        result = self.xflash("bench", "--json")
        rows = result.records("bench")
        self.assertEqual([(row["memory"], row["what"]) for row in rows],
                         [("ram", "write"), ("ram", "read"), ("ram", "word-write"),
                          ("ram", "word-read"), ("flash", "read"), ("flash", "hash")])
        for row in rows:
            self.assertGreater(row["ms"], 0)
            self.assertAlmostEqual(row["bps"], row["size"] / row["ms"] * 1000,
                                   delta=row["bps"] / 50)
        self.assert_clean()
        self.assertEqual(set(self.flash(0, 1 << 20)), {0xFF}, "nothing was written")

    def test_says_for_people_that_figures_are_modelled(self):
        text = self.xflash("bench", "--size", "16K").out
        self.assertRegex(text, r"RAM at 0x24020000, 16384 bytes written and read back twice: equal")
        self.assertRegex(text, r"write +[\d.]+ ms for +32768 bytes, +\d+ KB/s \(modelled\)")
        self.assertRegex(text, r"word-read +[\d.]+ us each, 32 times \(modelled\)")

    def test_refuses_what_it_does_not_do_before_anything_is_opened(self):
        for words in (("--flash",), ("--size", "1M"), ("--size", "12"), ("--size", "0"),
                      ("--size", "x")):
            with self.subTest(words=words):
                self.xflash("bench", *words, exit=2)
        self.assertFalse(self.state("address").exists(), "the board was started")
        self.assertIn("xflash test", self.xflash("bench", "--flash", exit=2).err)


if __name__ == "__main__":
    harness.main()
