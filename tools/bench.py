#!/usr/bin/env python3
"""Programs images of several sizes into a virtual board and prints what it cost.

    tools/bench.py [--build build] [--sizes 1,8,32]

Times of the board are modelled (virtual); real time and memory are this computer's."""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BOARD = "nucleo-h7s3l8"
MIB = 1 << 20


def write_random(path, size_mib, seed):
    """In parts: memory of this process would show up as the child's peak."""
    source = random.Random(seed)
    with open(path, "wb") as file:
        for _ in range(size_mib):
            file.write(source.randbytes(MIB))


def run_measured(words, env):
    start = time.monotonic()
    process = subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    out = process.stdout.read()
    err = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: exit {process.returncode}\n{err.decode()}")
    return out.decode(), time.monotonic() - start, usage.ru_maxrss / 1024


def measure(binaries, env, path, state):
    xflash, vboard = binaries
    out, real_s, memory_mib = run_measured(
        [xflash, "-p", f"sim:{BOARD}", "--json", "program", f"{path}@0x70000000"], env)
    result = json.loads(out.splitlines()[-1])
    report = json.loads(run_measured([vboard, "report", BOARD, "--json"], env)[0])
    cost = report["cost"]
    virtual_ns = report["virtual_ns"]

    def share(name):
        return 100.0 * cost[name] / virtual_ns if virtual_ns else 0.0

    size = path.stat().st_size
    print(f"| {size // MIB:3d} | {state:5} | {virtual_ns / 1e9:8.2f} | "
          f"{size / (virtual_ns / 1e9) / 1000:8.0f} | {real_s:6.1f} | {memory_mib:6.1f} | "
          f"{cost['usb_transfers']:8d} | {share('link_busy_ns'):5.1f} | "
          f"{share('chip_erase_ns'):5.1f} | {share('chip_program_ns'):5.1f} | "
          f"{share('cpu_busy_ns'):5.1f} | {result['verified']} |")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build"))
    parser.add_argument("--sizes", default="1,8,32")
    options = parser.parse_args()
    binaries = [pathlib.Path(options.build).resolve() / "bin" / name
                for name in ("xflash", "xflash-vboard")]
    target = pathlib.Path(options.build).resolve() / "target"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="xf"))
    env = dict(os.environ, XFLASH_SIM_DIR=str(folder / "sim"), XDG_STATE_HOME=str(folder / "state"))
    print("Modelled figures of the virtual board (cost constants: xflash-vboard --cost); real time "
          "and memory of xflash on this computer.\n")
    print("| MiB | chip  | virtual s |     KB/s | real s |    MiB | USB xfer | link% | erase% | "
          "prog% |  CPU% | verified |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    try:
        for size in map(int, options.sizes.split(",")):
            path = folder / f"{size}.bin"
            write_random(path, size, size)
            subprocess.run([binaries[1], "reset", BOARD], env=env, check=True,
                           stdout=subprocess.DEVNULL)
            measure(binaries, env, path, "blank")
            write_random(path, size, size + 1000)
            measure(binaries, env, path, "full")
            path.unlink()
        stub = (target / "stub.bin").stat().st_size
        boot = (target / "boot.bin").stat().st_size
        print(f"\nstub {stub} bytes, bootloader {boot} bytes without its blob")
    finally:
        subprocess.run([binaries[1], "stop", "--all"], env=env, check=False,
                       stdout=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
