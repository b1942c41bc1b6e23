"""What the system tests stand on: the built programs, a private virtual board, and their output.

Only Python's standard library. XFLASH_BUILD_DIR names the build folder (set by ctest)."""

import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("XFLASH_BUILD_DIR", SOURCE / "build")).resolve()
XFLASH = BUILD / "bin" / "xflash"
VBOARD = BUILD / "bin" / "xflash-vboard"
TARGET = BUILD / "target"
FULL = os.environ.get("XFLASH_TEST_FULL") == "1"
# Built with sanitizers everything takes some ten times as long: the biggest images are left out.
SANITIZED = os.environ.get("XFLASH_SANITIZED") == "ON"

FLASH = 0x70000000
FLASH_BYTES = 32 << 20


class Result:
    def __init__(self, process, command):
        self.command = command
        self.exit = process.returncode
        self.out = process.stdout.decode("utf-8", "replace")
        self.err = process.stderr.decode("utf-8", "replace")

    def __str__(self):
        return f"$ {' '.join(self.command)}\nexit {self.exit}\n{self.out}{self.err}"

    def records(self, kind=None):
        import schema  # it needs this module
        rows = [json.loads(line) for line in self.out.splitlines()]
        for row in rows:
            wrong = schema.mistakes(row)
            assert not wrong, f"{wrong}\n{row}"
        return [row for row in rows if kind is None or row["type"] == kind]

    def record(self, kind):
        rows = self.records(kind)
        assert rows, f"no record of type {kind}\n{self}"
        return rows[-1]


class BoardTest(unittest.TestCase):
    """One private virtual board per test; gone afterwards."""

    board = "nucleo-h7s3l8"

    def setUp(self):
        # The path is short: sockets live below it.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="xf"))
        self.sim_dir = self.folder / "sim"
        self.env = dict(os.environ)
        for name in list(self.env):
            if name.startswith("XFLASH_"):
                del self.env[name]
        self.env["XFLASH_SIM_DIR"] = str(self.sim_dir)
        self.env["XDG_STATE_HOME"] = str(self.folder / "state")
        self.env["XDG_CONFIG_HOME"] = str(self.folder / "config")
        self.env["XDG_RUNTIME_DIR"] = str(self.folder / "run")
        if SANITIZED:  # umockdev's library comes before the sanitizer's
            self.env["ASAN_OPTIONS"] = "verify_asan_link_order=0"
        (self.folder / "run").mkdir(mode=0o700)
        self.work = self.folder / "work"
        self.work.mkdir()

    def tearDown(self):
        self.sim("stop", "--all", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- programs ----
    def command(self, words, timeout=300, stdin=None):
        words = [str(word) for word in words]
        process = subprocess.run(words, env=self.env, cwd=self.work, timeout=timeout,
                                 stdin=subprocess.DEVNULL if stdin is None else stdin,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return Result(process, words)

    def xflash(self, *words, exit=0, timeout=300):
        """Runs xflash on the test's board and checks its exit status (None: any)."""
        result = self.command([XFLASH, "-p", f"sim:{self.board}", *words], timeout=timeout)
        if exit is not None:
            self.assertEqual(result.exit, exit, str(result))
        self.check_no_success_after_error(result)
        return result

    def xflash_plain(self, *words, exit=0, timeout=120):
        result = self.command([XFLASH, *words], timeout=timeout)
        if exit is not None:
            self.assertEqual(result.exit, exit, str(result))
        return result

    def spawn(self, *words):
        return subprocess.Popen([str(XFLASH), "-p", f"sim:{self.board}", *map(str, words)],
                                env=self.env, cwd=self.work, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def sim(self, *words, check=True, exit=0):
        result = self.command([VBOARD, *words])
        if check:
            self.assertEqual(result.exit, exit, str(result))
        return result

    def check_no_success_after_error(self, result):
        if result.exit != 0:
            after = result.err.split("xflash: ")[-1]
            self.assertNotRegex(after, r"\b(success|succeeded|done)\b", str(result))

    # ---- the board's state files ----
    def state(self, name="flash.bin", instance=0):
        return self.sim_dir / f"{self.board}#{instance}" / name

    def flash(self, offset=0, count=None):
        with open(self.state(), "rb") as file:
            file.seek(offset)
            return file.read() if count is None else file.read(count)

    def poke(self, offset, data, name="flash.bin"):
        """Changes the memory behind the virtual board's back, as another program would."""
        with open(self.state(name), "r+b") as file:
            file.seek(offset)
            file.write(data)

    # ---- reports ----
    def report(self, exit=0):
        return json.loads(self.sim("report", self.board, "--json", exit=exit).out)

    def assert_clean(self):
        """No violation since the last command began."""
        result = self.sim("report", self.board, check=False)
        self.assertEqual(result.exit, 0, str(result))

    # ---- files ----
    def write(self, name, data):
        path = self.work / name
        path.write_bytes(data)
        return path

    def random_bytes(self, count, seed=1):
        return random.Random(seed).randbytes(count)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def led_lines(text):
    return re.findall(r"LED (on|off)", text)


def main():
    unittest.main(verbosity=2)
