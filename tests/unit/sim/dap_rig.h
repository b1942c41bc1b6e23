/* A CMSIS-DAP probe at the USB seam of the rig: packets out, replies in. */
#ifndef DAP_RIG_H
#define DAP_RIG_H

#include "probe_rig.h"

#include <criterion/criterion.h>

enum { PACKET = 512, TAR = 0x05, CSW = 0x01, DRW = 0x0D, READ_DRW = 0x0F, SELECT = 0x08 };

struct dap_test {
    struct probe_rig rig;
    const struct sim_probe_model *model;
    uint8_t reply[1024];
    uint32_t reply_bytes;
};

static inline void plug(struct dap_test *test, const char *name)
{
    memset(test, 0, sizeof *test);
    rig_create(&test->rig);
    rig_plug(&test->rig, name);
    test->model = sim_probe_model(test->rig.probe);
}

/* Full reports for HID. */
static inline enum sim_probe_result send(
    struct dap_test *test, const uint8_t *bytes, uint32_t size_bytes)
{
    uint8_t packet[PACKET] = {0};

    memcpy(packet, bytes, size_bytes);
    return sim_probe_out(test->rig.probe, test->model->out_endpoint, packet,
        test->model->protocol == SIM_PROBE_CMSIS_DAP_1 ? 64 : size_bytes);
}

static inline enum sim_probe_result take(struct dap_test *test)
{
    memset(test->reply, 0xEE, sizeof test->reply);
    return sim_probe_in(test->rig.probe, test->model->in_endpoint, test->reply,
        test->model->packet_bytes, &test->reply_bytes);
}

static inline void ask(struct dap_test *test, const uint8_t *bytes, uint32_t size_bytes)
{
    cr_assert_eq(send(test, bytes, size_bytes), SIM_PROBE_DONE, "command %02x", bytes[0]);
    cr_assert_eq(take(test), SIM_PROBE_DONE, "command %02x", bytes[0]);
}

#define ASK(test, ...)                                                                             \
    ask(test, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* The reply is these bytes and no more. */
#define EXPECT(test, ...)                                                                          \
    do {                                                                                           \
        const uint8_t expected[] = {__VA_ARGS__};                                                  \
        cr_assert_eq((test)->reply_bytes, sizeof expected, "%u bytes: %02x %02x %02x",             \
            (unsigned)(test)->reply_bytes, (test)->reply[0], (test)->reply[1], (test)->reply[2]);  \
        cr_assert_arr_eq((test)->reply, expected, sizeof expected, "%02x %02x %02x %02x",          \
            (test)->reply[0], (test)->reply[1], (test)->reply[2], (test)->reply[3]);               \
    } while (0)

static inline uint32_t word(const uint8_t *bytes)
{
    return (uint32_t)(bytes[0] | bytes[1] << 8 | bytes[2] << 16) | (uint32_t)bytes[3] << 24;
}

static inline uint32_t violations(const struct dap_test *test)
{
    return sim_report_violation_count(test->rig.env.report);
}

static inline void arm(struct dap_test *test, const char *spec)
{
    const char *why = NULL;

    cr_assert(sim_inject_arm(test->rig.env.inject, spec, &why), "%s", spec);
}

static inline void reset_line(struct dap_test *test)
{
    ASK(test, 0x12, 51, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
}

static inline void select_swd(struct dap_test *test)
{
    ASK(test, 0x02, 1);
    ASK(test, 0x11, 0x40, 0x42, 0x0F, 0x00); /* 1 MHz */
    reset_line(test);
    ASK(test, 0x12, 16, 0x9E, 0xE7);
    reset_line(test);
    ASK(test, 0x12, 8, 0x00);
}

/* DPIDR, sticky flags cleared, power up, AP1, CSW for words with increment. */
static inline void connect(struct dap_test *test, const char *name)
{
    plug(test, name);
    select_swd(test);
    ASK(test, 0x05, 0, 1, 0x02);
    ASK(test, 0x05, 0, 4, 0x00, 0x1E, 0, 0, 0, 0x04, 0, 0, 0, 0x50, SELECT, 0, 0, 0, 1, CSW, 0x52,
        0, 0, 0x23);
    cr_assert_eq(test->reply[1], 4);
    cr_assert_eq(test->reply[2], 1);
}

static inline void set_tar(struct dap_test *test, uint32_t addr)
{
    ASK(test, 0x05, 0, 1, TAR, (uint8_t)addr, (uint8_t)(addr >> 8), (uint8_t)(addr >> 16),
        (uint8_t)(addr >> 24));
    cr_assert_eq(test->reply[2], 1);
}

#endif
