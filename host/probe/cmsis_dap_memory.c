/* Memory through a CMSIS-DAP: a block is a stream of packets of which several are under way, TAR
 * set anew at each KiB (reference: probe protocols, section 5). */
#include "common/le.h"
#include "host/probe/cmsis_dap_retry.h"

#include <string.h>

enum { TAR_WRAP_BYTES = 1024, MAX_TRANSFERS = 255 };

/* CSW: as the ST-LINK link sets it, debug software enable (31), master type (29), cacheable
 * (HPROT[3], 27) so that the data cache of the core is seen, privileged (25); below, address
 * increment by one access (4) and the size. */
static const uint32_t csw_increment = UINT32_C(0xAA000010);

/* What was asked for in a packet that is under way. */
struct ticket {
    enum dap_command command;
    uint32_t lead_count; /* transfers before the first unit: SELECT, CSW, TAR */
    uint32_t first;      /* unit */
    uint32_t unit_count;
};

/* The units of a block on their way. */
struct stream {
    struct cmsis_dap *dap;
    const struct probe_block *block;
    uint8_t *dst;       /* NULL: a write ... */
    const uint8_t *src; /* ... of these */
    uint32_t unit_count;
    uint32_t next;   /* unit to be asked for */
    uint32_t done;   /* units that were transferred */
    bool is_set_up;  /* CSW has been asked for since the stream started or started again */
    uint32_t window; /* packets that may be under way */
    size_t oldest;
    size_t in_flight;
    struct ticket tickets[DAP_LINK_MAX_IN_FLIGHT];
    enum dap_ack ack; /* of the first packet that was not done completely */
};

uint32_t cmsis_dap_csw(uint8_t unit_bytes)
{
    return csw_increment | (uint32_t)(unit_bytes >> 1);
}

static uint32_t unit_addr(const struct stream *stream, uint32_t unit)
{
    return stream->block->addr + unit * stream->block->unit_bytes;
}

/* Bytes travel in the lane of their address. */
static uint32_t unit_value(const struct stream *stream, uint32_t unit)
{
    const uint8_t *bytes = stream->src + (size_t)unit * stream->block->unit_bytes;
    uint32_t shift = unit_addr(stream, unit) % DAP_WORD_BYTES * 8;

    switch (stream->block->unit_bytes) {
    case 1:
        return (uint32_t)bytes[0] << shift;
    case 2:
        return (uint32_t)le_get16(bytes) << shift;
    default:
        return le_get32(bytes);
    }
}

static void take_unit(struct stream *stream, uint32_t unit, uint32_t value)
{
    uint8_t *bytes = stream->dst + (size_t)unit * stream->block->unit_bytes;
    uint8_t word[DAP_WORD_BYTES];

    le_put32(word, value);
    memcpy(bytes, word + unit_addr(stream, unit) % DAP_WORD_BYTES, stream->block->unit_bytes);
}

static uint32_t at_most(uint32_t value, size_t limit)
{
    return value < limit ? value : (uint32_t)limit;
}

/* Units from the next one on before TAR wraps. */
static uint32_t units_before_wrap(const struct stream *stream)
{
    uint32_t room_bytes = TAR_WRAP_BYTES - unit_addr(stream, stream->next) % TAR_WRAP_BYTES;

    return at_most(stream->unit_count - stream->next, room_bytes / stream->block->unit_bytes);
}

static bool send_packet(struct stream *stream, const struct dap_packet *packet,
    const struct ticket *ticket, struct error *err)
{
    struct cmsis_dap *dap = stream->dap;
    size_t slot = (stream->oldest + stream->in_flight) % DAP_LINK_MAX_IN_FLIGHT;

    dap->base.counters.transfers++;
    if (!dap->link->ops->send(dap->link, packet->bytes, packet->size_bytes, err)) {
        return false;
    }
    stream->tickets[slot] = *ticket;
    stream->in_flight++;
    stream->next += ticket->unit_count;
    return true;
}

