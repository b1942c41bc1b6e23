/* Debug port and access ports through an ST-LINK: SWD mode, power-up, NRST, sticky errors. */
#include "common/le.h"
#include "host/probe/stlink.h"
#include "host/probe/stlink_status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    PORT_DP = 0xFFFF,
    DP_ABORT = 0x00,
    DP_CTRL_STAT = 0x04,
    POWER_UP_POLLS = 100,
    NS_PER_MS = 1000000,
    /* Below this STM32 parts do not run; known values only (faults: P3). */
    MIN_TARGET_MV = 1650
};

/* ABORT: clears STKCMP, STKERR, WDERR and ORUNERR. */
static const uint32_t abort_clear = UINT32_C(0x1E);
/* CTRL/STAT: power requests 30 and 28, acknowledged in 31 and 29; bit 5 is STICKYERR's place. */
static const uint32_t power_request = UINT32_C(0x50000000);
static const uint32_t power_request_clear = UINT32_C(0x50000020);
static const uint32_t power_acknowledge = UINT32_C(0xA0000000);

static bool write_dap(
    struct stlink *stlink, uint16_t port, uint16_t reg, uint32_t value, struct error *err)
{
    uint8_t command[LINK_COMMAND_BYTES] = {0xF2, 0x46};
    uint8_t reply[2];

    le_put16(command + 2, port);
    le_put16(command + 4, reg);
    le_put32(command + 6, value);
    return stlink_command(stlink, command, reply, sizeof reply, err);
}

static bool read_dap(
    struct stlink *stlink, uint16_t port, uint16_t reg, uint32_t *value, struct error *err)
{
    uint8_t command[LINK_COMMAND_BYTES] = {0xF2, 0x45};
    uint8_t reply[8];

    le_put16(command + 2, port);
    le_put16(command + 4, reg);
    if (!stlink_command(stlink, command, reply, sizeof reply, err)) {
        return false;
    }
    *value = le_get32(reply + 4);
    return true;
}

bool stlink_clear_errors(struct probe *probe, struct error *err)
{
    struct stlink *stlink = (struct stlink *)probe;

    return !stlink_version_can(&stlink->version, STLINK_CAN_DAP) ||
           write_dap(stlink, PORT_DP, DP_ABORT, abort_clear, err);
}

void stlink_clear_quietly(struct stlink *stlink)
{
    struct error err;

    if (!stlink_clear_errors(&stlink->base, &err)) {
        log_write(stlink->base.log, LOG_DEBUG, NULL, "sticky errors stay: %s", err.message);
    }
}

static bool drive_reset(struct stlink *stlink, uint8_t *status, struct error *err)
{
    const uint8_t command[LINK_COMMAND_BYTES] = {0xF2, 0x3C, stlink->is_reset_asserted ? 0 : 1};
    uint8_t reply[2];

    if (!stlink_exchange(stlink, command, reply, sizeof reply, err)) {
        return false;
    }
    *status = reply[0];
    return true;
}

bool stlink_set_reset(struct probe *probe, bool asserted, struct error *err)
{
    struct stlink *stlink = (struct stlink *)probe;
    uint8_t status = 0;

    stlink->is_reset_asserted = asserted;
    if (!drive_reset(stlink, &status, err)) {
        return false;
    }
    /* Outside debug mode the firmware may refuse: stlink_attach() repeats it (1.6). */
    if (stlink->is_attached && status != STLINK_STATUS_OK) {
        return stlink_status_error(status, err);
    }
    return true;
}

static bool check_voltage(struct stlink *stlink, struct error *err)
{
    uint32_t target_mv = 0;

    if (!stlink_read_voltage(stlink, err)) {
        return false;
    }
    target_mv = stlink->base.info.target_mv;
    if (target_mv == 0 || target_mv >= MIN_TARGET_MV) {
        return true;
    }
    (void)error_set(err, ERROR_TARGET_VOLTAGE,
        "the target voltage is %" PRIu32 ".%02" PRIu32 " V, at least 1.65 V are needed",
        target_mv / 1000, target_mv % 1000 / 10);
    error_set_hint(err, "power the board, and check that the VTREF pin of the probe is connected");
    return false;
}

static bool enter_swd(struct stlink *stlink, struct error *err)
{
    static const uint8_t enter[LINK_COMMAND_BYTES] = {0xF2, 0x30, 0xA3};
    static const uint8_t leave[LINK_COMMAND_BYTES] = {0xF2, 0x21};
    uint8_t reply[2];
    uint8_t status = 0;

    if (stlink->is_attached) {
        /* Closes all access ports too. Re-entering without leaving works on new firmware only. */
        if (!stlink_exchange(stlink, leave, NULL, 0, err)) {
            return false;
        }
        stlink->is_attached = false;
        memset(stlink->ap_is_open, 0, sizeof stlink->ap_is_open);
    }
    if (!drive_reset(stlink, &status, err) ||
        !stlink_command(stlink, enter, reply, sizeof reply, err)) {
        return false;
    }
    stlink->is_attached = true;
    /* Entering may have let NRST go. */
    if (!drive_reset(stlink, &status, err)) {
        return false;
    }
    if (status != STLINK_STATUS_OK && stlink->is_reset_asserted) {
        return stlink_status_error(status, err);
    }
    return true;
}

