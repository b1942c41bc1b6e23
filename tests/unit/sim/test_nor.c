/* The NOR chip in SPI mode: identity, registers, program, erase, their times and their rules. */
#include "nor_rig.h"

static struct nor_rig rig;

static void setup(void)
{
    nor_rig_init(&rig);
}

static void teardown(void)
{
    nor_rig_free(&rig);
}

TestSuite(nor, .init = setup, .fini = teardown);

Test(nor, gives_its_id_again_and_again)
{
    uint8_t id[7];

    nor_rig_transfer(&rig, PHASE_1S, BYTES(0x9F), 1, 0, id, sizeof id);
    cr_assert_arr_eq(id, BYTES(0xC2, 0x81, 0x39, 0xC2, 0x81, 0x39, 0xC2), 7);
    nor_rig_expect_clean(&rig);
}

Test(nor, gives_its_sfdp_table_after_three_address_bytes_and_eight_dummies)
{
    uint8_t bytes[8];

    nor_rig_transfer(&rig, PHASE_1S, BYTES(0x5A, 0, 0, 0x00), 4, 8, bytes, 8);
    cr_assert_arr_eq(bytes, BYTES(0x53, 0x46, 0x44, 0x50, 0x08, 0x01, 0x04, 0xFD), 8);
    nor_rig_transfer(&rig, PHASE_1S, BYTES(0x5A, 0, 1, 0x38), 4, 8, bytes, 8);
    cr_assert_arr_eq(bytes, BYTES(0x21, 0xDC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF), 8);
}

Test(nor, reads_shifted_bytes_with_wrong_dummies)
{
    uint8_t bytes[4];

    memcpy(rig.storage.bytes, "\x12\x34\x56\x78\x9A", 5);
    nor_rig_transfer(&rig, PHASE_1S, BYTES(0x0C, 0, 0, 0, 0), 5, 4, bytes, 4);
    cr_assert_arr_eq(bytes, BYTES(0xF1, 0x23, 0x45, 0x67), 4, "four clocks too early");
    nor_rig_transfer(&rig, PHASE_1S, BYTES(0x0C, 0, 0, 0, 0), 5, 16, bytes, 4);
    cr_assert_arr_eq(bytes, BYTES(0x34, 0x56, 0x78, 0x9A), 4, "a byte too late");
    nor_rig_expect_clean(&rig);
}

Test(nor, programs_a_page_in_152_microseconds)
{
    uint8_t bytes[4];

    nor_rig_program_1s(&rig, 0x01000010, "\x01\x02\x03\x04", 4);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x03, "WIP and WEL while busy");
    nor_rig_wait_us(&rig, 151);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x03);
    nor_rig_wait_us(&rig, 1);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x00);
    nor_rig_read_array_1s(&rig, 0x01000010, bytes, 4);
    cr_assert_arr_eq(bytes, BYTES(1, 2, 3, 4), 4);
    cr_assert_eq(
        sim_report_cost_total(rig.env.report, SIM_COST_CHIP_PROGRAM_PS), 152 * SIM_PS_PER_US);
    cr_assert_eq(sim_report_cost_total(rig.env.report, SIM_COST_STATUS_POLLS), 3);
    nor_rig_expect_clean(&rig);
}

Test(nor, wraps_inside_the_page_and_keeps_the_last_256_bytes)
{
    uint8_t data[260];

    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)i;
    }
    nor_rig_program_1s(&rig, 0x1F0, data, sizeof data);
    nor_rig_wait_us(&rig, 152);
    /* Bytes 0..3 were overwritten by 256..259, which went to the same places. */
    cr_assert_arr_eq(rig.storage.bytes + 0x1F0, BYTES(0, 1, 2, 3, 4), 5);
    cr_assert_arr_eq(rig.storage.bytes + 0x1FC, BYTES(12, 13, 14, 15), 4);
    cr_assert_arr_eq(rig.storage.bytes + 0x100, BYTES(16, 17, 18), 3, "wrapped");
    cr_assert_eq(rig.storage.bytes[0x200], 0xFF);
    cr_assert_eq(nor_rig_violations(&rig, "program-past-page-end"), 1);
}

