#!/bin/sh
# clang-tidy over everything the host compiles, one file per process: with several files in one
# process version 14 reports false positives in variadic functions.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
find common host sim tools -name '*.c' |
    xargs -P "$(nproc)" -n 1 sh -c '
        out=$(clang-tidy-14 -p "$0" --quiet "$1" 2>/dev/null) || { printf "%s\n" "$out"; exit 1; }
    ' "$build"
