/* Decodes SFDP (JESD216) tables: headers, basic table of 9 to 23 dwords, 4-byte addresses, xSPI
 * profile 1, status and control registers, sector map, sequence to 8D-8D-8D.
 *
 * Pure; input is untrusted and every length is bounded. Length, not revision, says which dwords of
 * a table exist; what a table does not say is 0. Errors: ERROR_MEMORY_NO_ID (nothing answers),
 * ERROR_MEMORY_BUS_CORRUPT (no such table can exist), ERROR_MEMORY_WRONG_ID (cannot be worked
 * with). Source of facts: memories.md section 4. */
#ifndef HOST_BOARD_SFDP_H
#define HOST_BOARD_SFDP_H

#include "host/base/error.h"
#include "host/board/part.h"

enum {
    SFDP_TABLE_LIMIT = 16,
    SFDP_ERASE_TYPES = 4,
    SFDP_MAX_DETECTIONS = 8,
    SFDP_MAX_MAPS = 16,
    SFDP_MAX_REGIONS = 8,
    SFDP_MAX_SEQUENCE = 8,
    SFDP_MAX_DIES = 8
};

struct sfdp_table {
    uint16_t id; /* msb << 8 | lsb: 0xFF00 is the basic table */
    uint8_t minor;
    uint8_t major;
    uint8_t dword_count;
    uint32_t offset;
};

/* ---- basic table ---- */

struct sfdp_erase {
    uint32_t size_bytes; /* 0: absent */
    uint8_t opcode;
    uint32_t typical_us; /* 0: the table has no times */
    uint32_t max_us;
};

/* Named by lanes and edges of opcode, address and data. */
enum sfdp_read_mode {
    SFDP_1S_1S_2S,
    SFDP_1S_2S_2S,
    SFDP_2S_2S_2S,
    SFDP_1S_1S_4S,
    SFDP_1S_4S_4S,
    SFDP_4S_4S_4S,
    SFDP_1S_1S_8S,
    SFDP_1S_8S_8S,
    SFDP_1S_1D_1D,
    SFDP_1S_2D_2D,
    SFDP_1S_4D_4D,
    SFDP_4S_4D_4D,
    SFDP_READ_MODES
};

struct sfdp_read {
    uint8_t opcode; /* 0: the chip does not have it */
    uint8_t mode_clocks;
    uint8_t wait_clocks; /* behind the mode clocks */
};

struct sfdp_suspend {
    bool supported;
    uint8_t erase_opcode;
    uint8_t erase_resume_opcode;
    uint8_t program_opcode;
    uint8_t program_resume_opcode;
    uint32_t erase_latency_ns; /* longest time until the chip is ready */
    uint32_t program_latency_ns;
    uint32_t erase_gap_us; /* shortest time from resume to the next suspend */
    uint32_t program_gap_us;
    uint8_t erase_forbids; /* nibble of DWORD 12: what must not be done meanwhile */
    uint8_t program_forbids;
};

struct sfdp_power_down {
    bool supported;
    uint8_t enter_opcode;
    uint8_t exit_opcode; /* 0: by a pulse on NCS, not by an opcode */
    uint32_t exit_ns;
};

/* QER: where the quad-enable bit is. */
enum sfdp_quad_enable {
    SFDP_QUAD_NONE,
    SFDP_QUAD_SR2_1_BY_2_BYTES, /* a write of one byte clears the second register */
    SFDP_QUAD_SR1_6,
    SFDP_QUAD_SR2_7_BY_3E,
    SFDP_QUAD_SR2_1_1_BYTE_SAFE, /* the second register may not be readable */
    SFDP_QUAD_SR2_1_READ_35,     /* effect of a write of one byte unknown */
    SFDP_QUAD_SR2_1_BY_31,
    SFDP_QUAD_UNKNOWN
};

enum sfdp_reset_method {
    SFDP_RESET_F_8_CLOCKS = 1 << 0,
    SFDP_RESET_F_10_CLOCKS = 1 << 1,
    SFDP_RESET_F_16_CLOCKS = 1 << 2,
    SFDP_RESET_F0 = 1 << 3,
    SFDP_RESET_66_99 = 1 << 4,
    SFDP_RESET_EXIT_CONTINUOUS_FIRST = 1 << 5
};

