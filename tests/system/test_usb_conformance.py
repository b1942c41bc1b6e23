"""The probe hears the same commands whichever link carries them: native libusb, or libusb in the
hands of libstlink. Compared is every 16-byte command of whole runs, as -vvv shows them; a poll that
is repeated counts once, because how often it is depends on how busy this computer is."""

import re

import harness
from harness import TARGET

COMMAND = re.compile(r"command ((?:[0-9A-F]{2} ){15}[0-9A-F]{2}), (\d+) bytes out, (\d+) in")


def after_opening(commands):
    """Without the way out of DFU mode, in which a V2 wakes up: libstlink has gone it already."""
    left = [i for i, line in enumerate(commands) if line[0].startswith("F3 07")]
    for i in reversed(left):
        assert commands[i + 1][0].startswith("F5"), commands[i + 1]
        commands = commands[:i] + commands[i + 2:]
    return commands


LONGEST_POLL = 4
WRITES = ("F2 08", "F2 0D", "F2 35", "F2 46", "F2 48")


def without_repeated_polls(commands):
    kept = []
    for line in commands:
        kept.append(line)
        for count in range(1, LONGEST_POLL + 1):
            if kept[-count:] == kept[-2 * count:-count] and not any(
                    command.startswith(WRITES) for command, _, _ in kept[-count:]):
                del kept[-count:]
                break
    return kept


class Conformance(harness.BoardTest):
    def plug(self, model):
        # Equal states run equally only in virtual time: polls depend on it.
        text = self.sim("start", self.board, "--usb", "--probe", model, "--pace", "virtual").out
        for line in text.splitlines():
            if line.startswith("export "):
                name, value = line[7:].split("=", 1)
                self.env[name] = value

    def unplug(self):
        for name in ("LD_PRELOAD", "UMOCKDEV_DIR"):
            self.env.pop(name, None)
        self.sim("stop", "--all")

    def commands(self, model, link, *words):
        """Of one run on a board as from the factory."""
        self.plug(model)
        result = self.xflash_plain("-p", f"{link}:", "-b", self.board, "-vvv", *words, timeout=600)
        self.unplug()
        self.sim("start", self.board)
        self.sim("reset", self.board)
        self.sim("stop", "--all")
        if link == "libstlink":
            self.assertIn("opened the probe usb:1-1; commands to it are our own", result.err)
        else:
            self.assertNotIn("libstlink", result.err)
        # Nothing of the library's on standard output.
        self.assertRegex(result.out, r"\Aprogrammed and verified: [^\n]*\n\Z")
        return COMMAND.findall(result.err)

    def compare(self, model, *words):
        native = without_repeated_polls(after_opening(self.commands(model, "libusb", *words)))
        library = without_repeated_polls(self.commands(model, "libstlink", *words))
        self.assertGreater(len(native), 100)
        for i, (ours, theirs) in enumerate(zip(native, library)):
            self.assertEqual(ours, theirs, f"command {i} of {len(native)}")
        self.assertEqual(len(native), len(library))
        return native

    def test_program(self):
        for model in ("v3", "v2"):
            with self.subTest(model):
                seen = self.compare(model, "--boot", "install", "program", TARGET / "blinky.bin")
                # A comparison of what matters: data to the target and status after them.
                self.assertTrue(any(line[0].startswith("F2 08") for line in seen))
                self.assertTrue(any(line[0].startswith("F2 3E") for line in seen))


if __name__ == "__main__":
    harness.main()
