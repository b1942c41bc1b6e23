/* Which RAMs and ROMs a family has, for p_ram.c. */
#ifndef SIM_P_RAM_INTERNAL_H
#define SIM_P_RAM_INTERNAL_H

#include "sim/soc.h"

#include <stddef.h>

/* Which share of option word OBW2SR of H7R/S a region depends on. */
enum sim_ram_share { SIM_RAM_FIXED, SIM_RAM_BY_ITCM, SIM_RAM_BY_DTCM, SIM_RAM_BY_ECC };

struct sim_ram_row {
    const char *name;
    uint32_t base;
    uint32_t capacity_bytes;
    enum sim_region_kind kind;
    uint8_t ecc_line_bytes; /* 0: no ECC */
    uint16_t gate_offset;   /* as in struct sim_periph */
    uint8_t gate_bit;
    enum sim_ram_share share;
    uint16_t size_kib[3]; /* by setting of the share; the first when it is fixed */
};

enum { SIM_RAM_REGIONS = 16 };

struct sim_ram_layout {
    const struct sim_ram_row *rows; /* at most SIM_RAM_REGIONS */
    size_t row_count;
    bool has_ramcfg;
};

#endif