Test(nor, keeps_the_last_page_of_a_very_long_program)
{
    uint8_t data[600];

    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i / 3);
    }
    nor_rig_program_1s(&rig, 0, data, sizeof data);
    nor_rig_wait_us(&rig, 152);
    cr_assert_eq(rig.storage.bytes[0], data[512]);
    cr_assert_eq(rig.storage.bytes[87], data[599]);
    cr_assert_eq(rig.storage.bytes[88], data[344]);
    cr_assert_eq(rig.storage.bytes[255], data[511]);
}

Test(nor, only_clears_bits_and_minds_its_ecc_units)
{
    nor_rig_program_1s(&rig, 0, "\xF0", 1);
    nor_rig_wait_us(&rig, 152);
    nor_rig_expect_clean(&rig);
    nor_rig_program_1s(&rig, 8, "\x11", 1);
    nor_rig_wait_us(&rig, 152);
    cr_assert_eq(nor_rig_violations(&rig, "ecc-unit-double-program"), 1);
    cr_assert_eq(nor_rig_violations(&rig, "program-without-erase"), 0);
    const uint8_t *ecc_off = rig.storage.cells + RIG_CHIP_BYTES / 16 / 8;
    cr_assert_eq(ecc_off[0], 1, "the first unit has lost its ECC");
    nor_rig_program_1s(&rig, 0, "\x3F", 1);
    nor_rig_wait_us(&rig, 152);
    cr_assert_eq(rig.storage.bytes[0], 0x30);
    cr_assert_eq(nor_rig_violations(&rig, "program-without-erase"), 1);
    nor_rig_erase_1s(&rig, 0x21, 0);
    nor_rig_wait_us(&rig, 25000);
    cr_assert_eq(ecc_off[0], 0);
    nor_rig_program_1s(&rig, 0, "\x3F", 1);
    cr_assert_eq(nor_rig_violations(&rig, "ecc-unit-double-program"), 2, "an erase makes it new");
}

Test(nor, erases_sector_block_and_chip_in_their_times)
{
    memset(rig.storage.bytes, 0, 0x30000);
    nor_rig_erase_1s(&rig, 0x21, 0x1FFF);
    nor_rig_wait_us(&rig, 24999);
    cr_assert_eq(rig.storage.bytes[0x1000], 0, "FF only at the end");
    nor_rig_wait_us(&rig, 1);
    cr_assert_eq(rig.storage.bytes[0x0FFF], 0);
    cr_assert_eq(rig.storage.bytes[0x1000], 0xFF);
    cr_assert_eq(rig.storage.bytes[0x1FFF], 0xFF);
    cr_assert_eq(rig.storage.bytes[0x2000], 0);
    nor_rig_erase_1s(&rig, 0xDC, 0x15678);
    nor_rig_wait_us(&rig, 255999);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x03);
    nor_rig_wait_us(&rig, 1);
    cr_assert_eq(rig.storage.bytes[0xFFFF], 0);
    cr_assert_eq(rig.storage.bytes[0x10000], 0xFF);
    cr_assert_eq(rig.storage.bytes[0x20000], 0);
    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x60);
    nor_rig_wait_us(&rig, 76000000);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x00);
    cr_assert_eq(rig.storage.bytes[0], 0xFF);
    cr_assert_eq(sim_report_cost_total(rig.env.report, SIM_COST_CHIP_ERASE_PS),
        (UINT64_C(76000000) + 25000 + 256000) * SIM_PS_PER_US);
    nor_rig_expect_clean(&rig);
}

Test(nor, three_byte_opcodes_reach_the_first_16_MiB)
{
    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x02, 0xFF, 0xFF, 0x00, 0xA5);
    nor_rig_wait_us(&rig, 152);
    cr_assert_eq(rig.storage.bytes[0xFFFF00], 0xA5);
    uint8_t byte = 0;
    nor_rig_transfer(&rig, PHASE_1S, BYTES(0x03, 0xFF, 0xFF, 0x00), 4, 0, &byte, 1);
    cr_assert_eq(byte, 0xA5);
}

Test(nor, ignores_a_program_without_wel_or_without_data)
{
    SEND(&rig, PHASE_1S, 0x12, 0, 0, 0, 0, 0x00);
    nor_rig_wait_us(&rig, 200);
    cr_assert_eq(rig.storage.bytes[0], 0xFF);
    cr_assert_eq(nor_rig_violations(&rig, "write-without-enable"), 1);
    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x12, 0, 0, 0, 0);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x02, "not executed, WEL kept");
    SEND(&rig, PHASE_1S, 0x04);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x00);
}

