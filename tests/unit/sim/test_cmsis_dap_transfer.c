/* Transfers of CMSIS-DAP: reference probe.md 5. */
#include "dap_rig.h"

Test(cmsis_dap_transfer, transfers_nothing_before_connect)
{
    struct dap_test test;

    plug(&test, "dap2");
    ASK(&test, 0x05, 0, 1, 0x02);
    EXPECT(&test, 0x05, 0, 0);
    ASK(&test, 0x06, 0, 1, 0, READ_DRW);
    EXPECT(&test, 0x06, 0, 0, 0);
    ASK(&test, 0x08, 0, 0x1E, 0, 0, 0);
    EXPECT(&test, 0x08, 0xFF);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, dpidr_answers_after_the_sequence_and_not_before)
{
    struct dap_test test;

    plug(&test, "dap2");
    ASK(&test, 0x02, 1);
    ASK(&test, 0x05, 0, 1, 0x02);
    EXPECT(&test, 0x05, 0, 7);
    select_swd(&test);
    ASK(&test, 0x05, 0, 1, 0x06);
    EXPECT(&test, 0x05, 0, 7);
    select_swd(&test);
    ASK(&test, 0x05, 0, 1, 0x02);
    EXPECT(&test, 0x05, 1, 1, 0x77, 0x24, 0xA0, 0x6B);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, a_target_without_power_does_not_answer_and_forgets_swd)
{
    struct dap_test test;

    connect(&test, "dap2");
    test.rig.is_powered = false;
    ASK(&test, 0x05, 0, 1, 0x02);
    EXPECT(&test, 0x05, 0, 7);
    test.rig.is_powered = true;
    sim_dap_power_on_reset(&test.rig.dap);
    ASK(&test, 0x05, 0, 1, 0x02);
    EXPECT(&test, 0x05, 0, 7);
    select_swd(&test);
    ASK(&test, 0x05, 0, 1, 0x02);
    cr_assert_eq(test.reply[2], 1);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, moves_words_with_single_transfers)
{
    struct dap_test test;

    connect(&test, "dap2");
    ASK(&test, 0x05, 0, 3, TAR, 0x10, 0, 0, 0x24, DRW, 1, 2, 3, 4, DRW, 5, 6, 7, 8);
    EXPECT(&test, 0x05, 3, 1);
    cr_assert_arr_eq(&test.rig.ram[0x10], ((const uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8}), 8);
    ASK(&test, 0x05, 0, 3, TAR, 0x10, 0, 0, 0x24, READ_DRW, READ_DRW);
    EXPECT(&test, 0x05, 3, 1, 1, 2, 3, 4, 5, 6, 7, 8);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, moves_blocks_and_fills_its_packet)
{
    struct dap_test test;
    uint8_t packet[PACKET] = {0x06, 0, 126, 0, DRW};

    connect(&test, "dap2");
    for (size_t i = 5; i < 509; i++) {
        packet[i] = (uint8_t)(i * 3 + i / 256);
    }
    set_tar(&test, RIG_RAM);
    ask(&test, packet, 509);
    EXPECT(&test, 0x06, 126, 0, 1);
    cr_assert_arr_eq(test.rig.ram, &packet[5], 504);
    set_tar(&test, RIG_RAM);
    ASK(&test, 0x06, 0, 127, 0, READ_DRW);
    cr_assert_eq(test.reply_bytes, 512);
    cr_assert_arr_eq(test.reply, ((const uint8_t[]){0x06, 127, 0, 1}), 4);
    cr_assert_arr_eq(&test.reply[4], &packet[5], 504);
    cr_assert_eq(violations(&test), 0);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, tar_wraps_at_1_kib)
{
    struct dap_test test;

    connect(&test, "dap2");
    set_tar(&test, RIG_RAM + 0x3FC);
    ASK(&test, 0x06, 0, 2, 0, DRW, 1, 1, 1, 1, 2, 2, 2, 2);
    EXPECT(&test, 0x06, 2, 0, 1);
    cr_assert_eq(word(&test.rig.ram[0x3FC]), 0x01010101);
    cr_assert_eq(word(&test.rig.ram[0x400]), 0);
    cr_assert_eq(word(test.rig.ram), 0x02020202);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, a_request_that_is_too_short_or_a_reply_that_is_too_long_is_refused)
{
    struct dap_test test;

    connect(&test, "dap2-fs");
    set_tar(&test, RIG_RAM);
    ASK(&test, 0x06, 0, 2, 0, DRW, 1, 1, 1, 1);
    EXPECT(&test, 0xFF);
    cr_assert_eq(word(test.rig.ram), 0, "nothing was written");
    cr_assert_eq(violations(&test), 1);
    ASK(&test, 0x06, 0, 16, 0, READ_DRW);
    EXPECT(&test, 0xFF);
    cr_assert_eq(violations(&test), 2);
    cr_assert_eq(test.rig.dap.aps[1].tar, RIG_RAM, "nothing was read");
    ASK(&test, 0x06, 0, 15, 0, READ_DRW);
    cr_assert_eq(test.reply_bytes, 64);
    ASK(&test, 0x05, 0, 2, 0x02);
    EXPECT(&test, 0xFF);
    cr_assert_eq(violations(&test), 3);
    rig_free(&test.rig);
}

