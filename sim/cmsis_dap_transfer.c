/* Transfers of debug port and access ports. Reads are resolved, writes are checked at the end, as
 * probes do it. */
#include "sim/clock.h"
#include "sim/cmsis_dap_internal.h"

enum {
    REQUEST_AP = 1 << 0,
    REQUEST_READ = 1 << 1,
    REQUEST_ADDRESS = 0xC,
    REQUEST_MATCH_VALUE = 1 << 4,
    REQUEST_MATCH_MASK = 1 << 5,
    REQUEST_TIMESTAMP = 1 << 7
};

enum { ACK_OK = 1, ACK_WAIT = 2, ACK_FAULT = 4, ACK_NONE = 7, ACK_PROTOCOL = 8, ACK_MISMATCH = 16 };

enum { DP_ABORT = 0x0, DP_RDBUFF = 0xC, AP_DRW = 0xC };

static uint8_t ack_of(enum sim_ack ack)
{
    static const uint8_t acks[] = {
        [SIM_ACK_OK] = ACK_OK,
        [SIM_ACK_WAIT] = ACK_WAIT,
        [SIM_ACK_FAULT] = ACK_FAULT,
        [SIM_ACK_STICKY] = ACK_FAULT,
        [SIM_ACK_PARITY] = ACK_PROTOCOL,
        [SIM_ACK_NONE] = ACK_NONE,
    };

    return acks[ack];
}

/* Port and register that a request means with SELECT as it is. */
static unsigned ap_of(const struct sim_dap *dap)
{
    return dap->select >> 24;
}

static uint8_t ap_register_of(const struct sim_dap *dap, uint8_t request)
{
    return (uint8_t)((dap->select & 0xF0) | (request & REQUEST_ADDRESS));
}

static bool is_drw(const struct sim_dap *dap, uint8_t request)
{
    return (request & REQUEST_AP) != 0 && ap_register_of(dap, request) == AP_DRW;
}

/* One try on the wire; its time has been spent. */
static uint8_t try_access(struct sim_cmsis_dap *cmsis_dap, uint8_t request, uint32_t *value)
{
    struct sim_dap *dap = cmsis_dap->dap;
    uint8_t address = request & REQUEST_ADDRESS;
    bool is_read = (request & REQUEST_READ) != 0;
    bool is_ap = (request & REQUEST_AP) != 0;
    uint8_t bank = (uint8_t)(dap->select & 0xF);
    enum sim_ack ack = SIM_ACK_NONE;

    if (!sim_swj_begin_transfer(dap_swj(cmsis_dap), !is_ap && is_read && address == 0)) {
        return ACK_NONE;
    }
    if (is_ap) {
        uint8_t reg = ap_register_of(dap, request);

        ack = is_read ? sim_dap_read_ap(dap, ap_of(dap), reg, value)
                      : sim_dap_write_ap(dap, ap_of(dap), reg, *value);
    } else {
        ack = is_read ? sim_dap_read_dp(dap, address, bank, value)
                      : sim_dap_write_dp(dap, address, bank, *value);
    }
    return ack_of(ack);
}

/* With the retries of TransferConfigure. The time of the first try has been spent. */
static uint8_t access(struct sim_cmsis_dap *cmsis_dap, uint8_t request, uint32_t *value)
{
    uint32_t written = *value;
    uint8_t ack = try_access(cmsis_dap, request, value);

    for (uint32_t i = 0; ack == ACK_WAIT && i < cmsis_dap->wait_retries; i++) {
        dap_spend_accesses(cmsis_dap, 1);
        *value = (request & REQUEST_READ) != 0 ? 0 : written;
        ack = try_access(cmsis_dap, request, value);
    }
    return ack;
}

/* What the write before it came to. */
static uint8_t check_write(struct sim_cmsis_dap *cmsis_dap)
{
    uint32_t value = 0;

    dap_spend_accesses(cmsis_dap, 1);
    return access(cmsis_dap, REQUEST_READ | DP_RDBUFF, &value);
}

static void begin_work(struct sim_cmsis_dap *cmsis_dap, uint8_t request)
{
    if (is_drw(cmsis_dap->dap, request)) {
        cmsis_dap->work = (request & REQUEST_READ) != 0 ? SIM_LINK_READ : SIM_LINK_WRITE;
    }
}

/* Where TAR is set and statuses are looked at between blocks, that belongs to the blocks. */
void dap_begin_packet(struct sim_cmsis_dap *cmsis_dap, const uint8_t *packet, uint32_t size_bytes)
{
    enum { ID_TRANSFER = 0x05, ID_TRANSFER_BLOCK = 0x06, BLOCK_REQUEST_AT = 4 };

    if (packet[0] == ID_TRANSFER_BLOCK && size_bytes > BLOCK_REQUEST_AT) {
        begin_work(cmsis_dap, packet[BLOCK_REQUEST_AT]);
    } else if (packet[0] != ID_TRANSFER) {
        cmsis_dap->work = SIM_LINK_OTHER;
    }
}

static void count_bytes(struct sim_cmsis_dap *cmsis_dap, uint8_t request)
{
    const struct sim_dap *dap = cmsis_dap->dap;

    if (is_drw(dap, request) && ap_of(dap) < SIM_DAP_APS) {
        sim_report_link_bytes(
            cmsis_dap->env->report, cmsis_dap->work, UINT64_C(1) << (dap->aps[ap_of(dap)].csw & 3));
    }
}

bool dap_configure_transfer(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    cmsis_dap->idle_cycles = dap_get8(packet);
    cmsis_dap->wait_retries = dap_get16(packet);
    cmsis_dap->match_retries = dap_get16(packet);
    dap_put8(packet, DAP_OK);
    return true;
}