Test(nor, does_not_execute_what_ends_inside_a_byte)
{
    SEND(&rig, PHASE_1S, 0x06);
    struct sim_phase phase = {.lanes = 1, .clock_hz = RIG_MHZ * 1000000};
    rig.chip->ops->select(rig.chip, 0xFF);
    rig.chip->ops->send(rig.chip, &phase, BYTES(0x12, 0, 0, 0, 0, 0x55), 6);
    rig.chip->ops->idle(rig.chip, &phase, 3);
    rig.chip->ops->deselect(rig.chip);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x02);
    cr_assert_eq(rig.storage.bytes[0], 0xFF);
}

Test(nor, is_deaf_to_reads_while_busy_and_says_so)
{
    uint8_t bytes[2] = {0};

    nor_rig_erase_1s(&rig, 0x21, 0);
    nor_rig_read_array_1s(&rig, 0x8000, bytes, 2);
    cr_assert_arr_eq(bytes, BYTES(0xFF, 0xFF), 2);
    cr_assert_eq(nor_rig_violations(&rig, "access-while-busy"), 1);
    (void)nor_rig_read_1s(&rig, 0x05);
    (void)nor_rig_read_1s(&rig, 0x2B);
    cr_assert_eq(nor_rig_violations(&rig, "access-while-busy"), 1, "status reads are allowed");
}

Test(nor, protected_areas_set_the_fail_bits_and_keep_their_bytes)
{
    const char *why = NULL;

    cr_assert(sim_nor_set(rig.chip, "bp", "1", &why)); /* the topmost 64 KiB */
    nor_rig_program_1s(&rig, 0x01FF0000, "\x00", 1);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x04, "not busy, WEL cleared, BP0");
    cr_assert_eq(nor_rig_read_1s(&rig, 0x2B), 0x20, "P_FAIL");
    nor_rig_erase_1s(&rig, 0x21, 0x01FFF000);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x2B), 0x60, "E_FAIL");
    nor_rig_program_1s(&rig, 0x01FEFF00, "\x77", 1);
    nor_rig_wait_us(&rig, 152);
    cr_assert_eq(rig.storage.bytes[0x01FEFF00], 0x77, "just below");
    cr_assert_eq(nor_rig_read_1s(&rig, 0x2B), 0x40, "a success clears its own bit");
    cr_assert_eq(rig.storage.bytes[0x01FF0000], 0xFF);
    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x60);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05) & 1, 0, "chip erase refused");
}

Test(nor, knobs_choose_what_the_reference_leaves_open)
{
    const char *why = NULL;

    cr_assert(sim_nor_set(rig.chip, "bp", "15", &why));
    cr_assert(sim_nor_set(rig.chip, "p_fail", "never", &why));
    cr_assert(sim_nor_set(rig.chip, "refused_wel", "keep", &why));
    nor_rig_program_1s(&rig, 0, "\x00", 1);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x3E);
    cr_assert(sim_nor_set(rig.chip, "bp", "0", &why));
    nor_rig_program_1s(&rig, 0, "\x00", 1);
    nor_rig_wait_us(&rig, 152);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x2B), 0x20);
    cr_assert_not(sim_nor_set(rig.chip, "bp", "16", &why));
    cr_assert_str_eq(why, "bp is 0 to 15");
    cr_assert_not(sim_nor_set(rig.chip, "colour", "red", &why));
}

Test(nor, tb_turns_the_protected_end_round_and_is_for_ever)
{
    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x01, 0x04, 0x0F); /* BP0, TB with ODS 7 */
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05) & 1, 1);
    nor_rig_wait_us(&rig, 40000);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x04);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x15), 0x0F);
    cr_assert_eq(nor_rig_violations(&rig, "nv-register-write"), 1);
    nor_rig_program_1s(&rig, 0, "\x00", 1);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x2B), 0x20);
    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x01, 0x00, 0x07);
    nor_rig_wait_us(&rig, 40000);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x15), 0x0F, "TB stays");
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x00);
}

