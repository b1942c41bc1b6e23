/* RCC of STM32H7 and H7R/S: registers, clock gates, peripheral resets and reset flags. What differs
 * between the families lies in tables, struct sim_rcc_layout. */
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>
#include <stdlib.h>

/* RSR (mcu.md 4.4). A system reset from inside also pulls NRST, so it shows PINRSTF too (K). */
#define RSR_RMVF     SIM_BIT(16)
#define RSR_PINRSTF  SIM_BIT(22)
#define RSR_SFTRSTF  SIM_BIT(24)
#define RSR_IWDGRSTF SIM_BIT(26)
#define RSR_WWDGRSTF SIM_BIT(28)
#define RSR_POWER_ON UINT32_C(0x00E00000)

#define BDCR_VSWRST SIM_BIT(16)

const struct sim_register *sim_rcc_register(const struct sim_rcc_layout *layout, uint32_t offset)
{
    uint32_t word_offset = offset - offset % 4;

    if (layout->alias_distance != 0 && word_offset >= layout->alias_first &&
        word_offset <= layout->alias_last) {
        offset -= layout->alias_distance;
    }
    return sim_register_find(layout->registers, layout->register_count, offset);
}

static uint32_t read_only_bits(const struct sim_rcc_layout *layout, uint32_t word_offset)
{
    for (size_t i = 0; i < layout->read_only_count; i++) {
        if (layout->read_only[i].offset == word_offset) {
            return layout->read_only[i].bits;
        }
    }
    return 0;
}

static void follow_switch(struct sim_rcc *rcc)
{
    uint32_t *cfgr = &rcc->words[RCC_CFGR / 4];
    uint32_t wanted = sim_field(*cfgr, 0, 3);

    if (sim_rcc_source_is_ready(rcc, wanted)) {
        *cfgr = (*cfgr & ~UINT32_C(0x38)) | wanted << 3;
    }
}

static void gather(const struct sim_rcc *rcc, struct sim_clock_registers *registers)
{
    *registers = (struct sim_clock_registers){
        .cr = sim_rcc_word(rcc, RCC_CR),
        .cfgr = sim_rcc_word(rcc, RCC_CFGR),
        .dividers = {sim_rcc_word(rcc, RCC_DIVIDERS), sim_rcc_word(rcc, RCC_BMCFGR),
            sim_rcc_word(rcc, RCC_APBCFGR)},
        .pllckselr = sim_rcc_word(rcc, RCC_PLLCKSELR),
        .pllcfgr = sim_rcc_word(rcc, RCC_PLLCFGR),
        .ccipr1 = sim_rcc_word(rcc, RCC_CCIPR1),
        .hse_hz = rcc->hse_hz,
    };
    for (unsigned i = 0; i < SIM_PLLS; i++) {
        registers->divr1[i] = sim_rcc_word(rcc, RCC_PLL1DIVR1 + 8 * i);
        registers->divr2[i] = sim_rcc_word(rcc, RCC_PLL1DIVR2 + 4 * i);
        registers->fracn[i] = rcc->fracn_latched[i];
    }
}

void sim_rcc_update(struct sim_rcc *rcc)
{
    struct sim_clock_registers registers;

    follow_switch(rcc);
    gather(rcc, &registers);
    sim_clock_tree_compute(rcc->layout->clock, &registers, &rcc->tree);
    rcc->generation++;
    sim_limits_check(rcc->bus);
    for (unsigned i = 0; i < rcc->listener_count; i++) {
        rcc->listeners[i].changed(rcc->listeners[i].context);
    }
}

static uint32_t apply_locks(
    struct sim_rcc *rcc, uint32_t word_offset, uint32_t before, uint32_t wanted)
{
    struct sim_rcc_locks locks;
    uint32_t changed = before ^ wanted;
    uint32_t cleared = changed & before;

    sim_rcc_find_locks(rcc, word_offset, &locks);
    uint32_t protected = (changed & locks.protected_any) | (cleared & locks.protected_clear);
    uint32_t in_use = (changed & locks.in_use_any) | (cleared & locks.in_use_clear);

    if (protected != 0) {
        sim_violation(rcc->env->report, "clock-protected",
            "RCC+0x%03" PRIX32 ": CKPROTR keeps bits 0x%08" PRIX32 " as they are", word_offset,
            protected);
    }
    if ((in_use & ~protected) != 0) {
        sim_violation(rcc->env->report, "rcc-write-ignored",
            "RCC+0x%03" PRIX32 ": bits 0x%08" PRIX32 " cannot be changed while in use", word_offset,
            in_use & ~protected);
    }
    return wanted ^ (protected | in_use);
}

static void reset_bound(struct sim_rcc *rcc, uint32_t word_offset, uint8_t bit, bool *is_bound)
{
    for (unsigned i = 0; i < rcc->binding_count; i++) {
        const struct sim_rcc_binding *binding = &rcc->bindings[i];

        if (binding->offset == word_offset && binding->bit == bit) {
            binding->periph->reset(binding->periph->state, SIM_RESET_SOFTWARE);
            *is_bound = true;
        }
    }
}

