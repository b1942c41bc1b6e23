#include "sim/cmsis_dap.h"

#include "sim/clock.h"
#include "sim/cmsis_dap_internal.h"

#include <string.h>

enum {
    ID_INFO = 0x00,
    ID_HOST_STATUS = 0x01,
    ID_CONNECT = 0x02,
    ID_DISCONNECT = 0x03,
    ID_TRANSFER_CONFIGURE = 0x04,
    ID_TRANSFER = 0x05,
    ID_TRANSFER_BLOCK = 0x06,
    ID_TRANSFER_ABORT = 0x07,
    ID_WRITE_ABORT = 0x08,
    ID_DELAY = 0x09,
    ID_RESET_TARGET = 0x0A,
    ID_SWJ_PINS = 0x10,
    ID_SWJ_CLOCK = 0x11,
    ID_SWJ_SEQUENCE = 0x12,
    ID_SWD_CONFIGURE = 0x13,
    ID_JTAG_SEQUENCE = 0x14,
    ID_JTAG_CONFIGURE = 0x15,
    ID_JTAG_IDCODE = 0x16,
    ID_SWD_SEQUENCE = 0x1D,
    ID_EXECUTE = 0x7F,
    ID_INVALID = 0xFF
};

enum {
    INFO_VENDOR = 0x01,
    INFO_PRODUCT = 0x02,
    INFO_SERIAL = 0x03,
    INFO_VERSION = 0x04,
    INFO_CAPABILITIES = 0xF0,
    INFO_PACKET_COUNT = 0xFE,
    INFO_PACKET_SIZE = 0xFF,
    CAPABLE_SWD = 1 << 0,
    CAPABLE_ATOMIC = 1 << 4
};

enum { PORT_DEFAULT = 0, PORT_SWD = 1, DEFAULT_HZ = 1000000, DEFAULT_WAIT_RETRIES = 100 };

/* Limits as common probes have them; clocks are those at which throughputs were published
 * (reference performance.md 1). */
const struct sim_cmsis_dap_firmware sim_cmsis_dap_firmware_hid = {
    .vendor = "xflash",
    .product = "Virtual CMSIS-DAP v1",
    .version = "1.10",
    .is_hid = true,
    .packet_bytes = 64,
    .packet_count = 4,
    .max_hz = 10000000,
    .cost = &sim_link_cost_dap_hid,
};

const struct sim_cmsis_dap_firmware sim_cmsis_dap_firmware_full_speed = {
    .vendor = "xflash",
    .product = "Virtual CMSIS-DAP v2",
    .version = "2.0.0",
    .packet_bytes = 64,
    .packet_count = 8,
    .max_hz = 20000000,
    .cost = &sim_link_cost_dap_full_speed,
};

const struct sim_cmsis_dap_firmware sim_cmsis_dap_firmware_high_speed = {
    .vendor = "xflash",
    .product = "Virtual CMSIS-DAP v2",
    .version = "2.1.1",
    .packet_bytes = 512,
    .packet_count = 8,
    .max_hz = 20000000,
    .cost = &sim_link_cost_dap_high_speed,
};

uint8_t dap_get8(struct dap_packet *packet)
{
    if (packet->at >= packet->request_bytes) {
        packet->is_too_short = true;
        return 0;
    }
    return packet->request[packet->at++];
}

uint16_t dap_get16(struct dap_packet *packet)
{
    uint16_t low = dap_get8(packet);

    return (uint16_t)(low | dap_get8(packet) << 8);
}

uint32_t dap_get32(struct dap_packet *packet)
{
    uint32_t low = dap_get16(packet);

    return low | (uint32_t)dap_get16(packet) << 16;
}

void dap_put8(struct dap_packet *packet, uint8_t value)
{
    if (packet->reply_bytes >= packet->room_bytes) {
        packet->is_too_long = true;
        return;
    }
    packet->reply[packet->reply_bytes++] = value;
}

void dap_put16(struct dap_packet *packet, uint16_t value)
{
    dap_put8(packet, (uint8_t)value);
    dap_put8(packet, (uint8_t)(value >> 8));
}

