#include "tests/unit/fakes/fake_dap_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { OK = 1, WAIT = 2, FAULT = 4, NONE = 7, PARITY = 8 };

static uint32_t get32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void put32(struct fake_dap_packet *packet, uint32_t value)
{
    unsigned i = 0;

    for (i = 0; i < 4; i++) {
        packet->bytes[packet->size_bytes++] = (uint8_t)(value >> 8 * i);
    }
}

void fake_dap_breach(struct fake_dap *fake, const char *fmt, ...)
{
    va_list arguments;

    if (fake->breach[0] == '\0') {
        va_start(arguments, fmt);
        (void)vsnprintf(fake->breach, sizeof fake->breach, fmt, arguments);
        va_end(arguments);
    }
}

/* ---- the wires ---- */

static void drop_line(struct fake_dap *fake)
{
    fake->is_awake = false;
    fake->needs_dpidr = false;
    fake->select = 0xDEAD0000;
}

/* At least 50 ones in a row, then zeros. Bits go out least significant first. */
static bool ends_in_line_reset(const uint8_t *bits, size_t bytes)
{
    size_t bit = (bytes - 1) * 8;
    size_t ones = 0;

    while (bit > 0 && (bits[(bit - 1) / 8] >> (bit - 1) % 8 & 1) != 0) {
        ones++;
        bit--;
    }
    return bits[bytes - 1] == 0 && ones >= 50;
}

static bool contains(const uint8_t *bytes, size_t size, const uint8_t *wanted, size_t count)
{
    size_t i = 0;

    for (i = 0; i + count <= size; i++) {
        if (memcmp(bytes + i, wanted, count) == 0) {
            return true;
        }
    }
    return false;
}

static void sequence(struct fake_dap *fake, const uint8_t *bits, size_t bytes)
{
    static const uint8_t to_swd[] = {0xFF, 0x9E, 0xE7, 0xFF};
    static const uint8_t alert[] = {0xFF, 0x92, 0xF3, 0x09, 0x62, 0x95, 0x2D, 0x85, 0x86, 0xE9,
        0xAF, 0xDD, 0xE3, 0xA2, 0x0E, 0xBC, 0x19, 0xA0, 0xF1, 0xFF};
    bool is_switch = fake->is_dormant ? contains(bits, bytes, alert, sizeof alert)
                                      : contains(bits, bytes, to_swd, sizeof to_swd);

    if (!ends_in_line_reset(bits, bytes)) {
        fake_dap_breach(fake, "a sequence without a line reset at its end");
    }
    drop_line(fake);
    fake->is_swd = fake->is_swd || is_switch;
    if (fake->is_swd) {
        fake->is_awake = true;
        fake->needs_dpidr = true;
    }
}

/* ---- memory ---- */

static bool memory(struct fake_dap *fake, uint32_t *value, bool is_read)
{
    uint32_t size = 1U << (fake->csw & 7);
    uint32_t lane = fake->tar & 3;
    uint32_t mask = size == 4 ? UINT32_MAX : ((1U << 8 * size) - 1) << 8 * lane;
    uint32_t offset = (fake->tar & ~3U) - FAKE_DAP_RAM;
    unsigned i = 0;

    if (fake->tar % size != 0) {
        fake_dap_breach(fake, "an access of %u bytes at %08X", (unsigned)size, (unsigned)fake->tar);
    }
    if (fake->tar >= FAKE_DAP_REGISTERS && fake->tar < FAKE_DAP_REGISTERS + 0x1000) {
        if (is_read) {
            *value = 0x1000 + fake->register_reads++;
        } else if (fake->register_write_count < FAKE_DAP_MAX_WRITES) {
            fake->register_writes[fake->register_write_count++] = *value;
        }
        return true;
    }
    if (offset >= FAKE_DAP_RAM_BYTES || (fake->bad_addr != 0 && fake->tar == fake->bad_addr)) {
        return false;
    }
    for (i = 0; i < 4; i++) {
        if ((mask >> 8 * i & 0xFF) == 0) {
            continue;
        }
        if (!is_read) {
            fake->ram[offset + i] = (uint8_t)(*value >> 8 * i);
        }
    }
    if (is_read) {
        /* Nonsense in the other lanes. */
        *value = (get32(fake->ram + offset) & mask) | (0xA5A5A5A5 & ~mask);
    }
    return true;
}

static void move_on(struct fake_dap *fake, uint32_t size)
{
    uint32_t next = (fake->tar & ~0x3FFU) | ((fake->tar + size) & 0x3FF);

    if ((fake->csw & 0x30) == 0x10) {
        fake->has_wrapped = next < fake->tar;
        fake->tar = next;
    }
}

