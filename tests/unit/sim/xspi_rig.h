/* XSPI2 with a MX25UW25645G behind port 2, on the bench of MCU models: for the tests of
 * sim/xspi*.c. Kernel clock 64 MHz (HSI); the rig's prescaler makes 16 MHz, a clock of 62,500 ps.
 */
#ifndef TESTS_UNIT_SIM_XSPI_RIG_H
#define TESTS_UNIT_SIM_XSPI_RIG_H

#include "helpers_soc_bench.h"
#include "sim/chip.h"
#include "sim/xspi.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

enum {
    XSPI = 0x5200A000,
    XSPIM_CR_ADDR = 0x5200B400,
    RCC = 0x58024400,
    AHB5ENR = RCC + 0x134,
    AHB4ENR = RCC + 0x140,
    CCIPR1 = RCC + 0x4C,
    PWR_CSR2 = 0x5802480C,
    PORT_N = 0x58023400,
    /* registers of XSPI */
    CR = XSPI,
    DCR1 = XSPI + 0x08,
    DCR2 = XSPI + 0x0C,
    DCR3 = XSPI + 0x10,
    DCR4 = XSPI + 0x14,
    SR = XSPI + 0x20,
    FCR = XSPI + 0x24,
    DLR = XSPI + 0x40,
    AR = XSPI + 0x48,
    DR = XSPI + 0x50,
    PSMKR = XSPI + 0x80,
    PSMAR = XSPI + 0x88,
    PIR = XSPI + 0x90,
    CCR = XSPI + 0x100,
    TCR = XSPI + 0x108,
    IR = XSPI + 0x110,
    LPTR = XSPI + 0x130,
    WINDOW = 0x70000000,
    /* bits */
    EN = 1 << 0,
    ABORT = 1 << 1,
    TCEN = 1 << 3,
    APMS = 1 << 22,
    FMODE_READ = 1 << 28,
    FMODE_POLL = 2 << 28,
    FMODE_MAPPED = 3 << 28,
    TEF = 1 << 0,
    TCF = 1 << 1,
    FTF = 1 << 2,
    SMF = 1 << 3,
    TOF = 1 << 4,
    BUSY = 1 << 5,
    DHQC = 1 << 28,
    SSHIFT = 1 << 30,
    /* CCR: instruction, address (4 bytes), data; one line, or eight in DTR */
    I_1S = 1,
    A_1S = 1 << 8 | 3 << 12,
    D_1S = 1 << 24,
    I_8D = 4 | 1 << 3 | 1 << 4,
    A_8D = 4 << 8 | 1 << 11 | 3 << 12,
    D_8D = 4 << 24 | 1 << 27,
    D_DTR_ONLY = 1 << 27,
    DQSE = 1 << 29,
    MTYP_MACRONIX = 1 << 24,
    DEVSIZE_32M = 24 << 16,
    CLOCK_PS = 62500
};

struct xspi_rig {
    struct soc_bench bench;
    struct sim_nor_storage storage;
    struct sim_chip *chip;
    struct sim_xspi *xspi;
};

static const struct sim_xspi_wire rig_wires[] = {
    {2, "CLK", 13, 6, 9, "CLK"},
    {2, "NCS1", 13, 1, 9, "CS"},
    {2, "DQS0", 13, 0, 9, "DQS"},
    {2, "IO0", 13, 2, 9, "IO0"},
    {2, "IO1", 13, 3, 9, "IO1"},
    {2, "IO2", 13, 4, 9, "IO2"},
    {2, "IO3", 13, 5, 9, "IO3"},
    {2, "IO4", 13, 8, 9, "IO4"},
    {2, "IO5", 13, 9, 9, "IO5"},
    {2, "IO6", 13, 10, 9, "IO6"},
    {2, "IO7", 13, 11, 9, "IO7"},
};

static inline uint32_t rd(struct xspi_rig *rig, uint32_t addr)
{
    return soc_bench_read(&rig->bench, addr);
}

static inline void wr(struct xspi_rig *rig, uint32_t addr, uint32_t value)
{
    soc_bench_write(&rig->bench, addr, value);
}

static inline uint8_t rd8(struct xspi_rig *rig, uint32_t addr)
{
    uint32_t value = 0;

    cr_assert(sim_bus_read(rig->bench.bus, SIM_MASTER_CPU, addr, 1, &value));
    return (uint8_t)value;
}

static inline void wr8(struct xspi_rig *rig, uint32_t addr, uint8_t value)
{
    cr_assert(sim_bus_write(rig->bench.bus, SIM_MASTER_CPU, addr, 1, value));
}

static inline void pass_ps(struct xspi_rig *rig, uint64_t ps)
{
    soc_bench_pass_ps(&rig->bench, ps);
}

static inline uint64_t now_ps(struct xspi_rig *rig)
{
    return sim_clock_now_ps(&rig->bench.clock);
}

static inline void rig_pins(struct xspi_rig *rig)
{
    wr(rig, PORT_N + 0x00, 0xAAAAAAAA); /* MODER: alternate */
    wr(rig, PORT_N + 0x08, 0xFFFFFFFF); /* OSPEEDR: very high */
    wr(rig, PORT_N + 0x20, 0x99999999);
    wr(rig, PORT_N + 0x24, 0x99999999);
}