void dap_patch8(struct dap_packet *packet, uint32_t at, uint8_t value)
{
    if (at < packet->reply_bytes) {
        packet->reply[at] = value;
    }
}

void dap_put32(struct dap_packet *packet, uint32_t value)
{
    dap_put16(packet, (uint16_t)value);
    dap_put16(packet, (uint16_t)(value >> 16));
}

void dap_spend(struct sim_cmsis_dap *cmsis_dap, uint64_t duration_ps)
{
    sim_report_link_time(cmsis_dap->env->report, cmsis_dap->work, duration_ps);
    cmsis_dap->wiring->advance(cmsis_dap->wiring->context, duration_ps);
}

void dap_spend_clocks(struct sim_cmsis_dap *cmsis_dap, uint32_t clocks)
{
    uint64_t duration_ps = clocks * SIM_PS_PER_S / cmsis_dap->swd_hz;

    cmsis_dap->packet_swd_ps += duration_ps;
    dap_spend(cmsis_dap, duration_ps);
}

void dap_spend_accesses(struct sim_cmsis_dap *cmsis_dap, uint32_t accesses)
{
    dap_spend_clocks(cmsis_dap,
        accesses * (cmsis_dap->firmware->cost->swd_clocks_per_word + cmsis_dap->idle_cycles));
}

void dap_set_nrst(struct sim_cmsis_dap *cmsis_dap, bool is_low)
{
    if (cmsis_dap->nrst_is_low != is_low) {
        cmsis_dap->nrst_is_low = is_low;
        cmsis_dap->wiring->set_nrst(cmsis_dap->wiring->context, is_low);
    }
}

struct sim_swj *dap_swj(struct sim_cmsis_dap *cmsis_dap)
{
    if (cmsis_dap->swj_power_ons != cmsis_dap->dap->power_ons) {
        cmsis_dap->swj_power_ons = cmsis_dap->dap->power_ons;
        sim_swj_init(&cmsis_dap->swj);
    }
    return &cmsis_dap->swj;
}

/* The length counts the NUL; 0: not there. */
static void put_string(struct dap_packet *packet, const char *text)
{
    size_t size_bytes = text == NULL || text[0] == '\0' ? 0 : strlen(text) + 1;

    dap_put8(packet, (uint8_t)size_bytes);
    for (size_t i = 0; i < size_bytes; i++) {
        dap_put8(packet, (uint8_t)text[i]);
    }
}

static bool get_info(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    const struct sim_cmsis_dap_firmware *firmware = cmsis_dap->firmware;

    switch (dap_get8(packet)) {
    case INFO_VENDOR:
        put_string(packet, firmware->vendor);
        break;
    case INFO_PRODUCT:
        put_string(packet, firmware->product);
        break;
    case INFO_SERIAL:
        put_string(packet, cmsis_dap->serial);
        break;
    case INFO_VERSION:
        put_string(packet, firmware->version);
        break;
    case INFO_CAPABILITIES:
        dap_put8(packet, 1);
        dap_put8(packet, CAPABLE_SWD | CAPABLE_ATOMIC);
        break;
    case INFO_PACKET_COUNT:
        dap_put8(packet, 1);
        dap_put8(packet, firmware->packet_count);
        break;
    case INFO_PACKET_SIZE:
        dap_put8(packet, 2);
        dap_put16(packet, firmware->packet_bytes);
        break;
    default:
        dap_put8(packet, 0);
        break;
    }
    return true;
}

static bool take_host_status(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    (void)cmsis_dap;
    (void)dap_get16(packet);
    dap_put8(packet, DAP_OK);
    return true;
}

/* The board wires no JTAG. */
static bool connect(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    uint8_t port = dap_get8(packet);

    cmsis_dap->is_connected = port == PORT_DEFAULT || port == PORT_SWD;
    dap_put8(packet, cmsis_dap->is_connected ? PORT_SWD : 0);
    return true;
}

