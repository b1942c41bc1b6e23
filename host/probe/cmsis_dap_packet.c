#include "host/probe/cmsis_dap_packet.h"

#include "common/le.h"

#include <inttypes.h>
#include <string.h>

void dap_packet_put8(struct dap_packet *packet, uint8_t value)
{
    packet->bytes[packet->size_bytes++] = value;
}

void dap_packet_put16(struct dap_packet *packet, uint16_t value)
{
    le_put16(packet->bytes + packet->size_bytes, value);
    packet->size_bytes += sizeof value;
}

void dap_packet_put32(struct dap_packet *packet, uint32_t value)
{
    le_put32(packet->bytes + packet->size_bytes, value);
    packet->size_bytes += sizeof value;
}

void dap_packet_put_write(struct dap_packet *packet, enum dap_request request, uint32_t value)
{
    dap_packet_put8(packet, (uint8_t)request);
    dap_packet_put32(packet, value);
}

/* The next answer, whatever it is to. */
static bool receive(struct cmsis_dap *dap, struct dap_packet *answer, struct error *err)
{
    memset(answer, 0, sizeof *answer);
    return dap->link->ops->receive(dap->link, answer->bytes, &answer->size_bytes, err);
}

static bool check_command(
    const struct dap_packet *answer, enum dap_command command, struct error *err)
{
    if (answer->size_bytes > 0 && answer->bytes[0] == command) {
        return true;
    }
    if (answer->size_bytes > 0 && answer->bytes[0] == DAP_UNKNOWN) {
        return error_set(err, ERROR_PROBE_ABILITY, "the probe does not know the command 0x%02X",
            (unsigned)command);
    }
    return error_set(err, ERROR_USB_PROTOCOL,
        "the probe answered 0x%02X, %zu bytes, to the command 0x%02X", answer->bytes[0],
        answer->size_bytes, (unsigned)command);
}

static bool abort_and_ask(struct cmsis_dap *dap, struct error *err)
{
    static const uint8_t abort_request[] = {DAP_TRANSFER_ABORT};
    static const uint8_t question[] = {DAP_INFO, DAP_INFO_CAPABILITIES};
    struct dap_link *link = dap->link;
    struct dap_packet answer;
    unsigned i = 0;

    if (!link->ops->send_unanswered(link, abort_request, sizeof abort_request, err)) {
        return false;
    }
    link->ops->drain(link);
    if (!link->ops->send(link, question, sizeof question, err)) {
        return false;
    }
    /* Late answers to transfers come before this one. */
    for (i = 0; i <= DAP_LINK_MAX_IN_FLIGHT; i++) {
        if (!receive(dap, &answer, err)) {
            return false;
        }
        if (answer.bytes[0] == DAP_INFO) {
            return true;
        }
    }
    return error_set(err, ERROR_USB_PROTOCOL, "the probe gives answers to other questions");
}

bool cmsis_dap_resync(struct cmsis_dap *dap, struct error *err)
{
    unsigned timeout_ms = dap->link->timeout_ms;
    bool is_in_step = false;

    dap->link->timeout_ms = DAP_INFO_TIMEOUT_MS;
    is_in_step = abort_and_ask(dap, err);
    dap->link->timeout_ms = timeout_ms;
    return is_in_step;
}

/* Keeps the error of what went wrong first. */
void cmsis_dap_resync_quietly(struct cmsis_dap *dap)
{
    struct error err;

    if (!cmsis_dap_resync(dap, &err)) {
        log_write(dap->base.log, LOG_DEBUG, NULL, "the probe stays out of step: %s", err.message);
    }
}

bool cmsis_dap_exchange(struct cmsis_dap *dap, const struct dap_packet *request,
    struct dap_packet *answer, struct error *err)
{
    dap->base.counters.transfers++;
    if (dap->link->ops->send(dap->link, request->bytes, request->size_bytes, err) &&
        receive(dap, answer, err) && check_command(answer, request->bytes[0], err)) {
        return true;
    }
    if (err->code == ERROR_USB_PROTOCOL) {
        cmsis_dap_resync_quietly(dap);
    }
    return false;
}

bool cmsis_dap_command(struct cmsis_dap *dap, const struct dap_packet *request, struct error *err)
{
    struct dap_packet answer;

    if (!cmsis_dap_exchange(dap, request, &answer, err)) {
        return false;
    }
    if (answer.size_bytes < 2 || answer.bytes[1] != 0) {
        return error_set(err, ERROR_PROBE_ABILITY,
            "the probe refused the command 0x%02X (status 0x%02X)", request->bytes[0],
            answer.bytes[1]);
    }
    return true;
}

static enum dap_ack decode_ack(uint8_t bits)
{
    static const enum dap_ack acks[8] = {
        [0] = DAP_ACK_PROTOCOL, /* nothing was tried: the port is not connected */
        [1] = DAP_ACK_OK,
        [2] = DAP_ACK_WAIT,
        [3] = DAP_ACK_PROTOCOL,
        [4] = DAP_ACK_FAULT,
        [5] = DAP_ACK_PROTOCOL,
        [6] = DAP_ACK_PROTOCOL,
        [7] = DAP_ACK_NONE,
    };

