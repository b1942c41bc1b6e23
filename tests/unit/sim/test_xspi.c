/* XSPI: start rules, locks, flags, FIFO, time, signal path. */
#include "sim/xspi_core.h"
#include "xspi_rig.h"

static struct xspi_rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_free(&rig);
}

TestSuite(xspi, .init = setup, .fini = teardown);

/* Which register write starts which command: mcu.md 6.2. */
struct start_case {
    const char *name;
    uint32_t fmode;
    uint32_t ccr;
    bool by_ir;
    bool by_ar;
    bool by_dr;
};

static const struct start_case start_cases[] = {
    {"command", 0, I_1S, true, false, false},
    {"command with address", 0, I_1S | A_1S, false, true, false},
    {"write", 0, I_1S | D_1S, false, false, true},
    {"write with address", 0, I_1S | A_1S | D_1S, false, false, true},
    {"read", FMODE_READ, I_1S | D_1S, true, false, false},
    {"read with address", FMODE_READ, I_1S | A_1S | D_1S, false, true, false},
    {"poll", FMODE_POLL, I_1S | D_1S, true, false, false},
    {"poll with address", FMODE_POLL, I_1S | A_1S | D_1S, false, true, false},
    {"mapped", FMODE_MAPPED, I_1S | A_1S | D_1S, false, false, false},
};

static bool is_busy(void)
{
    bool busy = (rd(&rig, SR) & BUSY) != 0;

    wr(&rig, CR, 0); /* ends whatever goes on */
    return busy;
}

static void prepare(const struct start_case *row)
{
    wr(&rig, CR, EN | row->fmode);
    wr(&rig, DLR, 99);
    wr(&rig, CCR, row->ccr);
    wr(&rig, TCR, 0);
    cr_assert_eq(rd(&rig, SR) & BUSY, 0, "%s: configuration starts nothing", row->name);
}

Test(xspi, starts_by_the_register_that_the_rules_name)
{
    for (size_t i = 0; i < sizeof start_cases / sizeof start_cases[0]; i++) {
        const struct start_case *row = &start_cases[i];

        prepare(row);
        wr(&rig, IR, 0x9F);
        cr_assert_eq(is_busy(), row->by_ir, "%s by IR", row->name);
        prepare(row);
        wr(&rig, AR, 0);
        cr_assert_eq(is_busy(), row->by_ar, "%s by AR", row->name);
        prepare(row);
        wr8(&rig, DR, 0);
        cr_assert_eq(is_busy(), row->by_dr, "%s by DR", row->name);
    }
}

Test(xspi, starts_nothing_while_disabled)
{
    wr(&rig, CR, FMODE_READ);
    wr(&rig, CCR, I_1S | D_1S);
    wr(&rig, IR, 0x9F);
    cr_assert_eq(rd(&rig, SR), 0);
}

/* HAL and the seed configure a read with FMODE = 0 first. */
Test(xspi, a_read_prepared_as_a_write_does_not_start_early)
{
    uint8_t id[3];

    wr(&rig, CR, EN);
    wr(&rig, DLR, 2);
    wr(&rig, CCR, I_1S | D_1S);
    wr(&rig, IR, 0x9F);
    cr_assert_eq(rd(&rig, SR) & BUSY, 0);
    wr(&rig, CR, EN | FMODE_READ);
    cr_assert_eq(rd(&rig, SR) & BUSY, 0);
    wr(&rig, IR, 0x9F);
    for (unsigned i = 0; i < 3; i++) {
        rig_wait(&rig, FTF, FTF);
        id[i] = rd8(&rig, DR);
    }
    cr_assert_arr_eq(id, ((uint8_t[]){0xC2, 0x81, 0x39}), 3);
    rig_expect_clean(&rig);
}

Test(xspi, a_command_lasts_its_clocks_and_ends_with_tcf)
{
    wr(&rig, CCR, I_1S);
    wr(&rig, IR, 0x06);
    cr_assert_eq(rd(&rig, SR), FTF | BUSY);
    pass_ps(&rig, 8 * CLOCK_PS - 1);
    cr_assert_eq(rd(&rig, SR), FTF | BUSY);
    pass_ps(&rig, 1);
    cr_assert_eq(rd(&rig, SR), FTF | TCF);
    cr_assert_eq(rig_bus_ps(&rig), 8 * CLOCK_PS);
    wr(&rig, FCR, TCF);
    cr_assert_eq(rd(&rig, SR), FTF);
}

