/* The models of the MCU on a bus, without CPU and machine: what the tests of sim/p_*.c share. */
#ifndef TESTS_HELPERS_SOC_BENCH_H
#define TESTS_HELPERS_SOC_BENCH_H

#include "sim/bus.h"
#include "sim/clock.h"
#include "sim/env.h"
#include "sim/inject.h"
#include "sim/report.h"
#include "sim/soc.h"

enum { BENCH_FLASH_BYTES = 0x10000, BENCH_GRANULES = BENCH_FLASH_BYTES / 16 };

struct sim_block;

struct soc_bench {
    struct sim_clock clock;
    struct sim_env env;
    struct sim_bus *bus;
    struct sim_rcc *rcc;
    struct sim_pwr *pwr;
    struct sim_flash *flash;
    struct sim_sbs *sbs;
    struct sim_gpio *gpio;
    struct sim_dbgmcu *dbgmcu;
    struct sim_ram *ram;
    struct sim_watchdogs *watchdogs;
    struct sim_dma *dma;
    struct sim_block *blocks[SIM_SOC_BLOCKS];
    struct sim_flash_storage storage;
    bool core_is_halted;
    unsigned reset_count; /* asked for by a watchdog */
    enum sim_reset_kind reset_kind;
    uint64_t reset_ps;
};

/* The models of the STM32H7S3L8; of any part. */
void soc_bench_open(struct soc_bench *bench);
void soc_bench_open_as(struct soc_bench *bench, const struct sim_soc *soc, uint64_t hse_hz);
void soc_bench_close(struct soc_bench *bench);
void soc_bench_reset(struct soc_bench *bench, enum sim_reset_kind kind);

uint32_t soc_bench_read(struct soc_bench *bench, uint32_t addr);
void soc_bench_write(struct soc_bench *bench, uint32_t addr, uint32_t value);
/* Read, clear, set, write. */
void soc_bench_modify(struct soc_bench *bench, uint32_t addr, uint32_t clear, uint32_t set);
/* Lets time pass, firing each event at its time. */
void soc_bench_pass_ps(struct soc_bench *bench, uint64_t duration_ps);
/* Polls until (word & mask) == wanted, for at most this long; false on timeout. */
bool soc_bench_wait(
    struct soc_bench *bench, uint32_t addr, uint32_t mask, uint32_t wanted, uint64_t timeout_ps);

/* Violations of this kind so far. */
uint32_t soc_bench_violations(const struct soc_bench *bench, const char *kind);
uint32_t soc_bench_all_violations(const struct soc_bench *bench);

#endif
