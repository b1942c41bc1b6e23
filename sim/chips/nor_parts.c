/* The table of NOR parts: one row of facts per part. Sources: SFDP dumps (nor_sfdp.c), ST's public
 * BSP drivers, Linux; (K) marks general knowledge that no document in reach confirmed. */
#include "sim/chips/nor.h"

#include <string.h>

#define US_PER_MS 1000U
#define US_PER_S  1000000U

/* Clock limits in MHz. SPI commands that answer without dummy clocks and SFDP: 50 (ST enters DOPI
 * at 50 MHz or less; JESD216 for SFDP). SPI commands that do not answer, and fast reads: 133 (K).
 * Octal reads by dummy code; octal registers with their 4 dummy clocks: 200 (SFDP DW20). */
#define SLOW  50
#define FAST  133
#define OCTAL 200

#define WRITE_FLAGS (NOR_NEEDS_WEL | NOR_NOT_SUSPENDED)

/* Macronix octal family, memories.md 1.2: opcode, modes, action, flags, address bytes in 1S and in
 * octal, dummies in 1S and in octal, limits in 1S and in octal, size, name. */
static const struct nor_command macronix_octal[] = {
    {0x03, NOR_IN_1S, NOR_ACTION_READ_ARRAY, 0, 3, 0, 0, 0, SLOW, 0, 0, "READ3B"},
    {0x13, NOR_IN_1S, NOR_ACTION_READ_ARRAY, 0, 4, 0, 0, 0, SLOW, 0, 0, "READ4B"},
    {0x0B, NOR_IN_1S, NOR_ACTION_READ_ARRAY, 0, 3, 0, 8, 0, FAST, 0, 0, "FAST_READ3B"},
    {0x0C, NOR_IN_1S, NOR_ACTION_READ_ARRAY, 0, 4, 0, 8, 0, FAST, 0, 0, "FAST_READ4B"},
    {0xEC, NOR_IN_8S, NOR_ACTION_READ_ARRAY, 0, 0, 4, 0, NOR_DUMMY_CODE, 0, 0, 0, "8READ"},
    {0xEE, NOR_IN_8D, NOR_ACTION_READ_ARRAY, 0, 0, 4, 0, NOR_DUMMY_CODE, 0, 0, 0, "8DTRD"},
    {0x02, NOR_IN_1S, NOR_ACTION_PROGRAM, WRITE_FLAGS, 3, 0, 0, 0, FAST, 0, 0, "PP3B"},
    {0x12, NOR_IN_ALL, NOR_ACTION_PROGRAM, WRITE_FLAGS, 4, 4, 0, 0, FAST, OCTAL, 0, "PP4B"},
    {0x20, NOR_IN_1S, NOR_ACTION_ERASE, WRITE_FLAGS, 3, 0, 0, 0, FAST, 0, 4096, "SE3B"},
    {0x21, NOR_IN_ALL, NOR_ACTION_ERASE, WRITE_FLAGS, 4, 4, 0, 0, FAST, OCTAL, 4096, "SE4B"},
    {0xD8, NOR_IN_1S, NOR_ACTION_ERASE, WRITE_FLAGS, 3, 0, 0, 0, FAST, 0, 65536, "BE3B"},
    {0xDC, NOR_IN_ALL, NOR_ACTION_ERASE, WRITE_FLAGS, 4, 4, 0, 0, FAST, OCTAL, 65536, "BE4B"},
    {0x60, NOR_IN_ALL, NOR_ACTION_ERASE_CHIP, WRITE_FLAGS, 0, 0, 0, 0, FAST, OCTAL, 0, "CE"},
    {0xC7, NOR_IN_1S, NOR_ACTION_ERASE_CHIP, WRITE_FLAGS, 0, 0, 0, 0, FAST, 0, 0, "CE"},
    {0x06, NOR_IN_ALL, NOR_ACTION_WRITE_ENABLE, 0, 0, 0, 0, 0, FAST, OCTAL, 0, "WREN"},
    {0x04, NOR_IN_ALL, NOR_ACTION_WRITE_DISABLE, 0, 0, 0, 0, 0, FAST, OCTAL, 0, "WRDI"},
    {0x05, NOR_IN_ALL, NOR_ACTION_READ_STATUS, NOR_WHEN_BUSY, 0, 4, 0, 4, SLOW, OCTAL, 0, "RDSR"},
    {0x15, NOR_IN_ALL, NOR_ACTION_READ_CONFIG, NOR_WHEN_BUSY, 0, 4, 0, 4, SLOW, OCTAL, 0, "RDCR"},
    {0x01, NOR_IN_ALL, NOR_ACTION_WRITE_STATUS, WRITE_FLAGS, 0, 4, 0, 0, FAST, OCTAL, 0, "WRSR"},
    {0x71, NOR_IN_ALL, NOR_ACTION_READ_CR2, 0, 4, 4, 0, 4, SLOW, OCTAL, 0, "RDCR2"},
    {0x72, NOR_IN_ALL, NOR_ACTION_WRITE_CR2, WRITE_FLAGS, 4, 4, 0, 0, SLOW, OCTAL, 0, "WRCR2"},
    {0x9F, NOR_IN_ALL, NOR_ACTION_READ_ID, 0, 0, 4, 0, 4, SLOW, OCTAL, 0, "RDID"},
    {0x5A, NOR_IN_ALL, NOR_ACTION_READ_SFDP, 0, 3, 4, 8, 20, SLOW, OCTAL, 0, "RDSFDP"},
    {0xB0, NOR_IN_ALL, NOR_ACTION_SUSPEND, NOR_WHEN_BUSY, 0, 0, 0, 0, FAST, OCTAL, 0,
        "PGM/ERS Suspend"},
    {0x30, NOR_IN_ALL, NOR_ACTION_RESUME, NOR_WHEN_BUSY, 0, 0, 0, 0, FAST, OCTAL, 0,
        "PGM/ERS Resume"},
    {0xB9, NOR_IN_ALL, NOR_ACTION_POWER_DOWN, 0, 0, 0, 0, 0, FAST, OCTAL, 0, "DP"},
    {0xAB, NOR_IN_ALL, NOR_ACTION_WAKE, NOR_SILENT, 0, 0, 0, 0, FAST, OCTAL, 0, "RDP"},
    {0x66, NOR_IN_ALL, NOR_ACTION_RESET_ENABLE, NOR_WHEN_BUSY | NOR_SILENT, 0, 0, 0, 0, FAST, OCTAL,
        0, "RSTEN"},
    {0x99, NOR_IN_ALL, NOR_ACTION_RESET, NOR_WHEN_BUSY | NOR_SILENT, 0, 0, 0, 0, FAST, OCTAL, 0,
        "RST"},
    {0x00, NOR_IN_ALL, NOR_ACTION_NOP, NOR_WHEN_BUSY | NOR_SILENT, 0, 0, 0, 0, FAST, OCTAL, 0,
        "NOP"},
    {0xB1, NOR_IN_ALL, NOR_ACTION_ENTER_OTP, NOR_NOT_SUSPENDED, 0, 0, 0, 0, FAST, OCTAL, 0, "ENSO"},
    {0xC1, NOR_IN_ALL, NOR_ACTION_EXIT_OTP, 0, 0, 0, 0, 0, FAST, OCTAL, 0, "EXSO"},
    {0x2B, NOR_IN_ALL, NOR_ACTION_READ_SECURITY, NOR_WHEN_BUSY, 0, 4, 0, 4, SLOW, OCTAL, 0,
        "RDSCUR"},
    {0x2F, NOR_IN_ALL, NOR_ACTION_WRITE_SECURITY, WRITE_FLAGS, 0, 0, 0, 0, FAST, OCTAL, 0,
        "WRSCUR"},
    {0x68, NOR_IN_ALL, NOR_ACTION_SET_WPSEL, WRITE_FLAGS, 0, 0, 0, 0, FAST, OCTAL, 0, "WPSEL"},
    {0x7E, NOR_IN_ALL, NOR_ACTION_GANG_LOCK, WRITE_FLAGS, 0, 0, 0, 0, FAST, OCTAL, 0, "GBLK"},
    {0x98, NOR_IN_ALL, NOR_ACTION_GANG_UNLOCK, WRITE_FLAGS, 0, 0, 0, 0, FAST, OCTAL, 0, "GBULK"},
    {0xE2, NOR_IN_ALL, NOR_ACTION_READ_SPB, 0, 4, 4, 0, 4, SLOW, OCTAL, 0, "RDSPB"},
    {0xE3, NOR_IN_ALL, NOR_ACTION_WRITE_SPB, WRITE_FLAGS, 4, 4, 0, 0, FAST, OCTAL, 0, "WRSPB"},
    {0xE4, NOR_IN_ALL, NOR_ACTION_ERASE_SPB, WRITE_FLAGS, 0, 0, 0, 0, FAST, OCTAL, 0, "ESSPB"},
    {0xE0, NOR_IN_ALL, NOR_ACTION_READ_DPB, 0, 4, 4, 0, 4, SLOW, OCTAL, 0, "RDDPB"},
    {0xE1, NOR_IN_ALL, NOR_ACTION_WRITE_DPB, WRITE_FLAGS, 4, 4, 0, 0, FAST, OCTAL, 0, "WRDPB"},
    {0x16, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 0, 4, 0, 4, SLOW, OCTAL, 0, "RDFBR"},
    {0x17, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 0, 0, 0, 0, FAST, OCTAL, 0, "WRFBR"},
    {0x18, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 0, 0, 0, 0, FAST, OCTAL, 0, "ESFBR"},
    {0x22, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 4, 4, 0, 0, FAST, OCTAL, 0, "WRBI"},
    {0x24, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 4, 4, 0, 0, FAST, OCTAL, 0, "WRCT"},
    {0x25, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 4, 4, 0, 4, FAST, OCTAL, 0, "RDPB"},
    {0x27, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 4, 4, 8, 20, FAST, OCTAL, 0, "RDPASS"},
    {0x28, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 4, 4, 0, 0, FAST, OCTAL, 0, "WRPASS"},
    {0x29, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 4, 4, 0, 0, FAST, OCTAL, 0, "PASSULK"},
    {0x2C, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 0, 0, 0, 0, FAST, OCTAL, 0, "WRLR"},
    {0x2D, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 0, 4, 0, 4, SLOW, OCTAL, 0, "RDLR"},
    {0x31, NOR_IN_ALL, NOR_ACTION_UNMODELLED, 0, 0, 0, 0, 0, FAST, OCTAL, 0, "WRCF"},
};