Test(nor, individual_protection_starts_locked_and_unlocks_at_once)
{
    const char *why = NULL;
    uint8_t dpb = 0;

    cr_assert(sim_nor_set(rig.chip, "wpsel", "1", &why));
    cr_assert_eq(nor_rig_read_1s(&rig, 0x2B), 0x80);
    nor_rig_program_1s(&rig, 0, "\x00", 1);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x2B), 0xA0);
    nor_rig_transfer(&rig, PHASE_1S, BYTES(0xE0, 0, 0, 0, 0), 5, 0, &dpb, 1);
    cr_assert_eq(dpb, 0xFF);
    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x98);
    nor_rig_program_1s(&rig, 0, "\x00", 1);
    nor_rig_wait_us(&rig, 152);
    cr_assert_eq(rig.storage.bytes[0], 0x00);
}

Test(nor, sleeps_in_deep_power_down_until_30_us_after_ab)
{
    SEND(&rig, PHASE_1S, 0xB9);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x9F), 0xFF);
    SEND(&rig, PHASE_1S, 0x66);
    SEND(&rig, PHASE_1S, 0x99);
    nor_rig_wait_us(&rig, 1000);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x9F), 0xFF, "a reset does not wake it");
    nor_rig_expect_clean(&rig);
    SEND(&rig, PHASE_1S, 0xAB);
    nor_rig_wait_us(&rig, 29);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x9F), 0xFF);
    cr_assert_eq(nor_rig_violations(&rig, "access-during-wake-up"), 1);
    nor_rig_wait_us(&rig, 1);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x9F), 0xC2);
}

Test(nor, suspends_and_resumes_an_erase)
{
    uint8_t bytes[2];

    memset(rig.storage.bytes, 0, 0x20000);
    nor_rig_erase_1s(&rig, 0xDC, 0x10000);
    nor_rig_wait_us(&rig, 100000);
    SEND(&rig, PHASE_1S, 0xB0);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05) & 1, 1, "WIP until the suspend latency is over");
    nor_rig_wait_us(&rig, 56);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05) & 1, 0);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x2B), 0x08, "ESB");
    nor_rig_read_array_1s(&rig, 0x0FF00, bytes, 2);
    cr_assert_arr_eq(bytes, BYTES(0, 0), 2);
    nor_rig_expect_clean(&rig);
    nor_rig_read_array_1s(&rig, 0x10000, bytes, 2);
    cr_assert_eq(nor_rig_violations(&rig, "read-in-suspended-block"), 1);
    nor_rig_program_1s(&rig, 0x20000, "\x00", 1);
    cr_assert_eq(nor_rig_violations(&rig, "write-while-suspended"), 1);
    cr_assert_eq(rig.storage.bytes[0x20000], 0xFF);
    SEND(&rig, PHASE_1S, 0x30);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05) & 1, 1);
    nor_rig_wait_us(&rig, 156000);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05) & 1, 1, "200 ns are still missing");
    nor_rig_wait_us(&rig, 1);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0);
    cr_assert_eq(rig.storage.bytes[0x10000], 0xFF);
}

Test(nor, makes_no_progress_when_suspended_right_after_a_resume)
{
    nor_rig_erase_1s(&rig, 0xDC, 0x10000);
    nor_rig_wait_us(&rig, 1000);
    SEND(&rig, PHASE_1S, 0xB0);
    nor_rig_wait_us(&rig, 56);
    SEND(&rig, PHASE_1S, 0x30);
    nor_rig_wait_us(&rig, 447);
    SEND(&rig, PHASE_1S, 0xB0);
    cr_assert_eq(nor_rig_violations(&rig, "suspend-too-soon"), 1);
    nor_rig_wait_us(&rig, 56);
    SEND(&rig, PHASE_1S, 0x30);
    nor_rig_wait_us(&rig, 255000);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05) & 1, 1);
    nor_rig_wait_us(&rig, 2);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05) & 1, 0);
}

Test(nor, resets_only_on_66_directly_followed_by_99)
{
    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x66);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x02);
    SEND(&rig, PHASE_1S, 0x99);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x02, "the status read came in between");
    SEND(&rig, PHASE_1S, 0x66);
    SEND(&rig, PHASE_1S, 0x99);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0xFF);
    cr_assert_eq(nor_rig_violations(&rig, "access-during-reset"), 1);
    nor_rig_wait_us(&rig, 30);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x00, "WEL is gone");
}

