"""Life and state of a virtual board: joined, kept, refused, killed, reset."""

import os
import random
import re
import signal
import stat
import subprocess
import time
import unittest

import vboard
from vboard import BOARD, Door


class Life(vboard.VirtualBoardTest):
    def test_start_joins_a_running_board(self):
        port = self.start()
        self.assertEqual(self.start(), port)
        self.assertIn(f"running at 127.0.0.1:{port}", self.vboard("list").stdout)
        self.vboard("stop", BOARD)
        self.assertIn("stopped", self.vboard("list").stdout)
        self.vboard("stop", BOARD)

    def test_many_starts_at_once_give_one_board(self):
        starts = [subprocess.Popen([str(vboard.VBOARD), "start", BOARD], env=self.env,
                                   stdout=subprocess.PIPE) for _ in range(6)]
        addresses = {process.communicate(timeout=60)[0] for process in starts}
        self.assertEqual(len(addresses), 1, addresses)
        self.assertTrue(all(process.returncode == 0 for process in starts))

    def test_instances_are_boards_of_their_own(self):
        ports = {self.start(), self.start(name=f"{BOARD}#1"), self.start(name=f"{BOARD}#2")}
        self.assertEqual(len(ports), 3)
        serials = set()
        for port in ports:
            with Door(port) as door:
                serials.add(door.info()["serial"])
        self.assertEqual(len(serials), 3)
        self.assertTrue(all(re.fullmatch("[0-9A-F]{24}", serial) for serial in serials))

    def test_keeps_nothing_of_its_caller(self):
        self.start()
        pid = int(self.state("pid").read_text())
        links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        own = str(self.folder / "sim")
        for link in links:
            self.assertTrue(link == "/dev/null" or link.startswith((own, "socket:", "anon_inode:")),
                            links)
        self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), "/")
        with open(f"/proc/{pid}/stat") as file:
            self.assertEqual(file.read().rsplit(")")[1].split()[4], "0", "terminal")
        self.assertEqual(stat.S_IMODE(self.state("flash.bin").stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.state("flash.bin").parent.stat().st_mode), 0o700)

    def test_listens_on_loopback_only(self):
        port = self.start()
        with open("/proc/net/tcp") as file:
            lines = [line.split() for line in file][1:]
        local = [line[1] for line in lines if line[3] == "0A" and
                 int(line[1].split(":")[1], 16) == port]
        self.assertEqual(local, [f"0100007F:{port:04X}"])

    def test_starts_below_a_folder_whose_path_is_too_long_for_a_socket(self):
        self.env["XFLASH_SIM_DIR"] = str(self.folder / ("a" * 100) / ("b" * 100))
        self.start()
        self.vboard("report", BOARD)
        self.vboard("stop", BOARD)

    def test_foreground_ends_with_its_signal(self):
        process = subprocess.Popen([str(vboard.VBOARD), "start", BOARD, "--foreground"],
                                   env=self.env, stdout=subprocess.PIPE, text=True)
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        with Door(port) as door:
            self.assertEqual(door.info()["status"], 1)
        self.assertEqual(self.start(), port)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=20), 0)
        process.stdout.close()

    def test_usage_errors_and_unknown_boards(self):
        self.vboard(exit=2)
        self.vboard("fly", exit=2)
        self.vboard("start", exit=2)
        self.vboard("start", BOARD, "--port", "70000", exit=2)
        self.vboard("start", BOARD, "--pace", "slow", exit=2)
        self.vboard("start", f"{BOARD}#x", exit=2)
        self.vboard("report", BOARD, exit=2)
        result = self.vboard("start", "no-such-board", exit=4)
        self.assertIn(BOARD, result.stderr)
        self.start()
        for words in (["set", BOARD, "cpu=asleep"], ["set", BOARD, "nonsense"],
                      ["inject", BOARD, "nonsense@1"], ["trace", BOARD, "maybe"],
                      ["report", BOARD, "--xml"]):
            self.assertGreater(len(self.vboard(*words, exit=2).stderr), 30, words)

    def test_help_version_and_cost(self):
        self.assertIn("power-cycle", self.vboard("--help").stdout)
        self.assertRegex(self.vboard("--version").stdout, r"^xflash-vboard \d+\.\d+\.\d+\n$")
        self.assertIn("250 us", self.vboard("--cost").stdout)

    def test_a_fixed_port_that_is_taken_is_named(self):
        port = self.start()
        result = self.vboard("start", f"{BOARD}#1", "--port", port, exit=5)
        self.assertIn(str(port), result.stderr)


