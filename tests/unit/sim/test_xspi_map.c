/* XSPI: the memory-mapped window, its truth, its time, and leaving it. */
#include "sim/trace.h"
#include "xspi_rig.h"

#include <stdio.h>
#include <unistd.h>

static struct xspi_rig rig;
static const struct sim_window *window;

static void setup(void)
{
    rig_init(&rig);
    window = sim_bus_window_at(rig.bench.bus, WINDOW);
    for (uint32_t i = 0; i < 4096; i++) {
        rig.storage.bytes[i] = (uint8_t)(i * 7 + (i >> 8));
    }
}

static void teardown(void)
{
    rig_free(&rig);
}

TestSuite(xspi_map, .init = setup, .fini = teardown);

static void map_1s(uint32_t cr)
{
    wr(&rig, TCR, 8);
    wr(&rig, CCR, I_1S | A_1S | D_1S);
    wr(&rig, IR, 0x0C);
    wr(&rig, CR, EN | FMODE_MAPPED | cr);
}

static uint32_t word_at(uint32_t offset)
{
    uint32_t word = 0;

    memcpy(&word, rig.storage.bytes + offset, 4);
    return word;
}

Test(xspi_map, is_direct_when_the_chip_would_answer_rightly)
{
    uint32_t size_bytes = 0;

    cr_assert_null(window->direct(window->state, &size_bytes));
    uint32_t generation = window->generation(window->state);
    map_1s(0);
    cr_assert_neq(window->generation(window->state), generation);
    cr_assert_eq(window->direct(window->state, &size_bytes), rig.storage.bytes);
    cr_assert_eq(size_bytes, 32u << 20);
    cr_assert_eq(rd(&rig, SR) & BUSY, 0, "nothing happens before the first access");
    cr_assert_eq(rd(&rig, WINDOW + 0x20), word_at(0x20));
    cr_assert_eq(rd(&rig, SR) & BUSY, BUSY, "it reads ahead");
    rig_expect_clean(&rig);
}

Test(xspi_map, is_not_direct_with_wrong_pins_and_reads_what_the_wires_give)
{
    uint32_t size_bytes = 0;

    map_1s(0);
    cr_assert_not_null(window->direct(window->state, &size_bytes));
    soc_bench_modify(&rig.bench, PORT_N, 3 << 6, 0); /* IO1 */
    cr_assert_null(window->direct(window->state, &size_bytes));
    cr_assert_eq(rd(&rig, WINDOW), 0xFFFFFFFF);
}

Test(xspi_map, gives_shifted_bytes_with_wrong_dummies)
{
    uint32_t size_bytes = 0;

    map_1s(0);
    wr(&rig, TCR, 16);
    cr_assert_null(window->direct(window->state, &size_bytes));
    cr_assert_eq(rd(&rig, WINDOW + 0x40), word_at(0x41));
}

Test(xspi_map, maps_8D_and_follows_the_chip)
{
    uint32_t size_bytes = 0;

    rig_enter_8d(&rig);
    wr(&rig, TCR, DHQC | 20);
    wr(&rig, CCR, I_8D | A_8D | D_8D | DQSE);
    wr(&rig, IR, 0xEE11);
    wr(&rig, CR, EN | FMODE_MAPPED);
    cr_assert_eq(window->direct(window->state, &size_bytes), rig.storage.bytes);
    cr_assert_eq(rd(&rig, WINDOW + 0x104), word_at(0x104));
    rig_expect_clean(&rig);
    rig.chip->ops->hardware_reset(rig.chip);
    cr_assert_null(window->direct(window->state, &size_bytes), "the chip is in 1S again");
    pass_ps(&rig, SIM_PS_PER_MS);
    cr_assert_neq(rd(&rig, WINDOW + 0x104), word_at(0x104));
}

Test(xspi_map, wants_the_hold_delay_in_8D_and_reads_odd_bytes_in_pairs)
{
    uint32_t size_bytes = 0;

    rig_enter_8d(&rig);
    wr(&rig, TCR, 20); /* no DHQC */
    wr(&rig, CCR, I_8D | A_8D | D_8D | DQSE);
    wr(&rig, IR, 0xEE11);
    wr(&rig, CR, EN | FMODE_MAPPED);
    cr_assert_null(window->direct(window->state, &size_bytes));
    wr(&rig, TCR, DHQC | SSHIFT | 20); /* not direct, but the wires still give the bytes */
    cr_assert_null(window->direct(window->state, &size_bytes));
    cr_assert_eq(rd8(&rig, WINDOW + 0x105), rig.storage.bytes[0x105]);
    cr_assert_eq(rd8(&rig, WINDOW + 0x108), rig.storage.bytes[0x108]);
}

/* First word: command 8, address 32, dummy 8, data 32 clocks. Next: 32 clocks. */
Test(xspi_map, charges_the_command_once_and_the_bytes_always)
{
    map_1s(0);
    uint64_t start_ps = now_ps(&rig);
    window->touch(window->state, 0x100, 4);
    cr_assert_eq(now_ps(&rig) - start_ps, 80 * CLOCK_PS);
    window->touch(window->state, 0x104, 4);
    cr_assert_eq(now_ps(&rig) - start_ps, 112 * CLOCK_PS);
    pass_ps(&rig, 64 * CLOCK_PS); /* eight bytes are read ahead meanwhile */
    start_ps = now_ps(&rig);
    window->touch(window->state, 0x108, 8);
    cr_assert_eq(now_ps(&rig), start_ps);
    window->touch(window->state, 0x800, 4);
    cr_assert_eq(now_ps(&rig) - start_ps, 81 * CLOCK_PS, "a jump: CSHT and a new command");
}

