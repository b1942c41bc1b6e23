"""Lines of the contract that a stranger at a terminal would try: options, records, messages, how a
command ends, and what it leaves on the target."""

import json
import os
import pathlib
import pty
import re
import select
import signal
import time
import unittest

import harness
from harness import SOURCE, TARGET
from vboard import Door

DHCSR, DEMCR, FP_CTRL = 0xE000EDF0, 0xE000EDFC, 0xE0002000
VECTOR_CATCH = 0x7F1


class Errors(unittest.TestCase):
    # What stands in the table and belongs to a later version, or to another program.
    later = {"batch": "batch",
             "violations": "xflash-vboard report"}

    def test_each_error_is_produced_somewhere_and_tested(self):
        table = (SOURCE / "host/base/error_table.c").read_text()
        rows = re.findall(r'\[(ERROR_\w+)\] = \{"([\w-]+)"', table)
        self.assertGreater(len(rows), 45)
        here = pathlib.Path(__file__).read_text().split("class Errors")[1].split("def ")[0]
        sources = "".join(path.read_text() for path in (SOURCE / "host").rglob("*.c")
                          if path.name != "error_table.c")
        tests = "".join(path.read_text() for path in (SOURCE / "tests").rglob("*")
                        if path.suffix in (".c", ".py")).replace(here, "")
        for symbol, name in rows:
            with self.subTest(error=name):
                is_produced = re.search(rf"\b{symbol}\b", sources) is not None
                is_tested = re.search(rf'\b{symbol}\b|"{name}"', tests) is not None
                self.assertEqual(is_produced, name not in self.later)
                self.assertTrue(is_tested or name in self.later)


class Plans(harness.BoardTest):
    def test_an_unchanged_image_is_left_alone_with_its_record(self):
        self.xflash("program", TARGET / "blinky.bin")
        for image in ("blinky.bin", "blinky.elf"):
            result = self.xflash("--json", "program", TARGET / image)
            image = result.record("result")["images"][0]
            self.assertEqual((image["written"], image["skipped"]), (0, image["size"]))
            self.assertNotIn("write", [row["phase"] for row in result.records("progress")])
            self.assertEqual(result.record("result")["boot"], "missing")
        self.assertIn("already identical", self.xflash("program", TARGET / "blinky.bin").out)

    def test_consent(self):
        board = json.loads((SOURCE / "boards/nucleo-h7s3l8.json").read_text())
        board["partitions"].append({"name": "settings", "memory": "flash", "offset": "8M",
                                    "size": "64K", "keep": True})
        (self.work / "keep.json").write_text(json.dumps(board))
        image = self.write("a.bin", b"\x5a" * 3000)
        for words in (["program", f"{image}@settings"], ["program", f"{image}@0x70800000"],
                      ["erase", "--all"], ["erase", "settings"],
                      ["program", "--erase", "chip", f"{image}@app"]):
            result = self.xflash("-b", "./keep.json", *words, exit=6)
            self.assertIn("consent-needed", result.err)
            self.assertIn("--yes", result.err)
        self.assertFalse(self.state().exists(), "a refused command started the board")
        self.xflash("-b", "./keep.json", "program", "--yes", f"{image}@settings")
        self.assertEqual(self.flash(8 << 20, 3000), image.read_bytes())

    def test_bad_input_starts_no_board(self):
        image = self.write("1.bin", b"\x5a" * 3000)
        for words, exit in ((["program", f"{image}@0x60000000"], 3), (["program", "2.bin", image], 3),
                            (["run"], 2), (["log", "--until", "("], 2), (["reset", "x"], 2),
                            (["run", "--after", "halt", image], 2), (["reset", "--after", "none"], 2),
                            (["read", "0x70000000+16", "-o", "/nonexistent/x"], 5),
                            (["info", "--report", "/nonexistent/x"], 5)):
            result = self.xflash(*words, exit=exit)
            self.assertIn(f"exit {exit})", result.err)
        self.assertFalse(self.state().exists())

    def test_dry_runs_change_nothing_and_print_the_plan(self):
        image = self.write("a.bin", b"\x5a" * 3000)
        self.assertIn("erase 0x70000000-0x70001000",
                      self.xflash("program", "--dry-run", f"{image}@app").out)
        self.assertFalse(self.state().exists())
        result = self.xflash("program", "--dry-run=target", f"{image}@app")
        self.assertIn("write 0x70000000-0x70000bb8", result.out)
        self.assertIn("was stopped", result.err)
        self.assertEqual(set(self.flash(0, 4096)), {0xFF})

    def test_no_verify_never_says_verified(self):
        image = self.write("a.bin", b"\x5a" * 3000)
        result = self.xflash("program", "--no-verify", f"{image}@app")
        self.assertIn("programmed, NOT verified; will not start", result.err)
        self.assertNotRegex(result.out + result.err, "and verified")


