/* The parts of the errata table that reading and applying share. */
#ifndef HOST_BOARD_SFDP_ERRATA_READ_H
#define HOST_BOARD_SFDP_ERRATA_READ_H

#include "host/board/sfdp_errata.h"

enum { ERRATA_MAX = 64 };

/* All of it must be true. */
struct sfdp_erratum_when {
    uint8_t id[4]; /* beginning of the JEDEC ID */
    size_t id_bytes;
    uint8_t minor_min; /* of the basic table */
    uint8_t minor_max;
    uint32_t reads;        /* bits: enum sfdp_read_mode that the table must name */
    uint16_t vendor_table; /* a table with this id must be there; 0: any */
    bool only_phantom;     /* the 4-byte table must have its reserved bits set */
};

/* What is known of erases of one size. */
struct sfdp_erratum_erase {
    uint32_t size_bytes;
    uint8_t four_byte_opcode; /* 0: as it is */
    uint32_t max_us;          /* at least that */
};

/* Members that are 0 or false change nothing. */
struct sfdp_erratum_then {
    bool has_addr_mode;
    uint8_t addr_mode;
    bool has_quad_enable;
    uint8_t quad_enable;
    uint8_t enter_four_byte;
    bool leaves_extended_address;
    uint32_t four_byte_ops; /* added */
    struct sfdp_erratum_erase erase[SFDP_ERASE_TYPES];
    size_t erase_count;
    bool erase_opcodes_are_3_byte;
    uint8_t status_write_bytes;
    uint8_t octal_read;
    uint8_t status_addr_bytes;
    uint8_t sequence_value; /* last byte of the last command; 0: as it is */
    uint32_t program_max_us;
    uint32_t erase_gap_us;
    uint32_t drop_reads; /* bits: enum sfdp_read_mode */
    bool size_is_doubtful;
};

struct sfdp_erratum {
    struct sfdp_erratum_when when;
    struct sfdp_erratum_then then;
};

struct sfdp_errata {
    struct sfdp_erratum entries[ERRATA_MAX];
    size_t count;
};

#endif
