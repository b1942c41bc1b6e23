#!/bin/sh
# Fails when a C file is not as .clang-format says.
set -eu
cd "$(dirname "$0")/.."
find abi common host target sim tests tools -name '*.[ch]' -print0 |
    xargs -0 clang-format-14 --dry-run --Werror
