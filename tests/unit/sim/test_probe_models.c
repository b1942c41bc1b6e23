/* What tells one model from another, as a host meets it: reference probe.md 1.1 to 1.5. */
#include "probe_rig.h"

#include <criterion/criterion.h>

struct model_test {
    struct probe_rig rig;
    const struct sim_probe_model *model;
    uint8_t in[16384];
    uint32_t actual_bytes;
};

static void plug(struct model_test *test, const char *name)
{
    memset(test, 0, sizeof *test);
    rig_create(&test->rig);
    rig_plug(&test->rig, name);
    test->model = sim_probe_model(test->rig.probe);
}

static void send(struct model_test *test, const uint8_t *bytes, uint32_t size_bytes)
{
    cr_assert_eq(sim_probe_out(test->rig.probe, test->model->out_endpoint, bytes, size_bytes),
        SIM_PROBE_DONE, "%s", test->model->name);
}

static void take(struct model_test *test, uint32_t size_bytes)
{
    memset(test->in, 0xEE, sizeof test->in);
    cr_assert_eq(sim_probe_in(test->rig.probe, test->model->in_endpoint, test->in, size_bytes,
                     &test->actual_bytes),
        SIM_PROBE_DONE, "%s", test->model->name);
}

#define ASK(test, in_bytes, ...)                                                                   \
    do {                                                                                           \
        send(test, (const uint8_t[16]){__VA_ARGS__}, 16);                                          \
        take(test, in_bytes);                                                                      \
    } while (0)

/* Out of DFU mode, into debug mode, access port 1 open if there is INIT_AP. */
static void enter(struct model_test *test, const char *name)
{
    plug(test, name);
    send(test, (const uint8_t[16]){0xF3, 0x07}, 16);
    ASK(test, 2, 0xF2, 0x30, 0xA3);
    cr_assert_eq(test->in[0], 0x80, "%s", name);
    ASK(test, 2, 0xF2, 0x4B, 1);
}

static uint8_t last_status(struct model_test *test)
{
    ASK(test, 12, 0xF2, 0x3E);
    return test->in[0];
}

static uint8_t write_bytes(struct model_test *test, uint8_t kind, uint16_t bytes, uint8_t ap)
{
    static const uint8_t data[6144] = {0xA5, 0xA5, 0xA5, 0xA5};
    const uint8_t command[16] = {
        0xF2, kind, 0, 0, 0, 0x24, (uint8_t)bytes, (uint8_t)(bytes >> 8), ap};

    send(test, command, 16);
    send(test, data, bytes);
    return last_status(test);
}

static uint32_t word(const uint8_t *bytes)
{
    return (uint32_t)(bytes[0] | bytes[1] << 8 | bytes[2] << 16) | (uint32_t)bytes[3] << 24;
}

Test(probe_models, each_name_is_found_and_none_is_there_twice)
{
    static const char *const names[] = {
        "v2-j24", "v2", "v2-1", "v3-j2", "v3", "v3-nomsd", "v3-loader", "dap1", "dap2-fs", "dap2"};
    size_t count = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_assert_not_null(sim_probe_model_find(names[i]), "%s", names[i]);
        cr_assert_str_eq(sim_probe_model_find(names[i])->name, names[i]);
    }
    while (sim_probe_model_at(count) != NULL) {
        cr_assert_eq(sim_probe_model_find(sim_probe_model_at(count)->name),
            sim_probe_model_at(count), "%zu", count);
        count++;
    }
    cr_assert_eq(count, sizeof names / sizeof names[0]);
    cr_assert_null(sim_probe_model_find("v1"));
}

