/* What the decoders of single SFDP tables share. */
#ifndef HOST_BOARD_SFDP_TABLES_H
#define HOST_BOARD_SFDP_TABLES_H

#include "common/le.h"
#include "host/board/sfdp.h"

/* A table inside the bytes; dword 1 is the first, as in the standard. */
struct sfdp_view {
    const uint8_t *bytes;
    size_t dwords;
};

/* 0 for a dword that the table does not have. */
static inline uint32_t sfdp_dword(const struct sfdp_view *view, size_t number)
{
    return number >= 1 && number <= view->dwords ? le_get32(view->bytes + 4 * (number - 1)) : 0;
}

static inline uint32_t sfdp_bits(uint32_t word, unsigned high, unsigned low)
{
    return word >> low & (uint32_t)((UINT64_C(1) << (high - low + 1)) - 1);
}

static inline bool sfdp_bit(uint32_t word, unsigned bit)
{
    return (word >> bit & 1) != 0;
}

/* "1S-4S-4S" and so on; NULL at the end. */
extern const char *const sfdp_read_names[SFDP_READ_MODES + 1];

/* ---- one per table ---- */
MUST_USE bool sfdp_basic_decode(const struct sfdp_view *view, struct sfdp *sfdp, struct error *err);
void sfdp_octal_decode(const struct sfdp_view *basic, struct sfdp *sfdp);
void sfdp_four_byte_decode(const struct sfdp_view *view, struct sfdp *sfdp);
void sfdp_xspi_decode(const struct sfdp_view *view, struct sfdp *sfdp);
void sfdp_registers_decode(const struct sfdp_view *view, struct sfdp *sfdp);
void sfdp_dies_decode(const struct sfdp_view *view, struct sfdp *sfdp);
void sfdp_map_decode(const struct sfdp_view *view, struct sfdp *sfdp);
void sfdp_sequence_decode(const struct sfdp_view *view, struct sfdp *sfdp);

#endif