    return (bits & 0xF8) != 0 ? DAP_ACK_PROTOCOL : acks[bits];
}

bool dap_answer_parse(const struct dap_packet *packet, enum dap_command command, size_t count,
    struct dap_answer *answer, struct error *err)
{
    bool is_block = command == DAP_TRANSFER_BLOCK;
    size_t head_bytes = is_block ? DAP_BLOCK_ANSWER_HEAD_BYTES : DAP_TRANSFER_HEAD_BYTES;

    if (!check_command(packet, command, err)) {
        return false;
    }
    if (packet->size_bytes < head_bytes) {
        return error_set(err, ERROR_USB_PROTOCOL, "the probe's answer of %zu bytes is too short",
            packet->size_bytes);
    }
    answer->done_count = is_block ? le_get16(packet->bytes + 1) : packet->bytes[1];
    answer->ack = decode_ack(packet->bytes[head_bytes - 1]);
    answer->data = packet->bytes + head_bytes;
    answer->data_words = (packet->size_bytes - head_bytes) / DAP_WORD_BYTES;
    if (answer->done_count > count || (answer->ack == DAP_ACK_OK && answer->done_count < count)) {
        return error_set(err, ERROR_USB_PROTOCOL, "the probe says that it did %zu transfers of %zu",
            answer->done_count, count);
    }
    return true;
}

bool dap_answer_short(size_t read_count, size_t word_count, struct error *err)
{
    return error_set(err, ERROR_USB_PROTOCOL, "the probe did %zu reads and sent %zu words",
        read_count, word_count);
}

bool dap_answer_error(enum dap_ack ack, struct error *err)
{
    switch (ack) {
    case DAP_ACK_WAIT:
        return error_set(err, ERROR_TARGET_SILENT, "the target stays busy (acknowledge WAIT)");
    case DAP_ACK_FAULT:
        return error_set(
            err, ERROR_TARGET_FAULT, "the target refused the access (acknowledge FAULT)");
    case DAP_ACK_NONE:
    case DAP_ACK_PROTOCOL:
        (void)error_set(err, ERROR_TARGET_SILENT, "the target does not answer (%s)",
            ack == DAP_ACK_NONE ? "no acknowledge" : "disturbed transfer");
        error_set_hint(err, "check the cable and the supply of the target; a program that uses the "
                            "debug pins needs --connect under-reset");
        return false;
    case DAP_ACK_OK:
        break;
    }
    return error_set(err, ERROR_INTERNAL, "a transfer that was done is taken for a failed one");
}

static void take_values(
    const struct dap_answer *answer, struct dap_transfer *transfers, size_t *words)
{
    size_t i = 0;

    *words = 0;
    for (i = 0; i < answer->done_count; i++) {
        if ((transfers[i].request & DAP_REQUEST_READ) == 0) {
            continue;
        }
        if (*words < answer->data_words) {
            transfers[i].value = le_get32(answer->data + *words * DAP_WORD_BYTES);
        }
        (*words)++;
    }
}

bool cmsis_dap_transfer(struct cmsis_dap *dap, struct dap_transfer *transfers, size_t count,
    enum dap_ack *ack, size_t *done_count, struct error *err)
{
    struct dap_packet packet = {0};
    struct dap_packet reply;
    struct dap_answer answer = {0};
    size_t words = 0;
    size_t i = 0;

    dap_packet_put8(&packet, DAP_TRANSFER);
    dap_packet_put8(&packet, 0);
    dap_packet_put8(&packet, (uint8_t)count);
    for (i = 0; i < count; i++) {
        if ((transfers[i].request & DAP_REQUEST_READ) != 0) {
            dap_packet_put8(&packet, (uint8_t)transfers[i].request);
        } else {
            dap_packet_put_write(&packet, transfers[i].request, transfers[i].value);
        }
    }
    if (!cmsis_dap_exchange(dap, &packet, &reply, err) ||
        !dap_answer_parse(&reply, DAP_TRANSFER, count, &answer, err)) {
        return false;
    }
    take_values(&answer, transfers, &words);
    if (words > answer.data_words) {
        return dap_answer_short(words, answer.data_words, err);
    }
    *ack = answer.ack;
    if (done_count != NULL) {
        *done_count = answer.done_count;
    }
    return true;
}

bool cmsis_dap_transfer_all(
    struct cmsis_dap *dap, struct dap_transfer *transfers, size_t count, struct error *err)
{
    enum dap_ack ack = DAP_ACK_OK;

    return cmsis_dap_transfer(dap, transfers, count, &ack, NULL, err) &&
           (ack == DAP_ACK_OK || dap_answer_error(ack, err));
}
