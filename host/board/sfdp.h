/* Decodes SFDP (JESD216) tables. Pure; input is untrusted and every length is bounded. */
#ifndef HOST_BOARD_SFDP_H
#define HOST_BOARD_SFDP_H

#include "host/base/error.h"
#include "host/board/part.h"

struct sfdp_table {
    uint16_t id; /* msb << 8 | lsb: 0xFF00 is the basic table */
    uint8_t minor;
    uint8_t major;
    uint8_t dword_count;
    uint32_t offset;
};

struct sfdp {
    uint8_t minor;
    uint8_t major;
    uint8_t access_protocol;
    size_t table_count;
    struct sfdp_table tables[16];
    /* basic table */
    uint64_t size_bytes;
    uint32_t page_bytes;
    struct {
        uint32_t size_bytes; /* 0: absent */
        uint8_t opcode;
        uint32_t typical_us;
        uint32_t max_us;
    } erase[4];
    uint32_t program_typical_us;
    uint32_t program_max_us;
    uint64_t chip_erase_typical_us;
    uint64_t chip_erase_max_us;
    bool swaps_bytes_8d;
    uint8_t command_extension; /* 0 repeat, 1 invert, 3: 16-bit; 0xFF unknown */
    uint8_t octal_read_opcode; /* 8D fast read of the xSPI profile; 0 none */
    uint32_t max_hz_8s;
    uint32_t max_hz_8d;
    uint8_t quad_enable; /* QER code */
    bool has_four_byte_table;
    /* the rest is what sfdp_to_part() needs */
    uint8_t basic_dwords;       /* of the basic table */
    uint8_t addr_mode;          /* 0: 3 bytes, 1: 3 or 4, 2: 4 */
    uint8_t enter_four_byte;    /* DWORD 16[31:24] */
    uint32_t four_byte_ops;     /* DWORD 1 of the 4-byte table, without phantom bits */
    uint8_t four_byte_erase[4]; /* opcodes, by erase type; 0: none */
    bool has_sector_map;
};

/* bytes: as read from address 0 of the SFDP space. Tables beyond count are listed, not decoded. */
MUST_USE bool sfdp_decode(const uint8_t *bytes, size_t count, struct sfdp *sfdp, struct error *err);
/* How many bytes must be read from address 0 to have all tables; from the first 8+8*n bytes. */
MUST_USE bool sfdp_extent(
    const uint8_t *bytes, size_t count, size_t *extent_bytes, struct error *err);
/* A part usable in 1S-1S-1S from SFDP alone. id: JEDEC ID as read. */
MUST_USE bool sfdp_to_part(const struct sfdp *sfdp, const uint8_t *id, size_t id_bytes,
    struct part *part, struct error *err);
/* Text for `info`, allocated. */
MUST_USE bool sfdp_describe(const struct sfdp *sfdp, char **text, struct error *err);

#endif