/* TAR and what else has to be set, and as many units as fit behind. */
static bool send_lead(struct stream *stream, struct error *err)
{
    struct cmsis_dap *dap = stream->dap;
    size_t packet_bytes = dap->link->packet_bytes;
    uint32_t select = cmsis_dap_select_value(stream->block->ap);
    bool is_read = stream->dst != NULL;
    struct ticket ticket = {.command = DAP_TRANSFER, .first = stream->next};
    struct dap_packet packet = {0};
    size_t room = 0;
    uint32_t i = 0;

    dap_packet_put8(&packet, DAP_TRANSFER);
    dap_packet_put8(&packet, 0);
    dap_packet_put8(&packet, 0); /* the count, below */
    if (!dap->is_select_known || dap->select != select) {
        dap_packet_put_write(&packet, DAP_WRITE_SELECT, select);
        ticket.lead_count++;
    }
    if (!stream->is_set_up) {
        dap_packet_put_write(&packet, DAP_WRITE_CSW, cmsis_dap_csw(stream->block->unit_bytes));
        ticket.lead_count++;
    }
    dap_packet_put_write(&packet, DAP_WRITE_TAR, unit_addr(stream, stream->next));
    ticket.lead_count++;
    room = packet_bytes - packet.size_bytes;
    ticket.unit_count = at_most(units_before_wrap(stream), MAX_TRANSFERS - ticket.lead_count);
    ticket.unit_count = at_most(ticket.unit_count, is_read ? room : room / DAP_WRITE_BYTES);
    if (is_read) {
        ticket.unit_count =
            at_most(ticket.unit_count, (packet_bytes - DAP_TRANSFER_HEAD_BYTES) / DAP_WORD_BYTES);
    }
    for (i = 0; i < ticket.unit_count; i++) {
        if (is_read) {
            dap_packet_put8(&packet, DAP_READ_DRW);
        } else {
            dap_packet_put_write(&packet, DAP_WRITE_DRW, unit_value(stream, stream->next + i));
        }
    }
    packet.bytes[2] = (uint8_t)(ticket.lead_count + ticket.unit_count);
    if (!send_packet(stream, &packet, &ticket, err)) {
        return false;
    }
    dap->select = select;
    dap->is_select_known = true;
    stream->is_set_up = true;
    return true;
}

static bool send_block(struct stream *stream, struct error *err)
{
    size_t packet_bytes = stream->dap->link->packet_bytes;
    bool is_read = stream->dst != NULL;
    size_t head_bytes = is_read ? DAP_BLOCK_ANSWER_HEAD_BYTES : DAP_BLOCK_HEAD_BYTES;
    struct ticket ticket = {.command = DAP_TRANSFER_BLOCK, .first = stream->next};
    struct dap_packet packet = {0};
    uint32_t i = 0;

    ticket.unit_count =
        at_most(units_before_wrap(stream), (packet_bytes - head_bytes) / DAP_WORD_BYTES);
    dap_packet_put8(&packet, DAP_TRANSFER_BLOCK);
    dap_packet_put8(&packet, 0);
    dap_packet_put16(&packet, (uint16_t)ticket.unit_count);
    dap_packet_put8(&packet, is_read ? DAP_READ_DRW : DAP_WRITE_DRW);
    for (i = 0; i < ticket.unit_count && !is_read; i++) {
        dap_packet_put32(&packet, unit_value(stream, stream->next + i));
    }
    return send_packet(stream, &packet, &ticket, err);
}

static bool send_next(struct stream *stream, struct error *err)
{
    bool needs_tar = !stream->is_set_up || unit_addr(stream, stream->next) % TAR_WRAP_BYTES == 0;

    return needs_tar ? send_lead(stream, err) : send_block(stream, err);
}

/* The answer to the oldest packet. What comes after one that was not done counts for nothing:
 * without its TAR it may have gone elsewhere in the block. */
static bool take_answer(struct stream *stream, struct error *err)
{
    struct dap_link *link = stream->dap->link;
    const struct ticket *ticket = &stream->tickets[stream->oldest];
    struct dap_packet packet = {0};
    struct dap_answer answer;
    size_t units = 0;
    size_t i = 0;

    if (!link->ops->receive(link, packet.bytes, &packet.size_bytes, err)) {
        return false;
    }
    stream->oldest = (stream->oldest + 1) % DAP_LINK_MAX_IN_FLIGHT;
    stream->in_flight--;
    if (!dap_answer_parse(
            &packet, ticket->command, ticket->lead_count + ticket->unit_count, &answer, err)) {
        return false;
    }
    if (stream->ack != DAP_ACK_OK) {
        return true;
    }
    units = answer.done_count > ticket->lead_count ? answer.done_count - ticket->lead_count : 0;
    if (stream->dst != NULL) {
        if (answer.data_words < units) {
            return dap_answer_short(units, answer.data_words, err);
        }
        for (i = 0; i < units; i++) {
            take_unit(
                stream, ticket->first + (uint32_t)i, le_get32(answer.data + i * DAP_WORD_BYTES));
        }
    }
    stream->done = ticket->first + (uint32_t)units;
    stream->ack = answer.ack;
    return true;
}