/* All pins are released, NRST too. */
static bool disconnect(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    cmsis_dap->is_connected = false;
    dap_set_nrst(cmsis_dap, false);
    dap_put8(packet, DAP_OK);
    return true;
}

static bool delay(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    uint16_t duration_us = dap_get16(packet);

    dap_spend(cmsis_dap, duration_us * SIM_PS_PER_US);
    dap_put8(packet, DAP_OK);
    return true;
}

static bool reset_target(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    (void)cmsis_dap;
    dap_put8(packet, DAP_OK);
    dap_put8(packet, 0); /* it knows no reset sequence of the device */
    return true;
}

static bool refuse(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    (void)cmsis_dap;
    packet->at = packet->request_bytes;
    return false;
}

static dap_handler execute;

static const struct {
    uint8_t id;
    dap_handler *run;
} rows[] = {
    {ID_INFO, get_info},
    {ID_HOST_STATUS, take_host_status},
    {ID_CONNECT, connect},
    {ID_DISCONNECT, disconnect},
    {ID_TRANSFER_CONFIGURE, dap_configure_transfer},
    {ID_TRANSFER, dap_transfer},
    {ID_TRANSFER_BLOCK, dap_transfer_block},
    {ID_WRITE_ABORT, dap_write_abort},
    {ID_DELAY, delay},
    {ID_RESET_TARGET, reset_target},
    {ID_SWJ_PINS, dap_swj_pins},
    {ID_SWJ_CLOCK, dap_swj_clock},
    {ID_SWJ_SEQUENCE, dap_swj_sequence},
    {ID_SWD_CONFIGURE, dap_swd_configure},
    {ID_JTAG_SEQUENCE, refuse},
    {ID_JTAG_CONFIGURE, refuse},
    {ID_JTAG_IDCODE, refuse},
    {ID_SWD_SEQUENCE, dap_swd_sequence},
    {ID_EXECUTE, execute},
};

static dap_handler *find_handler(uint8_t id)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].id == id) {
            return rows[i].run;
        }
    }
    return NULL;
}

static void run_command(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    uint8_t id = dap_get8(packet);
    uint32_t reply_at = packet->reply_bytes;
    dap_handler *run = find_handler(id);

    if (id == ID_TRANSFER_ABORT) {
        return; /* no reply; a packet is run whole, so that there is never anything to abort */
    }
    if (run == NULL) {
        packet->at = packet->request_bytes;
        dap_put8(packet, ID_INVALID);
        return;
    }
    dap_put8(packet, id);
    if (!run(cmsis_dap, packet)) {
        packet->reply_bytes = reply_at;
        dap_put16(packet, (uint16_t)(id | DAP_ERROR << 8));
    }
}

/* Commands one after the other in a packet; not one inside another. */
static bool execute(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    uint8_t count = dap_get8(packet);

    dap_put8(packet, count);
    for (unsigned i = 0; i < count; i++) {
        if (packet->at < packet->request_bytes && packet->request[packet->at] == ID_EXECUTE) {
            return refuse(cmsis_dap, packet);
        }
        run_command(cmsis_dap, packet);
    }
    return true;
}

static void check_packet(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    if (packet->is_too_short) {
        sim_violation(cmsis_dap->env->report, "dap-request-too-short",
            "command %02x has %u bytes and needs more", packet->request[0],
            (unsigned)packet->request_bytes);
    }
    if (packet->is_too_long) {
        sim_violation(cmsis_dap->env->report, "dap-reply-too-long",
            "the reply to command %02x does not fit a packet of %u bytes", packet->request[0],
            (unsigned)packet->room_bytes);
    }
    if (packet->is_too_short || packet->is_too_long) {
        packet->reply[0] = ID_INVALID;
        packet->reply_bytes = 1;
    }
}