Test(xspi, chip_select_stays_high_for_csht_between_commands)
{
    wr(&rig, DCR1, DEVSIZE_32M | 7 << 8); /* 8 clocks */
    wr(&rig, CCR, I_1S);
    wr(&rig, IR, 0x06);
    pass_ps(&rig, 8 * CLOCK_PS);
    wr(&rig, FCR, TCF);
    wr(&rig, IR, 0x04);
    pass_ps(&rig, 16 * CLOCK_PS - 1);
    cr_assert_eq(rd(&rig, SR) & TCF, 0);
    pass_ps(&rig, 1);
    cr_assert_eq(rd(&rig, SR) & TCF, TCF);
}

/* 64 MHz / 3: half a clock is 23,437.5 ps. */
Test(xspi, a_clock_that_is_no_whole_number_of_picoseconds_loses_no_byte)
{
    wr(&rig, DCR2, 2);
    pass_ps(&rig, SIM_PS_PER_MS);
    wr(&rig, CR, EN | FMODE_READ);
    wr(&rig, CCR, I_1S | D_1S);
    for (uint32_t count = 1; count <= 9; count++) {
        wr(&rig, DLR, count - 1);
        uint64_t end_ps = now_ps(&rig) + 46875 * (8 + 8 * (uint64_t)count) + 46875;
        wr(&rig, IR, 0x9F);
        for (uint32_t i = 0; i < count; i++) {
            (void)rd8(&rig, DR); /* stalls to the very picosecond */
        }
        cr_assert_eq(rd(&rig, SR) & (TCF | BUSY), TCF, "%u bytes", count);
        cr_assert_leq(now_ps(&rig), end_ps, "%u bytes", count);
        wr(&rig, FCR, TCF);
    }
    rig_expect_clean(&rig);
}

Test(xspi, rdid_of_three_bytes_takes_two_microseconds_at_16_MHz)
{
    uint64_t start_ps = now_ps(&rig);

    wr(&rig, CR, EN | FMODE_READ);
    wr(&rig, DLR, 2);
    wr(&rig, CCR, I_1S | D_1S);
    wr(&rig, IR, 0x9F);
    cr_assert_eq(rd(&rig, DR), 0x003981C2, "a word read waits for the end of the transfer");
    cr_assert_eq(now_ps(&rig) - start_ps, 32 * CLOCK_PS);
    cr_assert_eq(rd(&rig, SR), TCF);
    cr_assert_eq(rig_bus_ps(&rig), 32 * CLOCK_PS);
}

Test(xspi, busy_stays_until_the_fifo_is_drained)
{
    wr(&rig, CR, EN | FMODE_READ | 7 << 8);
    wr(&rig, DLR, 2);
    wr(&rig, CCR, I_1S | D_1S);
    wr(&rig, IR, 0x9F);
    pass_ps(&rig, 24 * CLOCK_PS);
    cr_assert_eq(rd(&rig, SR), BUSY | 2 << 8, "two bytes, below the threshold of eight");
    pass_ps(&rig, 8 * CLOCK_PS);
    cr_assert_eq(rd(&rig, SR), TCF | FTF | BUSY | 3 << 8, "FTF for the rest at the end");
    cr_assert_eq(rd8(&rig, DR), 0xC2);
    cr_assert_eq(rd8(&rig, DR), 0x81);
    cr_assert_eq(rd(&rig, SR), TCF | FTF | BUSY | 1 << 8);
    cr_assert_eq(rd8(&rig, DR), 0x39);
    cr_assert_eq(rd(&rig, SR), TCF);
}

Test(xspi, the_clock_pauses_while_64_bytes_wait)
{
    memset(rig.storage.bytes, 0x5A, 256);
    wr(&rig, TCR, 8);
    wr(&rig, CR, EN | FMODE_READ);
    wr(&rig, DLR, 255);
    wr(&rig, CCR, I_1S | A_1S | D_1S);
    wr(&rig, IR, 0x0C);
    wr(&rig, AR, 0);
    pass_ps(&rig, SIM_PS_PER_MS);
    cr_assert_eq(rd(&rig, SR), FTF | BUSY | 64 << 8);
    cr_assert_eq(rig_bus_ps(&rig), (48 + 64 * 8) * CLOCK_PS);
    cr_assert_eq(rd(&rig, DR), 0x5A5A5A5A);
    pass_ps(&rig, 16 * CLOCK_PS);
    cr_assert_eq(rd(&rig, SR) >> 8, 62, "it runs again from the moment of the read");
}

