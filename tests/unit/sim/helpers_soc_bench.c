#include "helpers_soc_bench.h"

#include "sim/p_block.h"

#include <stdlib.h>
#include <string.h>

static const struct sim_gpio_led leds[] = {
    {"LD1", 3, 10, true}, /* PD10 */
    {"LOW", 0, 5, false}, /* PA5, lit by a low level */
    {"LDO", 14, 1, true}, /* PO1, behind EN_XSPIM1 */
};

static void request_reset(void *machine, enum sim_reset_kind kind)
{
    struct soc_bench *bench = machine;

    bench->reset_count++;
    bench->reset_kind = kind;
    bench->reset_ps = sim_clock_now_ps(&bench->clock);
}

static bool core_is_halted(void *machine)
{
    const struct soc_bench *bench = machine;

    return bench->core_is_halted;
}

void soc_bench_open(struct soc_bench *bench)
{
    soc_bench_open_as(bench, &sim_soc_h7s3l8, 24000000);
}

void soc_bench_open_as(struct soc_bench *bench, const struct sim_soc *soc, uint64_t hse_hz)
{
    *bench = (struct soc_bench){0};
    sim_clock_init(&bench->clock);
    bench->env.clock = &bench->clock;
    bench->env.report = sim_report_create(&bench->clock);
    bench->env.inject = sim_inject_create();
    bench->storage.bytes = aligned_alloc(4096, sim_flash_array_bytes(soc->flash));
    bench->storage.granules =
        malloc(sim_flash_array_bytes(soc->flash) / sim_flash_granule_bytes(soc->flash));
    bench->storage.options = malloc(256);
    sim_flash_factory(soc->flash, &bench->storage);

    struct sim_watchdog_config config = {.layout = soc->watchdogs,
        .machine = bench,
        .request_reset = request_reset,
        .core_is_halted = core_is_halted};
    const struct sim_env *env = &bench->env;

    bench->bus = sim_bus_create(env);
    bench->rcc = sim_rcc_create(env, bench->bus, soc->rcc, hse_hz);
    bench->pwr = sim_pwr_create(env, bench->bus, soc->pwr);
    bench->flash = sim_flash_create(env, bench->bus, soc->flash, &bench->storage);
    if (soc->has_sbs) {
        bench->sbs = sim_sbs_create(env, bench->bus, bench->rcc, bench->flash);
    }
    bench->gpio =
        sim_gpio_create(env, bench->bus, soc->gpio, bench->pwr, leds, sizeof leds / sizeof leds[0]);
    bench->dbgmcu = sim_dbgmcu_create(env, bench->bus, soc->dbgmcu);
    bench->ram = sim_ram_create(env, bench->bus, soc->ram, bench->flash);
    config.rcc = bench->rcc;
    config.dbgmcu = bench->dbgmcu;
    config.flash = bench->flash;
    bench->watchdogs = sim_watchdogs_create(env, bench->bus, &config);
    bench->dma = sim_dma_create(env, bench->bus, soc->dma);
    for (size_t i = 0; i < soc->block_count; i++) {
        bench->blocks[i] = sim_block_create(env, bench->bus, &soc->blocks[i]);
    }
}

void soc_bench_close(struct soc_bench *bench)
{
    for (size_t i = 0; i < SIM_SOC_BLOCKS; i++) {
        sim_block_free(bench->blocks[i]);
    }
    sim_dma_free(bench->dma);
    sim_watchdogs_free(bench->watchdogs);
    sim_ram_free(bench->ram);
    sim_dbgmcu_free(bench->dbgmcu);
    sim_gpio_free(bench->gpio);
    sim_sbs_free(bench->sbs);
    sim_flash_free(bench->flash);
    sim_pwr_free(bench->pwr);
    sim_rcc_free(bench->rcc);
    sim_bus_free(bench->bus);
    free(bench->storage.bytes);
    free(bench->storage.granules);
    free(bench->storage.options);
    sim_inject_free(bench->env.inject);
    sim_report_free(bench->env.report);
    sim_clock_free(&bench->clock);
}

void soc_bench_reset(struct soc_bench *bench, enum sim_reset_kind kind)
{
    sim_bus_reset_periphs(bench->bus, kind);
    sim_rcc_set_reset_flags(bench->rcc, kind);
}

uint32_t soc_bench_read(struct soc_bench *bench, uint32_t addr)
{
    uint32_t value = 0;

    if (!sim_bus_read(bench->bus, SIM_MASTER_CPU, addr, 4, &value)) {
        return UINT32_C(0xDEADBEEF); /* bus error */
    }
    return value;
}

void soc_bench_write(struct soc_bench *bench, uint32_t addr, uint32_t value)
{
    (void)sim_bus_write(bench->bus, SIM_MASTER_CPU, addr, 4, value);
}

void soc_bench_modify(struct soc_bench *bench, uint32_t addr, uint32_t clear, uint32_t set)
{
    soc_bench_write(bench, addr, (soc_bench_read(bench, addr) & ~clear) | set);
}

void soc_bench_pass_ps(struct soc_bench *bench, uint64_t duration_ps)
{
    uint64_t end_ps = bench->clock.now_ps + duration_ps;

    while (bench->clock.next_due_ps <= end_ps) {
        if (bench->clock.now_ps < bench->clock.next_due_ps) {
            bench->clock.now_ps = bench->clock.next_due_ps;
        }
        sim_clock_fire_due(&bench->clock);
    }
    bench->clock.now_ps = end_ps;
}

bool soc_bench_wait(
    struct soc_bench *bench, uint32_t addr, uint32_t mask, uint32_t wanted, uint64_t timeout_ps)
{
    uint64_t end_ps = bench->clock.now_ps + timeout_ps;

    while ((soc_bench_read(bench, addr) & mask) != wanted) {
        if (bench->clock.now_ps >= end_ps) {
            return false;
        }
        soc_bench_pass_ps(bench, SIM_PS_PER_US);
    }
    return true;
}

uint32_t soc_bench_violations(const struct soc_bench *bench, const char *kind)
{
    struct sim_report_violation violation;

    for (size_t i = 0; sim_report_violation(bench->env.report, i, &violation); i++) {
        if (strcmp(violation.kind, kind) == 0) {
            return violation.count;
        }
    }
    return 0;
}

uint32_t soc_bench_all_violations(const struct soc_bench *bench)
{
    return sim_report_violation_count(bench->env.report);
}