uint32_t sim_cmsis_dap_run(struct sim_cmsis_dap *cmsis_dap, const uint8_t *packet,
    uint32_t size_bytes, bool is_overlapped, uint8_t *reply)
{
    const struct sim_cmsis_dap_firmware *firmware = cmsis_dap->firmware;
    struct dap_packet io = {.request = packet,
        .request_bytes = size_bytes,
        .reply = reply,
        .room_bytes = firmware->packet_bytes};
    uint64_t total_ps = 0;

    /* The packet arrives before it does anything; what overlaps is charged behind it. */
    uint64_t out_ps = is_overlapped ? 0 : sim_link_packet_out_ps(firmware->cost, size_bytes);

    cmsis_dap->packet_swd_ps = 0;
    dap_begin_packet(cmsis_dap, packet, size_bytes);
    dap_spend(cmsis_dap, out_ps);
    run_command(cmsis_dap, &io);
    check_packet(cmsis_dap, &io);
    total_ps = sim_link_packet_ps(
        firmware->cost, size_bytes, io.reply_bytes, cmsis_dap->packet_swd_ps, is_overlapped);
    dap_spend(cmsis_dap, total_ps - out_ps - cmsis_dap->packet_swd_ps);
    sim_report_cost(
        cmsis_dap->env->report, SIM_COST_LINK_BYTES, (uint64_t)size_bytes + io.reply_bytes);
    if (firmware->is_hid && io.reply_bytes != 0) {
        memset(reply + io.reply_bytes, 0, firmware->packet_bytes - io.reply_bytes);
        return firmware->packet_bytes;
    }
    return io.reply_bytes;
}

void sim_cmsis_dap_init(struct sim_cmsis_dap *cmsis_dap, const struct sim_env *env,
    struct sim_dap *dap, const struct sim_stlink_wiring *wiring)
{
    memset(cmsis_dap, 0, sizeof *cmsis_dap);
    cmsis_dap->env = env;
    cmsis_dap->dap = dap;
    cmsis_dap->wiring = wiring;
    sim_swj_init(&cmsis_dap->swj);
    sim_cmsis_dap_set_firmware(cmsis_dap, &sim_cmsis_dap_firmware_high_speed);
}

void sim_cmsis_dap_set_firmware(
    struct sim_cmsis_dap *cmsis_dap, const struct sim_cmsis_dap_firmware *firmware)
{
    cmsis_dap->firmware = firmware;
    sim_cmsis_dap_replug(cmsis_dap);
}

void sim_cmsis_dap_set_serial(struct sim_cmsis_dap *cmsis_dap, const char *serial)
{
    cmsis_dap->serial = serial;
}

void sim_cmsis_dap_replug(struct sim_cmsis_dap *cmsis_dap)
{
    dap_set_nrst(cmsis_dap, false);
    cmsis_dap->is_connected = false;
    cmsis_dap->work = SIM_LINK_OTHER;
    cmsis_dap->swd_hz = DEFAULT_HZ;
    cmsis_dap->idle_cycles = 0;
    cmsis_dap->wait_retries = DEFAULT_WAIT_RETRIES;
    cmsis_dap->match_retries = 0;
    cmsis_dap->match_mask = 0;
}

void sim_cmsis_dap_count_wait(struct sim_cmsis_dap *cmsis_dap)
{
    sim_report_link_wait(cmsis_dap->env->report, cmsis_dap->work);
    dap_spend(cmsis_dap, cmsis_dap->firmware->cost->turnaround_ns * SIM_PS_PER_NS);
}

uint64_t sim_cmsis_dap_least_ps(const struct sim_cmsis_dap *cmsis_dap, uint64_t bytes)
{
    const uint64_t word_bytes = 4;
    const struct sim_cmsis_dap_firmware *firmware = cmsis_dap->firmware;
    uint64_t words = (firmware->packet_bytes - 5) / word_bytes; /* of a TransferBlock */
    uint64_t packets = (bytes + words * word_bytes - 1) / (words * word_bytes);
    uint64_t swd_ps =
        words * firmware->cost->swd_clocks_per_word * SIM_PS_PER_S / cmsis_dap->swd_hz;

    return packets * sim_link_packet_ps(firmware->cost, firmware->packet_bytes,
                         (uint32_t)word_bytes, swd_ps, true);
}
