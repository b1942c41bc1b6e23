/* Memory through a CMSIS-DAP: a block is a stream of packets of which several are under way, TAR
 * set anew at each KiB (reference: probe protocols, section 5). */
#include "common/le.h"
#include "host/probe/cmsis_dap_retry.h"

#include <string.h>

enum { TAR_WRAP_BYTES = 1024, MAX_TRANSFERS = 255 };

/* No unit. */
static const uint32_t none = UINT32_MAX;

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
    uint32_t before_tar; /* units before TAR is set among them; not fewer than all: it is not */
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
    uint32_t window; /* packets without an answer */
    size_t oldest;
    size_t in_flight;
    struct ticket tickets[DAP_LINK_MAX_QUEUED];
    enum dap_ack ack; /* of the first packet that was not done completely */
    bool has_strayed; /* and something behind it was carried out */
    /* Units whose TAR has to be known to be set before anything is sent behind their packets. */
    uint32_t restarted_at;
    uint32_t first_wrap;
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
    size_t slot = (stream->oldest + stream->in_flight) % DAP_LINK_MAX_QUEUED;

    dap->base.counters.transfers++;
    if (!dap->link->ops->send(dap->link, packet->bytes, packet->size_bytes, err)) {
        return false;
    }
    stream->tickets[slot] = *ticket;
    stream->in_flight++;
    stream->next += ticket->unit_count;
    return true;
}

/* Requests of a DAP_TRANSFER and their answers, with TAR before the next unit or without. */
static bool fits(
    const struct stream *stream, size_t size_bytes, const struct ticket *ticket, bool has_tar)
{
    size_t packet_bytes = stream->dap->link->packet_bytes;
    bool is_read = stream->dst != NULL;
    size_t units = (size_t)ticket->unit_count + 1;

    size_bytes += has_tar ? DAP_WRITE_BYTES : 0U;
    size_bytes += is_read ? 1U : DAP_WRITE_BYTES;
    return size_bytes <= packet_bytes && ticket->lead_count + units + 1 <= MAX_TRANSFERS &&
           (!is_read || DAP_TRANSFER_HEAD_BYTES + units * DAP_WORD_BYTES <= packet_bytes);
}

static void put_unit(const struct stream *stream, struct dap_packet *packet, uint32_t unit)
{
    if (stream->dst != NULL) {
        dap_packet_put8(packet, DAP_READ_DRW);
    } else {
        dap_packet_put_write(packet, DAP_WRITE_DRW, unit_value(stream, unit));
    }
}

/* As many units as fit. TAR is set among them where it wraps, at most once: a KiB has more units
 * than a packet has transfers. */
static void put_units(const struct stream *stream, struct dap_packet *packet, struct ticket *ticket)
{
    uint32_t unit = stream->next;

    ticket->before_tar = none;
    for (; unit < stream->unit_count; unit++) {
        bool has_tar = ticket->unit_count > 0 && unit_addr(stream, unit) % TAR_WRAP_BYTES == 0;

        if (!fits(stream, packet->size_bytes, ticket, has_tar)) {
            break;
        }
        if (has_tar) {
            dap_packet_put_write(packet, DAP_WRITE_TAR, unit_addr(stream, unit));
            ticket->before_tar = ticket->unit_count;
        }
        put_unit(stream, packet, unit);
        ticket->unit_count++;
    }
}

static uint32_t transfer_count(const struct ticket *ticket)
{
    bool has_tar = ticket->before_tar < ticket->unit_count;

    return ticket->lead_count + ticket->unit_count + (has_tar ? 1 : 0);
}

/* Whether the rest of this KiB leaves room in its packet for TAR and a part of the next one. */
static bool reaches_next_kib(const struct stream *stream)
{
    struct ticket rest = {.unit_count = units_before_wrap(stream)};
    size_t unit_bytes = stream->dst != NULL ? 1 : DAP_WRITE_BYTES;

    return stream->next + rest.unit_count < stream->unit_count &&
           fits(stream, DAP_TRANSFER_HEAD_BYTES + rest.unit_count * unit_bytes, &rest, true);
}

static bool needs_lead(const struct stream *stream)
{
    return !stream->is_set_up || unit_addr(stream, stream->next) % TAR_WRAP_BYTES == 0;
}

/* TAR and what else has to be set, and units. */
static bool send_transfers(struct stream *stream, struct error *err)
{
    struct cmsis_dap *dap = stream->dap;
    uint32_t select = cmsis_dap_select_value(stream->block->ap);
    struct ticket ticket = {.command = DAP_TRANSFER, .first = stream->next};
    struct dap_packet packet = {0};

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
    if (needs_lead(stream)) {
        dap_packet_put_write(&packet, DAP_WRITE_TAR, unit_addr(stream, stream->next));
        ticket.lead_count++;
    }
    put_units(stream, &packet, &ticket);
    packet.bytes[2] = (uint8_t)transfer_count(&ticket);
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
    struct ticket ticket = {
        .command = DAP_TRANSFER_BLOCK, .first = stream->next, .before_tar = none};
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
    return needs_lead(stream) || reaches_next_kib(stream) ? send_transfers(stream, err)
                                                          : send_block(stream, err);
}

