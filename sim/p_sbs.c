/* SBS of STM32H7R/S: boot address, I/O compensation cells, high-speed-at-low-voltage bits. */
#include "sim/clock.h"
#include "sim/p_flash_internal.h"
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    SBS_BASE = 0x58000400,
    SBS_BOOTSR = 0x000,
    SBS_HDPLCR = 0x010,
    SBS_HDPLSR = 0x014,
    SBS_DBGCR = 0x020,
    SBS_DBGLOCKR = 0x024,
    SBS_CCCSR = 0x110,
    SBS_CCVALR = 0x114,
    SBS_CCSWVALR = 0x118,
    SBS_BKLOCKR = 0x120,
    SBS_LAST = 0x13C
};

/* CCCSR: COMP_EN 0, XSPI1 2, XSPI2 4; RDY 8, 9, 10; IOHSLV 16, 17, 18 (mcu.md 4.1 item 2). */
enum { CELLS = 3, CCCSR_RDY = 8, CCCSR_IOHSLV = 16 };
/* OBW1SR: the option bit behind each IOHSLV bit (mcu.md 4.1 item 3). */
static const uint8_t hslv_option_bits[CELLS] = {29, 8, 9};

#define HDPL_1         UINT32_C(0x51)
#define DEBUG_OPEN     UINT32_C(0xB4)
#define CODES_RESET    UINT32_C(0x88)
#define CODES_MEASURED UINT32_C(0x87)       /* PSRC 8, NSRC 7: what a ready cell shows here */
#define CELL_SETTLE_PS (10 * SIM_PS_PER_US) /* (K) */

/* Offset, reset value, writable bits: SVD STM32H7S v1.3. BOOTSR: what the boot ROM leaves. */
static const struct sim_register registers[] = {
    {SBS_BOOTSR, FLASH_ARRAY_ADDR, 0},
    {SBS_HDPLCR, UINT32_C(0xB4), 0},
    {SBS_HDPLSR, HDPL_1, 0},
    {SBS_DBGCR, UINT32_C(0x00510000) | DEBUG_OPEN << 8 | DEBUG_OPEN, UINT32_C(0x00FFFFFF)},
    {SBS_DBGLOCKR, UINT32_C(0xB4), UINT32_C(0xFF)},
    {0x034, 0, UINT32_C(0xFFFF)},            /* RSSCMDR */
    {0x100, 0, UINT32_C(0x10E003F0)},        /* PMCR */
    {0x104, UINT32_C(0x1F), UINT32_C(0x3F)}, /* FPUIMR */
    {0x108, 0, 0},                           /* MESR */
    {SBS_CCCSR, 0, UINT32_C(0x0007003F)},
    {SBS_CCVALR, CODES_RESET, 0},
    {SBS_CCSWVALR, CODES_RESET, UINT32_C(0x00FFFFFF)},
    {SBS_BKLOCKR, 0, UINT32_C(0x00A060CC)}, /* the SVD's reset value 0x88 is not credible */
    {0x130, 0, UINT32_C(0xFFFF)},           /* EXTICR1..4 */
    {0x134, 0, UINT32_C(0xFFFF)},
    {0x138, 0, UINT32_C(0xFFFF)},
    {SBS_LAST, 0, UINT32_C(0xFFFF)},
};

enum { REGISTERS = sizeof registers / sizeof registers[0], WORDS = SBS_LAST / 4 + 1 };

struct sim_sbs {
    const struct sim_env *env;
    const struct sim_rcc *rcc;
    const struct sim_flash *flash;
    struct sim_periph periph;
    uint32_t words[WORDS];
    uint64_t cell_ready_ps[CELLS];
};

static uint32_t cccsr(const struct sim_sbs *sbs)
{
    return sbs->words[SBS_CCCSR / 4];
}

/* The cell measures with the CSI oscillator (mcu.md 4.1 item 2). */
static bool cell_is_ready(const struct sim_sbs *sbs, unsigned cell)
{
    return (cccsr(sbs) & SIM_BIT(2 * cell)) != 0 && sim_rcc_csi_is_ready(sbs->rcc) &&
           sim_clock_now_ps(sbs->env->clock) >= sbs->cell_ready_ps[cell];
}