static bool power_up(struct stlink *stlink, struct error *err)
{
    uint32_t status = 0;
    unsigned polls = 0;

    if (!stlink_version_can(&stlink->version, STLINK_CAN_DAP)) {
        return true; /* older firmware does it while it enters */
    }
    if (!write_dap(stlink, PORT_DP, DP_ABORT, abort_clear, err) ||
        !write_dap(stlink, PORT_DP, DP_CTRL_STAT, power_request_clear, err) ||
        !read_dap(stlink, PORT_DP, DP_CTRL_STAT, &status, err) ||
        !write_dap(stlink, PORT_DP, DP_CTRL_STAT, power_request, err)) {
        return false;
    }
    for (polls = 0; polls < POWER_UP_POLLS; polls++) {
        if (!read_dap(stlink, PORT_DP, DP_CTRL_STAT, &status, err)) {
            return false;
        }
        if ((status & power_acknowledge) == power_acknowledge) {
            return true;
        }
        stlink->link->ops->wait_ns(stlink->link, NS_PER_MS);
    }
    return error_set(err, ERROR_TARGET_SILENT,
        "the debug port does not acknowledge power-up: CTRL/STAT is 0x%08" PRIx32, status);
}

bool stlink_attach(struct probe *probe, uint32_t *dpidr, struct error *err)
{
    static const uint8_t read_ids[LINK_COMMAND_BYTES] = {0xF2, 0x31};
    struct stlink *stlink = (struct stlink *)probe;
    uint8_t reply[12];

    if (!check_voltage(stlink, err) || !enter_swd(stlink, err) || !power_up(stlink, err) ||
        !stlink_command(stlink, read_ids, reply, sizeof reply, err)) {
        return false;
    }
    *dpidr = le_get32(reply + 4);
    if (*dpidr == 0 || *dpidr == UINT32_MAX) {
        return error_set(err, ERROR_TARGET_SILENT,
            "the debug port identifies itself as 0x%08" PRIx32 ": no target on the wires", *dpidr);
    }
    return true;
}

bool stlink_open_ap(struct probe *probe, uint8_t ap, struct error *err)
{
    struct stlink *stlink = (struct stlink *)probe;
    const uint8_t command[LINK_COMMAND_BYTES] = {0xF2, 0x4B, ap};
    char what[32];
    uint8_t reply[2];
    unsigned attempt = 0;

    (void)snprintf(what, sizeof what, "access port %u", (unsigned)ap);
    if (ap >= STLINK_AP_COUNT) {
        return error_set(err, ERROR_PROBE_ABILITY, "an ST-LINK has no %s", what);
    }
    if (ap > 0 && !stlink_version_require(&stlink->version, STLINK_CAN_SELECT_AP, what, err)) {
        return false;
    }
    if (!stlink_version_can(&stlink->version, STLINK_CAN_OPEN_AP)) {
        return true; /* older firmware opens access port 0 by itself */
    }
    do {
        if (!stlink_exchange(stlink, command, reply, sizeof reply, err)) {
            return false;
        }
    } while (stlink_status_kind(reply[0]) == STLINK_STATUS_KIND_WAIT &&
             stlink_back_off(stlink, attempt++));
    if (reply[0] != STLINK_STATUS_OK) {
        stlink_clear_quietly(stlink);
        return stlink_status_error(reply[0], err);
    }
    stlink->ap_is_open[ap] = true;
    return true;
}

bool stlink_reenter(struct stlink *stlink, struct error *err)
{
    static const uint8_t leave[LINK_COMMAND_BYTES] = {0xF2, 0x21};
    bool was_open[STLINK_AP_COUNT];
    unsigned ap = 0;

    memcpy(was_open, stlink->ap_is_open, sizeof was_open);
    memset(stlink->ap_is_open, 0, sizeof stlink->ap_is_open);
    /* The wire clock is set outside debug mode (1.6). */
    if (!stlink_exchange(stlink, leave, NULL, 0, err)) {
        return false;
    }
    stlink->is_attached = false;
    if (!stlink_set_freq(stlink, stlink->base.info.freq_hz, err) || !enter_swd(stlink, err) ||
        !power_up(stlink, err)) {
        return false;
    }
    for (ap = 0; ap < STLINK_AP_COUNT; ap++) {
        if (was_open[ap] && !stlink_open_ap(&stlink->base, (uint8_t)ap, err)) {
            return false;
        }
    }
    return true;
}

/* A reply that is of no use any more; what fails is only reported. */
static void exchange_quietly(
    struct stlink *stlink, const uint8_t command[LINK_COMMAND_BYTES], size_t reply_bytes)
{
    struct error err;
    uint8_t reply[2];

    if (!stlink_exchange(stlink, command, reply, reply_bytes, &err)) {
        log_write(stlink->base.log, LOG_DEBUG, NULL, "while leaving the target: %s", err.message);
    }
}

void stlink_detach(struct stlink *stlink)
{
    static const uint8_t release[LINK_COMMAND_BYTES] = {0xF2, 0x3C, 1};
    static const uint8_t leave[LINK_COMMAND_BYTES] = {0xF2, 0x21};
    uint8_t close_ap[LINK_COMMAND_BYTES] = {0xF2, 0x4C};
    unsigned ap = 0;

    if (stlink->is_reset_asserted) {
        stlink->is_reset_asserted = false;
        exchange_quietly(stlink, release, 2);
    }
    for (ap = 0; ap < STLINK_AP_COUNT; ap++) {
        if (stlink->ap_is_open[ap]) {
            close_ap[2] = (uint8_t)ap;
            exchange_quietly(stlink, close_ap, 2);
        }
    }
    if (stlink->is_attached) {
        exchange_quietly(stlink, leave, 0);
    }
}
