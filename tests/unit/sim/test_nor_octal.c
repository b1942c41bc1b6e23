/* The NOR chip in 8S and 8D: inverse opcodes, dummies, byte order, wrong widths, recovery. */
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

TestSuite(nor_octal, .init = setup, .fini = teardown);

enum { SOPI = 1, DOPI = 2 };

static void read_register(
    struct sim_phase phase, uint16_t opcode, uint32_t addr, uint8_t *bytes, size_t count)
{
    uint8_t out[] = {(uint8_t)(opcode >> 8), (uint8_t)opcode, (uint8_t)(addr >> 24),
        (uint8_t)(addr >> 16), (uint8_t)(addr >> 8), (uint8_t)addr};

    nor_rig_transfer(&rig, phase, out, sizeof out, 4, bytes, count);
}

Test(nor_octal, identifies_itself_in_8S)
{
    uint8_t id[3];

    nor_rig_enter(&rig, SOPI);
    read_register(PHASE_8S, 0x9F60, 0, id, 3);
    cr_assert_arr_eq(id, BYTES(0xC2, 0x81, 0x39), 3);
    nor_rig_expect_clean(&rig);
}

Test(nor_octal, gives_every_register_byte_twice_in_8D)
{
    uint8_t bytes[6];

    nor_rig_enter(&rig, DOPI);
    read_register(PHASE_8D, 0x9F60, 0, bytes, 6);
    cr_assert_arr_eq(bytes, BYTES(0xC2, 0xC2, 0x81, 0x81, 0x39, 0x39), 6);
    read_register(PHASE_8D, 0x718E, 0, bytes, 2);
    cr_assert_arr_eq(bytes, BYTES(DOPI, DOPI), 2);
    nor_rig_expect_clean(&rig);
}

Test(nor_octal, register_data_may_be_sampled_in_STR_while_the_rest_is_DTR)
{
    uint8_t id[3];
    struct sim_phase dtr = {.lanes = 8, .dtr = true, .clock_hz = RIG_MHZ * 1000000};
    struct sim_phase str = {.lanes = 8, .clock_hz = RIG_MHZ * 1000000};

    nor_rig_enter(&rig, DOPI);
    rig.chip->ops->select(rig.chip, 0xFF);
    rig.chip->ops->send(rig.chip, &dtr, BYTES(0x9F, 0x60, 0, 0, 0, 0), 6);
    rig.chip->ops->idle(rig.chip, &dtr, 4);
    rig.chip->ops->receive(rig.chip, &str, id, 3);
    rig.chip->ops->deselect(rig.chip);
    cr_assert_arr_eq(id, BYTES(0xC2, 0x81, 0x39), 3);
}

Test(nor_octal, swaps_byte_pairs_of_the_array_in_8D_and_not_in_8S)
{
    uint8_t bytes[6];

    memcpy(rig.storage.bytes + 0x100, "\x00\x11\x22\x33\x44\x55", 6);
    nor_rig_enter(&rig, SOPI);
    nor_rig_transfer(&rig, PHASE_8S, BYTES(0xEC, 0x13, 0, 0, 1, 0), 6, 20, bytes, 6);
    cr_assert_arr_eq(bytes, BYTES(0x00, 0x11, 0x22, 0x33, 0x44, 0x55), 6);
    SEND(&rig, PHASE_8S, 0x06, 0xF9);
    SEND(&rig, PHASE_8S, 0x72, 0x8D, 0, 0, 0, 0, DOPI);
    nor_rig_transfer(&rig, PHASE_8D, BYTES(0xEE, 0x11, 0, 0, 1, 0), 6, 20, bytes, 6);
    cr_assert_arr_eq(bytes, BYTES(0x11, 0x00, 0x33, 0x22, 0x55, 0x44), 6);
    nor_rig_expect_clean(&rig);
}

Test(nor_octal, programs_swapped_pairs_in_8D)
{
    uint8_t bytes[4];

    nor_rig_enter(&rig, DOPI);
    SEND(&rig, PHASE_8D, 0x06, 0xF9);
    SEND(&rig, PHASE_8D, 0x12, 0xED, 0, 0, 0, 0x20, 0xD1, 0xD0, 0xD3, 0xD2);
    nor_rig_wait_us(&rig, 152);
    cr_assert_arr_eq(rig.storage.bytes + 0x20, BYTES(0xD0, 0xD1, 0xD2, 0xD3), 4);
    nor_rig_transfer(&rig, PHASE_8D, BYTES(0xEE, 0x11, 0, 0, 0, 0x20), 6, 20, bytes, 4);
    cr_assert_arr_eq(bytes, BYTES(0xD1, 0xD0, 0xD3, 0xD2), 4);
    SEND(&rig, PHASE_8D, 0x06, 0xF9);
    SEND(&rig, PHASE_8D, 0x21, 0xDE, 0, 0, 0, 0);
    nor_rig_wait_us(&rig, 25000);
    cr_assert_eq(rig.storage.bytes[0x20], 0xFF);
    nor_rig_expect_clean(&rig);
}