class Output(harness.BoardTest):
    def test_plain_progress_is_quiet_for_small_phases_and_never_says_0_percent(self):
        small = self.xflash("program", f"{self.write('a.bin', self.random_bytes(100000))}@app").err
        self.assertNotIn("%", small)
        large = self.xflash("program", f"{self.write('a.bin', self.random_bytes(700000))}@app").err
        self.assertRegex(large, r"write 100% of \d+ KB")
        self.assertNotRegex(large, r"\b0%|\b\d{4,}%")
        self.assertNotRegex(self.xflash("test", "0x70000001+1").err, r"\d{4,}%")

    def test_every_command_ends_with_a_result_of_the_schema(self):
        image = self.write("a.bin", b"\x5a" * 3000)
        for words, exit in ((["info"], 0), (["list"], 0), (["proggram"], 2), (["info", "--bogus"], 2),
                            (["program", "missing.bin"], 3), (["erase", "app+0+4K"], 0),
                            (["program", f"{image}@app"], 0), (["verify", f"{image}@app"], 0),
                            (["blank", "app+0+4K"], 43), (["boot", "check"], 52),
                            (["boot", "install"], 0), (["boot", "show"], 0), (["halt"], 0),
                            (["read", "app+0+4K", "-o", "out.bin"], 0), (["test"], 0),
                            (["log", "--until", "x", "--timeout", "100ms"], 50),
                            (["board", "list"], 0), (["version"], 0),
                            (["program", "--timeout", "150ms", f"{image}@app"], 50)):
            with self.subTest(words=words):
                result = self.xflash("--json", *words, exit=exit)
                last = result.records()[-1]
                self.assertEqual((last["type"], last["exit"]), ("result", exit))
                self.assertEqual("real_ms" in last, last["clock"] == "modelled")
                self.assertEqual(last["verified"], words[0] in ("program", "verify", "erase", "test")
                                 and exit == 0 or words == ["boot", "install"])
        info = self.xflash("--json", "info")
        self.assertIn("life cycle", info.record("target")["protection"])
        self.assertTrue(info.record("memory")["sfdp"].startswith("53464450"))

    def test_report_and_log_file(self):
        image = self.write("a.bin", b"\x5a" * 3000)
        result = self.xflash("-q", "--report", "report.jsonl", "--log-file", "all.log", "program",
                             f"{image}@app")
        rows = [json.loads(line) for line in (self.work / "report.jsonl").read_text().splitlines()]
        self.assertEqual((rows[0]["type"], rows[-1]["type"]), ("start", "result"))
        self.assertIn("AP1", (self.work / "all.log").read_text())
        self.assertNotIn("AP1", result.err)

    def test_output_that_cannot_be_written_is_exit_5(self):
        for redirect in (">/dev/full", ">&-", "| true"):
            command = f'{harness.XFLASH} -p sim:{self.board} -q info {redirect}; exit ${{PIPESTATUS[0]}}'
            self.assertEqual(self.command(["bash", "-c", command]).exit, 5, redirect)
        result = self.xflash("read", "app+0+4K", "-o", "/dev/full", exit=5)
        self.assertIn("No space left", result.err)
        self.xflash("info", "--report", "/dev/full", exit=5)

    def test_virtual_boards_have_no_records(self):
        self.assertIn("behind", self.xflash("--json", "sim", "list", exit=2).err)
        self.env["XFLASH_JSON"] = "1"
        self.assertNotIn("{", self.xflash("sim", "list").out)

    def test_environment(self):
        self.env.update(XFLASH_PROBE=f"sim:{self.board}", XFLASH_AFTER="halt", XFLASH_VERBOSE="2",
                        XFLASH_VERSION="7", XFLASH_SPEED="8M")
        text = self.xflash_plain("reset").err
        self.assertIn("first instruction", text)
        self.assertIn("8000 kHz", text)
        self.assertIn("option after halt (from the environment)", text)
        self.env["XFLASH_YES"] = "1"
        self.assertIn("only on the command line", self.xflash_plain("reset", exit=4).err)

    def on_a_terminal(self, words, send=(), limit_s=60):
        """Runs xflash on a terminal of its own; send: (what is waited for, what is typed)."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.work)
            words = [str(word) for word in (harness.XFLASH, "-p", f"sim:{self.board}", *words)]
            os.execve(words[0], words, {**self.env, "TERM": "xterm"})
        text, send, end = b"", list(send), time.monotonic() + limit_s
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                text += os.read(terminal, 65536)
            except OSError:
                break
            if send and send[0][0] in text:
                os.write(terminal, send.pop(0)[1])
        else:
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        os.close(terminal)
        return os.waitstatus_to_exitcode(status), text.decode()

    def test_bar_and_question_on_a_terminal(self):
        image = self.write("a.bin", self.random_bytes(300000))
        exit, text = self.on_a_terminal(["program", f"{image}@0x70800000"])
        self.assertEqual(exit, 0, text)
        self.assertIn("] 100%", text)
        question = ["program", "--erase", "chip", "--dry-run", f"{image}@app"]
        for answer, expected in ((b"n\n", 6), (b"\x03", 130), (b"y\n", 0)):
            exit, text = self.on_a_terminal(question, [(b"[y/N]", answer)])
            self.assertEqual(exit, expected, text)


class Endings(harness.BoardTest):
    def registers(self):
        port = int((self.state("address")).read_text().strip().rsplit(":", 1)[1])
        with Door(port) as door:
            door.attach()
            return [int.from_bytes(door.read(at, 4)[1], "little") for at in (DHCSR, DEMCR, FP_CTRL)]

    def test_the_target_is_left_clean(self):
        self.xflash("boot", "install")
        image = self.write("a.bin", self.random_bytes(3000))
        commands = (["info"], ["program", TARGET / "blinky.bin"], ["log", "--for", "200ms"],
                    ["run", TARGET / "blinky.elf", "--for", "200ms"], ["boot", "check"],
                    ["read", "app+0+4K", "-o", "out.bin"], ["blank", "0x71000000+4K"], ["reset"],
                    ["verify", TARGET / "blinky.bin"],
                    ["program", "--timeout", "200ms", f"{image}@0x70800000"])
        for words in commands:
            with self.subTest(words=words):
                self.xflash(*words, exit=50 if "--timeout" in words else 0)
                dhcsr, demcr, fp_ctrl = self.registers()
                self.assertEqual(dhcsr & 0x30001, 0, "debug enable, halted")
                self.assertEqual(demcr & VECTOR_CATCH, 0)
                self.assertEqual(fp_ctrl & 1, 0)
        for after in ("halt", "none"):
            self.xflash("program", "--after", after, TARGET / "blinky.bin")
            dhcsr, demcr, fp_ctrl = self.registers()
            self.assertEqual(dhcsr & 0x20000, 0x20000, after)
            self.assertEqual((demcr & VECTOR_CATCH, fp_ctrl & 1), (0, 0))

    def test_timeout_bounds_the_whole_command(self):
        path = self.write("big.bin", self.random_bytes(1 << 20))
        result = self.xflash("--json", "program", "--timeout", "1200ms", f"{path}@0x70000000",
                             exit=50)
        self.assertIn("in work", result.record("error")["state"])
        self.assertLess(result.record("result")["ms"]["total"], 2500)
        self.assertLess(max(row["done"] / row["total"] for row in result.records("progress")
                            if row["phase"] == "write"), 1)
        self.xflash("program", f"{path}@0x70000000")
        self.assertEqual(self.flash(0, 1 << 20), path.read_bytes())

    def test_retries_repeat_only_what_a_retry_may_mend(self):
        image = self.write("a.bin", self.random_bytes(3000))
        self.xflash("info")
        self.sim("inject", self.board, "usb-unplug@300")
        result = self.xflash("--json", "--retries", "1", "program", f"{image}@app")
        self.assertEqual(result.record("result")["retries"], 1)
        self.assertIn("retry", [row["code"] for row in result.records("warning")])
        self.sim("set", self.board, "id=C2813A")
        result = self.xflash("--json", "--retries", "1", "program", f"{image}@app+1M", exit=31)
        self.assertEqual(result.record("result")["retries"], 0)

    def test_log_endings(self):
        self.xflash("boot", "install")
        result = self.xflash("--json", "run", TARGET / "blinky.elf", "--fail-on", "LED off", exit=51)
        self.assertEqual(result.record("error")["code"], "program-fault")
        self.assertIn("goes on running", result.record("error")["state"])
        process = self.spawn("log")
        self.addCleanup(process.kill)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn(b"goes on running", err)

    def test_a_program_that_the_chip_never_ends_is_a_timeout(self):
        image = self.write("a.bin", self.random_bytes(3000))
        self.xflash("info")
        self.sim("inject", self.board, "op-stuck@1")
        result = self.xflash("--json", "program", f"{image}@0x70800000", exit=41)
        self.assertEqual(result.record("error")["code"], "program-timeout")
        self.sim("power-cycle", self.board)
        self.xflash("program", f"{image}@0x70800000")

    def test_stale_and_foreign_bootloaders_are_named_with_the_command_that_helps(self):
        self.xflash("boot", "install")
        self.sim("stop", self.board)
        self.poke(9000, b"\x55", name="internal.bin")
        foreign = self.write("own.bin", b"own bootloader!!" * 8)
        for state, command in (("stale", "xflash boot install"),
                               ("foreign", "xflash boot install --yes")):
            if state == "foreign":
                self.xflash("erase", "internal")
                self.xflash("program", "--boot", "none", f"{foreign}@0x08000000")
            result = self.xflash("program", TARGET / "blinky.bin")
            self.assertIn(f"will not start: no bootloader (it is {state}); {command}\n", result.err)
            result = self.xflash("run", TARGET / "blinky.elf", exit=52)
            self.assertIn(f"is {state}: the program would not start", result.err)
            self.assertIn(f"try: {command}, or --boot install", result.err)
        self.xflash("boot", "install", "--yes")
        self.assertIn("boot ok", self.xflash("boot", "check").out)

    def test_what_happens_to_the_boot_record(self):
        app = self.random_bytes(20000)
        self.xflash("program", f"{self.write('app.bin', app)}@app")
        show = lambda: self.xflash("boot", "show").out
        self.assertIn("20000 bytes", show())
        self.xflash("program", f"{self.write('part.bin', b'new bytes')}@app+8K")
        self.assertRegex(show(), "20000 bytes.*the image matches")
        self.xflash("erase", "app+1M+64K")
        self.assertIn("the image matches", show())
        self.xflash("erase", "app+16K+4K")
        self.assertIn("boot record: none", show())
        whole = self.write("whole.bin", bytes(4 << 20))
        self.assertIn("no boot record", self.xflash("program", "--dry-run",
                                                    f"{whole}@0x70000000").out)
        self.xflash("program", f"{whole}@app", exit=3)

    def test_missing_bootloader_ends_run_before_erasing(self):
        result = self.xflash("--json", "run", TARGET / "blinky.elf", exit=52)
        self.assertEqual(result.record("error")["code"], "no-bootloader")
        self.assertEqual(result.record("result")["boot"], "missing")
        self.assertEqual(set(self.flash(0, 4096)), {0xFF})


class KilledAtRandomMoments(harness.BoardTest):
    moments = 20 if harness.FULL else 6

    def test_the_next_run_has_every_byte(self):
        before = self.random_bytes(0x13000, seed=31)
        self.xflash("program", f"{self.write('before.bin', before)}@0x70200000")
        moments = harness.random.Random(32)
        for number in range(self.moments):
            image = self.random_bytes(70000, seed=100 + number)
            place = f"{self.write('image.bin', image)}@0x702003e8"
            kind = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)[number % 3]
            process = self.spawn("program", place)
            time.sleep(moments.uniform(0.05, 0.6))
            process.send_signal(kind)
            _, err = process.communicate(timeout=30)
            self.assertIn(process.returncode, (0, -kind, 130, 143), err)
            self.xflash("program", place)
            expected = before[:1000] + image + before[71000:]
            self.assertEqual(self.flash(0x200000, len(expected)), expected, f"moment {number}")


if __name__ == "__main__":
    harness.main()