Test(xspi, a_page_flows_through_the_fifo_while_the_cpu_writes)
{
    uint64_t start_ps = now_ps(&rig);

    rig_command(&rig, I_1S, 0x06);
    start_ps = now_ps(&rig);
    wr(&rig, DLR, 255);
    wr(&rig, CCR, I_1S | A_1S | D_1S);
    wr(&rig, IR, 0x12);
    wr(&rig, AR, 0x100);
    for (uint32_t i = 0; i < 64; i++) {
        wr(&rig, DR, 0x03020100 + i * 0x04040404);
    }
    /* The CPU costs nothing here: all but 64 bytes have left when the last word is taken. */
    cr_assert_eq(rd(&rig, SR) >> 8, 64);
    cr_assert_geq(now_ps(&rig) - start_ps, (40 + 192 * 8) * CLOCK_PS);
    rig_wait(&rig, TCF, TCF);
    cr_assert_eq(rd(&rig, SR) & BUSY, 0);
    pass_ps(&rig, 153 * SIM_PS_PER_US);
    for (unsigned i = 0; i < 256; i++) {
        cr_assert_eq(rig.storage.bytes[0x100 + i], i, "byte %u", i);
    }
    rig_expect_clean(&rig);
}

Test(xspi, the_chip_starts_to_program_when_the_last_byte_has_left)
{
    rig_command(&rig, I_1S, 0x06);
    pass_ps(&rig, SIM_PS_PER_US);
    uint64_t start_ps = now_ps(&rig);
    wr(&rig, DLR, 3);
    wr(&rig, CCR, I_1S | A_1S | D_1S);
    wr(&rig, IR, 0x12);
    wr(&rig, AR, 0);
    wr(&rig, DR, 0x04030201);
    pass_ps(&rig, 200 * CLOCK_PS); /* nobody looks at SR */
    cr_assert_eq(
        rig.chip->ops->busy_until_ps(rig.chip), start_ps + 72 * CLOCK_PS + 152 * SIM_PS_PER_US);
}

Test(xspi, an_address_beyond_devsize_is_a_transfer_error)
{
    wr(&rig, CR, EN | FMODE_READ);
    wr(&rig, DLR, 3);
    wr(&rig, CCR, I_1S | A_1S | D_1S);
    wr(&rig, IR, 0x13);
    wr(&rig, AR, 0x02000000 - 3);
    cr_assert_eq(rd(&rig, SR), TEF, "one byte too far");
    wr(&rig, FCR, TEF);
    wr(&rig, AR, 0x02000000 - 4);
    cr_assert_eq(rd(&rig, SR), BUSY);
}

Test(xspi, locks_its_registers_while_busy)
{
    wr(&rig, CR, EN | FMODE_READ);
    wr(&rig, DLR, 99);
    wr(&rig, CCR, I_1S | A_1S | D_1S);
    wr(&rig, IR, 0x13);
    wr(&rig, AR, 0x1000);
    wr(&rig, AR, 0x2000);
    cr_assert_eq(rd(&rig, AR), 0x1000, "ignored without complaint");
    rig_expect_clean(&rig);
    wr(&rig, CCR, 0);
    cr_assert_eq(rd(&rig, CCR), I_1S | A_1S | D_1S);
    cr_assert_eq(rig_violations(&rig, "register-write-while-busy"), 1);
    wr(&rig, CR, EN | FMODE_POLL | 3 << 8);
    cr_assert_eq(rd(&rig, CR), EN | FMODE_READ | 3 << 8, "FTHRES moves, FMODE does not");
    cr_assert_eq(rig_violations(&rig, "register-locked-while-busy"), 1);
}

