/* Debug port and access ports through a CMSIS-DAP: pins, SWD, power-up, NRST, sticky errors. */
#include "host/probe/cmsis_dap_packet.h"

#include <inttypes.h>
#include <string.h>

enum {
    PORT_SWD = 1,
    PIN_NRESET = 0x80,
    PIN_WAIT_US = 100000, /* for a reset line with a capacitor */
    WAIT_RETRIES = 100,   /* by the probe itself, before its answer says WAIT */
    POWER_UP_POLLS = 100,
    NS_PER_MS = 1000000,
    CSW_DEVICE_ENABLED = 0x40
};

/* Probes round by themselves and cannot be asked for their fastest clock: the first of these is
 * taken when none was asked for. Wires may be worse than the probe, so that the next lower one is
 * taken when transfers are disturbed. */
static const uint32_t clocks_hz[] = {10000000, 4000000, 1000000, 200000};
enum { CLOCK_COUNT = sizeof clocks_hz / sizeof clocks_hz[0] };

/* ABORT: clears STKCMP, STKERR, WDERR and ORUNERR; bit 0 ends a transfer that waits for ever. */
static const uint32_t abort_clear = UINT32_C(0x1E);
static const uint32_t abort_transfer = UINT32_C(0x1F);
/* CTRL/STAT: power requests 30 and 28, acknowledged in 31 and 29. */
static const uint32_t power_request = UINT32_C(0x50000000);
static const uint32_t power_acknowledge = UINT32_C(0xA0000000);

/* Least significant bit first on the wire. 56 ones, E79E (from JTAG to SWD), 56 ones, 8 zeros. */
static const uint8_t to_swd[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x9E, 0xE7, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00};
/* 8 ones, the 128 bits of the selection alert, 4 zeros, activation code 1A, 52 ones, 8 zeros: for
 * a port that sleeps in the dormant state. */
static const uint8_t wake_to_swd[] = {0xFF, 0x92, 0xF3, 0x09, 0x62, 0x95, 0x2D, 0x85, 0x86, 0xE9,
    0xAF, 0xDD, 0xE3, 0xA2, 0x0E, 0xBC, 0x19, 0xA0, 0xF1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00};
static const uint8_t line_reset[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00};

static bool set_clock(struct cmsis_dap *dap, struct error *err)
{
    struct dap_packet packet = {0};

    dap_packet_put8(&packet, DAP_SWJ_CLOCK);
    dap_packet_put32(&packet, dap->clock_hz);
    if (!cmsis_dap_command(dap, &packet, err)) {
        return error_add_context(err, "setting the wire clock to %" PRIu32 " Hz", dap->clock_hz);
    }
    dap->base.info.freq_hz = dap->clock_hz;
    return true;
}

/* One step down; false at the end of the list. */
static bool slow_down(struct cmsis_dap *dap)
{
    struct error err;
    size_t i = 0;

    while (i < CLOCK_COUNT && clocks_hz[i] >= dap->clock_hz) {
        i++;
    }
    if (i == CLOCK_COUNT) {
        return false;
    }
    dap->clock_hz = clocks_hz[i];
    log_write(dap->base.log, LOG_INFO, NULL, "wire clock lowered to %" PRIu32 " Hz", dap->clock_hz);
    return set_clock(dap, &err);
}

static bool send_sequence(
    struct cmsis_dap *dap, const uint8_t *bits, size_t size_bytes, struct error *err)
{
    struct dap_packet packet = {0};
    size_t i = 0;

    dap_packet_put8(&packet, DAP_SWJ_SEQUENCE);
    dap_packet_put8(&packet, (uint8_t)(size_bytes * 8));
    for (i = 0; i < size_bytes; i++) {
        dap_packet_put8(&packet, bits[i]);
    }
    return cmsis_dap_command(dap, &packet, err);
}

static bool drive_reset(struct cmsis_dap *dap, struct error *err)
{
    struct dap_packet packet = {0};
    struct dap_packet answer;
    uint8_t level = dap->is_reset_asserted ? 0 : PIN_NRESET;

    dap_packet_put8(&packet, DAP_SWJ_PINS);
    dap_packet_put8(&packet, level);
    dap_packet_put8(&packet, PIN_NRESET);
    dap_packet_put32(&packet, PIN_WAIT_US);
    if (!cmsis_dap_exchange(dap, &packet, &answer, err)) {
        return false;
    }
    if (answer.size_bytes < 2) {
        return error_set(err, ERROR_USB_PROTOCOL, "the probe does not tell the level of its pins");
    }
    /* Not every probe can read the pin back, so this is no failure. */
    if ((answer.bytes[1] & PIN_NRESET) != level) {
        log_write(dap->base.log, LOG_INFO, NULL, "NRST reads %s after it was driven %s",
            level != 0 ? "low" : "high", level != 0 ? "high" : "low");
    }
    return true;
}

