/* Scattered words through an ST-LINK: RW_MISC (reference: probe protocols 1.3). */
#include "common/le.h"
#include "host/probe/stlink_retry.h"
#include "host/probe/stlink_status.h"

#include <inttypes.h>
#include <string.h>

enum {
    MISC_OUT = 0x51,
    MISC_IN = 0x52,
    MISC_ADDRESS = 1,
    MISC_WRITE = 2,
    MISC_READ = 3,
    MISC_AP = 5,
    MAX_ITEMS = 768,
    MAX_OUT_BYTES = 5 * MAX_ITEMS
};

/* Items of one RW_MISC packet: N opcode bytes, padding to 4, N payload words. */
struct misc_packet {
    size_t count;
    uint8_t opcodes[MAX_ITEMS];
    uint32_t payloads[MAX_ITEMS];
    uint16_t word_index[MAX_ITEMS]; /* of the probe_word that the item belongs to */
};

static void add_item(
    struct misc_packet *packet, uint8_t opcode, uint32_t payload, size_t word_index)
{
    packet->opcodes[packet->count] = opcode;
    packet->payloads[packet->count] = payload;
    packet->word_index[packet->count] = (uint16_t)word_index;
    packet->count++;
}

static void fill_packet(
    struct misc_packet *packet, uint8_t ap, const struct probe_word *words, size_t count)
{
    bool has_addr = false;
    uint32_t addr = 0;
    size_t i = 0;

    packet->count = 0;
    add_item(packet, MISC_AP, ap, 0);
    for (i = 0; i < count; i++) {
        if (!words[i].is_write) {
            add_item(packet, MISC_READ, words[i].addr, i);
            has_addr = false; /* a read moves the address as well */
            continue;
        }
        if (!has_addr || addr != words[i].addr) {
            add_item(packet, MISC_ADDRESS, words[i].addr, i);
            addr = words[i].addr;
            has_addr = true;
        }
        add_item(packet, MISC_WRITE, words[i].value, i);
    }
}

/* Both ways of the packet under way together need a buffer each. */
static bool exchange_packet(
    struct stlink *stlink, const struct misc_packet *packet, uint8_t *reply, struct error *err)
{
    uint8_t buffer[MAX_OUT_BYTES];
    size_t padded = (packet->count + 3) / 4 * 4;
    struct link_exchange exchanges[] = {
        {.command = {0xF2, MISC_OUT}, .out = buffer, .out_bytes = padded + 4 * packet->count},
        {.command = {0xF2, MISC_IN}, .in = reply, .in_bytes = 8 * packet->count}};
    size_t i = 0;

    le_put32(exchanges[0].command + 2, (uint32_t)packet->count);
    memset(buffer, 0, padded);
    memcpy(buffer, packet->opcodes, packet->count);
    for (i = 0; i < packet->count; i++) {
        le_put32(buffer + padded + 4 * i, packet->payloads[i]);
    }
    return stlink_run(stlink, exchanges, 2, err);
}

/* The first item that failed, or the count of items. The reply has a value for each item, then a
 * status for each. */
static size_t find_failed(const struct misc_packet *packet, const uint8_t *reply)
{
    size_t i = 0;

    while (i < packet->count && reply[4 * (packet->count + i)] == STLINK_STATUS_OK) {
        i++;
    }
    return i;
}

static void take_values(
    const struct misc_packet *packet, const uint8_t *reply, struct probe_word *words)
{
    size_t i = 0;

    for (i = 0; i < packet->count; i++) {
        if (packet->opcodes[i] == MISC_READ) {
            words[packet->word_index[i]].value = le_get32(reply + 4 * i);
        }
    }
}

static struct stlink_retry retry_for(const struct probe_word *words, size_t count)
{
    struct stlink_retry retry = {.may_repeat = true, .is_in_ram = true};
    size_t i = 0;

    for (i = 0; i < count; i++) {
        retry.may_repeat = retry.may_repeat &&
                           (!words[i].is_write || stlink_retry_is_harmless_write(words[i].addr));
        retry.is_in_ram = retry.is_in_ram && stlink_retry_is_ram(words[i].addr);
    }
    return retry;
}

static bool fail_item(
    struct stlink *stlink, const struct probe_word *word, uint8_t status, struct error *err)
{
    struct probe_block block = {.addr = word->addr, .size_bytes = 4};

    (void)stlink_fail_block(stlink, &block, status, word->addr, err);
    return error_add_context(
        err, "%s the word at 0x%08" PRIx32, word->is_write ? "writing" : "reading", word->addr);
}

bool stlink_transfer_words(
    struct probe *probe, uint8_t ap, struct probe_word *words, size_t count, struct error *err)
{
    struct stlink *stlink = (struct stlink *)probe;
    struct stlink_retry retry = retry_for(words, count);
    uint8_t reply[8 * MAX_ITEMS];
    struct misc_packet packet;
    size_t failed = 0;
    uint8_t status = 0;
    bool again = true;

    fill_packet(&packet, ap, words, count);
    while (again) {
        bool is_answered = exchange_packet(stlink, &packet, reply, err);

        if (is_answered) {
            failed = find_failed(&packet, reply);
            status = failed == packet.count ? STLINK_STATUS_OK : reply[4 * (packet.count + failed)];
        }
        again = is_answered ? stlink_retry_status(stlink, &retry, status)
                            : stlink_retry_link(stlink, &retry, err);
        if (!is_answered && !again) {
            return false;
        }
    }
    if (status != STLINK_STATUS_OK) {
        return fail_item(stlink, &words[packet.word_index[failed]], status, err);
    }
    take_values(&packet, reply, words);
    return true;
}