static const struct sim_nor_part parts[] = {
    {
        .name = "MX25UW25645G",
        .id = {0xC2, 0x81, 0x39},
        .size_bytes = 32U << 20,
        .page_bytes = 256,
        .ecc_unit_bytes = 16,
        .block_bytes = 65536,
        /* typical values of SFDP DW10 and DW11 */
        .program_us = 152,
        .erase_sector_us = 25 * US_PER_MS,
        .erase_block_us = 256 * US_PER_MS,
        .erase_chip_us = 76 * US_PER_S,
        .register_us = 40 * US_PER_MS, /* ST BSP */
        /* maxima of SFDP DW12: the strict side for a driver that does not poll */
        .erase_suspend_us = 56,
        .program_suspend_us = 25,
        .erase_resume_gap_us = 448,
        .program_resume_gap_us = 192,
        .wake_us = 30,                        /* SFDP DW14 */
        .reset_idle_us = 30,                  /* memories.md section 6 */
        .reset_in_program_us = 100,           /* (K) */
        .reset_in_erase_us = 100 * US_PER_MS, /* ST BSP */
        .power_up_us = 800,                   /* (K) tVSL */
        .sfdp = nor_sfdp_mx25uw25645g,
        .sfdp_bytes = sizeof nor_sfdp_mx25uw25645g,
        .commands = macronix_octal,
        .command_count = sizeof macronix_octal / sizeof macronix_octal[0],
        /* Clocks: CR2 0x300 and SCCR DW12/13. Limits: SFDP xSPI profile DW4/5 for 20, 16, 12 and
         * 10; the others rounded down to the next of those, 8 and 6 (K). */
        .dummies = {{20, 200}, {18, 166}, {16, 166}, {14, 133}, {12, 133}, {10, 100}, {8, 84},
            {6, 66}},
    },
};