Test(nor_octal, sfdp_reads_swapped_in_8D)
{
    uint8_t bytes[4];

    nor_rig_enter(&rig, DOPI);
    nor_rig_transfer(&rig, PHASE_8D, BYTES(0x5A, 0xA5, 0, 0, 0, 0), 6, 20, bytes, 4);
    cr_assert_arr_eq(bytes, "FSPD", 4);
}

Test(nor_octal, ignores_an_opcode_without_its_inverse)
{
    uint8_t byte = 0;

    nor_rig_enter(&rig, SOPI);
    SEND(&rig, PHASE_8S, 0x06, 0x06);
    read_register(PHASE_8S, 0x05FA, 0, &byte, 1);
    cr_assert_eq(byte, 0x00, "WEL must not be set");
    SEND(&rig, PHASE_8S, 0x06, 0xF9);
    read_register(PHASE_8S, 0x05FA, 0, &byte, 1);
    cr_assert_eq(byte, 0x02);
}

Test(nor_octal, dummy_clocks_follow_the_code_and_shift_the_data_when_wrong)
{
    uint8_t bytes[4];

    memcpy(rig.storage.bytes, "\x10\x21\x32\x43\x54\x65", 6);
    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x72, 0, 0, 3, 0, 7); /* 6 clocks */
    nor_rig_enter(&rig, SOPI);
    nor_rig_transfer(&rig, PHASE_8S, BYTES(0xEC, 0x13, 0, 0, 0, 0), 6, 6, bytes, 4);
    cr_assert_arr_eq(bytes, BYTES(0x10, 0x21, 0x32, 0x43), 4);
    nor_rig_transfer(&rig, PHASE_8S, BYTES(0xEC, 0x13, 0, 0, 0, 0), 6, 5, bytes, 4);
    cr_assert_arr_eq(bytes, BYTES(0xFF, 0x10, 0x21, 0x32), 4);
    nor_rig_transfer(&rig, PHASE_8S, BYTES(0xEC, 0x13, 0, 0, 0, 0), 6, 8, bytes, 4);
    cr_assert_arr_eq(bytes, BYTES(0x32, 0x43, 0x54, 0x65), 4);
}

Test(nor_octal, the_dummy_code_limits_the_clock)
{
    uint8_t bytes[2];

    memcpy(rig.storage.bytes, "\x10\x21", 2);
    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x72, 0, 0, 3, 0, 5); /* 10 clocks: 100 MHz */
    nor_rig_enter(&rig, DOPI);
    rig.clock_hz = 100000000;
    nor_rig_transfer(&rig, PHASE_8D, BYTES(0xEE, 0x11, 0, 0, 0, 0), 6, 10, bytes, 2);
    cr_assert_arr_eq(bytes, BYTES(0x21, 0x10), 2);
    nor_rig_expect_clean(&rig);
    rig.clock_hz = 133000000;
    nor_rig_transfer(&rig, PHASE_8D, BYTES(0xEE, 0x11, 0, 0, 0, 0), 6, 10, bytes, 2);
    cr_assert_arr_neq(bytes, BYTES(0x21, 0x10), 2);
    cr_assert_eq(nor_rig_violations(&rig, "chip-clock-too-fast"), 1);
}

Test(nor_octal, a_strobe_that_does_not_come_gives_nothing)
{
    uint8_t byte = 0;
    struct sim_phase phase = {.lanes = 1, .dqs = true, .clock_hz = 1000000};

    rig.chip->ops->select(rig.chip, 0xFF);
    rig.chip->ops->send(rig.chip, &phase, BYTES(0x9F), 1);
    rig.chip->ops->receive(rig.chip, &phase, &byte, 1);
    rig.chip->ops->deselect(rig.chip);
    cr_assert_eq(byte, 0xFF);
    cr_assert_eq(nor_rig_violations(&rig, "dqs-without-strobe"), 1);
}

Test(nor_octal, odd_addresses_and_lengths_are_faults_in_8D)
{
    uint8_t bytes[2];

    nor_rig_enter(&rig, DOPI);
    SEND(&rig, PHASE_8D, 0x06, 0xF9);
    SEND(&rig, PHASE_8D, 0x12, 0xED, 0, 0, 0, 0, 0x11, 0x22, 0x33);
    cr_assert_eq(nor_rig_violations(&rig, "dtr-odd-length"), 1);
    cr_assert_eq(rig.chip->ops->busy_until_ps(rig.chip), SIM_NEVER, "not executed");
    memcpy(rig.storage.bytes, "\x10\x21\x32", 3);
    nor_rig_transfer(&rig, PHASE_8D, BYTES(0xEE, 0x11, 0, 0, 0, 1), 6, 20, bytes, 2);
    cr_assert_arr_eq(bytes, BYTES(0x21, 0x10), 2, "A0 is taken as 0");
    cr_assert_eq(nor_rig_violations(&rig, "dtr-odd-address"), 1);
}

