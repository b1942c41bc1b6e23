/* A memory part as data: from boards/memories/NAME.json, from SFDP, or both. */
#ifndef HOST_BOARD_PART_H
#define HOST_BOARD_PART_H

#include "abi/bus_op.h"
#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PART_MAX_ERASE = 4,
    PART_MAX_MODES = 8,
    PART_MAX_STEPS = 12,
    PART_MAX_PRELUDE = 32,
    PART_MAX_DUMMIES = 8
};

/* Index of a CTRL step: "the controller set-up of the mode that is entered or left". */
enum { PART_CTRL_OF_MODE = 0xFF };

/* A setting of the chip's dummy-cycle register, and the clock it is good for. */
struct part_dummy {
    uint8_t code;
    uint8_t cycles;
    uint32_t max_hz;
};

/* A bus width and everything that is different in it. Named as JEDEC does: "1S-1S-1S". */
struct part_mode {
    char name[16];
    uint32_t max_hz;         /* array reads, at the dummy count below */
    uint32_t command_max_hz; /* erase, program and register commands */
    bool needs_dqs;
    bool even;        /* addresses and lengths of array accesses must be even */
    bool swaps_bytes; /* byte pairs swapped against 1S (memories.md 1.5) */
    struct abi_bus_op read;
    struct abi_bus_op program;
    struct abi_bus_op write_enable;
    struct abi_bus_op write_disable;
    struct abi_bus_op read_status;
    struct abi_bus_op read_fail; /* opcode_bytes 0: none */
    struct abi_bus_op read_id;
    struct abi_bus_op chip_erase;
    struct abi_bus_op erase[PART_MAX_ERASE];
    /* From 1S-1S-1S into this mode, and back. */
    struct abi_bus_step enter[PART_MAX_STEPS];
    size_t enter_count;
    bool dummy_by_code;   /* dummy clocks of read as the chip is told: one of part.dummies */
    uint16_t dummy_steps; /* bit i: data[0] of enter[i] is that entry's code */
    uint8_t dummy_min;    /* entries with fewer cycles are passed over */
    struct abi_bus_step leave[PART_MAX_STEPS];
    size_t leave_count;
};

/* How the lines IO2 and IO3 become data lines: by bits of a register that a user may have set for
 * good. To be read first and left alone when set; else all other bits are written back as read. */
struct part_quad_enable {
    uint8_t mask; /* bits that must be set; 0: nothing is needed */
    struct abi_bus_op read;
    struct abi_bus_op write;           /* after write_enable of the mode: non-volatile */
    struct abi_bus_op volatile_enable; /* instead of it: until power-off; opcode_bytes 0: none */
};

struct part_erase {
    uint32_t size_bytes;
    uint32_t typical_us;
    uint32_t max_us;
};

struct part {
    char name[32];
    uint8_t id[8]; /* JEDEC ID */
    size_t id_bytes;
    uint32_t size_bytes;
    uint32_t page_bytes;
    uint32_t ecc_unit_bytes;
    struct part_erase erase[PART_MAX_ERASE]; /* smallest first */
    size_t erase_count;
    uint32_t program_typical_us;
    uint32_t program_max_us;
    uint32_t chip_erase_typical_us;
    uint32_t chip_erase_max_us;
    uint32_t reset_max_us;
    uint8_t busy_mask;
    uint8_t busy_value;
    uint8_t wel_mask;
    uint8_t program_fail_mask;
    uint8_t erase_fail_mask;
    uint8_t protect_mask;   /* block-protect bits of the status byte */
    uint8_t cs_high_cycles; /* clocks between two operations, at any bus clock */
    struct part_quad_enable quad_enable;
    struct part_dummy dummies[PART_MAX_DUMMIES]; /* fewest cycles first */
    size_t dummy_count;
    struct part_mode modes[PART_MAX_MODES];
    size_t mode_count;
    /* From any mode to 1S-1S-1S. A WAIT of 0 us means reset_max_us. Never fails: a chip that is
     * missing or another one is found out by its ID. */
    struct abi_bus_step recover[PART_MAX_PRELUDE];
    size_t recover_count;
};

/* Loads boards/memories/NAME.json. */
MUST_USE bool part_load(const char *name, struct part *part, struct error *err);
const struct part_mode *part_mode_find(const struct part *part, const char *name);

#endif
