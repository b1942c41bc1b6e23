#!/usr/bin/env python3
"""Rates of every probe model over every link, to and from the RAM of a virtual h750-bare.

    tools/bench_links.py [--build build]

A Markdown table. All figures are modelled: they come from the report of the virtual board, which
counts what its probe moved and the waits of the host for it. Two round trips of different size are
measured and subtracted, so that connecting and single words do not count: the steady state."""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BOARD = "h750-bare"
BLOCK_BYTES = 6144
SIZES = ("48K", "240K")  # whole blocks
# T_wr of the cost model with blocks of 6144 bytes and a status each, KB/s
LIMITS = {"v3": 1765, "v3-nomsd": 1765, "v2": 251, "v2-1": 251}
WAYS = [("v2-j24", "libusb"), ("v2", "libusb"), ("v2", "libstlink"), ("v2-1", "libusb"),
        ("v2-1", "libstlink"), ("v3-j2", "libusb"), ("v3", "libusb"), ("v3", "libstlink"),
        ("v3", "tcp"), ("v3-nomsd", "libusb"), ("dap1", "hidapi"), ("dap2-fs", "bulk"),
        ("dap2", "bulk")]


class Bench:
    def __init__(self, build):
        self.xflash = build / "bin" / "xflash"
        self.vboard = build / "bin" / "xflash-vboard"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="xb"))
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith("XFLASH_")}
        self.env.update(XFLASH_SIM_DIR=str(self.folder / "sim"),
                        XDG_STATE_HOME=str(self.folder / "state"))

    def run(self, *words, env=None):
        process = subprocess.run([str(word) for word in words], env=env or self.env,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, check=False)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, words))}: exit {process.returncode}\n"
                     f"{process.stderr.decode()}")
        return process.stdout.decode()

    def measure(self, model, link):
        """What the longer of two round trips costs more."""
        short, long = (self.round_trip(model, link, size) for size in SIZES)
        return {name: long[name] - short[name] for name in long if isinstance(long[name], int)}

    def round_trip(self, model, link, size):
        shutil.rmtree(self.folder / "sim", ignore_errors=True)
        lines = self.run(self.vboard, "start", BOARD, "--usb", "--pace", "virtual", "--probe",
                         model).splitlines()
        if link == "tcp":
            self.run(self.xflash, "-p", f"sim:{BOARD}", "bench", "--size", size)
        else:
            usb = dict(self.env)
            for line in lines[1:]:
                name, value = shlex.split(line)[1].split("=", 1)
                usb[name] = value
            prefix = f"{link}:" if link in ("libusb", "libstlink") else ""
            self.run(self.xflash, "-b", BOARD, "-p", f"{prefix}usb:1-1", "bench", "--size", size,
                     env=usb)
        report = json.loads(self.run(self.vboard, "report", BOARD, "--json"))
        self.run(self.vboard, "stop", "--all")
        return report["cost"]

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    arguments = parser.parse_args()
    bench = Bench(arguments.build.resolve())
    print("| probe | link | write KB/s | of the model's limit | read KB/s | waits per 6 KiB written "
          "| read |\n|---|---|---|---|---|---|---|")
    for model, link in WAYS:
        cost = bench.measure(model, link)
        write = cost["target_write_bytes"] * 1e6 / cost["target_write_ns"]
        read = cost["target_read_bytes"] * 1e6 / cost["target_read_ns"]
        limit = LIMITS.get(model)
        share = f"{100 * write / limit:.0f} % of {limit}" if limit else "-"

        def waits(direction):
            return (cost[f"target_{direction}_waits"] * BLOCK_BYTES /
                    cost[f"target_{direction}_bytes"])

        print(f"| {model} | {link} | {write:.0f} | {share} | "
              f"{read:.0f} | {waits('write'):.2f} | "
              f"{waits('read'):.2f} |", flush=True)
    bench.close()


if __name__ == "__main__":
    main()