static size_t units_done(const struct ticket *ticket, size_t done_count)
{
    size_t units = done_count > ticket->lead_count ? done_count - ticket->lead_count : 0;

    return units > ticket->before_tar ? units - 1 : units;
}

/* The answer to the oldest packet. What comes after one that was not done counts for nothing, and
 * does no harm. After a refusal the debug port has a sticky error and refuses everything until
 * ABORT, after a disturbance it answers nothing until a line reset: neither is sent before all
 * answers are here. After a WAIT later packets are carried out with whatever TAR there is: see
 * must_wait() and first_unsure(). */
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
    stream->oldest = (stream->oldest + 1) % DAP_LINK_MAX_QUEUED;
    stream->in_flight--;
    if (!dap_answer_parse(&packet, ticket->command, transfer_count(ticket), &answer, err)) {
        return false;
    }
    if (stream->ack != DAP_ACK_OK) {
        stream->has_strayed = stream->has_strayed || answer.done_count > 0;
        return true;
    }
    units = units_done(ticket, answer.done_count);
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

static bool is_under_way(const struct stream *stream, uint32_t unit)
{
    return stream->done <= unit && unit < stream->next;
}

/* Writes must not fall outside their KiB and the block. They would behind a TAR that was not set:
 * where the one of before belongs elsewhere, or wraps to what lies in front of the block. At the
 * start it is set for sure: every packet ends with a look whether its last access is over, so that
 * the access port has nothing to WAIT for. */
static bool must_wait(const struct stream *stream)
{
    return stream->in_flight > 0 && stream->dst == NULL &&
           (is_under_way(stream, stream->restarted_at) || is_under_way(stream, stream->first_wrap));
}

/* True when the probe answered everything; stream->ack then says how far it went. */
static bool run(struct stream *stream, struct error *err)
{
    while ((stream->next < stream->unit_count || !stream->is_set_up) && stream->ack == DAP_ACK_OK) {
        bool is_full = stream->in_flight == stream->window || must_wait(stream);

        if (is_full ? !take_answer(stream, err) : !send_next(stream, err)) {
            return false;
        }
    }
    if (stream->ack != DAP_ACK_OK) {
        stream->in_flight -= stream->dap->link->ops->recall(stream->dap->link);
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

/* What follows a WAIT must not run into registers: there, and where the probe takes one packet, the
 * next one is thought of when the answer is here. */
static uint32_t window_of(const struct stream *stream)
{
    const struct dap_link *link = stream->dap->link;
    uint32_t addr = stream->block->addr;
    bool is_plain = stream->dst != NULL ? dap_retry_is_memory(addr) : dap_retry_is_ram(addr);

    if (!is_plain || link->packet_count == 1) {
        return 1;
    }
    return link->queue_count > link->packet_count ? link->queue_count : link->packet_count;
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
    stream->has_strayed = false;
}

/* The first unit that may be missing or overwritten after a WAIT. Writes behind it ran up to the
 * end of the KiB that TAR was in, and then, without the next TAR, on from its start. */
static uint32_t first_unsure(const struct stream *stream)
{
    uint32_t addr = stream->block->addr;
    uint32_t kib_addr = 0;

    if (stream->dst != NULL || !stream->has_strayed || stream->done == 0) {
        return stream->done;
    }
    kib_addr = unit_addr(stream, stream->done - 1) / TAR_WRAP_BYTES * TAR_WRAP_BYTES;
    return kib_addr > addr ? (kib_addr - addr) / stream->block->unit_bytes : 0;
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
        start(stream, is_known ? first_unsure(stream) : 0);
        stream->restarted_at = stream->next;
    }
    return again;
}

static bool transfer_block(struct stream *stream, struct error *err)
{
    uint32_t addr = stream->block->addr;
    bool is_read = stream->dst != NULL;
    struct dap_retry retry = {.may_repeat = is_read || dap_retry_is_harmless_write(addr),
        .is_in_ram = dap_retry_is_ram(addr)};
    bool is_answered = false;

    stream->unit_count = stream->block->size_bytes / stream->block->unit_bytes;
    stream->window = window_of(stream);
    stream->restarted_at = none;
    stream->first_wrap = addr % TAR_WRAP_BYTES != 0 ? units_before_wrap(stream) : none;
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
