/* A bus transaction as a value, and lists of them: what the host, the stub and the bootloader mean
 * by "an operation of the memory chip". No controller register appears here.
 *
 * All words are little-endian. Reserved members are zero. */
#ifndef ABI_BUS_OP_H
#define ABI_BUS_OP_H

#include <stddef.h>
#include <stdint.h>

/* Width and rate of one phase: number of data lines (0: phase absent), plus the DTR flag. */
#define ABI_BUS_LINES_MASK 0x1Fu
#define ABI_BUS_DTR        0x80u

enum abi_bus_op_flags {
    ABI_OP_WRITE = 1 << 0,  /* the data phase goes to the chip */
    ABI_OP_DQS = 1 << 1,    /* data are sampled with the strobe of the chip */
    ABI_OP_DOUBLED = 1 << 2 /* register access in 8D: the chip sends each byte twice, and takes two
                               equal bytes; data_bytes counts the single ones (memories.md 1.4) */
};

/* One transaction: opcode, address, alternate bytes, dummy clocks, data. */
struct abi_bus_op {
    uint16_t opcode;      /* two-byte opcodes: first byte on the wire in bits 15:8 */
    uint8_t opcode_bytes; /* 1 or 2; 0: no opcode phase */
    uint8_t opcode_bus;
    uint8_t addr_bytes; /* 0: no address phase */
    uint8_t addr_bus;
    uint8_t alternate_bytes; /* 0 to 4 */
    uint8_t alternate_bus;
    uint8_t dummy_cycles; /* clocks, not edges */
    uint8_t data_bus;     /* 0: no data phase */
    uint8_t flags;        /* enum abi_bus_op_flags */
    uint8_t reserved;
    uint32_t alternate;
    uint32_t addr;       /* register address or offset within the chip */
    uint32_t data_bytes; /* without ABI_OP_DOUBLED counted twice */
};
_Static_assert(sizeof(struct abi_bus_op) == 24, "host and target disagree on a bus operation");
_Static_assert(offsetof(struct abi_bus_op, data_bytes) == 20, "bus operation layout");

enum abi_bus_step_kind {
    ABI_STEP_EXEC = 1, /* run op; up to 8 bytes of data to write stand in data[] */
    ABI_STEP_POLL = 2, /* repeat op (a read of one byte) until (byte & mask) == match */
    ABI_STEP_WAIT = 3, /* wait timeout_us, watchdog served */
    ABI_STEP_CTRL = 4, /* set the controller up as entry `index` of the blob's ctrl section says */
    ABI_STEP_EXPECT = 5, /* run op (a read); fail unless the first data_count bytes equal data[] */
    ABI_STEP_QUIET = 6   /* run op and ignore every error: for a chip that may not understand it */
};

/* One step of the recovery prelude, of a mode change, or of a list sent by the host. */
struct abi_bus_step {
    uint8_t kind; /* enum abi_bus_step_kind */
    uint8_t data_count;
    uint8_t index;
    uint8_t mask;  /* POLL */
    uint8_t match; /* POLL */
    uint8_t reserved[3];
    uint32_t timeout_us; /* POLL: bound; WAIT: duration */
    struct abi_bus_op op;
    uint8_t data[8];
};
_Static_assert(sizeof(struct abi_bus_step) == 44, "host and target disagree on a bus step");
_Static_assert(offsetof(struct abi_bus_step, data) == 36, "bus step layout");

#endif
