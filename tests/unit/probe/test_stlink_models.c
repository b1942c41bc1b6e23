/* What the command layer does with each model and age of ST-LINK (reference: probe protocols 1.1,
 * 1.3, 1.4): which commands it knows, which it is spared, what is refused and how. */
#include "host/probe/stlink.h"
#include "host/probe/stlink_status.h"
#include "tests/unit/fakes/fake_link.h"

#include <criterion/criterion.h>

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct fake_link link_fake;

static bool try_open(const struct fake_exchange *script, size_t count, uint32_t freq_hz,
    struct probe **probe, struct error *err)
{
    struct probe_config config = {.freq_hz = freq_hz};

    fake_link_init(&link_fake, script, count);
    return stlink_open(&link_fake.base, &config, probe, err);
}

static struct probe *open_script(const struct fake_exchange *script, size_t count)
{
    struct probe *probe = NULL;
    struct error err;

    cr_assert(try_open(script, count, 0, &probe, &err), "%s (%s)", err.message, link_fake.mismatch);
    return probe;
}

static void close_script(struct probe *probe)
{
    probe_close(probe);
    cr_assert_str_eq(link_fake.mismatch, "");
    cr_assert_eq(link_fake.next, link_fake.count);
}

static void expect_refusal(
    const struct fake_exchange *script, size_t count, enum error_code code, const char *message)
{
    struct probe *probe = NULL;
    struct error err;

    cr_assert_not(try_open(script, count, 0, &probe, &err));
    cr_assert_null(probe);
    cr_assert_eq(err.code, code, "%s", err.message);
    cr_assert_str_eq(err.message, message);
    cr_assert_not(link_fake.is_closed, "the link stays with the caller");
}

#define MODE                                                                                       \
    {                                                                                              \
        "F5", NULL, "01"                                                                           \
    }
#define VOLTAGE                                                                                    \
    {                                                                                              \
        "F7", NULL, "00 10 00 00 00 16 00 00"                                                      \
    }
#define V2J37                                                                                      \
    {"F1", NULL, "29 47 83 04 48 37"}, MODE, VOLTAGE,                                              \
    {                                                                                              \
        "F2 56", NULL, "80 00 30 30 30 30"                                                         \
    }

Test(stlink_models, v1_is_not_supported)
{
    static const struct fake_exchange script[] = {{"F1", NULL, "12 C0 83 04 44 37"}};

    expect_refusal(script, COUNT(script), ERROR_PROBE_ABILITY,
        "an ST-LINK V1 is not supported, only V2, V2-1 and V3 are");
}

Test(stlink_models, a_v2_1_for_stm8_only_has_no_debugging)
{
    /* M16S7, and M27S9: both ranges. */
    static const struct fake_exchange first[] = {{"F1", NULL, "24 07 83 04 4B 37"}};
    static const struct fake_exchange second[] = {{"F1", NULL, "26 C9 83 04 52 37"}};

    expect_refusal(first, COUNT(first), ERROR_PROBE_FIRMWARE,
        "the firmware V2M16S7 of the ST-LINK cannot debug an STM32");
    expect_refusal(second, COUNT(second), ERROR_PROBE_FIRMWARE,
        "the firmware V2M27S9 of the ST-LINK cannot debug an STM32");
}

Test(stlink_models, the_same_numbers_mean_something_else_on_a_v2)
{
    /* V2J23M7 lies between the two ranges; V2J28S7 is a V2. */
    static const struct fake_exchange between[] = {
        {"F1", NULL, "25 C7 83 04 4B 37"}, MODE, VOLTAGE, {"F2 43", NULL, "80"}};
    static const struct fake_exchange plain[] = {
        {"F1", NULL, "27 07 83 04 48 37"}, MODE, VOLTAGE, {"F2 43", NULL, "80"}};
    struct probe *probe = open_script(between, COUNT(between));

    cr_assert_str_eq(probe_info(probe)->firmware, "V2J23M7");
    close_script(probe);
    probe = open_script(plain, COUNT(plain));
    cr_assert_str_eq(probe_info(probe)->firmware, "V2J28S7");
    close_script(probe);
}