enum sfdp_four_byte_entry {
    SFDP_ENTER_B7 = 1 << 0,
    SFDP_ENTER_06_B7 = 1 << 1,
    SFDP_ENTER_EXTENDED_ADDRESS = 1 << 2,
    SFDP_ENTER_BANK = 1 << 3,
    SFDP_ENTER_NONVOLATILE = 1 << 4,
    SFDP_ENTER_OPCODES = 1 << 5,
    SFDP_ENTER_ALWAYS = 1 << 6
};

/* Ways into and out of 4S-4S-4S and continuous reads, as in DWORD 15. */
struct sfdp_quad {
    enum sfdp_quad_enable enable;
    uint8_t enter_4s; /* bits: 0 QE and 38, 1 38, 2 35, 3 65/71 bit 6, 4 65/61 bit 7 */
    uint8_t leave_4s;
    bool has_continuous; /* reads without an opcode */
    uint8_t enter_continuous;
    uint8_t leave_continuous;
    bool hold_can_be_disabled;
};

/* Columns of DWORD 20. */
enum sfdp_clock {
    SFDP_CLOCK_4S,
    SFDP_CLOCK_4S_STROBE,
    SFDP_CLOCK_4D,
    SFDP_CLOCK_4D_STROBE,
    SFDP_CLOCK_8S,
    SFDP_CLOCK_8S_STROBE,
    SFDP_CLOCK_8D,
    SFDP_CLOCK_8D_STROBE,
    SFDP_CLOCKS
};

struct sfdp_octal {
    uint8_t command_extension; /* 0 repeat, 1 invert, 3: 16-bit; 0xFF unknown */
    bool swaps_bytes_8d;
    bool has_pin_reset; /* JEDEC reset by signals on NCS and IO0 */
    uint8_t enter_8s;   /* DWORD 19[8:4] */
    uint8_t leave_8s;   /* DWORD 19[3:0]; bit 3: 66/99 */
    uint8_t octal_enable;
    uint8_t strobe_in_8s; /* DWORD 18[25:24] */
    bool strobe_in_4s;
    bool strobe_in_4d;
    uint8_t drive_types;          /* bit i: drive strength type i exists */
    uint32_t max_hz[SFDP_CLOCKS]; /* 0: not known or not there */
    uint16_t unsupported;         /* bit: enum sfdp_clock that the chip says it lacks */
};

/* ---- xSPI profile 1 ---- */

struct sfdp_dummy {
    uint32_t hz;
    uint8_t cycles; /* 0: not supported at that clock */
    uint8_t code;   /* of the dummy register */
};

enum { SFDP_XSPI_DUMMIES = 4 };

struct sfdp_xspi {
    bool present;
    uint8_t read_opcode; /* 8D-8D-8D */
    uint8_t wrapped_read_opcode;
    uint8_t status_addr_bytes;
    uint8_t status_dummy_cycles;
    uint8_t sfdp_addr_bytes;
    uint8_t sfdp_dummy_cycles;
    uint8_t read_volatile_opcode;
    uint8_t read_nonvolatile_opcode;
    uint8_t write_volatile_opcode;
    uint8_t write_nonvolatile_opcode;
    uint32_t commands;                            /* DWORD 3: bits of the supported ones */
    struct sfdp_dummy dummies[SFDP_XSPI_DUMMIES]; /* 200, 166, 133, 100 MHz */
    uint8_t power_on_dummy_8d;                    /* 0: not said */
    uint8_t power_on_dummy_8s;
};

/* ---- status and control registers ---- */

enum { SFDP_NO_DUMMY = 0xFF };

/* How registers of one kind are read and written. */
struct sfdp_access {
    bool readable;
    bool writable;
    uint8_t addr_bytes;
    uint8_t dummy_1s; /* SFDP_NO_DUMMY: not possible in that width, as the following */
    uint8_t dummy_2s;
    uint8_t dummy_4s;
    uint8_t dummy_4d;
    uint8_t dummy_8s;
    uint8_t dummy_8d;
};

struct sfdp_field {
    bool valid;
    uint8_t read_opcode;
    uint8_t write_opcode;
    bool addressed;
    uint32_t addr; /* when addressed: with the base of its kind */
    uint8_t bit;   /* lowest of the field */
    uint8_t width;
    bool inverted;
};

