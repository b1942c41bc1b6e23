/* PWR of STM32H742/743/750 as data: LDO supply and four voltage scales (mcu.md 4.3). */
#include "sim/p_pwr_internal.h"

enum {
    PWR_CR1 = 0x00,
    PWR_CSR1 = 0x04,
    PWR_CR2 = 0x08,
    PWR_CR3 = 0x0C,
    PWR_CPUCR = 0x10,
    PWR_D3CR = 0x18,
    PWR_WKUPCR = 0x20,
    PWR_WKUPFR = 0x24,
    PWR_WKUPEPR = 0x28
};

/* CSR1 shows the voltage in effect, D3CR takes the one wanted: both in bits 15:14. */
enum { VOS_BIT = 14, VOS_CODES = 4 };
#define ACTVOSRDY    SIM_BIT(13)   /* CSR1 */
#define VOSRDY       SIM_BIT(13)   /* D3CR */
#define CR3_SUPPLY   UINT32_C(0x7) /* BYPASS 0, LDOEN 1, SCUEN 2 */
#define CR3_USB33RDY SIM_BIT(26)
#define CPUCR_CSSF   SIM_BIT(9)
#define SYSCFG_PWRCR UINT32_C(0x5800042C)
#define PWRCR_ODEN   SIM_BIT(0)

/* Offset, reset value, writable bits: SVD STM32H750x v1.7 and embassy stm32-data pwr_h7rm0433. The
 * SVD's reset values of CR1 and CSR1 carry status bits and reserved bits; left out. */
static const struct sim_register registers[] = {
    {PWR_CR1, UINT32_C(0x0000C000), UINT32_C(0x0007C3F1)},
    {PWR_CSR1, 0, 0},
    {PWR_CR2, 0, UINT32_C(0x00000011)},
    {PWR_CR3, UINT32_C(0x00000006), UINT32_C(0x03000307)},
    {PWR_CPUCR, 0, UINT32_C(0x00000A07)},
    {PWR_D3CR, UINT32_C(0x00004000), UINT32_C(0x0000C000)},
    {PWR_WKUPCR, 0, UINT32_C(0x0000003F)},
    {PWR_WKUPFR, 0, 0},
    {PWR_WKUPEPR, 0, UINT32_C(0x0FFF3F3F)},
};

static const uint8_t legal_supplies[] = {
    0x01, /* bypass */
    0x02, /* LDO */
    0x06, /* reset value: LDO, not yet configured */
};

static uint32_t wanted_vos(const struct sim_pwr *pwr)
{
    return sim_field(pwr->words[PWR_D3CR / 4], VOS_BIT, 2);
}

/* VOS0 is VOS1 with the overdrive of SYSCFG (mcu.md 4.3). */
static unsigned voltage_scale(const struct sim_pwr *pwr)
{
    static const uint8_t scales[VOS_CODES] = {3, 3, 2, 1};
    unsigned scale = scales[wanted_vos(pwr)];
    const struct sim_periph *syscfg = sim_bus_periph_at(pwr->bus, SYSCFG_PWRCR);
    uint32_t pwrcr = 0;

    if (!sim_pwr_vos_is_ready(pwr)) {
        return VOS_CODES - 1; /* on its way */
    }
    if (syscfg != NULL) {
        (void)syscfg->read(syscfg->state, SYSCFG_PWRCR - syscfg->base, 4, &pwrcr);
    }
    return scale == 1 && (pwrcr & PWRCR_ODEN) != 0 ? 0 : scale;
}

static uint32_t status_bits(const struct sim_pwr *pwr, uint32_t word_offset)
{
    bool is_ready = sim_pwr_supply_is_ready(pwr) && sim_pwr_vos_is_ready(pwr);

    switch (word_offset) {
    case PWR_CSR1:
        return wanted_vos(pwr) << VOS_BIT | (is_ready ? ACTVOSRDY : 0);
    case PWR_CR2: /* BRRDY follows BREN */
        return (pwr->words[PWR_CR2 / 4] & SIM_BIT(0)) << 16;
    case PWR_CR3:
        return CR3_USB33RDY;
    case PWR_D3CR:
        return is_ready ? VOSRDY : 0;
    default:
        return 0;
    }
}

static void act_on_write(struct sim_pwr *pwr, uint32_t word_offset, uint32_t before)
{
    uint32_t *word = &pwr->words[word_offset / 4];

    if (word_offset == PWR_D3CR && *word != before) {
        sim_pwr_change_vos(pwr);
    } else if (word_offset == PWR_CPUCR) {
        *word &= ~CPUCR_CSSF; /* clears flags that this model never sets */
    } else if (word_offset == PWR_WKUPCR) {
        *word = 0;
    }
}

static bool port_is_powered(const struct sim_pwr *pwr, unsigned port)
{
    (void)pwr;
    (void)port;
    return true;
}

const struct sim_pwr_layout sim_pwr_h74x = {
    .registers = registers,
    .register_count = sizeof registers / sizeof registers[0],
    .supply_offset = PWR_CR3,
    .supply_bits = CR3_SUPPLY,
    .legal_supplies = legal_supplies,
    .legal_supply_count = sizeof legal_supplies,
    .status_bits = status_bits,
    .act_on_write = act_on_write,
    .voltage_scale = voltage_scale,
    .port_is_powered = port_is_powered,
};