Test(xspi, abort_ends_a_transfer_with_tcf)
{
    wr(&rig, CR, EN | FMODE_READ);
    wr(&rig, DLR, 999);
    wr(&rig, CCR, I_1S | A_1S | D_1S);
    wr(&rig, IR, 0x13);
    wr(&rig, AR, 0);
    pass_ps(&rig, 100 * SIM_PS_PER_US);
    wr(&rig, CR, EN | FMODE_READ | ABORT);
    cr_assert_eq(rd(&rig, SR), TCF);
    cr_assert_eq(rd(&rig, CR) & ABORT, 0);
    rig_expect_clean(&rig);
    wr(&rig, FCR, TCF);
    wr(&rig, CR, EN | FMODE_READ | ABORT);
    cr_assert_eq(rd(&rig, SR), 0, "no TCF when there was nothing to abort");
    cr_assert_eq(rig_violations(&rig, "abort-while-idle"), 1);
}

Test(xspi, disabling_ends_a_transfer_and_keeps_fmode)
{
    wr(&rig, CR, EN | FMODE_READ);
    wr(&rig, DLR, 999);
    wr(&rig, CCR, I_1S | D_1S);
    wr(&rig, IR, 0x9F);
    wr(&rig, CR, ABORT); /* FMODE = 0 and EN = 0 in one go, as the seed does */
    cr_assert_eq(rd(&rig, SR), TCF);
    cr_assert_eq(rd(&rig, CR), FMODE_READ, "FMODE was locked");
}

Test(xspi, a_new_prescaler_raises_busy_for_a_while)
{
    wr(&rig, DCR2, 1);
    cr_assert_eq(rd(&rig, SR) & BUSY, BUSY);
    wr(&rig, CCR, I_1S);
    cr_assert_eq(rd(&rig, CCR), 0, "lost");
    pass_ps(&rig, 8 * SIM_PS_PER_US);
    cr_assert_eq(rd(&rig, SR) & BUSY, 0);
    wr(&rig, DCR2, 1);
    cr_assert_eq(rd(&rig, SR) & BUSY, 0, "nothing new");
}

/* RCC falls back to HCLK/4 when a source stops, so only the model's inside can stand still. */
Test(xspi, a_read_without_a_clock_is_a_wedge_not_a_hang)
{
    struct xspi_unit *unit = &rig.xspi->units[1];
    uint32_t value = 0;

    wr(&rig, CR, EN | FMODE_READ);
    wr(&rig, DLR, 2);
    wr(&rig, CCR, I_1S | D_1S);
    wr(&rig, IR, 0x9F);
    unit->frame.half_fs = 0;
    cr_assert_not(sim_bus_read(rig.bench.bus, SIM_MASTER_DEBUG, DR, 4, &value));
    cr_assert_eq(rig_violations(&rig, "fifo-wedge"), 1);
    wr(&rig, CR, 0);
    cr_assert_eq(rd(&rig, SR) & BUSY, 0, "disabling frees it");
}

Test(xspi, more_data_than_announced_is_refused)
{
    wr(&rig, DLR, 1);
    wr(&rig, CCR, I_1S | D_1S);
    wr(&rig, IR, 0x01);
    wr(&rig, DR, 0);
    cr_assert_eq(rig_violations(&rig, "dr-write-beyond-length"), 1);
    cr_assert_eq(rd(&rig, SR) >> 8, 2);
}

Test(xspi, csbound_cuts_a_read_and_goes_on_at_the_next_address)
{
    uint8_t bytes[40];

    for (unsigned i = 0; i < 64; i++) {
        rig.storage.bytes[i] = (uint8_t)i;
    }
    wr(&rig, DCR3, 5 << 16); /* 32 bytes */
    rig_read(&rig, I_1S | A_1S | D_1S, 0x13, 20, bytes, 40);
    for (unsigned i = 0; i < 40; i++) {
        cr_assert_eq(bytes[i], 20 + i, "byte %u", i);
    }
    cr_assert_eq(rig_bus_ps(&rig), (40 * 2 + 40 * 8) * CLOCK_PS, "two commands");
}

/* The end of a transfer must be noticed in time even if the CPU sleeps: an event, no poll. */
Test(xspi, an_event_marks_the_end_of_a_read_that_fits_the_fifo)
{
    wr(&rig, CR, EN | FMODE_READ | 1 << 17);
    wr(&rig, DLR, 2);
    wr(&rig, CCR, I_1S | D_1S);
    uint64_t end_ps = now_ps(&rig) + 32 * CLOCK_PS;
    wr(&rig, IR, 0x9F);
    cr_assert_eq(rig.bench.clock.next_due_ps <= end_ps, true);
    pass_ps(&rig, 32 * CLOCK_PS);
    cr_assert_eq(rd(&rig, SR) & TCF, TCF);
}

