"""Two processes want one probe at the same moment: exactly one runs, the other exits 12.

1,000 races. With XFLASH_TEST_FULL=1 all of them over USB, otherwise 100 over USB and the others over
the TCP door of a virtual board, half of them by its name."""

import selectors
import signal
import subprocess
import time

import harness
from harness import TARGET

RACES = 60 if harness.SANITIZED else 1000
LIMIT_S = 30


class Race(harness.BoardTest):
    def setUp(self):
        super().setUp()
        self.xflash("boot", "install")
        self.xflash("program", TARGET / "blinky.elf")
        self.winners = [0, 0]

    def racer(self, selector):
        return subprocess.Popen([str(harness.XFLASH), "-q", "-b", self.board, "-p", selector, "log"],
                                env=self.env, cwd=self.work, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait_for_first_end(self, pair):
        """The index of the process that ends first: the loser."""
        end = time.monotonic() + LIMIT_S
        with selectors.DefaultSelector() as events:
            for index, process in enumerate(pair):
                events.register(process.stderr, selectors.EVENT_READ, index)
            while time.monotonic() < end:
                for index, process in enumerate(pair):
                    if process.poll() is not None:
                        return index
                events.select(0.05)
        self.fail("nobody lost")

    def race(self, chosen, number):
        """chosen: what each of the two has behind -p."""
        pair = [self.racer(selector) for selector in chosen]
        try:
            loser = self.wait_for_first_end(pair)
            winner = pair[1 - loser]
            _, err = pair[loser].communicate(timeout=LIMIT_S)
            err = err.decode()
            self.assertEqual(pair[loser].returncode, 12, f"race {number}: {err}")
            self.assertIn(f"is in use by process {winner.pid} (xflash)", err, f"race {number}")
            if number % 20 == 0:  # really at work: the program's log comes through it
                self.assertTrue(winner.stdout.readline(), f"race {number}")
            self.assertIsNone(winner.poll(), f"race {number}: both ended")
            winner.send_signal(signal.SIGINT)
            _, err = winner.communicate(timeout=LIMIT_S)
            self.assertEqual(winner.returncode, 130, f"race {number}: {err.decode()}")
            self.winners[1 - loser] += 1
        finally:
            for process in pair:
                process.kill()
                process.communicate()

    def run_races(self, count, choices):
        for number in range(count):
            chosen = choices[number % len(choices)]
            # Both get the chance to be the first.
            self.race(chosen if number // len(choices) % 2 == 0 else chosen[::-1], number)
        print(f"{count} races, won by the first {self.winners[0]} times", flush=True)
        self.assertEqual(sum(self.winners), count)

    def test_over_usb(self):
        self.sim("stop", self.board)
        text = self.sim("start", self.board, "--usb").out
        serial = None
        for line in text.splitlines():
            if line.startswith("export "):
                name, value = line[7:].split("=", 1)
                self.env[name] = value
        for row in self.xflash_plain("--json", "list").records("probe"):
            serial = row.get("serial", serial)
        self.run_races(RACES if harness.FULL else RACES // 10,
                       [(serial, serial), (serial[-6:], "usb:1-1"),
                        (serial, f"libstlink:{serial}")])
        for name in ("LD_PRELOAD", "UMOCKDEV_DIR"):
            del self.env[name]

    def test_over_the_tcp_door(self):
        address = "tcp:" + self.state("address").read_text().strip()
        name = f"sim:{self.board}"
        count = 0 if harness.FULL else RACES * 9 // 10
        self.run_races(count, [(address, address), (name, name), (name, address)])


if __name__ == "__main__":
    harness.main()
