#!/bin/sh
# Builds the fuzz targets with clang and runs each for a number of executions. The inputs to start
# from are the published dumps of tests/data/sfdp, each with every ID of the errata table, and what
# lies in tests/fuzz/corpus. What is found is kept in the build folder between runs.
#   tools/fuzz.sh [EXECUTIONS [BUILD-FOLDER]]     default: 1000000 in build-fuzz
# Ends with 0 and says so when clang has no libFuzzer runtime.
set -eu
cd "$(dirname "$0")/.."
executions=${1:-1000000}
build=${2:-build-fuzz}

if ! command -v clang >/dev/null 2>&1; then
    echo "fuzz: skipped: clang is not installed"
    exit 0
fi
mkdir -p "$build"
cmake -S tests/fuzz -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang >"$build/cmake.log" 2>&1 || {
    cat "$build/cmake.log"
    exit 1
}
if grep -q 'no fuzz targets' "$build/cmake.log"; then
    echo "fuzz: skipped: clang has no libFuzzer runtime (install libclang-rt-14-dev)"
    exit 0
fi
ninja -C "$build" --quiet

mkdir -p "$build/corpus/sfdp" "$build/seeds/sfdp"
python3 -B - "$build/seeds/sfdp" <<'EOF'
"""Dumps as inputs: an ID of four bytes, then the table."""
import json
import pathlib
import sys

ids = {bytes.fromhex(entry["when"]["id"].replace(" ", "")).ljust(4, b"\0")
       for entry in json.loads(pathlib.Path("boards/sfdp/errata.json").read_text())["errata"]}
for dump in sorted(pathlib.Path("tests/data/sfdp").glob("*.hex")):
    table = bytes.fromhex(dump.read_text())
    if not table.startswith(b"SFDP"):
        header = b"SFDP\x08\x01\x00\xff\x00\x08\x01" + bytes([len(table) // 4, 16, 0, 0, 0xFF])
        table = header + table
    for number, chip in enumerate(sorted(ids)):
        pathlib.Path(sys.argv[1], f"{dump.stem}-{number}").write_bytes(chip + table)
EOF

set -- "$build/corpus/sfdp" "$build/seeds/sfdp"
[ ! -d tests/fuzz/corpus/sfdp ] || set -- "$@" tests/fuzz/corpus/sfdp
echo "fuzz_sfdp: $executions executions"
"$build/fuzz_sfdp" -runs="$executions" -max_len=1200 -len_control=0 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="$build/" "$@" 2>"$build/fuzz_sfdp.log" || {
    tail -40 "$build/fuzz_sfdp.log"
    exit 1
}
grep -E 'number_of_executed_units|average_exec_per_sec|new_units_added' "$build/fuzz_sfdp.log"