Test(probe_models, versions_and_endpoints_are_those_of_the_product_id)
{
    static const struct {
        const char *name;
        uint16_t pid;
        uint8_t out;
        uint16_t packet_bytes;
        uint8_t version[2];
        uint8_t mode;
    } rows[] = {
        {"v2-j24", 0x3748, 0x02, 64, {0x26, 0x04}, 0},
        {"v2", 0x3748, 0x02, 64, {0x2B, 0x87}, 0},
        {"v2-1", 0x374B, 0x01, 64, {0x29, 0x5A}, 1},
        {"v3-j2", 0x374F, 0x01, 512, {0x30, 0x00}, 1},
        {"v3", 0x374E, 0x01, 512, {0x30, 0x00}, 1},
        {"v3-nomsd", 0x3754, 0x01, 512, {0x30, 0x00}, 1},
        {"v3-loader", 0x374D, 0x01, 512, {0x30, 0x00}, 4},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct model_test test;

        plug(&test, rows[i].name);
        cr_assert_eq(test.model->pid, rows[i].pid);
        cr_assert_eq(test.model->out_endpoint, rows[i].out);
        cr_assert_eq(test.model->in_endpoint, 0x81);
        cr_assert_eq(test.model->packet_bytes, rows[i].packet_bytes);
        cr_assert_eq(test.model->is_high_speed, rows[i].packet_bytes == 512);
        ASK(&test, 6, 0xF1);
        cr_assert_arr_eq(test.in, rows[i].version, 2, "%s", rows[i].name);
        cr_assert_eq(test.in[4] | test.in[5] << 8, rows[i].pid);
        ASK(&test, 2, 0xF5);
        cr_assert_eq(test.in[0], rows[i].mode, "%s", rows[i].name);
        rig_free(&test.rig);
    }
}

/* A row per command and a column per model. */
Test(probe_models, commands_come_with_the_firmware_that_has_them)
{
    static const char *const names[] = {"v2-j24", "v2-1", "v3-j2", "v3"};
    static const struct {
        uint8_t command[2];
        bool is_known[4];
    } rows[] = {
        {{0xFB, 0}, {false, false, true, true}},
        {{0xF2, 0x3B}, {false, false, false, false}},
        {{0xF2, 0x3E}, {true, true, true, true}},
        {{0xF2, 0x43}, {true, true, false, false}},
        {{0xF2, 0x44}, {true, true, false, false}},
        {{0xF2, 0x45}, {true, true, true, true}},
        {{0xF2, 0x4B}, {false, true, true, true}},
        {{0xF2, 0x4C}, {false, true, true, true}},
        {{0xF2, 0x47}, {false, true, true, true}},
        {{0xF2, 0x53}, {false, true, true, true}},
        {{0xF2, 0x54}, {false, true, true, true}},
        {{0xF2, 0x56}, {false, true, false, true}},
        {{0xF2, 0x61}, {false, false, true, true}},
        {{0xF2, 0x62}, {false, false, true, true}},
        {{0xF2, 0x63}, {false, false, true, true}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            struct model_test test;
            bool is_refused = false;

            enter(&test, names[j]);
            send(&test, (const uint8_t[16]){rows[i].command[0], rows[i].command[1], [6] = 4}, 16);
            take(&test, 128);
            is_refused = test.actual_bytes == 2 && test.in[0] == 0x42 && test.in[1] == 0;
            cr_assert_eq(is_refused, !rows[i].is_known[j], "%02x %02x on %s: %u bytes, %02x",
                rows[i].command[0], rows[i].command[1], names[j], (unsigned)test.actual_bytes,
                test.in[0]);
            rig_free(&test.rig);
        }
    }
}

/* What has no such command takes no data either: they come as a command of a wrong length. */
Test(probe_models, old_firmware_has_no_writes_without_increment_and_no_scattered_words)
{
    static const uint8_t kinds[] = {0x48, 0x50, 0x51};

    for (size_t i = 0; i < sizeof kinds; i++) {
        struct model_test test;

        enter(&test, "v2-j24");
        ASK(&test, 2, 0xF2, kinds[i], 0, 0, 0, 0x24, 4, 0);
        cr_assert_eq(test.in[0], 0x42, "%02x", kinds[i]);
        cr_assert_eq(sim_probe_out(test.rig.probe, 2, test.in, 4), SIM_PROBE_STALLED);
        rig_free(&test.rig);
    }
}