/* V2J14S0: the status without an address, no registers of the debug port, a fixed wire clock. */
Test(stlink_models, the_oldest_firmware_is_spared_what_it_does_not_know)
{
    static const struct fake_exchange script[] = {{"F1", NULL, "23 80 83 04 48 37"}, MODE, VOLTAGE,
        VOLTAGE, {"F2 3C 01", NULL, "80"}, {"F2 30 A3", NULL, "80"}, {"F2 3C 01", NULL, "80"},
        {"F2 31", NULL, "80 00 00 00 77 14 A0 2B"}, {"F2 08 00 00 00 20 04", "04 03 02 01", NULL},
        {"F2 3B", NULL, "80 00"}, {"F2 07 00 00 00 52 04", NULL, "00"}, {"F2 3B", NULL, "11 00"},
        {"F2 21", NULL, NULL}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t value = 0;

    cr_assert_eq(probe_info(probe)->freq_hz, 1800000);
    cr_assert(probe_attach(probe, &value, &err), "%s", err.message);
    cr_assert(probe_open_ap(probe, 0, &err), "%s", err.message);
    cr_assert(probe_write_word(probe, 0, 0x20000000, 0x01020304, &err), "%s", err.message);
    cr_assert_not(probe_write_narrow(probe, 0, 0x20000000, 1, 2, &err));
    cr_assert_eq(err.code, ERROR_PROBE_FIRMWARE);
    /* The firmware clears the debug port itself, and does not say where it was refused. */
    cr_assert_not(probe_read_word(probe, 0, 0x52000000, &value, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT);
    cr_assert_eq(err.addr, 0x52000000);
    close_script(probe);
}

Test(stlink_models, before_v2j13_the_voltage_is_unknown)
{
    static const struct fake_exchange script[] = {{"F1", NULL, "23 00 83 04 48 37"}, MODE};
    struct probe *probe = open_script(script, COUNT(script));

    cr_assert_eq(probe_info(probe)->target_mv, 0);
    close_script(probe);
}

Test(stlink_models, a_fixed_wire_clock_is_taken_for_what_it_is)
{
    static const struct fake_exchange script[] = {{"F1", NULL, "25 40 83 04 48 37"}, MODE, VOLTAGE};
    struct probe *probe = NULL;
    struct error err;

    cr_assert(try_open(script, COUNT(script), 4000000, &probe, &err), "%s", err.message);
    cr_assert_eq(probe_info(probe)->freq_hz, 1800000);
    close_script(probe);
    cr_assert_not(try_open(script, COUNT(script), 1000000, &probe, &err));
    cr_assert_eq(err.code, ERROR_PROBE_FIRMWARE);
}

static void expect_divisor(uint32_t freq_hz, const char *command, uint32_t set_hz)
{
    const struct fake_exchange script[] = {V2J37, {command, NULL, "80"}};
    struct probe *probe = NULL;
    struct error err;

    cr_assert(try_open(script, COUNT(script), freq_hz, &probe, &err), "%u Hz: %s (%s)",
        (unsigned)freq_hz, err.message, link_fake.mismatch);
    cr_assert_eq(probe_info(probe)->freq_hz, set_hz, "%u Hz", (unsigned)freq_hz);
    close_script(probe);
}

Test(stlink_models, a_v2_rounds_the_wire_clock_down_to_a_divisor)
{
    static const struct fake_exchange script[] = {V2J37};
    struct probe *probe = NULL;
    struct error err;

    expect_divisor(0, "F2 43 00 00", 4000000);
    expect_divisor(24000000, "F2 43 00 00", 4000000);
    expect_divisor(3999999, "F2 43 01 00", 1800000);
    expect_divisor(1200000, "F2 43 02 00", 1200000);
    expect_divisor(951000, "F2 43 03 00", 950000);
    expect_divisor(500000, "F2 43 07 00", 480000);
    expect_divisor(240000, "F2 43 0F 00", 240000);
    expect_divisor(126000, "F2 43 1F 00", 125000);
    expect_divisor(100000, "F2 43 28 00", 100000);
    expect_divisor(99000, "F2 43 4F 00", 50000);
    expect_divisor(25000, "F2 43 9E 00", 25000);
    expect_divisor(24999, "F2 43 09 01", 15000);
    expect_divisor(5000, "F2 43 1E 03", 5000);
    cr_assert_not(try_open(script, COUNT(script), 4999, &probe, &err));
    cr_assert_eq(err.code, ERROR_PROBE_ABILITY);
}

Test(stlink_models, v2j32_selects_access_ports_and_submits_together)
{
    static const struct fake_exchange old[] = {
        {"F1", NULL, "27 C7 83 04 48 37"}, MODE, VOLTAGE, {"F2 43", NULL, "80"}};
    static const struct fake_exchange new[] = {{"F1", NULL, "28 07 83 04 48 37"}, MODE, VOLTAGE,
        {"F2 43", NULL, "80"}, {"F2 4B 01", NULL, "80"}, {"F2 4C 01", NULL, "80"}};
    struct probe *probe = open_script(old, COUNT(old));
    struct error err;

    cr_assert_str_eq(probe_info(probe)->firmware, "V2J31S7");
    cr_assert_not(link_fake.base.may_batch);
    cr_assert_not(probe_open_ap(probe, 1, &err));
    cr_assert_eq(err.code, ERROR_PROBE_FIRMWARE);
    cr_assert_str_eq(err.message,
        "the firmware V2J31S7 of the ST-LINK is too old for access port 1: "
        "V2J32 or V3J3 is needed\n  while opening access port 1");
    cr_assert_str_neq(err.hint, "");
    close_script(probe);
    probe = open_script(new, COUNT(new));
    cr_assert(link_fake.base.may_batch);
    cr_assert(probe_open_ap(probe, 1, &err), "%s", err.message);
    close_script(probe);
}

#define V3J2                                                                                       \
    {"F1", NULL, "30 00 83 04 4F 37"}, {"FB", NULL, "03 00 02 01 00 00 00 00 83 04 4F 37"}, MODE,  \
        VOLTAGE, {"F2 63 01", NULL, "80"},                                                         \
        {"F2 62", NULL, "80 00 00 00 00 00 00 00 01 00 00 00 C0 5D"},                              \
    {                                                                                              \
        "F2 61 00 00 C0 5D", NULL, "80 00 00 00 C0 5D"                                             \
    }

Test(stlink_models, v3j2_speaks_to_access_port_0_only_and_takes_64_bytes)
{
    static const struct fake_exchange script[] = {V3J2, {"F2 0C 01 00 00 20 02", NULL, "11 22"},
        {"F2 3E", NULL, "80"}, {"F2 0D 01 00 00 20 01", "33", NULL}, {"F2 3E", NULL, "80"}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint8_t bytes[2] = {0};

    cr_assert_not(link_fake.base.may_batch);
    cr_assert_not(probe_open_ap(probe, 1, &err));
    cr_assert_eq(err.code, ERROR_PROBE_FIRMWARE);
    cr_assert(probe_read_bytes(probe, 0, 0x20000001, bytes, 2, &err), "%s", err.message);
    cr_assert(probe_write_narrow(probe, 0, 0x20000001, 0x33, 1, &err), "%s", err.message);
    cr_assert_eq(probe->limits.byte_block_bytes, 64);
    cr_assert_eq(probe->limits.boundary_bytes, 1024);
    cr_assert_eq(probe->limits.scatter_count, 0);
    close_script(probe);
}

static void expect_mode_left(const char *mode, const char *leave)
{
    const struct fake_exchange script[] = {{"F1", NULL, "29 47 83 04 48 37"}, {"F5", NULL, mode},
        {leave, NULL, NULL}, MODE, VOLTAGE, {"F2 56", NULL, "80 00 30 30 30 30"},
        {"F2 43", NULL, "80"}};

    close_script(open_script(script, COUNT(script)));
}

Test(stlink_models, leaves_the_modes_another_program_left_behind)
{
    expect_mode_left("00", "F3 07");
    expect_mode_left("02", "F2 21");
    expect_mode_left("03", "F4 01");
}

Test(stlink_models, names_a_bootloader_that_does_not_end)
{
    static const struct fake_exchange stays[] = {{"F1", NULL, "29 47 83 04 48 37"},
        {"F5", NULL, "00"}, {"F3 07", NULL, NULL}, {"F5", NULL, "00"}};
    static const struct fake_exchange is_one[] = {
        {"F1", NULL, "29 47 83 04 48 37"}, {"F5", NULL, "04"}};

    expect_refusal(
        stays, COUNT(stays), ERROR_PROBE_ABILITY, "the ST-LINK is in its bootloader (mode 0)");
    expect_refusal(
        is_one, COUNT(is_one), ERROR_PROBE_ABILITY, "the ST-LINK is in its bootloader (mode 4)");
}

/* ---- a disturbed wire (faults: S3) ---- */

#define REENTER_AT(set)                                                                            \
    {"F2 21", NULL, NULL}, {set, NULL, "80"}, {"F2 3C 01", NULL, "80"}, {"F2 30 A3", NULL, "80"},  \
        {"F2 3C 01", NULL, "80"}, {"F2 46 FF FF 00 00 1E", NULL, "80"},                            \
        {"F2 46 FF FF 04 00 20 00 00 50", NULL, "80"},                                             \
        {"F2 45 FF FF 04", NULL, "80 00 00 00 00 00 00 F0"},                                       \
        {"F2 46 FF FF 04 00 00 00 00 50", NULL, "80"},                                             \
    {                                                                                              \
        "F2 45 FF FF 04", NULL, "80 00 00 00 00 00 00 F0"                                          \
    }

#define READ_REGISTER                                                                              \
    {                                                                                              \
        "F2 07 00 40 00 5C 04 00 00 00 00 AA", NULL, "00"                                          \
    }
#define PARITY                                                                                     \
    {                                                                                              \
        "F2 3E", NULL, "13"                                                                        \
    }
#define CLEAR                                                                                      \
    {                                                                                              \
        "F2 46 FF FF 00 00 1E", NULL, "80"                                                         \
    }

Test(stlink_models, lowers_the_wire_clock_where_parity_stays_wrong)
{
    static const struct fake_exchange script[] = {V2J37, {"F2 43 00 00", NULL, "80"},
        {"F2 4B", NULL, "80"}, READ_REGISTER, PARITY, CLEAR, READ_REGISTER, PARITY,
        {"F2 43 01 00", NULL, "80"}, REENTER_AT("F2 43 01 00"), {"F2 4B", NULL, "80"},
        {"F2 07 00 40 00 5C 04 00 00 00 00 AA", NULL, "78 56 34 12"}, {"F2 3E", NULL, "80"},
        {"F2 4C", NULL, "80"}, {"F2 21", NULL, NULL}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t value = 0;

    cr_assert(probe_open_ap(probe, 0, &err), "%s", err.message);
    cr_assert(probe_read_word(probe, 0, 0x5C004000, &value, &err), "%s %s", err.message,
        link_fake.mismatch);
    cr_assert_eq(value, 0x12345678);
    cr_assert_eq(probe_info(probe)->freq_hz, 1800000);
    close_script(probe);
}

Test(stlink_models, gives_a_disturbed_wire_up_after_two_repetitions)
{
    static const struct fake_exchange script[] = {V2J37, {"F2 43 00 00", NULL, "80"}, READ_REGISTER,
        PARITY, CLEAR, READ_REGISTER, PARITY, {"F2 43 01 00", NULL, "80"},
        REENTER_AT("F2 43 01 00"), READ_REGISTER, PARITY, CLEAR, {"F2 21", NULL, NULL}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t value = 0;

    cr_assert_not(probe_read_word(probe, 0, 0x5C004000, &value, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT, "%s", err.message);
    close_script(probe);
}

Test(stlink_models, never_repeats_a_key_on_a_disturbed_wire)
{
    static const struct fake_exchange script[] = {V2J37, {"F2 43 00 00", NULL, "80"},
        {"F2 08 04 20 00 52 04 00 00 00 00 AA", "23 01 67 45", NULL}, PARITY, CLEAR};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;

    cr_assert_not(probe_write_word(probe, 0, 0x52002004, 0x45670123, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT, "%s", err.message);
    close_script(probe);
}