enum sfdp_field_kind {
    SFDP_FIELD_BUSY,
    SFDP_FIELD_WRITE_ENABLE,
    SFDP_FIELD_PROGRAM_FAIL,
    SFDP_FIELD_ERASE_FAIL,
    SFDP_FIELD_DUMMY,
    SFDP_FIELD_DUMMY_NV,
    SFDP_FIELD_QPI,
    SFDP_FIELD_QPI_NV,
    SFDP_FIELD_OCTAL,
    SFDP_FIELD_OCTAL_NV,
    SFDP_FIELD_DTR,
    SFDP_FIELD_DTR_NV,
    SFDP_FIELD_8S,
    SFDP_FIELD_8S_NV,
    SFDP_FIELD_8D,
    SFDP_FIELD_8D_NV,
    SFDP_FIELD_POWER_DOWN,
    SFDP_FIELD_POWER_DOWN_NV,
    SFDP_FIELD_DRIVE,
    SFDP_FIELD_DRIVE_NV,
    SFDP_FIELDS
};

enum { SFDP_DUMMY_CODES = 15, SFDP_NO_CODE = 0xFF, SFDP_DRIVE_TYPES = 5 };

struct sfdp_registers {
    bool present;
    uint32_t volatile_base;
    uint32_t nonvolatile_base;
    struct sfdp_access volatile_access;
    struct sfdp_access nonvolatile_access;
    struct sfdp_field fields[SFDP_FIELDS];
    uint8_t dummy_codes[SFDP_DUMMY_CODES]; /* [i]: code for 30 - 2 * i clocks, or SFDP_NO_CODE */
    uint8_t drive_codes[SFDP_DRIVE_TYPES];
    /* further dies, from the table of several dies */
    size_t die_count;
    uint32_t die_volatile_base[SFDP_MAX_DIES];
    uint32_t die_nonvolatile_base[SFDP_MAX_DIES];
};

/* ---- sector map ---- */

/* Reads one bit of the number of the map in use; the first one read is the highest. */
struct sfdp_detection {
    uint8_t opcode;
    uint8_t mask;
    uint8_t addr_bytes;   /* 0, 3, 4; 0xFF: the length in use */
    uint8_t dummy_cycles; /* SFDP_NO_DUMMY: the number in use */
    uint32_t addr;
};

struct sfdp_region {
    uint64_t size_bytes;
    uint8_t erase_types; /* bit i: erase[i] */
};

struct sfdp_map {
    uint8_t number;
    size_t region_count;
    struct sfdp_region regions[SFDP_MAX_REGIONS]; /* from offset 0 up; together the chip */
};

struct sfdp_sector_map {
    bool present;  /* there is such a table: erase types may not work everywhere */
    bool complete; /* and all of it is understood */
    size_t detection_count;
    struct sfdp_detection detections[SFDP_MAX_DETECTIONS];
    size_t map_count;
    struct sfdp_map maps[SFDP_MAX_MAPS];
};

/* ---- sequence to 8D-8D-8D ---- */

struct sfdp_command {
    uint8_t count;
    uint8_t bytes[7];
};

/* Bits of the 4-byte table, DWORD 1. */
enum sfdp_four_byte_op {
    SFDP_4B_READ_13 = 0,
    SFDP_4B_READ_0C = 1,
    SFDP_4B_READ_3C = 2,
    SFDP_4B_READ_BC = 3,
    SFDP_4B_READ_6C = 4,
    SFDP_4B_READ_EC = 5,
    SFDP_4B_PROGRAM_12 = 6,
    SFDP_4B_PROGRAM_34 = 7,
    SFDP_4B_PROGRAM_3E = 8,
    SFDP_4B_ERASE_1 = 9,
    SFDP_4B_READ_0E = 13,
    SFDP_4B_READ_BE = 14,
    SFDP_4B_READ_EE = 15,
    SFDP_4B_READ_7C = 20,
    SFDP_4B_READ_CC = 21,
    SFDP_4B_READ_FD = 22,
    SFDP_4B_PROGRAM_84 = 23,
    SFDP_4B_PROGRAM_8E = 24
};

