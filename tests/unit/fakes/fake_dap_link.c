/* The packet link of the fake CMSIS-DAP: what is under way, lost, late or spoilt. */
#include "tests/unit/fakes/fake_dap_internal.h"

#include <stdio.h>
#include <string.h>

static struct fake_dap *of(struct dap_link *link)
{
    return (struct fake_dap *)link;
}

static bool is_gone(const struct fake_dap *fake)
{
    return fake->lost_at != 0 && fake->sent_count >= fake->lost_at;
}

static bool take_request(
    struct fake_dap *fake, const uint8_t *packet, size_t size_bytes, struct error *err)
{
    if (fake->sent_count < FAKE_DAP_MAX_SENT) {
        fake->sent[fake->sent_count].size_bytes = size_bytes;
        memcpy(fake->sent[fake->sent_count].bytes, packet, size_bytes);
    }
    fake->sent_count++;
    fake->now_ns += 100000;
    return !is_gone(fake) || error_set(err, ERROR_USB_LOST, "the probe is gone");
}

/* A request reaches the probe, which answers it. */
static bool deliver(
    struct fake_dap *fake, const uint8_t *packet, size_t size_bytes, struct error *err)
{
    struct fake_dap_packet request = {.size_bytes = size_bytes};
    struct fake_dap_packet answer = {0};

    if (fake->in_flight >= (fake->packet_count > 0 ? fake->packet_count : 1U)) {
        fake_dap_breach(fake, "%zu packets under way", fake->in_flight + 1);
    }
    if (!take_request(fake, packet, size_bytes, err)) {
        return false;
    }
    if (fake->drops_at == fake->sent_count) {
        fake->drops_at = 0;
        return true;
    }
    memcpy(request.bytes, packet, size_bytes);
    fake_dap_run(fake, &request, &answer);
    if (answer.size_bytes > fake->packet_bytes) {
        fake_dap_breach(fake, "an answer of %zu bytes was asked for", answer.size_bytes);
    }
    fake->answer_count++;
    if (fake->delays_at == fake->answer_count) {
        fake->delays_at = 0;
        fake->stale_next = 1;
        return true;
    }
    if (fake->spoils_at == fake->answer_count ||
        (fake->spoils_again && (answer.bytes[0] == 5 || answer.bytes[0] == 6))) {
        fake->spoils_at = 0;
        if (fake->spoil == NULL) {
            return true;
        }
        fake->spoil(&answer);
    }
    fake->answers[(fake->oldest + fake->in_flight) % FAKE_DAP_MAX_ANSWERS] = answer;
    fake->in_flight++;
    if (fake->in_flight > fake->max_in_flight) {
        fake->max_in_flight = fake->in_flight;
    }
    return true;
}

/* What was kept back goes out as soon as there is room. */
static bool deliver_kept(struct fake_dap *fake, struct error *err)
{
    bool is_done = true;

    while (is_done && fake->kept_count > 0 && fake->in_flight < fake->base.packet_count) {
        struct fake_dap_packet next = fake->kept[0];

        fake->kept_count--;
        memmove(fake->kept, fake->kept + 1, fake->kept_count * sizeof fake->kept[0]);
        is_done = deliver(fake, next.bytes, next.size_bytes, err);
    }
    return is_done;
}

static bool fake_send(
    struct dap_link *link, const uint8_t *packet, size_t size_bytes, struct error *err)
{
    struct fake_dap *fake = of(link);
    size_t limit = link->queue_count > link->packet_count ? link->queue_count : link->packet_count;

    if (size_bytes > link->packet_bytes || size_bytes > fake->packet_bytes || size_bytes == 0) {
        fake_dap_breach(fake, "a packet of %zu bytes", size_bytes);
        return error_set(err, ERROR_INTERNAL, "breach");
    }
    if (fake->in_flight + fake->kept_count >= limit) {
        fake_dap_breach(
            fake, "%zu requests without an answer", fake->in_flight + fake->kept_count + 1);
    }
    if (fake->in_flight + fake->kept_count + 1 > fake->max_unanswered) {
        fake->max_unanswered = fake->in_flight + fake->kept_count + 1;
    }
    if (fake->in_flight < link->packet_count) {
        return deliver(fake, packet, size_bytes, err);
    }
    fake->kept[fake->kept_count].size_bytes = size_bytes;
    memcpy(fake->kept[fake->kept_count].bytes, packet, size_bytes);
    fake->kept_count++;
    return true;
}