static uint8_t data_access(struct fake_dap *fake, uint32_t *value, bool is_read)
{
    size_t number = fake->drw_count + 1;
    bool is_disturbed = fake->parity_at == number;

    if (fake->waits_at == number && fake->wait_count > 0) {
        fake->wait_count--;
        return WAIT;
    }
    if (fake->silent_at == number) {
        if (fake->silent_count > 1) {
            fake->silent_count--;
        } else {
            fake->silent_at = 0;
        }
        drop_line(fake);
        return NONE;
    }
    fake->drw_count++;
    if (fake->has_wrapped && !fake->is_astray) {
        fake_dap_breach(fake, "an access after TAR has wrapped to %08X", (unsigned)fake->tar);
    }
    if (fake->late > 0) {
        fake->late--;
        fake->is_sticky = fake->late == 0;
        return OK;
    }
    if (fake->faults_at == number) {
        fake->faults_at = 0;
        fake->is_sticky = true;
    } else if (!memory(fake, value, is_read)) {
        fake->is_sticky = true;
    }
    if (fake->is_sticky && fake->is_fault_late && !is_read) {
        fake->is_sticky = false;
        fake->late = 1;
        return OK;
    }
    if (fake->pending_at == number && !is_read) {
        fake->pending_at = 0;
        fake->is_pending = fake->pending_count > 0;
    }
    if (fake->is_sticky) {
        /* A write is posted: what refuses it is only seen by the next transfer. */
        return is_read ? FAULT : OK;
    }
    fake->last_csw = fake->csw;
    move_on(fake, 1U << (fake->csw & 7));
    if (is_disturbed) {
        /* Done by the target, but the probe does not know it. */
        fake->parity_at = 0;
        drop_line(fake);
        return PARITY | OK;
    }
    return OK;
}

static uint8_t ap_access(struct fake_dap *fake, uint8_t request, uint32_t *value)
{
    bool is_read = (request & 2) != 0;
    unsigned reg = (fake->select & 0xF0) | (request & 0x0C);

    if ((fake->ctrl_stat & 0x50000000) != 0x50000000 || fake->is_sticky) {
        return FAULT;
    }
    if (fake->is_pending) {
        return WAIT;
    }
    if (fake->select >> 24 != FAKE_DAP_AP) {
        *value = 0;
        return OK;
    }
    switch (reg) {
    case 0x00:
        if (is_read) {
            *value = (fake->csw & ~0x40U) | (fake->is_ap_closed ? 0 : 0x40);
        } else {
            fake->csw = *value;
        }
        return OK;
    case 0x04:
        if (is_read) {
            *value = fake->tar_reads_as != 0 ? fake->tar_reads_as : fake->tar;
        } else if (++fake->tar_count == fake->tar_waits_at) {
            return WAIT;
        } else {
            fake->tar = *value;
            fake->has_wrapped = false;
            fake->is_astray = false;
        }
        return OK;
    case 0x0C:
        return data_access(fake, value, is_read);
    case 0xFC:
        *value = 0x84770001;
        return OK;
    default:
        fake_dap_breach(fake, "register %02X of the access port", reg);
        return FAULT;
    }
}

static uint8_t dp_access(struct fake_dap *fake, uint8_t request, uint32_t *value)
{
    switch (request & 0x0E) {
    case 0x00:
        if ((*value & 4) != 0) {
            fake->is_sticky = false;
        }
        if ((*value & 1) != 0) {
            fake->is_pending = false;
        }
        fake->aborts++;
        return OK;
    case 0x02:
        fake->needs_dpidr = false;
        *value = 0x6BA02477;
        return OK;
    case 0x04:
        fake->ctrl_stat = *value;
        return OK;
    case 0x06:
        *value = fake->ctrl_stat | (fake->is_sticky ? 0x20 : 0);
        if (fake->power_up_polls > 0) {
            fake->power_up_polls--;
        } else {
            *value |= (fake->ctrl_stat & 0x50000000) << 1;
        }
        return OK;
    case 0x08:
        fake->select = *value;
        return fake->is_sticky ? FAULT : OK;
    default:
        fake_dap_breach(fake, "request %02X of the debug port", request);
        return FAULT;
    }
}

static uint8_t access_port(struct fake_dap *fake, uint8_t request, uint32_t *value)
{
    if (!fake->is_connected) {
        fake_dap_breach(fake, "a transfer before the pins are connected");
    }
    if (!fake->is_awake || (fake->max_hz != 0 && fake->hz > fake->max_hz)) {
        return NONE;
    }
    if (fake->needs_dpidr && request != 0x02) {
        fake_dap_breach(fake, "request %02X is the first after a line reset", request);
        return NONE;
    }
    return (request & 1) != 0 ? ap_access(fake, request, value) : dp_access(fake, request, value);
}

/* ---- commands ---- */

/* The firmware looks whether the last write went through. */
static uint8_t check_last_write(struct fake_dap *fake, uint8_t ack, bool was_write)
{
    if (ack == OK && was_write) {
        fake->is_sticky = fake->is_sticky || fake->late > 0;
        fake->late = 0;
        ack = fake->is_sticky ? FAULT : (fake->is_pending ? WAIT : OK);
    }
    if (ack == WAIT && fake->is_pending && fake->pending_count < FAKE_DAP_NEVER_ENDS) {
        fake->pending_count--;
        fake->is_pending = fake->pending_count > 0;
    }
    fake->is_astray = fake->is_astray || ack == WAIT;
    return ack;
}

