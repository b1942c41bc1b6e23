/* Scattered words through a CMSIS-DAP: TAR and DRW for each, as many as a packet holds. One packet
 * at a time: the order is the caller's, and what follows a WAIT must not overtake it. */
#include "common/le.h"
#include "host/probe/cmsis_dap_retry.h"

#include <inttypes.h>

enum { TAR_WRAP_BYTES = 1024, MAX_TRANSFERS = 255, MAX_WORDS = 255 };

struct request {
    struct dap_packet packet;
    size_t transfer_count;
    size_t read_count;
    size_t word_count;
    size_t end_of_word[MAX_WORDS]; /* transfers up to and with this word's */
};

static void put_transfer(struct request *request, enum dap_request code, uint32_t value)
{
    if ((code & DAP_REQUEST_READ) != 0) {
        dap_packet_put8(&request->packet, (uint8_t)code);
        request->read_count++;
    } else {
        dap_packet_put_write(&request->packet, code, value);
    }
    request->transfer_count++;
}

/* TAR moves on with each access, and wraps at a KiB. */
static bool is_next(const struct probe_word *words, size_t index)
{
    return index > 0 && words[index].addr == words[index - 1].addr + DAP_WORD_BYTES &&
           words[index].addr % TAR_WRAP_BYTES != 0;
}

static bool has_room(const struct request *request, const struct cmsis_dap *dap, bool is_write)
{
    size_t packet_bytes = dap->link->packet_bytes;
    size_t needed_bytes = DAP_WRITE_BYTES + (is_write ? DAP_WRITE_BYTES : 1);

    return request->packet.size_bytes + needed_bytes <= packet_bytes &&
           request->transfer_count + 2 <= MAX_TRANSFERS &&
           DAP_TRANSFER_HEAD_BYTES + (request->read_count + 1) * DAP_WORD_BYTES <= packet_bytes;
}

static void fill(struct request *request, struct cmsis_dap *dap, uint8_t ap,
    const struct probe_word *words, size_t count)
{
    uint32_t select = cmsis_dap_select_value(ap);
    size_t i = 0;

    *request = (struct request){0};
    dap_packet_put8(&request->packet, DAP_TRANSFER);
    dap_packet_put8(&request->packet, 0);
    dap_packet_put8(&request->packet, 0); /* the count, below */
    if (!dap->is_select_known || dap->select != select) {
        put_transfer(request, DAP_WRITE_SELECT, select);
        dap->select = select;
        dap->is_select_known = true;
    }
    put_transfer(request, DAP_WRITE_CSW, cmsis_dap_csw(DAP_WORD_BYTES));
    for (i = 0; i < count && has_room(request, dap, words[i].is_write); i++) {
        if (!is_next(words, i)) {
            put_transfer(request, DAP_WRITE_TAR, words[i].addr);
        }
        put_transfer(request, words[i].is_write ? DAP_WRITE_DRW : DAP_READ_DRW, words[i].value);
        request->end_of_word[i] = request->transfer_count;
    }
    request->word_count = i;
    request->packet.bytes[2] = (uint8_t)request->transfer_count;
}

/* How far a packet went. */
struct outcome {
    size_t word_count;     /* that were done */
    bool is_last_doubtful; /* the last of them is a write and nothing was acknowledged after it */
    enum dap_ack ack;
};

static bool take_words(const struct request *request, const struct dap_answer *answer,
    struct probe_word *words, struct outcome *outcome, struct error *err)
{
    size_t reads = 0;
    size_t i = 0;

    for (i = 0; i < request->word_count && request->end_of_word[i] <= answer->done_count; i++) {
        if (words[i].is_write) {
            continue;
        }
        if (reads >= answer->data_words) {
            return dap_answer_short(reads + 1, answer->data_words, err);
        }
        words[i].value = le_get32(answer->data + reads * DAP_WORD_BYTES);
        reads++;
    }
    outcome->word_count = i;
    outcome->is_last_doubtful =
        i > 0 && words[i - 1].is_write && request->end_of_word[i - 1] == answer->done_count;
    outcome->ack = answer->ack;
    return true;
}

static bool transfer_some(struct cmsis_dap *dap, const struct request *request,
    struct probe_word *words, struct outcome *outcome, struct error *err)
{
    struct dap_packet reply;
    struct dap_answer answer;

    return cmsis_dap_exchange(dap, &request->packet, &reply, err) &&
           dap_answer_parse(&reply, DAP_TRANSFER, request->transfer_count, &answer, err) &&
           take_words(request, &answer, words, outcome, err);
}

static struct dap_retry retry_for(const struct probe_word *words, size_t count)
{
    struct dap_retry retry = {.may_repeat = true, .is_in_ram = true};
    size_t i = 0;

    for (i = 0; i < count; i++) {
        retry.may_repeat =
            retry.may_repeat && (!words[i].is_write || dap_retry_is_harmless_write(words[i].addr));
        retry.is_in_ram = retry.is_in_ram && dap_retry_is_ram(words[i].addr);
    }
    return retry;
}

static bool fail_word(const struct probe_word *word, enum dap_ack ack, struct error *err)
{
    (void)dap_answer_error(ack, err);
    error_set_addr(err, word->addr);
    return error_add_context(
        err, "%s the word at 0x%08" PRIx32, word->is_write ? "writing" : "reading", word->addr);
}

/* Words on their way. */
struct run {
    struct cmsis_dap *dap;
    struct dap_retry retry;
    struct probe_word *words;
    size_t count;
    size_t next;     /* the first that is not done */
    bool is_pending; /* all are, and the last write is still being waited for */
};

/* After words that were not all done: whether to go on. */
static bool go_on(struct run *run, const struct outcome *outcome, struct error *err)
{
    size_t last = run->count - 1;

    /* Writes are posted: a refusal may be about the one before. */
    if (outcome->ack != DAP_ACK_WAIT && outcome->is_last_doubtful) {
        run->next--;
    }
    return dap_retry_ack(run->dap, &run->retry, outcome->ack) ||
           fail_word(&run->words[run->next < last ? run->next : last], outcome->ack, err);
}

static bool transfer_next(struct run *run, uint8_t ap, struct error *err)
{
    struct outcome outcome = {0};
    struct request request;

    fill(&request, run->dap, ap, run->words + run->next, run->count - run->next);
    if (!transfer_some(run->dap, &request, run->words + run->next, &outcome, err)) {
        return dap_retry_link(run->dap, &run->retry, err);
    }
    run->next += outcome.word_count;
    run->is_pending = outcome.ack == DAP_ACK_WAIT && run->next == run->count;
    return outcome.ack == DAP_ACK_OK || go_on(run, &outcome, err);
}

bool cmsis_dap_transfer_words(
    struct probe *probe, uint8_t ap, struct probe_word *words, size_t count, struct error *err)
{
    struct run run = {
        .dap = (struct cmsis_dap *)probe, .retry = retry_for(words, count), .count = count};

    run.words = words;
    while (run.next < count || run.is_pending) {
        if (!transfer_next(&run, ap, err)) {
            return false;
        }
    }
    return true;
}