static void reset_at(struct sim_rcc *rcc, uint32_t base)
{
    const struct sim_periph *periph = sim_bus_periph_at(rcc->bus, base);

    if (periph != NULL) {
        periph->reset(periph->state, SIM_RESET_SOFTWARE);
    }
}

static void reset_block(struct sim_rcc *rcc, uint32_t word_offset, uint8_t bit)
{
    bool is_bound = false;

    reset_bound(rcc, word_offset, bit, &is_bound);
    for (size_t i = 0; !is_bound && i < rcc->layout->block_count; i++) {
        const struct sim_rcc_block *block = &rcc->layout->blocks[i];

        if (block->reset_offset == word_offset && block->bit == bit) {
            reset_at(rcc, block->base);
        }
    }
}

static void reset_blocks(struct sim_rcc *rcc, uint32_t word_offset, uint32_t before)
{
    uint32_t rising = ~before & sim_rcc_word(rcc, word_offset);

    for (uint8_t bit = 0; bit < 32; bit++) {
        if ((rising & SIM_BIT(bit)) != 0) {
            reset_block(rcc, word_offset, bit);
        }
    }
}

static void latch_fractions(struct sim_rcc *rcc, uint32_t before)
{
    uint32_t rising = ~before & sim_rcc_word(rcc, RCC_PLLCFGR);

    for (unsigned i = 0; i < SIM_PLLS; i++) {
        if ((rising & SIM_BIT(rcc->layout->clock->pll.config_stride * i)) != 0) {
            rcc->fracn_latched[i] = sim_field(sim_rcc_word(rcc, RCC_PLL1FRACR + 8 * i), 3, 13);
        }
    }
}

static void act_on_write(struct sim_rcc *rcc, uint32_t word_offset, uint32_t before)
{
    uint32_t *word = &rcc->words[word_offset / 4];

    if (word_offset >= rcc->layout->first_reset_offset &&
        word_offset <= rcc->layout->last_reset_offset) {
        reset_blocks(rcc, word_offset, before);
        return;
    }
    if (word_offset == rcc->layout->rsr_offset) {
        *word = (*word & RSR_RMVF) != 0 ? 0 : before;
        return;
    }
    switch (word_offset) {
    case RCC_CR:
    case RCC_CSR:
        sim_rcc_osc_written(rcc, word_offset, before);
        break;
    case RCC_BDCR:
        if ((*word & BDCR_VSWRST) != 0) {
            *word = sim_rcc_register(rcc->layout, RCC_BDCR)->reset | BDCR_VSWRST;
        }
        sim_rcc_osc_written(rcc, word_offset, before);
        break;
    case RCC_PLLCFGR:
        latch_fractions(rcc, before);
        break;
    case RCC_CICR:
        rcc->words[RCC_CIFR / 4] &= ~*word;
        *word = 0;
        break;
    default:
        break;
    }
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_rcc *rcc = state;
    const struct sim_register *row = sim_rcc_register(rcc->layout, offset);
    uint32_t word = row == NULL ? 0 : sim_rcc_word(rcc, row->offset);

    if (row != NULL && row->offset == rcc->layout->protection_offset &&
        rcc->layout->protection_offset != 0) {
        word |= (uint32_t)rcc->tree.xspi_switch[0] << 4 | (uint32_t)rcc->tree.xspi_switch[1] << 8;
    }
    *value = sim_register_extract(word, offset, size_bytes);
    return true;
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_rcc *rcc = state;
    const struct sim_register *row = sim_rcc_register(rcc->layout, offset);

    if (row == NULL) {
        sim_violation(rcc->env->report, "unmodelled-register",
            "write of 0x%08" PRIX32 " to RCC+0x%03" PRIX32 ", where there is no register", value,
            offset);
        return true;
    }
    uint32_t word_offset = row->offset;
    uint32_t before = sim_rcc_word(rcc, word_offset);
    uint32_t merged = sim_register_merge(before, offset, size_bytes, value);
    uint32_t kept = read_only_bits(rcc->layout, word_offset) | ~row->writable;

    if ((merged & ~row->writable) != 0) {
        sim_violation(rcc->env->report, "reserved-bit",
            "write of 0x%08" PRIX32 " to RCC+0x%03" PRIX32 " sets reserved bits 0x%08" PRIX32,
            value, word_offset, merged & ~row->writable);
    }
    rcc->words[word_offset / 4] =
        apply_locks(rcc, word_offset, before, (before & kept) | (merged & ~kept));
    act_on_write(rcc, word_offset, before);
    if (sim_rcc_word(rcc, word_offset) != before) {
        sim_rcc_update(rcc);
    }
    return true;
}

