/* Memory through an ST-LINK: block commands with their status, scattered words. */
#include "common/le.h"
#include "host/probe/stlink.h"
#include "host/probe/stlink_status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_32 = 0x07,
    WRITE_32 = 0x08,
    READ_8 = 0x0C,
    WRITE_8 = 0x0D,
    READ_16 = 0x47,
    WRITE_16 = 0x48,
    MISC_OUT = 0x51,
    MISC_IN = 0x52,
    MISC_ADDRESS = 1,
    MISC_WRITE = 2,
    MISC_READ = 3,
    MISC_AP = 5,
    /* CSW[31:8] of every command, low byte first: debug software enable (31), master type (29),
     * cacheable (HPROT[3], 27) so that the data cache of the core is seen, privileged (25). */
    CSW_TOP_BYTE = 0xAA
};

/* Repeating an access after WAIT is harmless in RAM only: a register or a flash granule may have
 * taken the first one. Armv7-M's SRAM region. */
static bool may_repeat_write(uint32_t addr)
{
    return addr >= UINT32_C(0x20000000) && addr < UINT32_C(0x40000000);
}

static void make_command(const struct stlink *stlink, uint8_t code, const struct probe_block *block,
    uint8_t command[LINK_COMMAND_BYTES])
{
    memset(command, 0, LINK_COMMAND_BYTES);
    command[0] = 0xF2;
    command[1] = code;
    le_put32(command + 2, block->addr);
    le_put16(command + 6, (uint16_t)block->size_bytes);
    if (stlink->base.info.marks_cacheable) {
        command[8] = block->ap;
        command[11] = CSW_TOP_BYTE;
    }
}

static bool check_ap(const struct stlink *stlink, uint8_t ap, struct error *err)
{
    return ap == 0 || stlink_version_require(
                          &stlink->version, STLINK_CAN_SELECT_AP, "access ports other than 0", err);
}

/* Status of the memory command before. *fault_addr is the firmware's. */
static bool read_status(
    struct stlink *stlink, uint8_t *status, uint32_t *fault_addr, struct error *err)
{
    static const uint8_t get_status[LINK_COMMAND_BYTES] = {0xF2, 0x3E};
    uint8_t reply[12];

    if (!stlink_exchange(stlink, get_status, reply, sizeof reply, err)) {
        return false;
    }
    *status = reply[0];
    *fault_addr = le_get32(reply + 4);
    return true;
}

/* A busy AP may answer 10 once, then 11, then 80 with the result: an 11 right behind a 10 is a
 * WAIT (reference: probe protocols 1.5). */
static bool is_wait(uint8_t status, bool was_wait)
{
    return stlink_status_kind(status) == STLINK_STATUS_KIND_WAIT ||
           (was_wait && status == STLINK_STATUS_AP_FAULT);
}

static bool fail_block(struct stlink *stlink, const struct probe_block *block, uint8_t status,
    uint32_t fault_addr, struct error *err)
{
    bool is_inside = fault_addr >= block->addr && fault_addr - block->addr < block->size_bytes;

    /* Leaves the debug port usable; a link that is lost fails here too, which changes nothing. */
    stlink_clear_quietly(stlink);
    (void)stlink_status_error(status, err);
    error_set_addr(err, is_inside ? fault_addr : block->addr);
    return false;
}

static uint8_t code_for(uint8_t unit_bytes, uint8_t word, uint8_t half, uint8_t byte)
{
    return unit_bytes == 4 ? word : (unit_bytes == 2 ? half : byte);
}

bool stlink_read_block(
    struct probe *probe, const struct probe_block *block, uint8_t *dst, struct error *err)
{
    struct stlink *stlink = (struct stlink *)probe;
    uint8_t command[LINK_COMMAND_BYTES];
    uint8_t pair[2] = {0};
    bool is_single = block->size_bytes == 1; /* answered with 2 bytes, the second is junk (1.4) */
    uint8_t status = 0;
    uint32_t fault_addr = 0;
    unsigned attempt = 0;
    bool again = false;