static void transfer(
    struct fake_dap *fake, const struct fake_dap_packet *request, struct fake_dap_packet *answer)
{
    size_t at = 3;
    uint8_t ack = OK;
    bool was_write = false;
    unsigned i = 0;

    answer->size_bytes = 3;
    for (i = 0; i < request->bytes[2]; i++) {
        uint8_t code = request->bytes[at++];
        uint32_t value = 0;

        was_write = (code & 2) == 0;
        if (was_write) {
            value = get32(request->bytes + at);
            at += 4;
        }
        if (ack != OK) {
            continue;
        }
        ack = access_port(fake, code, &value);
        if (ack == OK) {
            answer->bytes[1]++;
            if (!was_write) {
                put32(answer, value);
            }
        }
    }
    if (at != request->size_bytes) {
        fake_dap_breach(
            fake, "a transfer of %zu bytes, %zu are in the packet", at, request->size_bytes);
    }
    answer->bytes[2] = check_last_write(fake, ack, was_write);
}

static void transfer_block(
    struct fake_dap *fake, const struct fake_dap_packet *request, struct fake_dap_packet *answer)
{
    unsigned count = request->bytes[2] | (unsigned)request->bytes[3] << 8;
    uint8_t code = request->bytes[4];
    bool is_write = (code & 2) == 0;
    size_t end = 5 + (is_write ? 4 * (size_t)count : 0);
    uint8_t ack = OK;
    unsigned i = 0;

    if (end != request->size_bytes || count == 0) {
        fake_dap_breach(fake, "a block of %u in %zu bytes", count, request->size_bytes);
    }
    answer->size_bytes = 4;
    for (i = 0; i < count && ack == OK; i++) {
        uint32_t value = is_write ? get32(request->bytes + 5 + 4 * (size_t)i) : 0;

        ack = access_port(fake, code, &value);
        if (ack == OK) {
            answer->bytes[1] = (uint8_t)(i + 1);
            answer->bytes[2] = (uint8_t)((i + 1) >> 8);
            if (!is_write) {
                put32(answer, value);
            }
        }
    }
    answer->bytes[3] = check_last_write(fake, ack, is_write);
}

static void info(struct fake_dap *fake, uint8_t id, struct fake_dap_packet *answer)
{
    const char *text = id == 3 ? fake->serial : (id == 4 ? fake->version : NULL);
    uint8_t value[2] = {0};
    uint8_t length = 0;

    if (text != NULL) {
        length = (uint8_t)(strlen(text) + 1);
        memcpy(answer->bytes + 2, text, length);
    } else if (id == 0xFF) {
        value[0] = (uint8_t)fake->packet_bytes;
        value[1] = (uint8_t)(fake->packet_bytes >> 8);
        length = 2;
    } else if (id == 0xFE || id == 0xF0) {
        value[0] = id == 0xFE ? fake->packet_count : fake->capabilities;
        length = 1;
    }
    if (text == NULL) {
        memcpy(answer->bytes + 2, value, length);
    }
    answer->bytes[1] = length;
    answer->size_bytes = 2 + (size_t)length;
}

static void pins(
    struct fake_dap *fake, const struct fake_dap_packet *request, struct fake_dap_packet *answer)
{
    if (request->size_bytes != 7) {
        fake_dap_breach(fake, "pins in %zu bytes", request->size_bytes);
    }
    fake->pins =
        (uint8_t)((fake->pins & ~request->bytes[2]) | (request->bytes[1] & request->bytes[2]));
    answer->bytes[1] = fake->has_nrst_readback ? fake->pins : 0;
    answer->size_bytes = 2;
}

void fake_dap_run(
    struct fake_dap *fake, const struct fake_dap_packet *request, struct fake_dap_packet *answer)
{
    answer->bytes[0] = request->bytes[0];
    answer->size_bytes = 2;
    switch (request->bytes[0]) {
    case 0x00:
        info(fake, request->bytes[1], answer);
        break;
    case 0x02:
        fake->is_connected = true;
        fake->pins |= 0x80;
        answer->bytes[1] = request->bytes[1];
        break;
    case 0x03:
        fake->is_connected = false;
        break;
    case 0x04:
    case 0x13:
        break;
    case 0x05:
        transfer(fake, request, answer);
        break;
    case 0x06:
        transfer_block(fake, request, answer);
        break;
    case 0x10:
        pins(fake, request, answer);
        break;
    case 0x11:
        fake->hz = get32(request->bytes + 1);
        break;
    case 0x12:
        if (request->size_bytes != 2 + (size_t)request->bytes[1] / 8) {
            fake_dap_breach(fake, "a sequence in %zu bytes", request->size_bytes);
        }
        sequence(fake, request->bytes + 2, request->size_bytes - 2);
        break;
    default:
        answer->bytes[0] = 0xFF;
        answer->size_bytes = 1;
        break;
    }
}