/* BDCR lies in the backup domain and RSR tells why there was a reset: both outlive it. */
static void reset(void *state, enum sim_reset_kind kind)
{
    struct sim_rcc *rcc = state;

    sim_rcc_osc_cancel(rcc);
    for (size_t i = 0; i < rcc->layout->register_count; i++) {
        const struct sim_register *row = &rcc->layout->registers[i];

        if (kind != SIM_RESET_POWER_ON &&
            (row->offset == RCC_BDCR || row->offset == rcc->layout->rsr_offset)) {
            continue;
        }
        rcc->words[row->offset / 4] = row->reset;
    }
    for (unsigned i = 0; i < SIM_PLLS; i++) {
        rcc->fracn_latched[i] = 0;
    }
    rcc->limits_broken = 0;
    sim_rcc_update(rcc);
}

struct sim_rcc *sim_rcc_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_rcc_layout *layout, uint64_t hse_hz)
{
    struct sim_rcc *rcc = calloc(1, sizeof *rcc);

    if (rcc == NULL) {
        return NULL;
    }
    rcc->env = env;
    rcc->bus = bus;
    rcc->layout = layout;
    rcc->hse_hz = hse_hz;
    rcc->periph = (struct sim_periph){
        .name = "RCC",
        .base = RCC_BASE,
        .size_bytes = RCC_SIZE_BYTES,
        .state = rcc,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = SIM_GATE_ALWAYS,
    };
    sim_rcc_osc_init(rcc);
    sim_bus_add_periph(bus, &rcc->periph);
    sim_bus_set_gate(bus, sim_rcc_is_clocked, rcc);
    reset(rcc, SIM_RESET_POWER_ON);
    return rcc;
}

void sim_rcc_free(struct sim_rcc *rcc)
{
    if (rcc != NULL) {
        sim_rcc_osc_cancel(rcc);
        free(rcc);
    }
}

/* A block held in reset answers no better than one without a clock. */
bool sim_rcc_is_clocked(void *state, uint16_t gate_offset, uint8_t gate_bit)
{
    const struct sim_rcc *rcc = state;

    if (gate_offset > RCC_LAST) { /* SIM_GATE_ALWAYS among them */
        return true;
    }
    if ((sim_rcc_word(rcc, gate_offset) & SIM_BIT(gate_bit)) == 0) {
        return false;
    }
    for (size_t i = 0; i < rcc->layout->enable_count; i++) {
        const struct sim_rcc_enable *row = &rcc->layout->enables[i];

        if (row->enable_offset == gate_offset) {
            return (sim_rcc_word(rcc, row->reset_offset) & SIM_BIT(gate_bit)) == 0;
        }
    }
    return true;
}

uint64_t sim_rcc_cpu_hz(const struct sim_rcc *rcc)
{
    return rcc->tree.cpu_hz;
}

uint64_t sim_rcc_hclk_hz(const struct sim_rcc *rcc)
{
    return rcc->tree.hclk_hz;
}

uint64_t sim_rcc_xspi_hz(const struct sim_rcc *rcc, unsigned xspi_index)
{
    return xspi_index < SIM_XSPIS ? rcc->tree.xspi_hz[xspi_index] : 0;
}

uint64_t sim_rcc_apb_hz(const struct sim_rcc *rcc, unsigned apb_index)
{
    for (unsigned i = 0; i < SIM_APBS; i++) {
        if (rcc->layout->clock->apb_numbers[i] == apb_index) {
            return rcc->tree.apb_hz[i];
        }
    }
    return 0;
}

uint32_t sim_rcc_generation(const struct sim_rcc *rcc)
{
    return rcc->generation;
}

bool sim_rcc_csi_is_ready(const struct sim_rcc *rcc)
{
    return (sim_rcc_word(rcc, RCC_CR) & SIM_BIT(CR_CSIRDY)) != 0;
}

bool sim_rcc_lsi_is_ready(const struct sim_rcc *rcc)
{
    return (sim_rcc_word(rcc, RCC_CSR) & SIM_BIT(1)) != 0;
}

void sim_rcc_set_reset_flags(struct sim_rcc *rcc, enum sim_reset_kind kind)
{
    static const uint32_t flags[] = {
        [SIM_RESET_POWER_ON] = RSR_POWER_ON,
        [SIM_RESET_PIN] = RSR_PINRSTF,
        [SIM_RESET_SOFTWARE] = RSR_SFTRSTF | RSR_PINRSTF,
        [SIM_RESET_IWDG] = RSR_IWDGRSTF | RSR_PINRSTF,
        [SIM_RESET_WWDG] = RSR_WWDGRSTF | RSR_PINRSTF,
    };

    rcc->words[rcc->layout->rsr_offset / 4] |= flags[kind];
}

void sim_rcc_bind_reset(
    struct sim_rcc *rcc, uint16_t reset_offset, uint8_t reset_bit, const struct sim_periph *periph)
{
    if (rcc->binding_count < RCC_BINDINGS_MAX) {
        rcc->bindings[rcc->binding_count++] =
            (struct sim_rcc_binding){periph, reset_offset, reset_bit};
    }
}

void sim_rcc_add_listener(struct sim_rcc *rcc, void (*changed)(void *context), void *context)
{
    if (rcc->listener_count < RCC_LISTENERS_MAX) {
        rcc->listeners[rcc->listener_count++] = (struct sim_rcc_listener){changed, context};
    }
}