static uint32_t shown_word(const struct sim_sbs *sbs, uint32_t word_offset)
{
    uint32_t word = sbs->words[word_offset / 4];

    for (unsigned cell = 0; cell < CELLS; cell++) {
        if (!cell_is_ready(sbs, cell)) {
            continue;
        }
        if (word_offset == SBS_CCCSR) {
            word |= SIM_BIT(CCCSR_RDY + cell);
        } else if (word_offset == SBS_CCVALR) {
            word = (word & ~(UINT32_C(0xFF) << 8 * cell)) | CODES_MEASURED << 8 * cell;
        }
    }
    return word;
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_sbs *sbs = state;
    const struct sim_register *row = sim_register_find(registers, REGISTERS, offset);

    *value =
        row == NULL ? 0 : sim_register_extract(shown_word(sbs, row->offset), offset, size_bytes);
    return true;
}

static bool hslv_is_effective(const struct sim_sbs *sbs, unsigned cell)
{
    return (cccsr(sbs) & SIM_BIT(CCCSR_IOHSLV + cell)) != 0 &&
           (sim_flash_option_word(sbs->flash, FLASH_OBW1SR) & SIM_BIT(hslv_option_bits[cell])) != 0;
}

static void act_on_cccsr(struct sim_sbs *sbs, uint32_t before)
{
    uint32_t rising = ~before & cccsr(sbs);

    for (unsigned cell = 0; cell < CELLS; cell++) {
        if ((rising & SIM_BIT(2 * cell)) != 0) {
            sbs->cell_ready_ps[cell] = sim_clock_now_ps(sbs->env->clock) + CELL_SETTLE_PS;
        }
    }
    /* VDD of the board is 3.3 V; the XSPI port rails are 1.8 V (mcu.md 4.1 item 3). */
    if ((rising & SIM_BIT(CCCSR_IOHSLV)) != 0 && hslv_is_effective(sbs, 0)) {
        sim_violation(sbs->env->report, "hslv-over-voltage",
            "IOHSLV in effect while VDDIO is 3.3 V: destroys pads");
    }
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_sbs *sbs = state;
    const struct sim_register *row = sim_register_find(registers, REGISTERS, offset);

    if (row == NULL) {
        sim_violation(sbs->env->report, "unmodelled-register",
            "write of 0x%08" PRIX32 " to SBS+0x%03" PRIX32 ", where there is no register", value,
            offset);
        return true;
    }
    uint32_t *word = &sbs->words[row->offset / 4];
    uint32_t before = *word;
    uint32_t merged = sim_register_merge(before, offset, size_bytes, value);

    if (row->offset == SBS_DBGCR && sbs->words[SBS_DBGLOCKR / 4] != DEBUG_OPEN) {
        return true; /* locked: writes are ignored */
    }
    *word = (before & ~row->writable) | (merged & row->writable);
    if (row->offset == SBS_CCCSR) {
        act_on_cccsr(sbs, before);
    } else if (row->offset == SBS_BKLOCKR) {
        *word |= before; /* set only */
    } else if (row->offset == SBS_DBGLOCKR && *word != DEBUG_OPEN) {
        *word = 0x6A;
    }
    return true;
}

static void reset(void *state, enum sim_reset_kind kind)
{
    struct sim_sbs *sbs = state;

    (void)kind;
    for (size_t i = 0; i < REGISTERS; i++) {
        sbs->words[registers[i].offset / 4] = registers[i].reset;
    }
}

struct sim_sbs *sim_sbs_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_rcc *rcc, const struct sim_flash *flash)
{
    struct sim_sbs *sbs = calloc(1, sizeof *sbs);

    if (sbs == NULL) {
        return NULL;
    }
    sbs->env = env;
    sbs->rcc = rcc;
    sbs->flash = flash;
    sbs->periph = (struct sim_periph){
        .name = "SBS",
        .base = SBS_BASE,
        .size_bytes = 0x400,
        .state = sbs,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = RCC_APB4ENR,
        .gate_bit = 1,
    };
    sim_bus_add_periph(bus, &sbs->periph);
    reset(sbs, SIM_RESET_POWER_ON);
    return sbs;
}

void sim_sbs_free(struct sim_sbs *sbs)
{
    free(sbs);
}

uint32_t sim_sbs_boot_addr(const struct sim_sbs *sbs)
{
    return sbs->words[SBS_BOOTSR / 4];
}

bool sim_sbs_xspi_hslv(const struct sim_sbs *sbs, unsigned port)
{
    return (port == 1 || port == 2) && hslv_is_effective(sbs, port);
}