struct sfdp {
    uint8_t minor;
    uint8_t major;
    uint8_t access_protocol;
    size_t table_count; /* of tables[]; more are announced when the chip says so */
    struct sfdp_table tables[SFDP_TABLE_LIMIT];
    /* basic table */
    uint8_t basic_minor;
    uint8_t basic_dwords;
    uint64_t size_bytes;
    bool size_is_doubtful; /* an erratum says so: the chip may be larger */
    uint32_t page_bytes;
    struct sfdp_erase erase[SFDP_ERASE_TYPES]; /* in the order of the table, not by size */
    uint32_t erase_multiplier;                 /* maximum time by typical time; 0: no times */
    uint32_t program_multiplier;
    uint32_t program_typical_us;
    uint32_t program_max_us;
    uint32_t first_byte_typical_us;
    uint32_t next_byte_typical_us;
    uint64_t chip_erase_typical_us;
    uint64_t chip_erase_max_us;
    uint8_t addr_mode; /* 0: 3 bytes, 1: 3 or 4, 2: 4 */
    bool has_dtr;
    bool has_write_buffer;         /* of 64 bytes or more */
    uint8_t erase_4k_opcode;       /* 0: no uniform 4 KiB erase */
    bool status_is_volatile;       /* block protection comes up set, and is volatile */
    uint8_t volatile_write_opcode; /* what enables a volatile write of the status: 50 or 06 */
    uint8_t status_write_rule;     /* DWORD 16[6:0] */
    uint8_t status_write_bytes;    /* an erratum: the most that may be written; 0: no rule */
    struct sfdp_read reads[SFDP_READ_MODES];
    struct sfdp_suspend suspend;
    struct sfdp_power_down power_down;
    bool busy_by_status; /* 05h bit 0 */
    bool busy_by_flags;  /* 70h bit 7, inverted */
    struct sfdp_quad quad;
    uint8_t reset_methods;   /* enum sfdp_reset_method */
    uint8_t enter_four_byte; /* enum sfdp_four_byte_entry */
    uint16_t leave_four_byte;
    bool leaves_extended_address; /* an erratum: leaving the 4-byte mode sets that register to 1 */
    struct sfdp_octal octal;
    /* the other tables */
    bool has_four_byte_table;
    bool four_byte_is_phantom;                 /* bits from 20 up were reserved ones, not claims */
    uint32_t four_byte_ops;                    /* bits: enum sfdp_four_byte_op, phantoms dropped */
    uint8_t four_byte_erase[SFDP_ERASE_TYPES]; /* opcodes, by erase type; 0: none */
    struct sfdp_xspi xspi;
    struct sfdp_registers registers;
    struct sfdp_sector_map sector_map;
    size_t sequence_count; /* as in the table */
    struct sfdp_command sequence[SFDP_MAX_SEQUENCE];
};

/* bytes: as read from address 0 of the SFDP space. Tables beyond count are listed, not decoded. */
MUST_USE bool sfdp_decode(const uint8_t *bytes, size_t count, struct sfdp *sfdp, struct error *err);
/* How many bytes must be read from address 0 to have all tables; from the first 8+8*n bytes. */
MUST_USE bool sfdp_extent(
    const uint8_t *bytes, size_t count, size_t *extent_bytes, struct error *err);

/* Opcode of the same read with a 4-byte address; 0: there is none. */
uint8_t sfdp_four_byte_read(const struct sfdp *sfdp, enum sfdp_read_mode mode);
/* The regions of a map number; NULL when the table has none of that number. */
const struct sfdp_map *sfdp_map_find(const struct sfdp *sfdp, uint8_t number);
/* Code of the dummy register for that many clocks; false: the table names none. */
bool sfdp_dummy_code(const struct sfdp *sfdp, unsigned cycles, uint8_t *code);
/* The part of the sequence to 8D that may be sent: write enables, and volatile registers only.
 * Tables in the field rewrite non-volatile ones on the way. Returns how many steps; 0: none can be
 * trusted. */
size_t sfdp_safe_sequence(const struct sfdp *sfdp, struct sfdp_command steps[SFDP_MAX_SEQUENCE]);

/* A part usable in 1S-1S-1S from SFDP alone, after the errata of the shipped table. id: JEDEC ID as
 * read. */
MUST_USE bool sfdp_to_part(const struct sfdp *sfdp, const uint8_t *id, size_t id_bytes,
    struct part *part, struct error *err);
/* The same without errata: pure. */
MUST_USE bool sfdp_make_part(const struct sfdp *sfdp, const uint8_t *id, size_t id_bytes,
    struct part *part, struct error *err);
/* Text for `info`, allocated. */
MUST_USE bool sfdp_describe(const struct sfdp *sfdp, char **text, struct error *err);

#endif
