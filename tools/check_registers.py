#!/usr/bin/env python3
"""Joins the register lists of target/ and sim/, each written on its own, to the reference.

A row that names a register or field unknown to the reference, or gives it another address, bit or
width, fails. Rows that only one side uses are fine: the counts are printed."""

import csv
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# For each reference: the lists of either side. A side that is left out does not know the part yet.
PARTS = {
    "tests/data/registers/stm32h7s.csv": {
        "sim": ["sim/registers.csv", "sim/registers_xspi.csv"],
        "target": ["target/registers.csv"],
    },
    "tests/data/registers/stm32h750.csv": {
        "sim": ["sim/registers_h750.csv"],
    },
}


def rows_of(path):
    with open(ROOT / path, encoding="utf-8") as file:
        lines = [line for line in file if line.strip() and not line.startswith("#")]
    for number, row in enumerate(csv.DictReader(lines), 2):
        yield number, {key: (value or "").strip() for key, value in row.items() if key}


def load_reference(path):
    registers, fields = {}, {}
    for _, row in rows_of(path):
        name = (row["peripheral"], row["register"])
        registers.setdefault(name, set()).add(int(row["address_hex"], 16))
        if row["field"]:
            fields.setdefault(name + (row["field"],), set()).add(
                (int(row["bit"]), int(row["width"])))
    return registers, fields


def check(path, registers, fields, seen):
    findings = []
    for number, row in rows_of(path):
        place = f"{path}:{number}"
        name = (row["peripheral"], row["register"])
        text = ".".join(name)
        if name not in registers:
            findings.append(f"{place}: {text} is not in the reference")
            continue
        if int(row["address_hex"], 16) not in registers[name]:
            known = ", ".join(f"0x{addr:08X}" for addr in sorted(registers[name]))
            findings.append(f"{place}: {text} at {row['address_hex']}, reference: {known}")
        seen.add(name)
        if not row.get("field"):
            continue
        field = name + (row["field"],)
        if field not in fields:
            findings.append(f"{place}: {text}.{row['field']} is not in the reference")
        elif (int(row["bit"]), int(row["width"])) not in fields[field]:
            known = sorted(fields[field])
            findings.append(f"{place}: {text}.{row['field']} bit {row['bit']} width "
                            f"{row['width']}, reference: {known}")
        seen.add(field)
    return findings


def check_part(reference, lists):
    registers, fields = load_reference(reference)
    seen = {}
    findings = []
    for side, paths in lists.items():
        seen[side] = set()
        for path in paths:
            findings += check(path, registers, fields, seen[side])
    for finding in findings:
        print(finding)
    both = set.intersection(*seen.values())
    counts = ", ".join(f"{side} {len(names)} names" for side, names in seen.items())
    print(f"check_registers: {pathlib.Path(reference).stem}: reference {len(registers)} registers, "
          f"{len(fields)} fields; {counts}, {len(both)} used by all; {len(findings)} findings")
    # A join over nothing would be a check that cannot fail.
    if not both:
        print("check_registers: one side is empty")
        return False
    return not findings


def main():
    results = [check_part(reference, lists) for reference, lists in PARTS.items()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
