#include "sim/cpu_internal.h"

/* Private peripheral bus: which block answers where. 0xE00E1000 (DBGMCU on some access ports) is
 * left to whoever adds it. */

enum { SCS_BYTES = 0x1000 };

static uint32_t access_mask(uint32_t offset, uint32_t size_bytes)
{
    uint32_t mask = size_bytes == 4 ? 0xFFFFFFFF : (1U << (8 * size_bytes)) - 1;

    return mask << (8 * (offset & 3));
}

static bool read_scs_word(struct sim_cpu *cpu, uint32_t offset, uint32_t *value)
{
    *value = 0;
    if (offset >= 0x010 && offset <= 0x01C) {
        *value = sim_cpu_systick_read(cpu, offset);
    } else if (offset >= 0x100 && offset < 0x4F0) {
        (void)sim_cpu_nvic_read(cpu, offset, value);
    } else if (offset >= 0xD90 && offset < 0xDBC) {
        (void)sim_cpu_mpu_read(cpu, offset - 0xD90, value);
    } else if (offset >= 0xDF0 && offset <= 0xDFC) {
        *value = sim_cpu_debug_register(cpu, offset);
    } else {
        (void)sim_cpu_scb_read(cpu, offset, value); /* reserved words read as zero */
    }
    return true;
}

static bool scs_read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    uint32_t word = 0;

    (void)read_scs_word(state, offset & ~3U, &word);
    *value = (word & access_mask(offset, size_bytes)) >> (8 * (offset & 3));
    return true;
}

static bool scs_write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_cpu *cpu = state;
    uint32_t mask = access_mask(offset, size_bytes);

    value = value << (8 * (offset & 3)) & mask;
    offset &= ~3U;
    if (offset >= 0x010 && offset <= 0x01C) {
        sim_cpu_systick_write(cpu, offset, value);
    } else if (offset >= 0x100 && offset < 0x4F0) {
        sim_cpu_nvic_write(cpu, offset, value, mask);
    } else if (offset >= 0xD90 && offset < 0xDBC) {
        sim_cpu_mpu_write(cpu, offset - 0xD90, value);
    } else if (offset >= 0xDF0 && offset <= 0xDFC) {
        sim_cpu_debug_set_register(cpu, offset, value);
    } else {
        (void)sim_cpu_scb_write(cpu, offset, value, mask);
    }
    return true;
}

/* ROM table of the processor: components at offsets from the table (Cortex-M7 TRM, "ROM tables").
 */
static bool rom_read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    static const uint32_t entries[] = {
        0xFFF0F003, /* SCS */
        0xFFF02003, /* DWT */
        0xFFF03003, /* FPB */
        0xFFF01003, /* ITM */
    };
    static const uint32_t identity[] = {
        [0x00 / 4] = 0x04, /* PIDR4, at 0xFD0 */
        [0x10 / 4] = 0xC7,
        0xB4,
        0x0B,
        0x00,
        0x0D, /* CIDR0 */
        0x10,
        0x05,
        0xB1,
    };
    uint32_t word = 0;

    (void)state;
    if (offset / 4 < sizeof entries / sizeof entries[0]) {
        word = entries[offset / 4];
    } else if (offset >= 0xFD0 && (offset - 0xFD0) / 4 < sizeof identity / sizeof identity[0]) {
        word = identity[(offset - 0xFD0) / 4];
    }
    *value = (word & access_mask(offset, size_bytes)) >> (8 * (offset & 3));
    return true;
}

static bool ignore_write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    (void)state;
    (void)offset;
    (void)size_bytes;
    (void)value;
    return true;
}

/* ITM and trace: there to be found and written to, with no trace behind them. */
static bool itm_read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_cpu *cpu = state;

    (void)size_bytes;
    *value = offset == 0xE00 ? cpu->debug.itm_ter : offset == 0xE80 ? cpu->debug.itm_tcr : 0;
    return true;
}

static bool itm_write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_cpu *cpu = state;

    (void)size_bytes;
    if (offset == 0xE00) {
        cpu->debug.itm_ter = value;
    } else if (offset == 0xE80) {
        cpu->debug.itm_tcr = value;
    }
    return true;
}

static bool zero_read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    (void)state;
    (void)offset;
    (void)size_bytes;
    *value = 0;
    return true;
}

static void keep(void *state, enum sim_reset_kind kind)
{
    (void)state;
    (void)kind; /* sim_cpu_reset() resets what is behind these blocks */
}

void sim_cpu_ppb_attach(struct sim_cpu *cpu)
{
    const struct sim_periph blocks[] = {
        {.name = "ITM", .base = 0xE0000000, .read = itm_read, .write = itm_write},
        {.name = "DWT", .base = 0xE0001000, .read = sim_cpu_dwt_read, .write = sim_cpu_dwt_write},
        {.name = "FPB", .base = 0xE0002000, .read = sim_cpu_fpb_read, .write = sim_cpu_fpb_write},
        {.name = "SCS", .base = 0xE000E000, .read = scs_read, .write = scs_write},
        {.name = "TPIU", .base = 0xE0040000, .read = zero_read, .write = ignore_write},
        {.name = "ETM", .base = 0xE0041000, .read = zero_read, .write = ignore_write},
        {.name = "ROM table", .base = 0xE00FF000, .read = rom_read, .write = ignore_write},
    };
    size_t count = sizeof blocks / sizeof blocks[0];

    _Static_assert(sizeof blocks / sizeof blocks[0] <= sizeof cpu->ppb / sizeof cpu->ppb[0],
        "room for every block");
    for (size_t i = 0; i < count; i++) {
        cpu->ppb[i] = blocks[i];
        cpu->ppb[i].size_bytes = SCS_BYTES;
        cpu->ppb[i].state = cpu;
        cpu->ppb[i].reset = keep;
        cpu->ppb[i].gate_offset = SIM_GATE_ALWAYS;
        sim_bus_add_periph(cpu->bus, &cpu->ppb[i]);
    }
}