static size_t fake_recall(struct dap_link *link)
{
    size_t count = of(link)->kept_count;

    of(link)->kept_count = 0;
    return count;
}

static bool fake_send_unanswered(
    struct dap_link *link, const uint8_t *packet, size_t size_bytes, struct error *err)
{
    (void)fake_recall(link);
    return take_request(of(link), packet, size_bytes, err);
}

static bool fake_receive(
    struct dap_link *link, uint8_t *packet, size_t *size_bytes, struct error *err)
{
    struct fake_dap *fake = of(link);
    const struct fake_dap_packet *answer = &fake->answers[fake->oldest];

    if (is_gone(fake)) {
        return error_set(err, ERROR_USB_LOST, "the probe is gone");
    }
    if (fake->stale_count > 0) {
        fake->stale_count--;
        *size_bytes = 3;
        memcpy(packet, (const uint8_t[]){0x05, 0x01, 0x01}, 3);
        return true;
    }
    if (fake->in_flight == 0 && fake->kept_count > 0) {
        fake_dap_breach(fake, "requests are kept back while nothing is under way");
    }
    if (fake->in_flight == 0) {
        fake->kept_count = 0;
        fake->stale_count += fake->stale_next;
        fake->stale_next = 0;
        fake->now_ns += (uint64_t)link->timeout_ms * 1000000;
        return error_set(err, ERROR_USB_PROTOCOL, "no answer");
    }
    *size_bytes = answer->size_bytes;
    memcpy(packet, answer->bytes, answer->size_bytes);
    fake->oldest = (fake->oldest + 1) % FAKE_DAP_MAX_ANSWERS;
    fake->in_flight--;
    if (!deliver_kept(fake, err)) {
        return false;
    }
    fake->drained += fake->in_flight == 0 ? 1 : 0;
    return true;
}

static void fake_drain(struct dap_link *link)
{
    of(link)->kept_count = 0;
    of(link)->in_flight = 0;
}

static uint64_t fake_now_ns(struct dap_link *link)
{
    return of(link)->now_ns;
}

static void fake_wait_ns(struct dap_link *link, uint64_t duration_ns)
{
    of(link)->now_ns += duration_ns;
}

static void fake_close(struct dap_link *link)
{
    of(link)->is_closed = true;
}

static const struct dap_link_ops ops = {
    .send = fake_send,
    .send_unanswered = fake_send_unanswered,
    .receive = fake_receive,
    .recall = fake_recall,
    .drain = fake_drain,
    .now_ns = fake_now_ns,
    .wait_ns = fake_wait_ns,
    .close = fake_close,
};

void fake_dap_init(struct fake_dap *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->base.ops = &ops;
    (void)snprintf(fake->base.kind, sizeof fake->base.kind, "CMSIS-DAP v2");
    (void)snprintf(fake->base.name, sizeof fake->base.name, "fake");
    (void)snprintf(fake->base.serial, sizeof fake->base.serial, "D0");
    fake->base.max_packet_bytes = DAP_LINK_MAX_PACKET_BYTES;
    fake->base.packet_bytes = 64;
    fake->base.packet_count = 1;
    fake->base.queue_count = 0;
    fake->base.timeout_ms = 1000;
    fake->version = "2.1.0";
    fake->packet_bytes = 64;
    fake->packet_count = 4;
    fake->capabilities = 1;
    fake->has_nrst_readback = true;
    fake->csw = 0x5A5A5A5A;
    fake->tar = 0x5A5A5A5A;
    fake->select = 0xDEAD0000;
}