/* True when the probe answered everything; stream->ack then says how far it went. */
static bool run(struct stream *stream, struct error *err)
{
    while ((stream->next < stream->unit_count || !stream->is_set_up) && stream->ack == DAP_ACK_OK) {
        bool is_full = stream->in_flight == stream->window;

        if (is_full ? !take_answer(stream, err) : !send_next(stream, err)) {
            return false;
        }
    }
    while (stream->in_flight > 0) {
        if (!take_answer(stream, err)) {
            return false;
        }
    }
    return true;
}

/* Writes are posted: a refusal or a disturbance may be about the one before. */
static uint32_t first_doubtful(const struct stream *stream)
{
    return stream->dst == NULL && stream->done > 0 ? stream->done - 1 : stream->done;
}

/* From the first unit that was not done. When all were and the last one is still being waited for,
 * setting up again waits for it. */
static void start(struct stream *stream, uint32_t unit)
{
    stream->next = unit;
    stream->done = unit;
    stream->is_set_up = false;
    stream->in_flight = 0;
    stream->ack = DAP_ACK_OK;
}

/* TAR stays where the access was refused, however many writes were accepted behind it. */
static uint32_t find_fault(const struct stream *stream)
{
    struct dap_transfer look[] = {
        {DAP_WRITE_SELECT, cmsis_dap_select_value(stream->block->ap)}, {DAP_READ_TAR, 0}};
    uint32_t doubtful = unit_addr(stream, first_doubtful(stream));
    struct error err;

    if (stream->ack != DAP_ACK_FAULT || !cmsis_dap_transfer_all(stream->dap, look, 2, &err) ||
        look[1].value - stream->block->addr >= stream->block->size_bytes) {
        return doubtful;
    }
    return look[1].value;
}

static bool fail_block(const struct stream *stream, struct error *err)
{
    uint32_t addr = find_fault(stream);

    (void)dap_answer_error(stream->ack, err);
    error_set_addr(err, addr);
    return false;
}

/* Answers are not numbered: after one was lost, which belong to what is not known. And what of the
 * writes before a refusal or a disturbance has arrived is not known, either: all are made again. */
static bool try_again(
    struct stream *stream, struct dap_retry *retry, bool is_answered, const struct error *err)
{
    bool is_known = is_answered && (stream->dst != NULL || stream->ack == DAP_ACK_WAIT);
    bool again = is_answered ? dap_retry_ack(stream->dap, retry, stream->ack)
                             : dap_retry_link(stream->dap, retry, err);

    if (again) {
        start(stream, is_known ? stream->done : 0);
    }
    return again;
}

static bool transfer_block(struct stream *stream, struct error *err)
{
    uint32_t addr = stream->block->addr;
    bool is_read = stream->dst != NULL;
    bool is_plain = is_read ? dap_retry_is_memory(addr) : dap_retry_is_ram(addr);
    struct dap_retry retry = {.may_repeat = is_read || dap_retry_is_harmless_write(addr),
        .is_in_ram = dap_retry_is_ram(addr)};
    bool is_answered = false;

    stream->unit_count = stream->block->size_bytes / stream->block->unit_bytes;
    /* What follows a WAIT must not run into registers. */
    stream->window = is_plain ? stream->dap->link->packet_count : 1;
    start(stream, 0);
    do {
        is_answered = run(stream, err);
        if (is_answered && stream->ack == DAP_ACK_OK) {
            return true;
        }
    } while (try_again(stream, &retry, is_answered, err));
    if (is_answered) {
        return fail_block(stream, err);
    }
    return false;
}

bool cmsis_dap_read_block(
    struct probe *probe, const struct probe_block *block, uint8_t *dst, struct error *err)
{
    struct stream stream = {.dap = (struct cmsis_dap *)probe, .block = block};

    stream.dst = dst;
    return transfer_block(&stream, err);
}

bool cmsis_dap_write_block(
    struct probe *probe, const struct probe_block *block, const uint8_t *src, struct error *err)
{
    struct stream stream = {.dap = (struct cmsis_dap *)probe, .block = block, .src = src};

    return transfer_block(&stream, err);
}