Test(nor, a_reset_inside_an_erase_takes_100_ms_and_tears_the_sector)
{
    uint8_t first[256];
    uint8_t second[256];

    memset(rig.storage.bytes, 0, 0x2000);
    nor_rig_erase_1s(&rig, 0x21, 0x1000);
    nor_rig_wait_us(&rig, 10000);
    SEND(&rig, PHASE_1S, 0x66);
    SEND(&rig, PHASE_1S, 0x99);
    nor_rig_wait_us(&rig, 99999);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0xFF);
    nor_rig_wait_us(&rig, 1);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x00);
    nor_rig_read_array_1s(&rig, 0x1000, first, sizeof first);
    nor_rig_read_array_1s(&rig, 0x1000, second, sizeof second);
    cr_assert_arr_neq(first, second, 256, "unstable");
    nor_rig_read_array_1s(&rig, 0x0F00, first, sizeof first);
    cr_assert_eq(first[255], 0, "the sector below is untouched");
    nor_rig_program_1s(&rig, 0x1000, "\x00", 1);
    nor_rig_wait_us(&rig, 152);
    cr_assert_eq(nor_rig_violations(&rig, "program-on-weak-cells"), 1);
    nor_rig_erase_1s(&rig, 0x21, 0x1000);
    nor_rig_wait_us(&rig, 25000);
    nor_rig_read_array_1s(&rig, 0x1000, first, sizeof first);
    nor_rig_read_array_1s(&rig, 0x1000, second, sizeof second);
    cr_assert_arr_eq(first, second, 256, "healed");
    cr_assert_eq(first[0], 0xFF);
}

Test(nor, spi_commands_have_their_own_clock_limits)
{
    uint8_t id = 0;
    uint8_t byte = 0;

    rig.clock_hz = 50000000;
    cr_assert_eq(nor_rig_read_1s(&rig, 0x9F), 0xC2);
    rig.clock_hz = 133000000;
    nor_rig_read_array_1s(&rig, 0, &byte, 1);
    cr_assert_eq(byte, 0xFF);
    nor_rig_expect_clean(&rig);
    id = nor_rig_read_1s(&rig, 0x9F);
    cr_assert_neq(id, 0xC2, "0x%02x", id);
    cr_assert_eq(nor_rig_violations(&rig, "chip-clock-too-fast"), 1);
    rig.clock_hz = 140000000;
    SEND(&rig, PHASE_1S, 0x06);
    cr_assert_eq(nor_rig_violations(&rig, "chip-clock-too-fast"), 2);
    rig.clock_hz = 1000000;
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x00, "the WREN was not understood");
}

Test(nor, ignores_unknown_opcodes_and_floats)
{
    cr_assert_eq(nor_rig_read_1s(&rig, 0x35), 0xFF);
    cr_assert_eq(nor_rig_read_1s(&rig, 0xFF), 0xFF);
    nor_rig_expect_clean(&rig);
}

Test(nor, chip_select_without_power_is_silence)
{
    rig.chip->ops->power(rig.chip, false);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x9F), 0xFF);
    rig.chip->ops->power(rig.chip, true);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x9F), 0xFF);
    cr_assert_eq(nor_rig_violations(&rig, "access-during-power-up"), 1);
    nor_rig_wait_us(&rig, 800);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x9F), 0xC2);
}

Test(nor, announces_when_its_status_changes_next)
{
    cr_assert_eq(rig.chip->ops->busy_until_ps(rig.chip), SIM_NEVER);
    nor_rig_program_1s(&rig, 0, "\x00", 1);
    cr_assert_eq(
        rig.chip->ops->busy_until_ps(rig.chip), sim_clock_now_ps(&rig.clock) + 152 * SIM_PS_PER_US);
    sim_nor_set_time_scale(rig.chip, 2000);
    nor_rig_wait_us(&rig, 152);
    nor_rig_program_1s(&rig, 256, "\x00", 1);
    cr_assert_eq(
        rig.chip->ops->busy_until_ps(rig.chip), sim_clock_now_ps(&rig.clock) + 304 * SIM_PS_PER_US);
}