/* Takes the pins. The probe lets NRST go when it does, whatever was set before. */
static bool connect_pins(struct cmsis_dap *dap, struct error *err)
{
    struct dap_packet packet = {0};
    struct dap_packet answer;

    if (dap->is_connected) {
        return true;
    }
    dap_packet_put8(&packet, DAP_CONNECT);
    dap_packet_put8(&packet, PORT_SWD);
    if (!cmsis_dap_exchange(dap, &packet, &answer, err)) {
        return false;
    }
    if (answer.size_bytes < 2 || answer.bytes[1] != PORT_SWD) {
        return error_set(err, ERROR_PROBE_ABILITY,
            "the probe does not connect by SWD (it answered port %u)", (unsigned)answer.bytes[1]);
    }
    dap->is_connected = true;
    return true;
}

static bool configure(struct cmsis_dap *dap, struct error *err)
{
    struct dap_packet transfers = {0};
    struct dap_packet wire = {0};

    dap_packet_put8(&transfers, DAP_TRANSFER_CONFIGURE);
    dap_packet_put8(&transfers, 0); /* idle cycles */
    dap_packet_put16(&transfers, WAIT_RETRIES);
    dap_packet_put16(&transfers, 0); /* retries of a match: never used */
    dap_packet_put8(&wire, DAP_SWD_CONFIGURE);
    dap_packet_put8(&wire, 0); /* turnaround of one cycle, data phases only after OK */
    return set_clock(dap, err) && cmsis_dap_command(dap, &transfers, err) &&
           cmsis_dap_command(dap, &wire, err);
}

bool cmsis_dap_set_reset(struct probe *probe, bool asserted, struct error *err)
{
    struct cmsis_dap *dap = (struct cmsis_dap *)probe;

    dap->is_reset_asserted = asserted;
    return connect_pins(dap, err) && drive_reset(dap, err);
}

static bool read_dpidr(struct cmsis_dap *dap, uint32_t *dpidr, enum dap_ack *ack, struct error *err)
{
    struct dap_transfer read = {.request = DAP_READ_DPIDR};

    if (!cmsis_dap_transfer(dap, &read, 1, ack, NULL, err)) {
        return false;
    }
    *dpidr = read.value;
    return true;
}

/* The first read after a line reset has to be that of DPIDR. */
static bool wake(struct cmsis_dap *dap, uint32_t *dpidr, enum dap_ack *ack, struct error *err)
{
    if (!send_sequence(dap, to_swd, sizeof to_swd, err) || !read_dpidr(dap, dpidr, ack, err)) {
        return false;
    }
    if (*ack == DAP_ACK_OK) {
        return true;
    }
    return send_sequence(dap, wake_to_swd, sizeof wake_to_swd, err) &&
           read_dpidr(dap, dpidr, ack, err);
}

static bool find_port(struct cmsis_dap *dap, uint32_t *dpidr, struct error *err)
{
    enum dap_ack ack = DAP_ACK_NONE;
    uint32_t first_hz = dap->clock_hz;

    do {
        if (!wake(dap, dpidr, &ack, err)) {
            return false;
        }
    } while (ack != DAP_ACK_OK && slow_down(dap));
    if (ack != DAP_ACK_OK) {
        dap->clock_hz = first_hz; /* the clock was not to blame */
        return dap_answer_error(ack, err);
    }
    if (*dpidr == 0 || *dpidr == UINT32_MAX) {
        return error_set(err, ERROR_TARGET_SILENT,
            "the debug port identifies itself as 0x%08" PRIx32 ": no target on the wires", *dpidr);
    }
    return true;
}

static bool power_up(struct cmsis_dap *dap, struct error *err)
{
    struct dap_transfer request[] = {{DAP_WRITE_ABORT, abort_clear}, {DAP_WRITE_SELECT, 0},
        {DAP_WRITE_CTRL_STAT, power_request}};
    struct dap_transfer status = {.request = DAP_READ_CTRL_STAT};
    unsigned polls = 0;

    if (!cmsis_dap_transfer_all(dap, request, sizeof request / sizeof request[0], err)) {
        return false;
    }
    dap->select = 0;
    dap->is_select_known = true;
    for (polls = 0; polls < POWER_UP_POLLS; polls++) {
        if (!cmsis_dap_transfer_all(dap, &status, 1, err)) {
            return false;
        }
        if ((status.value & power_acknowledge) == power_acknowledge) {
            return true;
        }
        dap->link->ops->wait_ns(dap->link, NS_PER_MS);
    }
    return error_set(err, ERROR_TARGET_SILENT,
        "the debug port does not acknowledge power-up: CTRL/STAT is 0x%08" PRIx32, status.value);
}