Test(nor_octal, register_writes_in_8D_send_the_byte_twice)
{
    nor_rig_enter(&rig, DOPI);
    SEND(&rig, PHASE_8D, 0x06, 0xF9);
    SEND(&rig, PHASE_8D, 0x72, 0x8D, 0, 0, 3, 0, 2, 2);
    nor_rig_expect_clean(&rig);
    SEND(&rig, PHASE_8D, 0x06, 0xF9);
    SEND(&rig, PHASE_8D, 0x72, 0x8D, 0, 0, 3, 0, 2, 5);
    cr_assert_eq(nor_rig_violations(&rig, "8d-register-bytes-differ"), 1);
}

Test(nor_octal, an_odd_mode_byte_is_refused)
{
    nor_rig_enter(&rig, 3);
    cr_assert_eq(nor_rig_violations(&rig, "cr2-mode-invalid"), 1);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x9F), 0xC2, "still SPI");
}

Test(nor_octal, wrsr_takes_the_register_from_the_address)
{
    uint8_t bytes[2];

    nor_rig_enter(&rig, DOPI);
    SEND(&rig, PHASE_8D, 0x06, 0xF9);
    SEND(&rig, PHASE_8D, 0x01, 0xFE, 0, 0, 0, 0, 0x08, 0x08);
    nor_rig_wait_us(&rig, 40000);
    SEND(&rig, PHASE_8D, 0x06, 0xF9);
    SEND(&rig, PHASE_8D, 0x01, 0xFE, 0, 0, 0, 1, 0x02, 0x02);
    nor_rig_wait_us(&rig, 40000);
    read_register(PHASE_8D, 0x05FA, 0, bytes, 2);
    cr_assert_arr_eq(bytes, BYTES(0x08, 0x08), 2);
    read_register(PHASE_8D, 0x15EA, 1, bytes, 2);
    cr_assert_arr_eq(bytes, BYTES(0x02, 0x02), 2);
    nor_rig_expect_clean(&rig);
}

Test(nor_octal, one_time_cells_only_fall_and_are_a_violation)
{
    uint8_t byte = 0;

    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x72, 0x40, 0, 0, 0, 0x01); /* DEFDOPI# to 0 */
    cr_assert_eq(nor_rig_violations(&rig, "nv-register-write"), 1);
    nor_rig_wait_us(&rig, 40000);
    SEND(&rig, PHASE_1S, 0x06);
    SEND(&rig, PHASE_1S, 0x72, 0x40, 0, 0, 0, 0x03);
    nor_rig_wait_us(&rig, 40000);
    nor_rig_transfer(&rig, PHASE_1S, BYTES(0x71, 0x40, 0, 0, 0), 5, 0, &byte, 1);
    cr_assert_eq(byte, 0x01, "bits do not rise again");
    SEND(&rig, PHASE_1S, 0x66);
    SEND(&rig, PHASE_1S, 0x99);
    nor_rig_wait_us(&rig, 30);
    uint8_t id[2];
    read_register(PHASE_8D, 0x9F60, 0, id, 2);
    cr_assert_arr_eq(id, BYTES(0xC2, 0xC2), 2, "it starts in 8D for ever");
}

/* Each mode against each pair: 66/99 works in the chip's own width and does no harm in others. */
static void send_reset(struct sim_phase phase)
{
    bool single = phase.lanes == 1;

    nor_rig_transfer(&rig, phase, BYTES(0x66, 0x99), single ? 1 : 2, 0, NULL, 0);
    nor_rig_transfer(&rig, phase, BYTES(0x99, 0x66), single ? 1 : 2, 0, NULL, 0);
}

static uint8_t mode_byte(struct sim_phase phase)
{
    uint8_t bytes[2] = {0xEE, 0xEE};

    if (phase.lanes == 1) {
        nor_rig_transfer(&rig, phase, BYTES(0x71, 0, 0, 0, 0), 5, 0, bytes, 1);
    } else {
        read_register(phase, 0x718E, 0, bytes, 2);
    }
    return bytes[0];
}

Test(nor_octal, a_chip_in_8S_is_recovered_by_its_own_pair_only)
{
    nor_rig_enter(&rig, SOPI);
    send_reset(PHASE_1S);
    send_reset(PHASE_8D);
    cr_assert_eq(mode_byte(PHASE_8S), SOPI);
    send_reset(PHASE_8S);
    nor_rig_wait_us(&rig, 30);
    cr_assert_eq(mode_byte(PHASE_1S), 0);
    nor_rig_expect_clean(&rig);
}

