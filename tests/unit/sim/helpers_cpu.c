#include "helpers_cpu.h"

#include <stdlib.h>
#include <string.h>

static uint64_t cycle_ps(void *machine)
{
    const struct cpu_board *board = machine;

    return board->cycle_ps;
}

static uint64_t axi_wait_ps(void *machine)
{
    const struct cpu_board *board = machine;

    return board->axi_wait_ps;
}

static void request_system_reset(void *machine)
{
    struct cpu_board *board = machine;

    board->reset_requests++;
}

static bool device_read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    struct cpu_board *board = state;

    (void)size_bytes;
    board->reads++;
    board->last_access_ps = board->clock.now_ps;
    switch (offset) {
    case 0x00:
        *value = board->scratch;
        return true;
    case 0x04:
        *value = board->clock.now_ps < board->busy_until_ps ? 1 : 0;
        if (*value != 0) {
            sim_cpu_hint_poll(board->cpu);
        }
        return true;
    case 0x08:
        return false;
    case 0x1C:
        *value = (uint32_t)(board->clock.now_ps / BOARD_CYCLE_PS);
        return true;
    default:
        *value = 0;
        return true;
    }
}

static bool device_write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct cpu_board *board = state;

    (void)size_bytes;
    board->writes++;
    board->last_access_ps = board->clock.now_ps;
    switch (offset) {
    case 0x00:
        board->scratch = value;
        return true;
    case 0x08:
        return false;
    case 0x10:
        sim_cpu_set_irq(board->cpu, (uint16_t)value, true);
        return true;
    case 0x14:
        sim_cpu_set_irq(board->cpu, (uint16_t)value, false);
        return true;
    case 0x18:
        sim_cpu_stop_now(board->cpu);
        return true;
    case 0x100:
        board->kicks++;
        if (board->watchdog != NULL) {
            sim_clock_schedule(
                &board->clock, board->watchdog, board->clock.now_ps + board->watchdog_ps);
        }
        return true;
    default:
        return true;
    }
}

static void device_reset(void *state, enum sim_reset_kind kind)
{
    (void)state;
    (void)kind;
}

static uint32_t window_generation(void *state)
{
    const struct cpu_board *board = state;

    return board->window_generation;
}

static const uint8_t *window_direct(void *state, uint32_t *size_bytes)
{
    const struct cpu_board *board = state;

    *size_bytes = BOARD_CHIP_BYTES;
    return board->window_is_direct ? board->chip : NULL;
}

static void window_touch(void *state, uint32_t offset, uint32_t size_bytes)
{
    struct cpu_board *board = state;

    (void)offset;
    board->touches++;
    sim_clock_spend(&board->clock, size_bytes * UINT64_C(1000));
}

static bool window_read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    struct cpu_board *board = state;

    board->window_reads++;
    *value = 0;
    if (offset >= BOARD_CHIP_BYTES) {
        return false;
    }
    memcpy(value, board->chip + offset, size_bytes);
    return true;
}

static bool window_write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    (void)state;
    (void)offset;
    (void)size_bytes;
    (void)value;
    return false;
}

static void window_speculate(void *state, uint32_t offset)
{
    struct cpu_board *board = state;

    board->speculations++;
    if (offset > board->highest_speculation) {
        board->highest_speculation = offset;
    }
}

static void add_region(struct cpu_board *board, struct sim_region *region, const char *name,
    uint32_t base, enum sim_region_kind kind)
{
    *region = (struct sim_region){.name = name,
        .base = base,
        .size_bytes = BOARD_MEMORY_BYTES,
        .capacity_bytes = BOARD_MEMORY_BYTES,
        .kind = kind,
        .bytes = aligned_alloc(4096, BOARD_MEMORY_BYTES),
        .gate_offset = SIM_GATE_ALWAYS};
    memset(region->bytes, 0, BOARD_MEMORY_BYTES);
    sim_bus_add_region(board->bus, region);
}

static void add_device(struct cpu_board *board)
{
    board->device = (struct sim_periph){.name = "device",
        .base = BOARD_DEVICE,
        .size_bytes = 0x400,
        .state = board,
        .read = device_read,
        .write = device_write,
        .reset = device_reset,
        .gate_offset = SIM_GATE_ALWAYS};
    sim_bus_add_periph(board->bus, &board->device);
    board->window = (struct sim_window){.name = "window",
        .base = BOARD_WINDOW,
        .size_bytes = BOARD_WINDOW_BYTES,
        .state = board,
        .generation = window_generation,
        .direct = window_direct,
        .touch = window_touch,
        .read = window_read,
        .write = window_write,
        .speculate = window_speculate};
    sim_bus_add_window(board->bus, &board->window);
}

struct cpu_board *cpu_board_create(const uint16_t *program, size_t program_bytes)
{
    struct cpu_board *board = calloc(1, sizeof *board);
    struct sim_cpu_config config = {.cpuid = 0x411FC272,
        .mpu_regions = 16,
        .irq_count = 155,
        .dcache_bytes = 32768,
        .icache_bytes = 32768,
        .machine = board,
        .request_system_reset = request_system_reset,
        .cycle_ps = cycle_ps,
        .axi_wait_ps = axi_wait_ps,
        .kick_addr = BOARD_KICK,
        .kick_value = 0xAAAA};

    board->cycle_ps = BOARD_CYCLE_PS;
    sim_clock_init(&board->clock);
    board->env.clock = &board->clock;
    board->env.report = sim_report_create(&board->clock);
    board->bus = sim_bus_create(&board->env);
    add_region(board, &board->itcm, "ITCM", BOARD_ITCM, SIM_REGION_TCM);
    add_region(board, &board->dtcm, "DTCM", BOARD_DTCM, SIM_REGION_TCM);
    add_region(board, &board->axi, "AXI", BOARD_AXI, SIM_REGION_RAM);
    add_region(board, &board->rom, "ROM", BOARD_ROM, SIM_REGION_ROM);
    board->chip = aligned_alloc(4096, BOARD_CHIP_BYTES);
    memset(board->chip, 0xFF, BOARD_CHIP_BYTES);
    add_device(board);
    memcpy(board->itcm.bytes, program, program_bytes);
    board->cpu = sim_cpu_create(&board->env, board->bus, &config);
    sim_cpu_reset(board->cpu, SIM_RESET_POWER_ON);
    return board;
}

void cpu_board_free(struct cpu_board *board)
{
    sim_cpu_free(board->cpu);
    sim_bus_free(board->bus);
    sim_report_free(board->env.report);
    sim_clock_free(&board->clock);
    free(board->itcm.bytes);
    free(board->dtcm.bytes);
    free(board->axi.bytes);
    free(board->rom.bytes);
    free(board->chip);
    free(board);
}

void cpu_board_start(struct cpu_board *board)
{
    sim_cpu_start(board->cpu, BOARD_ITCM);
}

void cpu_board_run(struct cpu_board *board, uint64_t cycles)
{
    sim_cpu_run_until(board->cpu, board->clock.now_ps + cycles * BOARD_CYCLE_PS);
}

uint32_t cpu_board_reg(struct cpu_board *board, unsigned regsel)
{
    return sim_cpu_register(board->cpu, regsel);
}

uint32_t cpu_board_word(struct cpu_board *board, uint32_t addr)
{
    uint32_t value = 0xDEADBEEF;

    (void)sim_bus_read(board->bus, SIM_MASTER_DEBUG, addr, 4, &value);
    return value;
}

void cpu_board_put_word(struct cpu_board *board, uint32_t addr, uint32_t value)
{
    (void)sim_bus_write(board->bus, SIM_MASTER_DEBUG, addr, 4, value);
}
