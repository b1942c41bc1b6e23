#!/usr/bin/env python3
"""Who may include whom. This table is the architecture; docs/ARCHITECTURE.md explains it.

Also checks what a reader relies on: third-party headers have one owner, no preprocessor
conditionals in .c files, no board or part name in the code of host/ and target/, file sizes.
Exit status 1 and one line per finding."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# room -> rooms whose headers it may include, besides its own
ALLOWED = {
    "abi": set(),
    "common": set(),
    "host/base": set(),
    "host/image": {"host/base", "common"},
    "host/board": {"abi", "host/base", "common"},
    "host/probe": {"host/base", "common"},
    "host/target": {"host/probe", "host/board", "abi", "host/base", "common"},
    "host/stub": {"host/target", "host/probe", "host/board", "abi", "host/base", "common"},
    "host/flash": {"host/stub", "host/target", "host/probe", "host/image", "host/board", "abi",
                   "host/base", "common"},
    "host/log": {"host/target", "host/probe", "host/board", "abi", "host/base", "common"},
    "host/cli": {"host/base", "host/image", "host/board", "host/probe", "host/target",
                 "host/stub", "host/flash", "host/log", "abi", "common"},
    "target/driver": {"abi", "common"},
    "target/stub": {"target/driver", "abi", "common"},
    "target/boot": {"target/driver", "abi", "common"},
    "target/apps": {"target/driver", "abi", "common"},
    "target/arm": {"common"},
    "target/tools": {"abi", "common"},  # runs on the host while the target is built
    "sim": {"sim/chips"},
    "sim/chips": {"sim"},
    "tools": {"host/board", "host/base", "abi", "common"},
}

# third-party header -> the only files that may include it
OWNERS = {
    "cJSON.h": {"host/board/json.c"},
    "cjson/cJSON.h": {"host/board/json.c"},
    "unicorn/unicorn.h": {"sim/cpu.c"},
    # the folder with its devices, and the system calls on them
    "umockdev.h": {"sim/usb_testbed.c", "sim/usb_calls.c", "sim/usb_calls.h"},
    # transfers, opening and listing: three ideas, each with many calls
    "libusb.h": {"host/probe/link_libusb.c", "host/probe/link_libusb_open.c",
                 "host/probe/link_libusb_list.c", "host/probe/link_libusb_internal.h"},
    "stlink.h": {"host/probe/link_libstlink.c"},
    "hidapi/hidapi.h": {"host/probe/link_hidapi.c"},
}

# headers of the C library that every room may use; POSIX headers belong to host/base/os_posix.c
# on the host and to the virtual board, which is a program of its own
STANDARD = {
    "assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h",
    "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h",
    "stdnoreturn.h", "string.h", "time.h",
}
FREESTANDING = {"stdalign.h", "stdbool.h", "stddef.h", "stdint.h", "stdnoreturn.h", "limits.h"}
GENERATED = {"app_board.h"}
MAX_LINES = 600
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
CONDITIONAL = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b", re.M)


def room_of(path):
    parts = path.split("/")
    if parts[0] in ("host", "target"):
        return "/".join(parts[:2])
    if parts[0] == "sim" and len(parts) > 2:
        return "sim/chips"
    return parts[0]


def names_of_hardware():
    """Board and part names that code must not know: they are data."""
    names = set()
    for path in sorted((ROOT / "boards").rglob("*.json")):
        names.add(path.stem.lower())
    return {name for name in names if len(name) > 6}


def strip_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def check_file(path, hardware):
    relative = path.relative_to(ROOT).as_posix()
    room = room_of(relative)
    text = path.read_text(encoding="utf-8")
    findings = []
    allowed = ALLOWED.get(room)
    if allowed is None:
        return [f"{relative}: folder {room} is not in the table of tools/check_layers.py"]
    for kind, header in INCLUDE.findall(text):
        if header in OWNERS:
            if relative not in OWNERS[header]:
                owner = ", ".join(sorted(OWNERS[header]))
                findings.append(f"{relative}: <{header}> may be included by {owner} only")
        elif kind == '"':
            if header in GENERATED and room == "target/apps":
                continue
            other = room_of(header)
            if other != room and other not in allowed:
                findings.append(f"{relative}: {room} may not include {header}")
        elif room == "target/tools":
            continue
        elif room.startswith("target") or room in ("abi", "common"):
            if header not in FREESTANDING and not (room == "common" and header == "string.h"):
                findings.append(f"{relative}: <{header}> is not freestanding")
        elif room.startswith("host") or room == "tools":
            if header not in STANDARD and not relative.startswith("host/base/os_posix"):
                findings.append(f"{relative}: <{header}> belongs into host/base/os_posix.c")
    if path.suffix == ".c" and CONDITIONAL.search(text):
        findings.append(f"{relative}: preprocessor conditional in a .c file")
    lines = text.count("\n")
    if lines > MAX_LINES:
        findings.append(f"{relative}: {lines} lines, probably two ideas (limit {MAX_LINES})")
    if path.suffix == ".c" and room.split("/")[0] in ("host", "target"):
        code = strip_comments(text).lower()
        for name in hardware:
            if name in code:
                findings.append(f"{relative}: names the hardware {name}, which is data")
    return findings


def main():
    hardware = names_of_hardware()
    findings = []
    count = 0
    for top in ("abi", "common", "host", "target", "sim", "tools"):
        for path in sorted((ROOT / top).rglob("*.[ch]")):
            count += 1
            findings += check_file(path, hardware)
    for finding in findings:
        print(finding)
    print(f"check_layers: {count} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
