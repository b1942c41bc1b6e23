"""A virtual board of its own for one test, by the program xflash-vboard alone."""

import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("XFLASH_BUILD_DIR", SOURCE / "build")).resolve()
VBOARD = BUILD / "bin" / "xflash-vboard"
BOARD = "nucleo-h7s3l8"


class VirtualBoardTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="xv"))
        self.env = {key: value for key, value in os.environ.items()
                    if not key.startswith("XFLASH_") and not key.startswith("XDG_")}
        self.env["XFLASH_SIM_DIR"] = str(self.folder / "sim")

    def tearDown(self):
        self.vboard("stop", "--all", exit=None)
        shutil.rmtree(self.folder, ignore_errors=True)

    def vboard(self, *words, exit=0):
        result = subprocess.run([str(VBOARD), *map(str, words)], env=self.env, cwd=self.folder,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=120)
        if exit is not None:
            self.assertEqual(result.returncode, exit,
                             f"{words}: {result.stdout}{result.stderr}")
        return result

    def start(self, *options, name=BOARD):
        address = self.vboard("start", name, *options).stdout
        self.assertRegex(address, r"^127\.0\.0\.1:\d+\n$")
        return int(address.rsplit(":", 1)[1])

    def state(self, file, instance=0):
        return self.folder / "sim" / f"{BOARD}#{instance}" / file

    def report(self, exit=0):
        return json.loads(self.vboard("report", BOARD, "--json", exit=exit).stdout)


class Door:
    """A client of the ST-LINK server protocol, just enough for tests."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, request, reply_bytes):
        self.socket.sendall(request)
        reply = b""
        while len(reply) < reply_bytes:
            piece = self.socket.recv(reply_bytes - len(reply))
            if not piece:
                raise ConnectionError("the board closed the connection")
            reply += piece
        return reply

    def info(self):
        reply = self.ask(bytes([2, 0, 0, 0, 41, 0, 0, 0]), 45)
        return {"status": struct.unpack_from("<I", reply)[0],
                "serial": reply[8:40].rstrip(b"\0").decode(), "used": reply[44]}

    def open(self):
        status, self.connect_id = struct.unpack("<II", self.ask(bytes([3, 0, 0, 0, 1, 0, 0, 0]), 8))
        return status

    def usb(self, command, out=b"", in_bytes=0):
        direction = 0 if out else 1
        head = struct.pack("<B3xI16sB3xI", 5, self.connect_id, bytes(command), direction,
                           len(out) or in_bytes)
        reply = self.ask(head + out, 4 + (0 if out else in_bytes))
        return struct.unpack_from("<I", reply)[0], reply[4:]

    def attach(self):
        """Debug mode, AP1 open; what a target's program did until now is over."""
        assert self.open() == 1
        self.usb([0xF2, 0x30, 0xA3], in_bytes=2)
        status, reply = self.usb([0xF2, 0x4B, 1], in_bytes=2)
        assert reply[0] == 0x80, hex(reply[0])

    def read(self, addr, count):
        command = struct.pack("<BBIHB3s", 0xF2, 0x07, addr, count, 1, b"\x00\x00\xab")
        _, data = self.usb(command, in_bytes=count)
        _, status = self.usb([0xF2, 0x3E], in_bytes=12)
        return status[0], data

    def write(self, addr, data):
        command = struct.pack("<BBIHB3s", 0xF2, 0x08, addr, len(data), 1, b"\x00\x00\xab")
        self.usb(command, out=data)
        _, status = self.usb([0xF2, 0x3E], in_bytes=12)
        return status[0]

    def now_ns(self):
        return struct.unpack("<IIQ", self.ask(bytes([0x80, 0, 0, 0]), 16))[2]

    def advance_ns(self, duration):
        return struct.unpack("<IIQ", self.ask(struct.pack("<IIQ", 0x81, 0, duration), 16))[2]
