# Warnings for our own code on the host; third-party headers come in as SYSTEM.
option(XFLASH_WERROR "Treat warnings as errors" OFF)

add_library(xflash_warnings INTERFACE)
target_compile_options(xflash_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wvla -Wcast-qual
    -Wcast-align -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wwrite-strings
    -Wpointer-arith -Wformat=2 -Wswitch-enum -Wdouble-promotion -Wnull-dereference
    $<$<C_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond -Wduplicated-branches>
    $<$<C_COMPILER_ID:Clang>:-Wcomma>
    $<$<BOOL:${XFLASH_WERROR}>:-Werror>)
