/* PWR of STM32H7R/S as data: supply, voltage scaling, pad supplies of the XSPI ports. */
#include "sim/p_pwr_internal.h"

enum {
    PWR_CR1 = 0x00,
    PWR_SR1 = 0x04,
    PWR_CSR1 = 0x08,
    PWR_CSR2 = 0x0C,
    PWR_CSR3 = 0x10,
    PWR_CSR4 = 0x14,
    PWR_WKUPCR = 0x20,
    PWR_WKUPFR = 0x24,
    PWR_UCPDR = 0x2C,
    PWR_LAST = 0x50
};

/* CSR2: BYPASS 0, LDOEN 1, SDEN 2, SMPSEXTHP 3, SDHILEVEL 4 (mcu.md 4.1 item 1). */
#define CSR2_SUPPLY    UINT32_C(0x1F)
#define CSR2_SMPSEXTHP SIM_BIT(3)
#define CSR2_SDEXTRDY  SIM_BIT(16)
#define CSR2_USB33RDY  SIM_BIT(26)
enum { CSR2_EN_XSPIM1 = 14 };
#define SR1_ACTVOS    SIM_BIT(0)
#define SR1_ACTVOSRDY SIM_BIT(1)
#define CSR4_VOS      SIM_BIT(0)
#define CSR4_VOSRDY   SIM_BIT(1)

/* Offset, reset value, writable bits: SVD STM32H7S v1.3, pwr_h7rs of embassy stm32-data. */
static const struct sim_register registers[] = {
    {PWR_CR1, UINT32_C(0x00000001), UINT32_C(0x0000FFF1)}, {PWR_SR1, 0, 0},
    {PWR_CSR1, 0, UINT32_C(0x00000011)}, {PWR_CSR2, UINT32_C(0x00000006), UINT32_C(0x0B00FF1F)},
    {PWR_CSR3, 0, UINT32_C(0x00000003)}, {PWR_CSR4, UINT32_C(0x00000002), UINT32_C(0x00000001)},
    {PWR_WKUPCR, 0, UINT32_C(0x0000000F)}, {PWR_WKUPFR, 0, 0},
    {0x28, 0, UINT32_C(0x00FF0F0F)}, /* WKUPEPR */
    {PWR_UCPDR, UINT32_C(0x00000002), UINT32_C(0x3)},
    {0x30, UINT32_C(0x00030000), UINT32_C(0xF0030001)}, /* APCR */
    {0x34, 0, UINT32_C(0x00001042)},                    /* PUCRN */
    {0x38, 0, UINT32_C(0x00001147)},                    /* PDCRN */
    {0x3C, 0, UINT32_C(0x00000013)},                    /* PUCRO */
    {0x40, 0, UINT32_C(0x0000001F)},                    /* PDCRO */
    {0x44, 0, UINT32_C(0x00001111)},                    /* PDCRP */
    {PWR_LAST, 0, UINT32_C(0x00010009)},                /* PDR1 */
};

/* Legal values of the five supply bits: the rows of the vendor's PWREx supply sources. */
static const uint8_t legal_supplies[] = {
    0x01, /* bypass */
    0x02, /* LDO */
    0x04, /* SMPS direct */
    0x06, /* reset value: SMPS and LDO, not yet configured */
    0x16, /* SMPS 1.8 V feeds the LDO */
    0x1E, /* the same, and external circuits */
    0x1C, /* SMPS 1.8 V for external circuits, LDO off */
    0x1D, /* the same, core in bypass */
};

static bool is_vos_high(const struct sim_pwr *pwr)
{
    return (pwr->words[PWR_CSR4 / 4] & CSR4_VOS) != 0 && sim_pwr_vos_is_ready(pwr);
}

static unsigned voltage_scale(const struct sim_pwr *pwr)
{
    return is_vos_high(pwr) ? 0 : 1;
}

static uint32_t status_bits(const struct sim_pwr *pwr, uint32_t word_offset)
{
    bool is_ready = sim_pwr_supply_is_ready(pwr) && sim_pwr_vos_is_ready(pwr);

    switch (word_offset) {
    case PWR_SR1:
        return (is_vos_high(pwr) ? SR1_ACTVOS : 0) | (is_ready ? SR1_ACTVOSRDY : 0);
    case PWR_CSR1: /* BRRDY follows BREN */
        return (pwr->words[PWR_CSR1 / 4] & SIM_BIT(0)) << 16;
    case PWR_CSR2:
        return CSR2_USB33RDY |
               ((pwr->words[PWR_CSR2 / 4] & CSR2_SMPSEXTHP) != 0 && sim_pwr_supply_is_ready(pwr)
                       ? CSR2_SDEXTRDY
                       : 0);
    case PWR_CSR4:
        return is_ready ? CSR4_VOSRDY : 0;
    default:
        return 0;
    }
}

static void act_on_write(struct sim_pwr *pwr, uint32_t word_offset, uint32_t before)
{
    uint32_t *word = &pwr->words[word_offset / 4];

    switch (word_offset) {
    case PWR_CSR2:
        pwr->generation++;
        break;
    case PWR_CSR4:
        if (((before ^ *word) & CSR4_VOS) != 0) {
            sim_pwr_change_vos(pwr);
        }
        break;
    case PWR_CSR3:
        *word &= ~SIM_BIT(1); /* CSSF clears flags that this model never sets */
        break;
    case PWR_WKUPCR:
        *word = 0;
        break;
    default:
        break;
    }
}

static bool port_is_powered(const struct sim_pwr *pwr, unsigned port)
{
    return (port == 1 || port == 2) &&
           (pwr->words[PWR_CSR2 / 4] & SIM_BIT(CSR2_EN_XSPIM1 + port - 1)) != 0;
}

const struct sim_pwr_layout sim_pwr_h7rs = {
    .registers = registers,
    .register_count = sizeof registers / sizeof registers[0],
    .supply_offset = PWR_CSR2,
    .supply_bits = CSR2_SUPPLY,
    .legal_supplies = legal_supplies,
    .legal_supply_count = sizeof legal_supplies,
    .status_bits = status_bits,
    .act_on_write = act_on_write,
    .voltage_scale = voltage_scale,
    .port_is_powered = port_is_powered,
};