Test(probe_models, byte_transfers_end_at_64_or_512)
{
    static const struct {
        const char *name;
        uint16_t most;
    } rows[] = {
        {"v2-j24", 64}, {"v2", 64}, {"v2-1", 64}, {"v3-j2", 64}, {"v3", 512}, {"v3-nomsd", 512}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct model_test test;

        enter(&test, rows[i].name);
        test.rig.has_blocks = true;
        cr_assert_eq(
            write_bytes(&test, 0x0D, (uint16_t)(rows[i].most + 1), 1), 0x08, "%s", rows[i].name);
        if (strcmp(rows[i].name, "v2-j24") != 0) {
            cr_assert_eq(write_bytes(&test, 0x0D, rows[i].most, 1), 0x80, "%s", rows[i].name);
        }
        send(&test, (const uint8_t[16]){0xF2, 0x0C, 0, 0, 0, 0x24, 1, 2, 1}, 16);
        take(&test, 513);
        cr_assert_eq(last_status(&test), 0x08, "a read of 513 on %s", rows[i].name);
        rig_free(&test.rig);
    }
}

Test(probe_models, words_end_at_6144_bytes_everywhere)
{
    struct model_test test;

    enter(&test, "v2");
    cr_assert_eq(write_bytes(&test, 0x08, 6144, 1), 0x80);
    send(&test, (const uint8_t[16]){0xF2, 0x07, 0, 0, 0, 0x24, 4, 0x18, 1}, 16);
    take(&test, 6148);
    cr_assert_eq(test.actual_bytes, 6148, "all bytes come");
    cr_assert_eq(last_status(&test), 0x08);
    rig_free(&test.rig);
}

/* It does not say so: it takes access port 0. */
Test(probe_models, old_firmware_ignores_the_access_port_of_a_command)
{
    struct model_test test;

    enter(&test, "v2-j24");
    ASK(&test, 4, 0xF2, 0x07, 0x00, 0x10, 0x00, 0x5C, 4, 0, 1);
    cr_assert_eq(word(test.in), 0x20006485, "the word behind access port 0");
    cr_assert_eq(last_status(&test), 0x80);
    ASK(&test, 8, 0xF2, 0x36, 0x00, 0x10, 0x00, 0x5C, 1);
    cr_assert_eq(word(&test.in[4]), 0x20006485);
    ASK(&test, 4, 0xF2, 0x07, 0, 0, 0, 0x24, 4, 0, 1);
    cr_assert_eq(last_status(&test), 0x11);
    rig_free(&test.rig);
}

Test(probe_models, old_firmware_ignores_the_csw_of_a_command)
{
    static const struct {
        const char *name;
        uint8_t ap;
        bool is_cacheable;
    } rows[] = {{"v2-j24", 0, false}, {"v2-1", 0, true}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct model_test test;

        enter(&test, rows[i].name);
        ASK(&test, 4, 0xF2, 0x07, 0x00, 0x10, 0x00, 0x5C, 4, 0, 0, 0, 0, 0xAA);
        cr_assert_eq(test.rig.was_cacheable, rows[i].is_cacheable, "%s", rows[i].name);
        rig_free(&test.rig);
    }
}

/* Raw accesses have named the port since J24; banks of the debug port came with J32. */
Test(probe_models, old_firmware_reaches_other_ports_by_raw_access_and_knows_no_banks)
{
    struct model_test test;

    enter(&test, "v2-j24");
    ASK(&test, 8, 0xF2, 0x45, 1, 0, 0x00, 0);
    cr_assert_eq(test.in[0], 0x80);
    ASK(&test, 8, 0xF2, 0x45, 0xFF, 0xFF, 0x24, 0);
    cr_assert_neq(word(&test.in[4]), 0x04850041, "CTRL/STAT, not TARGETID");
    rig_free(&test.rig);
    enter(&test, "v2-1");
    ASK(&test, 8, 0xF2, 0x45, 0xFF, 0xFF, 0x24, 0);
    cr_assert_eq(word(&test.in[4]), 0x04850041);
    rig_free(&test.rig);
}

/* On a port of RAM, so that the wrap shows: here access port 0 is made one. */
static bool ram_on_ap0(void *context, const struct sim_ap_access *access, uint32_t value)
{
    struct sim_ap_access moved = *access;

    moved.ap = 1;
    return rig_write(context, &moved, value);
}

static bool read_ram_on_ap0(void *context, const struct sim_ap_access *access, uint32_t *value)
{
    struct sim_ap_access moved = *access;

    moved.ap = 1;
    return rig_read(context, &moved, value);
}