static inline void rig_init(struct xspi_rig *rig)
{
    const struct sim_nor_part *part = sim_nor_part_find("MX25UW25645G");

    memset(rig, 0, sizeof *rig);
    soc_bench_open(&rig->bench);
    rig->storage.bytes = malloc(sim_nor_part_size_bytes(part));
    rig->storage.cells = malloc(sim_nor_part_cells_bytes(part));
    rig->storage.registers = malloc(sim_nor_part_registers_bytes(part));
    sim_nor_part_factory(part, &rig->storage);
    rig->chip = sim_nor_create(&rig->bench.env, "flash", part, &rig->storage);
    rig->xspi = sim_xspi_create(&rig->bench.env, rig->bench.bus);
    sim_bus_set_gate(rig->bench.bus, sim_rcc_is_clocked, rig->bench.rcc);
    struct sim_xspi_config config = {.rcc = rig->bench.rcc,
        .pwr = rig->bench.pwr,
        .sbs = rig->bench.sbs,
        .gpio = rig->bench.gpio,
        .wires = rig_wires,
        .wire_count = sizeof rig_wires / sizeof rig_wires[0]};
    config.chips[2] = rig->chip;
    sim_xspi_connect(rig->xspi, &config);
    soc_bench_reset(&rig->bench, SIM_RESET_POWER_ON);
    pass_ps(rig, 10 * SIM_PS_PER_MS);

    soc_bench_modify(&rig->bench, AHB5ENR, 0, 1 << 12 | 1 << 14);
    soc_bench_modify(&rig->bench, AHB4ENR, 0, 1 << 13);
    soc_bench_modify(&rig->bench, PWR_CSR2, 0, 1 << 15);
    rig_pins(rig);
    wr(rig, DCR1, DEVSIZE_32M | MTYP_MACRONIX);
    wr(rig, DCR2, 3);
    pass_ps(rig, 100 * SIM_PS_PER_US); /* calibration */
    wr(rig, CR, EN);
}

static inline void rig_free(struct xspi_rig *rig)
{
    sim_xspi_free(rig->xspi);
    sim_nor_free(rig->chip);
    soc_bench_close(&rig->bench);
    free(rig->storage.bytes);
    free(rig->storage.cells);
    free(rig->storage.registers);
}

static inline void rig_expect_clean(const struct xspi_rig *rig)
{
    struct sim_report_violation violation;

    if (sim_report_violation(rig->bench.env.report, 0, &violation)) {
        cr_assert_fail("violation %s: %s", violation.kind, violation.texts[0]);
    }
}

static inline uint32_t rig_violations(const struct xspi_rig *rig, const char *kind)
{
    return soc_bench_violations(&rig->bench, kind);
}

static inline uint64_t rig_bus_ps(const struct xspi_rig *rig)
{
    return sim_report_cost_total(rig->bench.env.report, SIM_COST_CHIP_BUS_PS);
}

/* As a driver: wait for a flag, with time passing in steps of a few instructions. */
static inline void rig_wait(struct xspi_rig *rig, uint32_t mask, uint32_t wanted)
{
    for (unsigned i = 0; (rd(rig, SR) & mask) != wanted; i++) {
        cr_assert_lt(i, 1000000, "SR is 0x%08x", (unsigned)rd(rig, SR));
        pass_ps(rig, 100 * SIM_PS_PER_NS);
    }
}

/* A command without data, started by IR. */
static inline void rig_command(struct xspi_rig *rig, uint32_t ccr, uint32_t instruction)
{
    wr(rig, CR, EN);
    wr(rig, CCR, ccr);
    wr(rig, IR, instruction);
    rig_wait(rig, TCF, TCF);
    wr(rig, FCR, TCF);
}

/* A read; with an address field in ccr it starts by AR. Bytes are taken one by one as they come. */
static inline void rig_read(struct xspi_rig *rig, uint32_t ccr, uint32_t instruction,
    uint32_t address, uint8_t *bytes, uint32_t count)
{
    wr(rig, CR, EN | FMODE_READ);
    wr(rig, DLR, count - 1);
    wr(rig, CCR, ccr);
    wr(rig, IR, instruction);
    if ((ccr & 0x700) != 0) {
        wr(rig, AR, address);
    }
    for (uint32_t i = 0; i < count; i++) {
        rig_wait(rig, FTF, FTF);
        bytes[i] = rd8(rig, DR);
    }
    cr_assert_eq(rd(rig, SR) & (TCF | BUSY), TCF);
    wr(rig, FCR, TCF);
}

static inline void rig_write(struct xspi_rig *rig, uint32_t ccr, uint32_t instruction,
    uint32_t address, const uint8_t *bytes, uint32_t count)
{
    wr(rig, CR, EN);
    wr(rig, DLR, count - 1);
    wr(rig, CCR, ccr);
    wr(rig, IR, instruction);
    if ((ccr & 0x700) != 0) {
        wr(rig, AR, address);
    }
    for (uint32_t i = 0; i < count; i++) {
        wr8(rig, DR, bytes[i]);
    }
    rig_wait(rig, TCF, TCF);
    wr(rig, FCR, TCF);
}

static inline void rig_enter_8d(struct xspi_rig *rig)
{
    rig_command(rig, I_1S, 0x06);
    rig_write(rig, I_1S | A_1S | D_1S, 0x72, 0, (const uint8_t[]){2}, 1);
    wr(rig, TCR, DHQC | 4);
}

#endif