Test(xspi_map, reads_ahead_64_bytes_and_no_further)
{
    map_1s(0);
    uint64_t before_ps = rig_bus_ps(&rig);
    window->touch(window->state, 0, 4);
    pass_ps(&rig, SIM_PS_PER_MS);
    (void)rd(&rig, SR);
    cr_assert_eq(rig_bus_ps(&rig) - before_ps, (48 + 68 * 8) * CLOCK_PS);
    cr_assert_eq(rd(&rig, SR) & (BUSY | TOF), BUSY, "chip select stays low without TCEN");
}

Test(xspi_map, raises_chip_select_after_the_timeout)
{
    wr(&rig, LPTR, 100);
    map_1s(TCEN);
    window->touch(window->state, 0, 4);
    pass_ps(&rig, (64 * 8 + 100) * CLOCK_PS - 1);
    cr_assert_eq(rd(&rig, SR) & (BUSY | TOF), BUSY);
    pass_ps(&rig, 1);
    cr_assert_eq(rd(&rig, SR) & (BUSY | TOF), TOF);
    wr(&rig, FCR, TOF);
    cr_assert_eq(rd(&rig, SR) & TOF, 0);
}

Test(xspi_map, is_left_by_abort_only)
{
    map_1s(0);
    (void)rd(&rig, WINDOW);
    wr(&rig, CR, EN);
    cr_assert_eq(rd(&rig, CR), EN | FMODE_MAPPED, "FMODE is locked by BUSY");
    wr(&rig, CCR, 0);
    cr_assert_eq(rd(&rig, CCR), I_1S | A_1S | D_1S, "lost");
    wr(&rig, CR, EN | FMODE_MAPPED | ABORT);
    cr_assert_eq(rd(&rig, SR) & (TCF | BUSY), TCF);
    wr(&rig, CR, EN);
    cr_assert_eq(rd(&rig, CR), EN);
    cr_assert_not(sim_xspi_is_mapped(rig.xspi, 1));
}

Test(xspi_map, faults_outside_of_devsize_or_mode)
{
    uint32_t value = 0;

    cr_assert_not(sim_bus_read(rig.bench.bus, SIM_MASTER_CPU, WINDOW, 4, &value));
    cr_assert_eq(rig_violations(&rig, "window-access-unmapped"), 1);
    map_1s(0);
    cr_assert_not(sim_bus_read(rig.bench.bus, SIM_MASTER_CPU, WINDOW + (32u << 20), 4, &value));
    cr_assert_eq(rig_violations(&rig, "xspi-beyond-devsize"), 1);
    cr_assert_not(sim_bus_write(rig.bench.bus, SIM_MASTER_CPU, WINDOW, 4, 0));
    cr_assert_eq(rig_violations(&rig, "mapped-write-unconfigured"), 1);
}

Test(xspi_map, reading_ahead_past_the_chip_locks_the_controller_up)
{
    uint32_t value = 0;

    map_1s(0);
    window->speculate(window->state, (32u << 20) - 32);
    rig_expect_clean(&rig);
    window->speculate(window->state, 32u << 20);
    cr_assert_eq(rig_violations(&rig, "speculative-read-past-end"), 1);
    cr_assert_not(sim_bus_read(rig.bench.bus, SIM_MASTER_CPU, WINDOW, 4, &value));
    wr(&rig, CR, EN | FMODE_MAPPED | ABORT);
    cr_assert_eq(rd(&rig, SR) & BUSY, BUSY, "only a reset of the block helps");
    soc_bench_modify(&rig.bench, RCC + 0x7C, 0, 1 << 12);
    soc_bench_modify(&rig.bench, RCC + 0x7C, 1 << 12, 0);
    cr_assert_eq(rd(&rig, SR), 0);
}

Test(xspi_map, direct_reads_appear_in_the_bus_log)
{
    char path[512];
    char text[400] = {0};
    uint32_t size_bytes = 0;

    (void)snprintf(path, sizeof path, "%s/tests/map-%ld.txt", XFLASH_BUILD_DIR, (long)getpid());
    rig.bench.env.trace = sim_trace_open(&rig.bench.clock, path, NULL, 16);
    map_1s(0);
    cr_assert_not_null(window->direct(window->state, &size_bytes));
    window->touch(window->state, 0x100, 4);
    window->touch(window->state, 0x104, 4);
    wr(&rig, CR, EN | FMODE_MAPPED | ABORT);
    sim_trace_close(rig.bench.env.trace);
    rig.bench.env.trace = NULL;
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    (void)!fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    (void)unlink(path);
    cr_assert_not_null(
        strstr(text, "flash  1S: 0C 00 00 01 00  +8 dummy  <1S: 01 08 0F 16 1D 24 2B 32  mapped"),
        "%s", text);
}

Test(xspi_map, a_faster_kernel_clock_takes_the_truth_away)
{
    uint32_t size_bytes = 0;

    wr(&rig, DCR2, 0); /* 64 MHz */
    pass_ps(&rig, 100 * SIM_PS_PER_US);
    map_1s(0);
    cr_assert_null(window->direct(window->state, &size_bytes), "STR at 64 MHz without SSHIFT");
    wr(&rig, TCR, SSHIFT | 8);
    cr_assert_not_null(window->direct(window->state, &size_bytes));
    wr(&rig, IR, 0x13);
    wr(&rig, TCR, SSHIFT);
    cr_assert_null(window->direct(window->state, &size_bytes), "READ4B is good for 50 MHz");
}