/* Signal path. */
static uint32_t id_word(void)
{
    uint8_t id[3] = {0};

    rig_read(&rig, I_1S | D_1S, 0x9F, 0, id, 3);
    return (uint32_t)id[0] | (uint32_t)id[1] << 8 | (uint32_t)id[2] << 16;
}

Test(xspi, a_pin_outside_its_alternate_function_cuts_its_line)
{
    cr_assert_eq(id_word(), 0x3981C2);
    soc_bench_modify(&rig.bench, PORT_N, 3 << 2, 0); /* PN1, chip select: input */
    cr_assert_eq(id_word(), 0xFFFFFF);
    cr_assert_eq(rig_violations(&rig, "xspi-signal-not-routed"), 1);
    rig_pins(&rig);
    soc_bench_modify(&rig.bench, PORT_N + 0x20, 0xF << 24, 5 << 24); /* PN6, CLK: another AF */
    cr_assert_eq(id_word(), 0xFFFFFF);
    rig_pins(&rig);
    soc_bench_modify(&rig.bench, PORT_N, 3 << 6, 0); /* PN3, IO1 */
    cr_assert_eq(id_word(), 0xFFFFFF);
    rig_pins(&rig);
    cr_assert_eq(id_word(), 0x3981C2);
}

Test(xspi, the_port_needs_its_supply_and_the_manager_its_clock)
{
    soc_bench_modify(&rig.bench, PWR_CSR2, 1 << 15, 0);
    cr_assert_eq(id_word(), 0xFFFFFF);
    soc_bench_modify(&rig.bench, PWR_CSR2, 0, 1 << 15);
    cr_assert_eq(id_word(), 0x3981C2);
    soc_bench_modify(&rig.bench, AHB5ENR, 1 << 14, 0);
    cr_assert_eq(id_word(), 0xFFFFFF);
}

Test(xspi, the_manager_swaps_the_ports)
{
    wr(&rig, CR, 0);
    wr(&rig, XSPIM_CR_ADDR, 2);
    wr(&rig, CR, EN);
    cr_assert_eq(id_word(), 0xFFFFFF, "XSPI2 now drives port 1, where nothing is");
    wr(&rig, XSPIM_CR_ADDR, 0);
    cr_assert_eq(rig_violations(&rig, "xspim-change-while-enabled"), 1);
    cr_assert_eq(id_word(), 0x3981C2);
}

Test(xspi, the_second_chip_select_reaches_nothing_here)
{
    wr(&rig, CR, EN | FMODE_READ | 1 << 24);
    wr(&rig, DLR, 0);
    wr(&rig, CCR, I_1S | D_1S);
    wr(&rig, IR, 0x9F);
    cr_assert_eq(rd(&rig, DR), 0xFF);
}

static void set_prescaler(uint32_t prescaler)
{
    wr(&rig, DCR2, prescaler);
    pass_ps(&rig, 100 * SIM_PS_PER_US);
}

Test(xspi, str_above_50_MHz_needs_the_sample_shift)
{
    uint8_t byte = 0;

    rig.storage.bytes[0] = 0x3C;
    set_prescaler(0); /* 64 MHz */
    wr(&rig, TCR, 8);
    rig_read(&rig, I_1S | A_1S | D_1S, 0x0C, 0, &byte, 1);
    cr_assert_neq(byte, 0x3C);
    cr_assert_eq(rig_violations(&rig, "sample-misread"), 1);
    wr(&rig, TCR, SSHIFT | 8);
    rig_read(&rig, I_1S | A_1S | D_1S, 0x0C, 0, &byte, 1);
    cr_assert_eq(byte, 0x3C);
}

Test(xspi, slow_pins_at_a_fast_clock_are_noticed)
{
    wr(&rig, PORT_N + 0x08, 0);
    (void)id_word();
    cr_assert_eq(rig_violations(&rig, "gpio-speed-low"), 1, "16 MHz through OSPEEDR = 0");
    (void)id_word();
    cr_assert_eq(rig_violations(&rig, "gpio-speed-low"), 1, "once, not at each command");
}

