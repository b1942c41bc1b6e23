/* A NOR flash behind a controller driver, stricter than any chip: whatever silicon would ignore,
 * forgive, or punish only later is counted as a mistake. It has two modes, 1 line and 8 lines DTR,
 * and understands only operations of the mode it is in. */
#ifndef TESTS_TARGETDRIVER_CHIP_MODEL_H
#define TESTS_TARGETDRIVER_CHIP_MODEL_H

#include "target/driver/ctrl.h"

enum {
    CHIP_BYTES = 128 * 1024,
    CHIP_PAGE_BYTES = 256,
    CHIP_UNIT_BYTES = 16,
    CHIP_SMALL_BYTES = 4096,
    CHIP_LARGE_BYTES = 65536,
    CHIP_PROGRAM_US = 152,
    CHIP_SMALL_US = 25000,
    CHIP_LARGE_US = 256000,
    CHIP_WHOLE_US = 3000000,
    CHIP_RESET_BUSY_US = 100000
};

/* Its opcodes; in 8 lines DTR each is followed by its inverse. */
enum chip_opcode {
    CHIP_WREN = 0x06,
    CHIP_WRDI = 0x04,
    CHIP_RDSR = 0x05,
    CHIP_RDFAIL = 0x2B,
    CHIP_RDID = 0x9F,
    CHIP_READ = 0x0C,
    CHIP_PROGRAM = 0x12,
    CHIP_ERASE_SMALL = 0x21,
    CHIP_ERASE_LARGE = 0xDC,
    CHIP_ERASE_ALL = 0x60,
    CHIP_MODE_8D = 0x72, /* data 2: to 8 lines DTR, 0: back */
    CHIP_RESET_ENABLE = 0x66,
    CHIP_RESET = 0x99
};

struct chip {
    uint8_t bytes[CHIP_BYTES];
    bool unit_used[CHIP_BYTES / CHIP_UNIT_BYTES];
    bool dtr; /* in 8 lines DTR */
    bool wel, reset_enabled, p_fail, e_fail;
    uint64_t busy_until_us;
    bool mapped;
    uint32_t set_ups; /* of the controller */
    uint32_t last_prescaler;
    uint32_t commands, programs, erases, resets, reads;
    /* Faults to inject. */
    bool ignores_wren;
    uint32_t fails_program_at; /* offset of a page; UINT32_MAX: none */
    uint32_t fails_erase_at;
    bool hangs;               /* stays busy for ever */
    uint32_t misreads_offset; /* the first reading of this byte is wrong; UINT32_MAX: none */
    uint32_t mistakes;
    const char *mistake; /* the first */
};

extern struct chip chip;
extern const struct ctrl_driver chip_driver;

void chip_reset_model(void);
bool chip_busy(void);

/* An operation in one of its modes: opcode, address, dummies as the chip wants them. */
struct abi_bus_op chip_op(enum chip_opcode opcode, bool dtr);

struct abi_memory chip_memory(void);

#endif