class State(vboard.VirtualBoardTest):
    def test_memory_written_through_the_probe_survives_kill(self):
        port = self.start()
        with Door(port) as door:
            door.attach()
            # FLASH: unlock, PG, one granule of 16 bytes
            halt = door.write(0xE000EDF0, bytes.fromhex("03005FA0"))
            self.assertEqual(halt, 0x80)
            for addr, value in ((0x52002004, 0x45670123), (0x52002004, 0xCDEF89AB),
                                (0x52002010, 0x00000002)):
                self.assertEqual(door.write(addr, value.to_bytes(4, "little")), 0x80)
            self.assertEqual(door.write(0x08000100, b"0123456789ABCDEF"), 0x80)
            door.advance_ns(10_000_000)
        os.kill(int(self.state("pid").read_text()), signal.SIGKILL)
        data = self.state("internal.bin").read_bytes()
        self.assertEqual(data[0x100:0x110], b"0123456789ABCDEF")
        with Door(self.start()) as door:
            door.attach()
            self.assertEqual(door.read(0x08000100, 16), (0x80, b"0123456789ABCDEF"))

    def test_changes_of_the_file_are_seen_at_the_next_access(self):
        port = self.start()
        self.vboard("set", BOARD, "xspi=mapped")
        with Door(port) as door:
            door.attach()
            self.assertEqual(door.read(0x70002000, 16), (0x80, b"\xff" * 16))
            with open(self.state("flash.bin"), "r+b") as file:
                file.seek(0x2000)
                file.write(b"behind your back")
            self.assertEqual(door.read(0x70002000, 16), (0x80, b"behind your back"))

    def test_a_replaced_or_short_file_is_taken_over_by_the_next_client(self):
        port = self.start()
        new = self.state("new.bin")
        new.write_bytes(b"a short image of other contents!")
        new.replace(self.state("flash.bin"))
        self.vboard("set", BOARD, "xspi=mapped")
        with Door(port) as door:
            door.attach()
            self.assertEqual(door.read(0x70000000, 36),
                             (0x80, b"a short image of other contents!\xff\xff\xff\xff"))
        self.assertEqual(self.state("flash.bin").stat().st_size, 32 << 20)

    def test_reset_gives_a_new_board(self):
        def identity():
            with Door(self.start()) as door:
                door.attach()
                return door.info()["serial"], door.read(0x08FFF800, 16)[1]

        first = identity()
        self.assertEqual(identity(), first)
        self.assertEqual(first[1][12:14], b"\x40\x00", "64 KiB of flash")
        with open(self.state("flash.bin"), "r+b") as file:
            file.write(b"old contents")
        self.vboard("reset", BOARD)
        second = identity()
        self.assertNotEqual(second[0], first[0])
        self.assertNotEqual(second[1][:12], first[1][:12])
        with open(self.state("flash.bin"), "rb") as file:
            self.assertEqual(file.read(12), b"\xff" * 12)
        self.vboard("stop", BOARD)
        self.vboard("reset", BOARD)
        third = identity()
        self.assertEqual(len({first[0], second[0], third[0]}), 3)

    def test_reset_is_refused_while_a_client_is_connected(self):
        with Door(self.start()) as door:
            door.attach()
            self.vboard("reset", BOARD, exit=12)
        self.vboard("reset", BOARD)

    def test_a_file_longer_than_the_memory_is_refused(self):
        self.start()
        self.vboard("stop", BOARD)
        with open(self.state("internal.bin"), "ab") as file:
            file.write(b"x")
        self.assertIn("internal.bin", self.vboard("start", BOARD, exit=5).stderr)

    def test_an_unusable_folder_is_a_host_error(self):
        (self.folder / "file").write_text("no folder")
        self.env["XFLASH_SIM_DIR"] = str(self.folder / "file" / "below")
        self.vboard("start", BOARD, exit=5)