static uint8_t read_until_match(struct sim_cmsis_dap *cmsis_dap, uint8_t request, uint32_t wanted)
{
    uint32_t tries = cmsis_dap->match_retries + 1;
    uint32_t value = 0;
    uint8_t ack = ACK_OK;

    while (tries-- > 0) {
        dap_spend_accesses(cmsis_dap, 1);
        ack = access(cmsis_dap, request, &value);
        if (ack != ACK_OK || (value & cmsis_dap->match_mask) == wanted) {
            return ack;
        }
    }
    return ACK_OK | ACK_MISMATCH;
}

static bool has_data(uint8_t request)
{
    return (request & REQUEST_READ) == 0 || (request & REQUEST_MATCH_VALUE) != 0;
}

static uint8_t run_request(
    struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet, uint8_t request, uint32_t data)
{
    uint32_t value = data;
    uint8_t ack = ACK_OK;

    if ((request & (REQUEST_READ | REQUEST_MATCH_MASK)) == REQUEST_MATCH_MASK) {
        cmsis_dap->match_mask = data;
        return ACK_OK;
    }
    begin_work(cmsis_dap, request);
    if ((request & (REQUEST_READ | REQUEST_MATCH_VALUE)) == (REQUEST_READ | REQUEST_MATCH_VALUE)) {
        return read_until_match(cmsis_dap, request, data);
    }
    dap_spend_accesses(cmsis_dap, 1);
    ack = access(cmsis_dap, request, &value);
    if (ack == ACK_OK) {
        count_bytes(cmsis_dap, request);
        if ((request & REQUEST_READ) != 0) {
            dap_put32(packet, value);
        }
    }
    return ack;
}

/* What comes after a failed transfer is read over. */
bool dap_transfer(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    uint32_t count_at = packet->reply_bytes;
    uint8_t ack = cmsis_dap->is_connected ? ACK_OK : 0;
    uint8_t done = 0;
    uint8_t count = 0;
    bool is_write_open = false;

    (void)dap_get8(packet);
    count = dap_get8(packet);
    dap_put16(packet, 0);
    for (unsigned i = 0; i < count && !packet->is_too_short; i++) {
        uint8_t request = dap_get8(packet);
        uint32_t data = has_data(request) ? dap_get32(packet) : 0;

        if ((request & REQUEST_TIMESTAMP) != 0) { /* not among the capabilities */
            packet->at = packet->request_bytes;
            return false;
        }
        if (ack == ACK_OK && !packet->is_too_short) {
            ack = run_request(cmsis_dap, packet, request, data);
            done = (uint8_t)(done + (ack == ACK_OK));
            is_write_open = (request & REQUEST_READ) == 0;
        }
    }
    if (ack == ACK_OK && is_write_open) {
        ack = check_write(cmsis_dap);
    }
    dap_patch8(packet, count_at, done);
    dap_patch8(packet, count_at + 1, ack);
    return true;
}

/* One register again and again. */
struct block {
    uint16_t count;
    uint8_t request;
    bool is_read;
};

static struct block get_block(struct dap_packet *packet)
{
    const uint8_t known = REQUEST_AP | REQUEST_READ | REQUEST_ADDRESS;
    struct block block = {0};

    (void)dap_get8(packet);
    block.count = dap_get16(packet);
    block.request = dap_get8(packet) & known;
    block.is_read = (block.request & REQUEST_READ) != 0;
    return block;
}

/* Nothing is begun that the packet or its reply has no room for. */
static bool fits(struct dap_packet *packet, const struct block *block)
{
    uint32_t size_bytes = 4U * block->count;

    if (block->is_read) {
        packet->is_too_long |= packet->room_bytes - packet->reply_bytes < size_bytes;
    } else {
        packet->is_too_short |= packet->request_bytes - packet->at < size_bytes;
    }
    return !packet->is_too_short && !packet->is_too_long;
}

/* The words of a write arrive at the end of their time on the wire. */
static uint8_t run_block(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet,
    const struct block *block, uint16_t *done)
{
    uint8_t ack = ACK_OK;

    begin_work(cmsis_dap, block->request);
    dap_spend_accesses(cmsis_dap, block->count);
    while (ack == ACK_OK && *done < block->count) {
        uint32_t value = block->is_read ? 0 : dap_get32(packet);

        ack = access(cmsis_dap, block->request, &value);
        if (ack != ACK_OK) {
            return ack;
        }
        (*done)++;
        count_bytes(cmsis_dap, block->request);
        if (block->is_read) {
            dap_put32(packet, value);
        }
    }
    return block->is_read || *done == 0 ? ack : check_write(cmsis_dap);
}

bool dap_transfer_block(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    uint32_t count_at = packet->reply_bytes;
    struct block block = get_block(packet);
    uint32_t end = packet->at + (block.is_read ? 0 : 4U * block.count);
    uint16_t done = 0;
    uint8_t ack = 0;

    dap_put16(packet, 0);
    dap_put8(packet, 0);
    if (!fits(packet, &block)) {
        return true;
    }
    if (cmsis_dap->is_connected) {
        ack = run_block(cmsis_dap, packet, &block, &done);
    }
    packet->at = end;
    dap_patch8(packet, count_at, (uint8_t)done);
    dap_patch8(packet, count_at + 1, (uint8_t)(done >> 8));
    dap_patch8(packet, count_at + 2, ack);
    return true;
}

bool dap_write_abort(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    uint32_t value = 0;

    (void)dap_get8(packet);
    value = dap_get32(packet);
    if (!cmsis_dap->is_connected) {
        return false;
    }
    dap_spend_accesses(cmsis_dap, 1);
    (void)access(cmsis_dap, DP_ABORT, &value);
    dap_put8(packet, DAP_OK);
    return true;
}