Test(probe_models, old_firmware_wraps_at_1_kib_and_new_firmware_does_not)
{
    static const struct {
        const char *name;
        uint32_t end; /* where the second half of the data lands */
    } rows[] = {{"v2-j24", 0x400}, {"v2-1", 0x800}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t data[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
        struct model_test test;

        enter(&test, rows[i].name);
        test.rig.target.write = ram_on_ap0;
        test.rig.target.read = read_ram_on_ap0;
        send(&test, (const uint8_t[16]){0xF2, 0x08, 0xF8, 7, 0, 0x24, 16, 0}, 16);
        send(&test, data, 16);
        cr_assert_eq(last_status(&test), 0x80);
        cr_assert_arr_eq(&test.rig.ram[0x7F8], data, 8, "%s", rows[i].name);
        cr_assert_arr_eq(&test.rig.ram[rows[i].end], &data[8], 8, "%s", rows[i].name);
        ASK(&test, 16, 0xF2, 0x07, 0xF8, 7, 0, 0x24, 16, 0);
        cr_assert_arr_eq(test.in, data, 16, "reads wrap the same way on %s", rows[i].name);
        rig_free(&test.rig);
    }
}

Test(probe_models, scattered_words_end_at_64_on_a_v2_and_at_1227_on_a_v3)
{
    static const struct {
        const char *name;
        uint16_t most;
    } rows[] = {{"v2", 64}, {"v2-1", 64}, {"v3-j2", 1227}, {"v3", 1227}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t items = rows[i].most;
        uint32_t bytes = (items + 3) / 4 * 4 + 4 * items;
        uint8_t out[8192] = {0};
        struct model_test test;

        enter(&test, rows[i].name);
        ASK(&test, 2, 0xF2, 0x53);
        cr_assert_eq(test.in[0] | test.in[1] << 8, rows[i].most);
        memset(out, 1, items); /* ADDRESS, each */
        send(&test, (const uint8_t[16]){0xF2, 0x51, (uint8_t)items, (uint8_t)(items >> 8)}, 16);
        send(&test, out, bytes);
        ASK(&test, 8 * items, 0xF2, 0x52);
        cr_assert_eq(test.actual_bytes, 8 * items, "%s", rows[i].name);
        cr_assert_eq(test.in[4 * items], 0x80);
        items++;
        send(&test, (const uint8_t[16]){0xF2, 0x51, (uint8_t)items, (uint8_t)(items >> 8)}, 16);
        cr_assert_eq(sim_probe_out(test.rig.probe, test.model->out_endpoint, out, bytes + 4),
            SIM_PROBE_STALLED, "one more on %s", rows[i].name);
        rig_free(&test.rig);
    }
}

Test(probe_models, a_v2_takes_divisors_of_its_table_only)
{
    static const struct {
        uint16_t divisor;
        uint32_t khz;
    } rows[] = {{0, 4000}, {1, 1800}, {2, 1200}, {3, 950}, {7, 480}, {15, 240}, {31, 125},
        {40, 100}, {79, 50}, {158, 25}, {265, 15}, {798, 5}};
    struct model_test test;

    plug(&test, "v2");
    send(&test, (const uint8_t[16]){0xF3, 0x07}, 16);
    cr_assert_eq(test.rig.stlink.swd_khz, 1800);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ASK(&test, 2, 0xF2, 0x43, (uint8_t)rows[i].divisor, (uint8_t)(rows[i].divisor >> 8));
        cr_assert_eq(test.in[0], 0x80);
        cr_assert_eq(test.rig.stlink.swd_khz, rows[i].khz, "divisor %u", rows[i].divisor);
    }
    ASK(&test, 2, 0xF2, 0x43, 4);
    cr_assert_eq(test.in[0], 0x08);
    cr_assert_eq(test.rig.stlink.swd_khz, 5);
    ASK(&test, 2, 0xF2, 0x44, 4);
    cr_assert_eq(test.rig.stlink.jtag_khz, 9000);
    cr_assert_eq(test.rig.stlink.swd_khz, 5);
    rig_free(&test.rig);
}