/* 8D through the controller. */
Test(xspi, eight_lines_dtr_keep_the_byte_order_of_spi)
{
    uint8_t out[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t in[8];

    rig_enter_8d(&rig);
    wr(&rig, TCR, DHQC);
    rig_command(&rig, I_8D | D_DTR_ONLY, 0x06F9);
    rig_write(&rig, I_8D | A_8D | D_8D, 0x12ED, 0x40, out, 8);
    pass_ps(&rig, 152 * SIM_PS_PER_US);
    cr_assert_arr_eq(rig.storage.bytes + 0x40, out, 8);
    wr(&rig, TCR, DHQC | 20);
    rig_read(&rig, I_8D | A_8D | D_8D | DQSE, 0xEE11, 0x40, in, 8);
    cr_assert_arr_eq(in, out, 8);
    rig_expect_clean(&rig);
}

Test(xspi, an_8D_page_read_of_256_bytes_takes_151_clocks)
{
    uint8_t bytes[256];

    rig_enter_8d(&rig);
    uint64_t before_ps = rig_bus_ps(&rig);
    wr(&rig, TCR, DHQC | 20);
    rig_read(&rig, I_8D | A_8D | D_8D | DQSE, 0xEE11, 0, bytes, 256);
    cr_assert_eq(rig_bus_ps(&rig) - before_ps, (1 + 2 + 20 + 128) * CLOCK_PS);
    cr_assert_eq(bytes[255], 0xFF);
}

Test(xspi, a_dtr_command_without_effective_hold_delay_is_dropped)
{
    uint8_t status[2];

    rig_enter_8d(&rig);
    wr(&rig, TCR, DHQC);
    rig_command(&rig, I_8D, 0x06F9); /* DHQC set, but DDTR is 0 */
    cr_assert_eq(rig_violations(&rig, "dtr-without-hold"), 1);
    wr(&rig, TCR, DHQC | 4);
    rig_read(&rig, I_8D | A_8D | D_8D | DQSE, 0x05FA, 0, status, 2);
    cr_assert_eq(status[0], 0x00, "WEL is not set");
    wr(&rig, TCR, DHQC);
    rig_command(&rig, I_8D | D_DTR_ONLY, 0x06F9);
    wr(&rig, TCR, DHQC | 4);
    rig_read(&rig, I_8D | A_8D | D_8D | DQSE, 0x05FA, 0, status, 2);
    cr_assert_eq(status[0], 0x02);
}

Test(xspi, an_odd_dtr_read_leaves_a_byte_and_busy)
{
    rig_enter_8d(&rig);
    wr(&rig, CR, EN | FMODE_READ);
    wr(&rig, DLR, 2);
    wr(&rig, CCR, I_8D | A_8D | D_8D | DQSE);
    wr(&rig, IR, 0x9F60);
    wr(&rig, AR, 0);
    pass_ps(&rig, SIM_PS_PER_MS);
    for (unsigned i = 0; i < 3; i++) {
        (void)rd8(&rig, DR);
    }
    cr_assert_eq(rd(&rig, SR), TCF | FTF | BUSY | 1 << 8);
    cr_assert_eq(rig_violations(&rig, "dtr-odd-length"), 1);
    wr(&rig, CR, EN | FMODE_READ | ABORT);
    cr_assert_eq(rd(&rig, SR), TCF);
}

Test(xspi, sshift_in_dtr_is_a_violation)
{
    uint8_t bytes[2];

    rig_enter_8d(&rig);
    wr(&rig, TCR, DHQC | SSHIFT | 4);
    rig_read(&rig, I_8D | A_8D | D_8D | DQSE, 0x05FA, 0, bytes, 2);
    cr_assert_eq(rig_violations(&rig, "sshift-in-dtr"), 1);
}

Test(xspi, a_chip_in_8D_seen_through_one_line_answers_nothing)
{
    rig_enter_8d(&rig);
    wr(&rig, TCR, 0);
    cr_assert_eq(id_word(), 0xFFFFFF);
    rig_command(&rig, I_1S, 0x66);
    rig_command(&rig, I_1S, 0x99);
    pass_ps(&rig, 30 * SIM_PS_PER_US);
    cr_assert_eq(id_word(), 0xFFFFFF, "the SPI pair does not reach it");
    wr(&rig, TCR, DHQC);
    rig_command(&rig, I_8D | D_DTR_ONLY, 0x6699);
    rig_command(&rig, I_8D | D_DTR_ONLY, 0x9966);
    pass_ps(&rig, 30 * SIM_PS_PER_US);
    wr(&rig, TCR, 0);
    cr_assert_eq(id_word(), 0x3981C2);
}