Test(nor_octal, a_chip_in_8D_is_recovered_by_its_own_pair_only)
{
    nor_rig_enter(&rig, DOPI);
    send_reset(PHASE_1S);
    send_reset(PHASE_8S);
    cr_assert_eq(mode_byte(PHASE_8D), DOPI);
    send_reset(PHASE_8D);
    nor_rig_wait_us(&rig, 30);
    cr_assert_eq(mode_byte(PHASE_1S), 0);
    nor_rig_expect_clean(&rig);
}

Test(nor_octal, a_chip_in_1S_survives_the_octal_pairs)
{
    SEND(&rig, PHASE_1S, 0x06);
    send_reset(PHASE_8S);
    send_reset(PHASE_8D);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x02, "WEL still set: nothing happened");
    send_reset(PHASE_1S);
    send_reset(PHASE_8S); /* while it recovers: harmless too */
    send_reset(PHASE_8D);
    nor_rig_wait_us(&rig, 30);
    cr_assert_eq(nor_rig_read_1s(&rig, 0x05), 0x00);
    nor_rig_expect_clean(&rig);
}

Test(nor_octal, a_line_that_is_not_wired_reads_as_one)
{
    uint8_t id[3];
    struct sim_phase phase = {.lanes = 8, .clock_hz = 1000000};

    nor_rig_enter(&rig, SOPI);
    rig.chip->ops->select(rig.chip, 0xFE); /* IO0 open: 9F60 arrives as 9F61 */
    rig.chip->ops->send(rig.chip, &phase, BYTES(0x9F, 0x60, 0, 0, 0, 0), 6);
    rig.chip->ops->idle(rig.chip, &phase, 4);
    rig.chip->ops->receive(rig.chip, &phase, id, 3);
    rig.chip->ops->deselect(rig.chip);
    cr_assert_arr_eq(id, BYTES(0xFF, 0xFF, 0xFF), 3);
    rig.chip->ops->select(rig.chip, 0x7F); /* IO7 open at the controller's side only */
    rig.chip->ops->send(rig.chip, &phase, BYTES(0x9F, 0x60, 0, 0, 0, 0), 6);
    rig.chip->ops->deselect(rig.chip);
    cr_assert_eq(mode_byte(PHASE_8S), SOPI);
}

Test(nor_octal, direct_access_needs_every_detail_right)
{
    struct sim_phase phase = {.lanes = 8, .dtr = true, .clock_hz = 100000000};
    struct sim_phase data = {.lanes = 8, .dtr = true, .dqs = true, .clock_hz = 100000000};
    const struct sim_read_config good = {.opcode = 0xEE11,
        .opcode_bytes = 2,
        .opcode_phase = phase,
        .addr_bytes = 4,
        .addr_phase = phase,
        .dummy_clocks = 20,
        .data_phase = data,
        .byte_swapped = true,
        .wired_lanes = 0xFF};
    struct sim_read_config config = good;
    const struct sim_chip_ops *ops = rig.chip->ops;

    cr_assert_null(ops->direct(rig.chip, &good), "the chip is in 1S");
    uint32_t generation = ops->generation(rig.chip);
    nor_rig_enter(&rig, DOPI);
    cr_assert_neq(ops->generation(rig.chip), generation);
    cr_assert_eq(ops->direct(rig.chip, &good), rig.storage.bytes);
    config.dummy_clocks = 18;
    cr_assert_null(ops->direct(rig.chip, &config), "dummies");
    config = good;
    config.opcode = 0xEC13;
    cr_assert_null(ops->direct(rig.chip, &config), "an 8S opcode");
    config = good;
    config.byte_swapped = false;
    cr_assert_null(ops->direct(rig.chip, &config), "byte order");
    config = good;
    config.wired_lanes = 0xFB;
    cr_assert_null(ops->direct(rig.chip, &config), "a line is open");
    config = good;
    config.data_phase.clock_hz = 201000000;
    cr_assert_null(ops->direct(rig.chip, &config), "too fast");
    config = good;
    config.alternate_bytes = 1;
    cr_assert_null(ops->direct(rig.chip, &config), "alternate bytes");
    SEND(&rig, PHASE_8D, 0x06, 0xF9);
    SEND(&rig, PHASE_8D, 0x21, 0xDE, 0, 0, 0, 0);
    cr_assert_null(ops->direct(rig.chip, &good), "busy");
    nor_rig_wait_us(&rig, 25000);
    cr_assert_eq(ops->direct(rig.chip, &good), rig.storage.bytes);
}
