/* What a CMSIS-DAP says of itself. Untrusted: lengths and values are checked, text is cleaned. */
#include "common/le.h"
#include "host/probe/cmsis_dap_packet.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    INFO_SERIAL = 0x03,
    INFO_VERSION = 0x04, /* of the protocol; what a user can compare with a release note */
    INFO_PACKET_COUNT = 0xFE,
    INFO_PACKET_BYTES = 0xFF,
    CAPABILITY_SWD = 0x01,
    MIN_PACKET_BYTES = 64,
    HEAD_BYTES = 2
};

/* *length: bytes of the value that really came; 0: the probe has no such information. */
static bool ask(
    struct cmsis_dap *dap, uint8_t id, struct dap_packet *answer, size_t *length, struct error *err)
{
    struct dap_packet request = {0};

    dap_packet_put8(&request, DAP_INFO);
    dap_packet_put8(&request, id);
    if (!cmsis_dap_exchange(dap, &request, answer, err)) {
        return false;
    }
    if (answer->size_bytes < HEAD_BYTES || answer->bytes[1] > answer->size_bytes - HEAD_BYTES) {
        return error_set(err, ERROR_USB_PROTOCOL,
            "the probe announces %u bytes of information 0x%02X and sends %zu",
            (unsigned)answer->bytes[1], (unsigned)id, answer->size_bytes);
    }
    *length = answer->bytes[1];
    return true;
}

static bool ask_text(
    struct cmsis_dap *dap, uint8_t id, char *text, size_t text_bytes, struct error *err)
{
    struct dap_packet answer;
    size_t length = 0;
    size_t i = 0;

    if (!ask(dap, id, &answer, &length, err)) {
        return false;
    }
    for (i = 0; i < length && i + 1 < text_bytes && answer.bytes[HEAD_BYTES + i] != 0; i++) {
        uint8_t byte = answer.bytes[HEAD_BYTES + i];

        text[i] = isgraph(byte) ? (char)byte : '?';
    }
    text[i] = '\0';
    return true;
}

static bool ask_packets(struct cmsis_dap *dap, struct error *err)
{
    struct dap_link *link = dap->link;
    struct dap_packet answer;
    size_t length = 0;
    uint32_t packet_bytes = 0;

    if (!ask(dap, INFO_PACKET_BYTES, &answer, &length, err)) {
        return false;
    }
    packet_bytes = length >= 2 ? le_get16(answer.bytes + HEAD_BYTES) : 0;
    if (packet_bytes < MIN_PACKET_BYTES) {
        return error_set(err, ERROR_USB_PROTOCOL,
            "the probe announces packets of %" PRIu32 " bytes, at least %u are needed",
            packet_bytes, (unsigned)MIN_PACKET_BYTES);
    }
    link->packet_bytes =
        packet_bytes < link->max_packet_bytes ? packet_bytes : link->max_packet_bytes;
    if (!ask(dap, INFO_PACKET_COUNT, &answer, &length, err)) {
        return false;
    }
    link->packet_count = length >= 1 ? answer.bytes[HEAD_BYTES] : 1;
    if (link->packet_count == 0) {
        link->packet_count = 1;
    } else if (link->packet_count > DAP_LINK_MAX_IN_FLIGHT) {
        link->packet_count = DAP_LINK_MAX_IN_FLIGHT;
    }
    return true;
}

static bool check_swd(struct cmsis_dap *dap, struct error *err)
{
    struct dap_packet answer;
    size_t length = 0;

    if (!ask(dap, DAP_INFO_CAPABILITIES, &answer, &length, err)) {
        return false;
    }
    /* A probe that keeps it to itself may still have it: connecting will tell. */
    return length == 0 || (answer.bytes[HEAD_BYTES] & CAPABILITY_SWD) != 0 ||
           error_set(err, ERROR_PROBE_ABILITY, "the probe has no SWD");
}

bool cmsis_dap_read_info(struct cmsis_dap *dap, struct error *err)
{
    struct probe_info *info = &dap->base.info;

    if (!ask_packets(dap, err) || !check_swd(dap, err) ||
        !ask_text(dap, INFO_VERSION, info->firmware, sizeof info->firmware, err)) {
        return error_add_context(err, "asking the probe what it is");
    }
    (void)snprintf(info->serial, sizeof info->serial, "%s", dap->link->serial);
    if (info->serial[0] == '\0' &&
        !ask_text(dap, INFO_SERIAL, info->serial, sizeof info->serial, err)) {
        return error_add_context(err, "asking the probe for its serial number");
    }
    return true;
}
