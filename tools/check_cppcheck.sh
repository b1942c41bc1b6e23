#!/bin/sh
# A second opinion beside clang-tidy, on the code of the host, the target and the virtual board.
set -eu
cd "$(dirname "$0")/.."
cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr -j "$(nproc)" -I . \
    --enable=warning,performance,portability --suppress=missingIncludeSystem \
    --suppress=unusedStructMember \
    abi common host target sim