    if (!check_ap(stlink, block->ap, err)) {
        return false;
    }
    make_command(stlink, code_for(block->unit_bytes, READ_32, READ_16, READ_8), block, command);
    do {
        if (!stlink_exchange(stlink, command, is_single ? pair : dst,
                is_single ? sizeof pair : block->size_bytes, err) ||
            !read_status(stlink, &status, &fault_addr, err)) {
            return false;
        }
        again = is_wait(status, again) && stlink_back_off(stlink, attempt++);
    } while (again);
    if (status != STLINK_STATUS_OK) {
        return fail_block(stlink, block, status, fault_addr, err);
    }
    if (is_single) {
        dst[0] = pair[0];
    }
    return true;
}

bool stlink_write_block(
    struct probe *probe, const struct probe_block *block, const uint8_t *src, struct error *err)
{
    struct stlink *stlink = (struct stlink *)probe;
    uint8_t command[LINK_COMMAND_BYTES];
    uint8_t status = 0;
    uint32_t fault_addr = 0;
    unsigned attempt = 0;
    bool again = false;

    if (!check_ap(stlink, block->ap, err)) {
        return false;
    }
    make_command(stlink, code_for(block->unit_bytes, WRITE_32, WRITE_16, WRITE_8), block, command);
    do {
        if (!stlink_send(stlink, command, src, block->size_bytes, err) ||
            !read_status(stlink, &status, &fault_addr, err)) {
            return false;
        }
        again = may_repeat_write(block->addr) && is_wait(status, again) &&
                stlink_back_off(stlink, attempt++);
    } while (again);
    if (status != STLINK_STATUS_OK) {
        return fail_block(stlink, block, status, fault_addr, err);
    }
    return true;
}

/* Items of one RW_MISC packet: N opcode bytes, padding to 4, N payload words. */
struct misc_packet {
    size_t count;
    uint8_t opcodes[768];
    uint32_t payloads[768];
    uint16_t word_index[768]; /* of the probe_word that the item belongs to */
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

static bool exchange_packet(
    struct stlink *stlink, const struct misc_packet *packet, uint8_t *buffer, struct error *err)
{
    static const uint8_t in[LINK_COMMAND_BYTES] = {0xF2, MISC_IN};
    uint8_t out[LINK_COMMAND_BYTES] = {0xF2, MISC_OUT};
    size_t padded = (packet->count + 3) / 4 * 4;
    size_t i = 0;

    le_put32(out + 2, (uint32_t)packet->count);
    memset(buffer, 0, padded);
    memcpy(buffer, packet->opcodes, packet->count);
    for (i = 0; i < packet->count; i++) {
        le_put32(buffer + padded + 4 * i, packet->payloads[i]);
    }
    return stlink_send(stlink, out, buffer, padded + 4 * packet->count, err) &&
           stlink_exchange(stlink, in, buffer, 8 * packet->count, err);
}

/* Reply: a value for each item, then a status for each item. */
static bool take_packet(struct stlink *stlink, const struct misc_packet *packet,
    const uint8_t *reply, struct probe_word *words, struct error *err)
{
    size_t i = 0;

    for (i = 0; i < packet->count; i++) {
        uint8_t status = reply[4 * (packet->count + i)];
        struct probe_word *word = &words[packet->word_index[i]];

        if (status != STLINK_STATUS_OK) {
            struct probe_block block = {.addr = word->addr, .size_bytes = 4};

            (void)fail_block(stlink, &block, status, word->addr, err);
            return error_add_context(err, "%s the word at 0x%08" PRIx32,
                word->is_write ? "writing" : "reading", word->addr);
        }
        if (packet->opcodes[i] == MISC_READ) {
            word->value = le_get32(reply + 4 * i);
        }
    }
    return true;
}

bool stlink_transfer_words(
    struct probe *probe, uint8_t ap, struct probe_word *words, size_t count, struct error *err)
{
    struct stlink *stlink = (struct stlink *)probe;
    uint8_t buffer[LINK_MAX_DATA_BYTES];
    struct misc_packet packet;

    fill_packet(&packet, ap, words, count);
    return exchange_packet(stlink, &packet, buffer, err) &&
           take_packet(stlink, &packet, buffer, words, err);
}