bool cmsis_dap_attach(struct probe *probe, uint32_t *dpidr, struct error *err)
{
    struct cmsis_dap *dap = (struct cmsis_dap *)probe;

    return connect_pins(dap, err) && configure(dap, err) && find_port(dap, dpidr, err) &&
           power_up(dap, err);
}

uint32_t cmsis_dap_first_clock_hz(uint32_t asked_hz)
{
    return asked_hz != 0 ? asked_hz : clocks_hz[0];
}

uint32_t cmsis_dap_select_value(uint8_t ap)
{
    return (uint32_t)ap << 24;
}

/* Present, of the memory kind by its CSW, and open: a part may keep a core's port shut after reset
 * (reference: MCUs 2.1). */
bool cmsis_dap_open_ap(struct probe *probe, uint8_t ap, struct error *err)
{
    struct cmsis_dap *dap = (struct cmsis_dap *)probe;
    uint32_t select = cmsis_dap_select_value(ap);
    struct dap_transfer look[] = {{DAP_WRITE_SELECT, select | 0xF0}, {DAP_READ_IDR, 0},
        {DAP_WRITE_SELECT, select}, {DAP_READ_CSW, 0}};
    enum dap_ack ack = DAP_ACK_OK;

    dap->is_select_known = false;
    if (!cmsis_dap_transfer(dap, look, sizeof look / sizeof look[0], &ack, NULL, err)) {
        return false;
    }
    if (ack != DAP_ACK_OK) {
        cmsis_dap_recover(dap, ack);
        return dap_answer_error(ack, err);
    }
    dap->select = select;
    dap->is_select_known = true;
    if (look[1].value == 0) {
        return error_set(err, ERROR_TARGET_FAULT, "the target has no access port %u", (unsigned)ap);
    }
    if ((look[3].value & CSW_DEVICE_ENABLED) == 0) {
        return error_set(err, ERROR_TARGET_FAULT, "access port %u is closed (CSW 0x%08" PRIx32 ")",
            (unsigned)ap, look[3].value);
    }
    return true;
}

bool cmsis_dap_clear_errors(struct probe *probe, struct error *err)
{
    struct dap_transfer clear = {DAP_WRITE_ABORT, abort_clear};

    return cmsis_dap_transfer_all((struct cmsis_dap *)probe, &clear, 1, err);
}

/* After a disturbance the port ignores everything until a line reset. */
static bool reset_line(struct cmsis_dap *dap, struct error *err)
{
    enum dap_ack ack = DAP_ACK_NONE;
    uint32_t dpidr = 0;

    (void)slow_down(dap);
    return send_sequence(dap, line_reset, sizeof line_reset, err) &&
           read_dpidr(dap, &dpidr, &ack, err) && (ack == DAP_ACK_OK || dap_answer_error(ack, err));
}

void cmsis_dap_recover(struct cmsis_dap *dap, enum dap_ack ack)
{
    struct dap_transfer clear = {
        DAP_WRITE_ABORT, ack == DAP_ACK_WAIT ? abort_transfer : abort_clear};
    bool is_off_line = ack == DAP_ACK_NONE || ack == DAP_ACK_PROTOCOL;
    struct error err;

    dap->is_select_known = false;
    if ((is_off_line && !reset_line(dap, &err)) || !cmsis_dap_transfer_all(dap, &clear, 1, &err)) {
        log_write(dap->base.log, LOG_DEBUG, NULL, "the debug port stays as it is: %s", err.message);
    }
}

/* What fails while leaving is only reported. */
static bool leave(struct cmsis_dap *dap, struct error *err)
{
    struct dap_transfer power_down = {DAP_WRITE_CTRL_STAT, 0};
    struct dap_packet disconnect = {0};
    bool is_done = true;

    if (dap->is_reset_asserted) {
        dap->is_reset_asserted = false;
        is_done = drive_reset(dap, err);
    }
    if (err->code != ERROR_USB_LOST) {
        is_done = cmsis_dap_transfer_all(dap, &power_down, 1, err) && is_done;
    }
    if (err->code != ERROR_USB_LOST) {
        dap_packet_put8(&disconnect, DAP_DISCONNECT);
        is_done = cmsis_dap_command(dap, &disconnect, err) && is_done;
    }
    return is_done;
}

void cmsis_dap_detach(struct cmsis_dap *dap)
{
    struct error err = {0};

    if (dap->is_connected && !leave(dap, &err)) {
        log_write(dap->base.log, LOG_DEBUG, NULL, "while leaving the target: %s", err.message);
    }
    dap->is_connected = false;
}