const struct sim_nor_part *sim_nor_part_find(const char *part_number)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strcmp(parts[i].name, part_number) == 0) {
            return &parts[i];
        }
    }
    return NULL;
}

uint32_t sim_nor_part_size_bytes(const struct sim_nor_part *part)
{
    return part->size_bytes;
}

/* Two bitmaps of ECC units (programmed; ECC off) and one byte per page (weak). */
size_t sim_nor_part_cells_bytes(const struct sim_nor_part *part)
{
    return 2 * (size_t)(part->size_bytes / part->ecc_unit_bytes / 8) +
           part->size_bytes / part->page_bytes;
}

size_t sim_nor_part_registers_bytes(const struct sim_nor_part *part)
{
    (void)part;
    return NOR_STORED_BYTES;
}

void sim_nor_part_factory(const struct sim_nor_part *part, const struct sim_nor_storage *storage)
{
    memset(storage->bytes, 0xFF, part->size_bytes);
    memset(storage->cells, 0, sim_nor_part_cells_bytes(part));
    memset(storage->registers, 0, NOR_STORED_BYTES);
    /* The one-time programmable cells of CR2 are all ones (DEFSOPI#, DEFDOPI#: memories.md 1.3). */
    memset(storage->registers + NOR_STORED_CR2, 0xFF, NOR_STORED_CR2_END - NOR_STORED_CR2);
}