class Clients(vboard.VirtualBoardTest):
    def test_a_second_client_finds_the_probe_busy(self):
        port = self.start()
        with Door(port) as first, Door(port) as second:
            first.attach()
            self.assertEqual(second.info()["used"], 1)
            self.assertEqual(second.open(), 0x2004)
            self.assertEqual(first.read(0xE000ED00, 4), (0x80, bytes.fromhex("72C21F41")))

    def test_a_client_that_goes_in_the_middle_leaves_a_sound_board(self):
        port = self.start()
        for count in (1, 7, 31, 33, 100, 6000):
            door = Door(port)
            door.attach()
            door.socket.sendall((b"\x05\0\0\0" + door.connect_id.to_bytes(4, "little") +
                                 bytes([0xF2, 8, 0, 0, 0, 0x24, 0, 0x18, 1]) + bytes(7) +
                                 b"\0\0\0\0" + (6144).to_bytes(4, "little") + bytes(6144))[:count])
            door.socket.close()
        with Door(port) as door:
            door.attach()
            self.assertEqual(door.read(0xE000ED00, 4)[0], 0x80)

    def test_time_stands_still_between_clients_and_during_their_silence(self):
        port = self.start()
        with Door(port) as door:
            first = door.now_ns()
            time.sleep(0.2)
            self.assertEqual(door.now_ns(), first)
            self.assertEqual(door.advance_ns(1_000_000_007), first + 1_000_000_007)
        time.sleep(0.1)
        with Door(port) as door:
            self.assertEqual(door.now_ns(), first + 1_000_000_007)

    def test_the_report_is_that_of_the_last_client(self):
        port = self.start()
        for transfers in (1, 2):
            with Door(port) as door:
                self.assertEqual(door.open(), 1)
                for _ in range(transfers):
                    door.usb([0xF1], in_bytes=6)
            self.assertEqual(self.report()["cost"]["usb_transfers"], 2 * transfers)

    def test_two_boards_from_equal_state_give_equal_times(self):
        times = []
        for instance in range(2):
            port = self.start(name=BOARD)
            with Door(port) as door:
                door.attach()
                rng = random.Random(3)
                for _ in range(50):
                    door.write(0x24000000 + 4 * rng.randrange(1000), rng.randbytes(4 * 300))
                    door.read(0x24000000, 4 * rng.randrange(1, 1500))
                times.append((door.now_ns(), self.report()))
            self.vboard("stop", BOARD)
        self.assertEqual(times[0], times[1])

    def test_faults_are_injected_and_counted(self):
        port = self.start()
        self.vboard("inject", BOARD, "dap-fault@1", "usb-timeout@9")
        with Door(port) as door:
            self.assertEqual(door.open(), 1)
            door.usb([0xF2, 0x30, 0xA3], in_bytes=2)
            results = [door.usb([0xF2, 0x3E], in_bytes=12)[0] for _ in range(5)]
        self.assertIn(0x1001, results)
        text = self.vboard("inject", BOARD).stdout
        self.assertRegex(text, r"dap-fault +1 +1\n")
        self.assertRegex(text, r"usb-timeout +1 +1\n")
        self.assertRegex(text, r"usb-stall +0 +0\n")

    def test_stops_at_a_violation_when_told_to(self):
        port = self.start("--stop-on-violation")
        with Door(port) as door:
            door.attach()
            # RAM of AHB without its clock: the debug port gets a fault, the CPU would violate.
            # A read answered longer than asked for is a violation of the link.
            status, _ = door.usb([0xF2, 0x0C, 0, 0, 0, 0x24, 1, 0, 1], in_bytes=1)
            self.assertEqual(status, 0x1052)
            self.assertEqual(door.usb([0xF1], in_bytes=6)[0], 0x1003)
        self.assertEqual(self.report(exit=61)["violations"], 1)
        self.assertIn("stopped", self.vboard("report", BOARD, exit=61).stdout)
        self.vboard("power-cycle", BOARD)
        with Door(port) as door:
            door.attach()
            self.assertEqual(door.read(0xE000ED00, 4)[0], 0x80)

    def test_trace_shows_the_memory_bus(self):
        port = self.start()
        self.vboard("trace", BOARD, "--text", "bus.txt", "--vcd", "bus.vcd")
        self.vboard("set", BOARD, "xspi=mapped")
        with Door(port) as door:
            door.attach()
            door.read(0x70000000, 64)
        self.vboard("trace", BOARD, "off")
        self.assertRegex(self.vboard("trace", BOARD, "show").stdout, r"(?i)ee11|EE 11")
        self.assertIn("$enddefinitions", (self.folder / "bus.vcd").read_text())
        self.assertIn("flash", (self.folder / "bus.txt").read_text())


class Documentation(unittest.TestCase):
    def test_names_every_violation_every_fault_and_every_key(self):
        text = (vboard.SOURCE / "docs" / "virtual-board.md").read_text()
        sources = "".join(path.read_text() for path in (vboard.SOURCE / "sim").rglob("*.c"))
        kinds = set(re.findall(r'violat\w*\([^"]*?"([a-z0-9]+(?:-[a-z0-9]+)+)"', sources))
        faults = set(re.findall(r'\{"([a-z-]+)", SIM_SEAM_', sources))
        self.assertGreater(len(kinds), 50)
        self.assertGreater(len(faults), 15)
        missing = sorted(name for name in kinds | faults if f"`{name}`" not in text)
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