/* The probe looks at what its last write came to. */
Test(cmsis_dap_transfer, a_write_into_nothing_comes_back_as_a_fault_that_sticks)
{
    struct dap_test test;

    connect(&test, "dap2");
    set_tar(&test, RIG_HOLE);
    ASK(&test, 0x05, 0, 1, DRW, 1, 1, 1, 1);
    EXPECT(&test, 0x05, 1, 4);
    ASK(&test, 0x05, 0, 1, 0x07);
    EXPECT(&test, 0x05, 0, 4);
    ASK(&test, 0x05, 0, 1, 0x06);
    cr_assert_eq(test.reply[2], 1, "CTRL/STAT can be read");
    cr_assert_neq(word(&test.reply[3]) & 0x20, 0, "STICKYERR");
    ASK(&test, 0x08, 0, 0x1E, 0, 0, 0);
    EXPECT(&test, 0x08, 0);
    ASK(&test, 0x05, 0, 1, 0x07);
    cr_assert_eq(test.reply[2], 1);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, a_block_ends_at_the_word_that_failed)
{
    struct dap_test test;

    connect(&test, "dap2");
    set_tar(&test, RIG_RAM + RIG_RAM_BYTES - 8);
    ASK(&test, 0x06, 0, 2, 0, READ_DRW);
    EXPECT(&test, 0x06, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    set_tar(&test, RIG_HOLE);
    ASK(&test, 0x06, 0, 2, 0, READ_DRW);
    EXPECT(&test, 0x06, 0, 0, 4);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, what_follows_a_failed_transfer_is_left_out)
{
    struct dap_test test;

    connect(&test, "dap2");
    set_tar(&test, RIG_HOLE);
    ASK(&test, 0x05, 0, 4, 0x06, READ_DRW, TAR, 0x10, 0, 0, 0x24, DRW, 1, 1, 1, 1);
    cr_assert_eq(test.reply_bytes, 7);
    cr_assert_eq(test.reply[1], 1);
    cr_assert_eq(test.reply[2], 4);
    cr_assert_eq(word(&test.rig.ram[0x10]), 0);
    cr_assert_eq(violations(&test), 0);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, repeats_what_is_answered_with_wait_as_often_as_configured)
{
    struct dap_test test;

    connect(&test, "dap2");
    ASK(&test, 0x04, 0, 2, 0, 0, 0);
    set_tar(&test, RIG_RAM);
    arm(&test, "dap-wait@1");
    arm(&test, "dap-wait@2");
    ASK(&test, 0x05, 0, 1, READ_DRW);
    EXPECT(&test, 0x05, 1, 1, 0, 0, 0, 0);
    arm(&test, "dap-wait@1");
    arm(&test, "dap-wait@2");
    arm(&test, "dap-wait@3");
    ASK(&test, 0x05, 0, 1, READ_DRW);
    EXPECT(&test, 0x05, 0, 2);
    ASK(&test, 0x04, 0, 0, 0, 0, 0);
    arm(&test, "dap-wait@1");
    ASK(&test, 0x06, 0, 1, 0, DRW, 9, 9, 9, 9);
    EXPECT(&test, 0x06, 0, 0, 2);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, select_names_access_port_and_banks)
{
    struct dap_test test;

    connect(&test, "dap2");
    ASK(&test, 0x05, 0, 2, SELECT, 0xF0, 0, 0, 1, 0x0F);
    EXPECT(&test, 0x05, 2, 1, 0x01, 0x00, 0x77, 0x84);
    ASK(&test, 0x05, 0, 2, SELECT, 0xF0, 0, 0, 0, 0x0F);
    EXPECT(&test, 0x05, 2, 1, 0x02, 0x00, 0x77, 0x54);
    ASK(&test, 0x05, 0, 2, SELECT, 0x02, 0, 0, 0, 0x06);
    EXPECT(&test, 0x05, 2, 1, 0x41, 0x00, 0x85, 0x04);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, a_transfer_with_a_timestamp_is_refused)
{
    struct dap_test test;

    connect(&test, "dap2");
    ASK(&test, 0x05, 0, 1, 0x82);
    EXPECT(&test, 0x05, 0xFF);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, bytes_are_counted_by_the_size_in_csw)
{
    struct dap_test test;

    connect(&test, "dap2");
    ASK(&test, 0x05, 0, 2, CSW, 0x50, 0, 0, 0x23, TAR, 0, 0, 0, 0x24);
    sim_report_begin_session(test.rig.env.report);
    ASK(&test, 0x05, 0, 2, DRW, 1, 0, 0, 0, DRW, 0, 2, 0, 0);
    EXPECT(&test, 0x05, 2, 1);
    cr_assert_eq(test.rig.ram[1], 2);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_WRITE_BYTES), 2);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, what_is_left_of_a_failed_block_is_read_over)
{
    struct dap_test test;

    connect(&test, "dap2");
    set_tar(&test, RIG_RAM);
    ASK(&test, 0x04, 0, 0, 0, 0, 0);
    arm(&test, "dap-wait@1");
    ASK(&test, 0x7F, 2, 0x06, 0, 2, 0, DRW, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0xFE);
    EXPECT(&test, 0x7F, 2, 0x06, 0, 0, 2, 0x00, 1, 8);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, a_wait_storm_ends_at_the_bound)
{
    struct dap_test test;

    connect(&test, "dap2");
    ASK(&test, 0x04, 0, 100, 0, 0, 0);
    arm(&test, "dap-wait@seed:1/1");
    ASK(&test, 0x05, 0, 1, READ_DRW);
    EXPECT(&test, 0x05, 0, 2);
    cr_assert_eq(sim_inject_seam_count(test.rig.env.inject, SIM_SEAM_DAP) >= 101, true);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, parity_is_a_protocol_error_and_a_fault_a_fault)
{
    struct dap_test test;

    connect(&test, "dap2");
    set_tar(&test, RIG_RAM);
    arm(&test, "dap-parity@1");
    ASK(&test, 0x05, 0, 1, READ_DRW);
    EXPECT(&test, 0x05, 0, 8);
    ASK(&test, 0x08, 0, 0x1E, 0, 0, 0);
    arm(&test, "dap-fault@1");
    ASK(&test, 0x05, 0, 1, READ_DRW);
    EXPECT(&test, 0x05, 0, 4);
    rig_free(&test.rig);
}

Test(cmsis_dap_transfer, reads_until_a_value_matches_under_the_mask)
{
    struct dap_test test;

    connect(&test, "dap2");
    ASK(&test, 0x04, 0, 0, 0, 3, 0);
    test.rig.ram[0] = 0x5A;
    test.rig.ram[4] = 0xFF;
    set_tar(&test, RIG_RAM);
    ASK(&test, 0x05, 0, 2, 0x20, 0x0F, 0, 0, 0, READ_DRW | 0x10, 0x0A, 0, 0, 0);
    EXPECT(&test, 0x05, 2, 1);
    set_tar(&test, RIG_RAM);
    ASK(&test, 0x05, 0, 1, READ_DRW | 0x10, 0x0F, 0, 0, 0);
    EXPECT(&test, 0x05, 1, 1);
    cr_assert_eq(test.rig.dap.aps[1].tar, RIG_RAM + 8, "the second word matched");
    ASK(&test, 0x05, 0, 1, READ_DRW | 0x10, 0x0F, 0, 0, 0);
    EXPECT(&test, 0x05, 0, 0x11);
    cr_assert_eq(test.rig.dap.aps[1].tar, RIG_RAM + 24, "four tries");
    rig_free(&test.rig);
}
