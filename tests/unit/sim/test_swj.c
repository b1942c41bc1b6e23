/* Selection of SWD, bit by bit: ARM IHI 0031, SWJ-DP and dormant state. */
#include "sim/swj.h"

#include <criterion/criterion.h>

#include <stddef.h>

static void clock_bits(struct sim_swj *swj, bool bit, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sim_swj_clock(swj, bit);
    }
}

static void clock_bytes(struct sim_swj *swj, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < 8 * count; i++) {
        sim_swj_clock(swj, (bytes[i / 8] >> i % 8 & 1) != 0);
    }
}

static void select_by(struct sim_swj *swj, uint8_t low, uint8_t high)
{
    const uint8_t bytes[2] = {low, high};

    clock_bits(swj, true, 51);
    clock_bytes(swj, bytes, 2);
}

static void reset_line(struct sim_swj *swj)
{
    clock_bits(swj, true, 51);
    clock_bits(swj, false, 8);
}

Test(swj, comes_up_as_jtag_and_is_taken_to_swd)
{
    struct sim_swj swj;

    sim_swj_init(&swj);
    reset_line(&swj);
    cr_assert_not(sim_swj_begin_transfer(&swj, true), "JTAG");
    select_by(&swj, 0x9E, 0xE7);
    cr_assert_not(sim_swj_begin_transfer(&swj, true), "no line reset yet");
    reset_line(&swj);
    cr_assert_not(sim_swj_begin_transfer(&swj, false), "DPIDR comes first");
    cr_assert_not(sim_swj_begin_transfer(&swj, true), "and now it needs another line reset");
    reset_line(&swj);
    cr_assert(sim_swj_begin_transfer(&swj, true));
    cr_assert(sim_swj_begin_transfer(&swj, false));
}

Test(swj, a_line_reset_has_fifty_ones_and_two_zeros)
{
    static const struct {
        unsigned ones;
        unsigned zeros;
        bool is_reset;
    } rows[] = {{49, 8, false}, {50, 1, false}, {50, 2, true}, {200, 2, true}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sim_swj swj;

        sim_swj_init(&swj);
        select_by(&swj, 0x9E, 0xE7);
        clock_bits(&swj, false, 1); /* the last bits of the selection are ones */
        clock_bits(&swj, true, rows[i].ones);
        clock_bits(&swj, false, rows[i].zeros);
        cr_assert_eq(sim_swj_begin_transfer(&swj, true), rows[i].is_reset, "%u ones, %u zeros",
            rows[i].ones, rows[i].zeros);
    }
}

Test(swj, the_selection_follows_the_ones_at_once_and_is_exact)
{
    const uint8_t late[2] = {0x9E, 0xE7};
    struct sim_swj swj;

    sim_swj_init(&swj);
    select_by(&swj, 0x9E, 0xE5);
    reset_line(&swj);
    cr_assert_not(sim_swj_begin_transfer(&swj, true), "one bit wrong");
    clock_bits(&swj, true, 51);
    clock_bits(&swj, false, 3);
    clock_bytes(&swj, late, 2);
    reset_line(&swj);
    cr_assert_not(sim_swj_begin_transfer(&swj, true), "idle cycles before it");
}

Test(swj, a_line_reset_in_the_middle_of_a_session_asks_for_dpidr_again)
{
    struct sim_swj swj;

    sim_swj_init(&swj);
    select_by(&swj, 0x9E, 0xE7);
    reset_line(&swj);
    cr_assert(sim_swj_begin_transfer(&swj, true));
    reset_line(&swj);
    cr_assert_not(sim_swj_begin_transfer(&swj, false));
}

Test(swj, goes_back_to_jtag)
{
    struct sim_swj swj;

    sim_swj_init(&swj);
    select_by(&swj, 0x9E, 0xE7);
    select_by(&swj, 0x3C, 0xE7);
    reset_line(&swj);
    cr_assert_not(sim_swj_begin_transfer(&swj, true));
    cr_assert_eq(swj.mode, SIM_SWJ_JTAG);
}

Test(swj, a_dormant_port_wakes_by_the_selection_alert_only)
{
    static const uint8_t alert[16] = {0x92, 0xF3, 0x09, 0x62, 0x95, 0x2D, 0x85, 0x86, 0xE9, 0xAF,
        0xDD, 0xE3, 0xA2, 0x0E, 0xBC, 0x19};
    const uint8_t activation[2] = {0xA0, 0xF1}; /* four zeros, 1A, four ones */
    struct sim_swj swj;

    sim_swj_init(&swj);
    select_by(&swj, 0x9E, 0xE7);
    select_by(&swj, 0xBC, 0xE3);
    cr_assert_eq(swj.mode, SIM_SWJ_DORMANT);
    select_by(&swj, 0x9E, 0xE7);
    cr_assert_eq(swj.mode, SIM_SWJ_DORMANT);
    clock_bits(&swj, true, 8);
    clock_bytes(&swj, alert, sizeof alert);
    clock_bytes(&swj, activation, 2);
    cr_assert_eq(swj.mode, SIM_SWJ_SWD);
    reset_line(&swj);
    cr_assert(sim_swj_begin_transfer(&swj, true));
}

Test(swj, jtag_goes_dormant_by_31_bits)
{
    const uint8_t sequence[4] = {0xBA, 0xBB, 0xBB, 0x33};
    struct sim_swj swj;

    sim_swj_init(&swj);
    clock_bits(&swj, true, 8);
    for (size_t i = 0; i < 31; i++) {
        sim_swj_clock(&swj, (sequence[i / 8] >> i % 8 & 1) != 0);
    }
    cr_assert_eq(swj.mode, SIM_SWJ_DORMANT);
}

Test(swj, ones_without_idle_cycles_lock_the_line)
{
    struct sim_swj swj;

    sim_swj_init(&swj);
    select_by(&swj, 0x9E, 0xE7);
    reset_line(&swj);
    cr_assert(sim_swj_begin_transfer(&swj, true));
    clock_bits(&swj, true, 50);
    cr_assert_not(sim_swj_begin_transfer(&swj, true));
}

Test(swj, idle_cycles_count_right_after_the_ones_only)
{
    struct sim_swj swj;

    sim_swj_init(&swj);
    select_by(&swj, 0x9E, 0xE7);
    clock_bits(&swj, true, 51);
    clock_bits(&swj, false, 1);
    clock_bits(&swj, true, 1);
    clock_bits(&swj, false, 8);
    cr_assert_not(sim_swj_begin_transfer(&swj, true), "a one among them");
    clock_bits(&swj, true, 51);
    clock_bits(&swj, false, 1);
    cr_assert_not(sim_swj_begin_transfer(&swj, true), "one is not enough");
    clock_bits(&swj, false, 8);
    cr_assert_not(sim_swj_begin_transfer(&swj, true), "and it is over");
}
