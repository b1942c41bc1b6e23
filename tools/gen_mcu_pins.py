#!/usr/bin/env python3
"""Rewrites the pin table of a file in boards/mcus/ from a chip file of the embassy project
(https://github.com/embassy-rs/stm32-data-generated, data/chips/NAME.json, MIT or Apache-2.0):

    tools/gen_mcu_pins.py STM32H7S3L8.json boards/mcus/STM32H7S3L8.json

The table is the last member of the MCU file and lists every pin of the package, with the
alternate functions of the external-memory controllers. Nothing else in the file is touched."""

import json
import re
import sys

PERIPHERALS = re.compile(r"(XSPIM|XSPI\d*|OCTOSPIM|OCTOSPI\d*|QUADSPI)$")
PIN = re.compile(r"P([A-Z])(\d+)")
MARK = '    "pins": {'


def pins_of_package(chip):
    names = set()
    for package in chip["packages"]:
        for position in package["pins"]:
            for signal in position["signals"]:
                match = PIN.match(signal)
                if match:
                    names.add(match.group(0))
    return names


def functions_by_pin(chip):
    functions = {}
    for peripheral in chip["cores"][0]["peripherals"]:
        if PERIPHERALS.match(peripheral["name"]):
            for entry in peripheral.get("pins", []):
                if "af" in entry:
                    functions.setdefault(entry["pin"], {})[entry["signal"]] = entry["af"]
    return functions


def order(pin):
    match = PIN.fullmatch(pin)
    return match.group(1), int(match.group(2))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        chip = json.load(file)
    functions = functions_by_pin(chip)
    lines = [f'        "{pin}": {json.dumps(functions.get(pin, {}))}'
             for pin in sorted(pins_of_package(chip), key=order)]
    with open(sys.argv[2], encoding="utf-8") as file:
        text = file.read()
    head, found, _ = text.partition(MARK)
    if not found:
        sys.exit(f"{sys.argv[2]}: no member \"pins\"")
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(head + MARK + "\n" + ",\n".join(lines) + "\n    }\n}\n")


if __name__ == "__main__":
    main()
