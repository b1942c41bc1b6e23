/* Bus masters that an application left running: two of them keep writing into RAM (entry state of
 * silicon.md 1), one to even words, the other to odd words of the range.
 *
 * Each stops only by its own reset bit in RCC, by its clock gate, or by a reset of the MCU: who
 * wants quiet has to reset both. Their registers are not modelled. */
#include "sim/clock.h"
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CHANNELS = SIM_DMA_MASTERS, WORD_BYTES = 4 };

/* Addresses and bits: embassy stm32-data, chips STM32H7S3L8 and STM32H750VB. */
const struct sim_dma_layout sim_dma_h7rs = {{
    {"HPDMA1", 0x52000000, 0x1000, RCC_AHB5ENR, 0},
    {"GPDMA1", 0x40021000, 0x1000, RCC_AHB1ENR, 4},
}};

const struct sim_dma_layout sim_dma_h74x = {{
    {"MDMA", 0x52000000, 0x1000, 0x0D4, 0}, /* AHB3ENR */
    {"DMA1", 0x40020000, 0x400, 0x0D8, 0},  /* AHB1ENR */
}};

struct channel {
    struct sim_dma *dma;
    struct sim_periph periph;
    struct sim_event event;
    uint32_t addr;
    uint32_t end_addr;
    uint32_t next_addr;
    uint64_t period_ps;
    uint32_t pattern;
};

struct sim_dma {
    const struct sim_env *env;
    struct sim_bus *bus;
    struct channel channels[CHANNELS];
};

static struct sim_rcc *rcc_of(const struct sim_dma *dma)
{
    const struct sim_periph *periph = sim_bus_periph_at(dma->bus, RCC_BASE);

    return periph == NULL ? NULL : periph->state;
}

static void arm(struct channel *channel)
{
    struct sim_clock *clock = channel->dma->env->clock;

    sim_clock_schedule(clock, &channel->event, sim_clock_now_ps(clock) + channel->period_ps);
}

static void fire(void *context)
{
    struct channel *channel = context;
    struct sim_rcc *rcc = rcc_of(channel->dma);

    if (rcc == NULL ||
        sim_rcc_is_clocked(rcc, channel->periph.gate_offset, channel->periph.gate_bit)) {
        sim_bus_write(
            channel->dma->bus, SIM_MASTER_DMA, channel->next_addr, WORD_BYTES, channel->pattern++);
        channel->next_addr += CHANNELS * WORD_BYTES;
        if (channel->next_addr >= channel->end_addr) {
            channel->next_addr = channel->addr;
        }
    }
    arm(channel);
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    (void)state;
    (void)offset;
    (void)size_bytes;
    *value = 0;
    return true;
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    const struct channel *channel = state;

    (void)size_bytes;
    sim_violation(channel->dma->env->report, "unmodelled-register",
        "write of 0x%08" PRIX32 " to %s+0x%03" PRIX32, value, channel->periph.name, offset);
    return true;
}

static void reset(void *state, enum sim_reset_kind kind)
{
    struct channel *channel = state;

    (void)kind;
    sim_clock_cancel(channel->dma->env->clock, &channel->event);
}

struct sim_dma *sim_dma_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_dma_layout *layout)
{
    struct sim_dma *dma = calloc(1, sizeof *dma);

    if (dma == NULL) {
        return NULL;
    }
    dma->env = env;
    dma->bus = bus;
    for (unsigned i = 0; i < CHANNELS; i++) {
        const struct sim_dma_master *row = &layout->masters[i];
        struct channel *channel = &dma->channels[i];

        channel->dma = dma;
        channel->event.fire = fire;
        channel->event.context = channel;
        channel->periph = (struct sim_periph){
            .name = row->name,
            .base = row->base,
            .size_bytes = row->size_bytes,
            .state = channel,
            .read = read_word,
            .write = write_word,
            .reset = reset,
            .gate_offset = row->gate_offset,
            .gate_bit = row->gate_bit,
        };
        sim_bus_add_periph(bus, &channel->periph);
    }
    return dma;
}

void sim_dma_free(struct sim_dma *dma)
{
    if (dma != NULL) {
        for (unsigned i = 0; i < CHANNELS; i++) {
            sim_clock_cancel(dma->env->clock, &dma->channels[i].event);
        }
        free(dma);
    }
}

/* As the application that armed them did: clocks on. */
static void enable_clock(struct sim_dma *dma, const struct channel *channel)
{
    struct sim_rcc *rcc = rcc_of(dma);

    if (rcc != NULL) {
        rcc->words[channel->periph.gate_offset / 4] |= SIM_BIT(channel->periph.gate_bit);
    }
}

void sim_dma_start(struct sim_dma *dma, uint32_t addr, uint32_t size_bytes, uint32_t period_us)
{
    struct sim_region *region = sim_bus_region_at(dma->bus, addr);

    if (region != NULL && size_bytes <= region->size_bytes - (addr - region->base)) {
        /* The application has written its buffer before: no ECC faults on its account. */
        sim_bus_note_store(dma->bus, region, addr - region->base, size_bytes);
    }
    for (unsigned i = 0; i < CHANNELS; i++) {
        struct channel *channel = &dma->channels[i];

        channel->addr = addr + i * WORD_BYTES;
        channel->end_addr = addr + size_bytes;
        channel->next_addr = channel->addr;
        channel->period_ps = period_us * SIM_PS_PER_US;
        channel->pattern = UINT32_C(0xD3A00000) + (i << 16);
        enable_clock(dma, channel);
        arm(channel);
    }
}