Test(probe_models, a_v2_in_dfu_mode_has_to_be_taken_out_of_it)
{
    struct model_test test;

    plug(&test, "v2");
    ASK(&test, 8, 0xF7);
    cr_assert_eq(word(test.in), 0, "nothing is measured");
    ASK(&test, 2, 0xF2, 0x30, 0xA3);
    cr_assert_eq(test.in[0], 0x08);
    send(&test, (const uint8_t[16]){0xF2, 0x21}, 16);
    ASK(&test, 2, 0xF5);
    cr_assert_eq(test.in[0], 0, "leaving debug mode is something else");
    send(&test, (const uint8_t[16]){0xF3, 0x07}, 16);
    ASK(&test, 2, 0xF5);
    cr_assert_eq(test.in[0], 1);
    ASK(&test, 2, 0xF2, 0x30, 0xA3);
    cr_assert_eq(test.in[0], 0x80);
    ASK(&test, 8, 0xF7);
    cr_assert_eq(word(test.in), 1500);
    rig_free(&test.rig);
}

Test(probe_models, debug_mode_cannot_be_entered_twice_with_v3j2)
{
    static const struct {
        const char *name;
        uint8_t status;
    } rows[] = {{"v3-j2", 0x08}, {"v3", 0x80}, {"v2", 0x80}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct model_test test;

        enter(&test, rows[i].name);
        ASK(&test, 2, 0xF2, 0x30, 0xA3);
        cr_assert_eq(test.in[0], rows[i].status, "%s", rows[i].name);
        rig_free(&test.rig);
    }
}

Test(probe_models, the_bootloader_knows_its_version_and_mode_only)
{
    static const uint8_t unknown[][2] = {{0xF7, 0}, {0xF2, 0x30}, {0xF2, 0x56}, {0xF2, 0x62}};
    struct model_test test;

    plug(&test, "v3-loader");
    ASK(&test, 12, 0xFB);
    cr_assert_eq(test.actual_bytes, 12);
    cr_assert_eq(test.in[10] | test.in[11] << 8, 0x374D);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        ASK(&test, 2, unknown[i][0], unknown[i][1]);
        cr_assert_eq(test.in[0], 0x42, "%02x %02x", unknown[i][0], unknown[i][1]);
    }
    rig_free(&test.rig);
}

Test(probe_models, only_v3_probes_list_their_speeds_and_old_v2_serials_are_raw)
{
    for (size_t i = 0; sim_probe_model_at(i) != NULL; i++) {
        const struct sim_probe_model *model = sim_probe_model_at(i);

        cr_assert_eq(model->has_raw_serial, strcmp(model->name, "v2-j24") == 0, "%s", model->name);
        cr_assert_eq(model->packet_bytes, model->is_high_speed ? 512 : 64, "%s", model->name);
        if (model->protocol != SIM_PROBE_STLINK) {
            cr_assert_not_null(strstr(model->interface, "CMSIS-DAP"), "%s", model->name);
        }
    }
}

/* performance.md 2: V2 at 4 MHz, 6144 bytes with a status, 5585.5 + 17802 + 100 + 1000 us: 251
 * KB/s, and 11 us of USB for the status. */
Test(probe_models, a_v2_writes_at_251_kb_per_second)
{
    struct model_test test;
    uint64_t start_ps;
    uint64_t took_us;

    enter(&test, "v2");
    ASK(&test, 2, 0xF2, 0x43, 0);
    start_ps = sim_clock_now_ps(&test.rig.clock);
    cr_assert_eq(write_bytes(&test, 0x08, 6144, 1), 0x80);
    took_us = (sim_clock_now_ps(&test.rig.clock) - start_ps) / SIM_PS_PER_US;
    cr_assert_eq(took_us, 24498, "%lu us", (unsigned long)took_us);
    cr_assert_eq((6144 * 1000 + took_us / 2) / took_us, 251);
    rig_free(&test.rig);
}

Test(probe_models, another_model_in_the_same_place_starts_anew)
{
    struct model_test test;

    enter(&test, "v3");
    sim_probe_set_model(test.rig.probe, sim_probe_model_find("v2-1"));
    test.model = sim_probe_model(test.rig.probe);
    ASK(&test, 2, 0xF5);
    cr_assert_eq(test.in[0], 1);
    cr_assert_eq(sim_probe_stlink(test.rig.probe), &test.rig.stlink);
    sim_probe_set_model(test.rig.probe, sim_probe_model_find("dap2"));
    cr_assert_null(sim_probe_stlink(test.rig.probe));
    rig_free(&test.rig);
}
