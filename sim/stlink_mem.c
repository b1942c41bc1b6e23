/* Memory commands of the probe: blocks, the status that follows them, scattered words. */
#include "sim/stlink_internal.h"

#include <stdlib.h>
#include <string.h>

/* Command bytes: 2 address, 6 length, 8 access port, 9 CSW[31:8]. */
struct mem_command {
    uint32_t unit_bytes;
    bool is_fixed;
};

static const struct mem_command word_command = {4, false};
static const struct mem_command word_fixed_command = {4, true};
static const struct mem_command half_command = {2, false};
static const struct mem_command byte_command = {1, false};

/* What firmware uses when the command names no CSW: privileged data, not cacheable. */
static const uint32_t default_csw = 0x23000000;

enum { MISC_ADDRESS = 1, MISC_WRITE = 2, MISC_READ = 3, MISC_APNUM = 5, MISC_ITEM_BYTES = 8 };

/* ADIv5 guarantees that TAR increments within 1 KiB and no further. */
static const uint32_t tar_wrap_bytes = 1024;

/* Old firmware knows neither the access port nor the CSW of a command: it takes its own. */
static struct sim_dap_transfer transfer_of(
    const struct sim_stlink *stlink, const struct mem_command *kind, const uint8_t *command)
{
    uint32_t csw = (uint32_t)command[9] << 8 | (uint32_t)stlink_get16(&command[10]) << 16;

    return (struct sim_dap_transfer){
        .ap = stlink_ap_of(stlink, command[8]),
        .csw = csw != 0 && stlink->firmware->has_access_ports ? csw : default_csw,
        .addr = stlink_get32(&command[2]),
        .unit_bytes = kind->unit_bytes,
        .length_bytes = stlink_get16(&command[6]),
        .is_fixed = kind->is_fixed,
    };
}

static uint8_t check_transfer(const struct sim_stlink *stlink, const struct mem_command *kind,
    const struct sim_dap_transfer *transfer)
{
    uint32_t max_bytes =
        kind->unit_bytes == 1 ? stlink->firmware->max_byte_transfer : SIM_STLINK_MAX_BLOCK;

    if (transfer->length_bytes == 0 || transfer->length_bytes > max_bytes) {
        return STLINK_COMMAND_ERROR;
    }
    if (transfer->length_bytes % kind->unit_bytes != 0 || transfer->addr % kind->unit_bytes != 0) {
        return STLINK_BAD_ALIGNMENT;
    }
    return stlink_check_ap(stlink, transfer->ap);
}

static void spend_block(struct sim_stlink *stlink, const struct sim_dap_transfer *transfer)
{
    stlink_spend(stlink, sim_link_swd_block_ps(stlink->firmware->cost, stlink->swd_khz,
                             transfer->length_bytes, transfer->unit_bytes));
}

/* The piece of a transfer that begins at done bytes: all of it, or, with firmware that lets TAR
 * wrap, what is left to the wrap, beyond which it begins anew at the foot of the same KiB. */
static struct sim_dap_transfer piece_at(
    const struct sim_stlink *stlink, const struct sim_dap_transfer *transfer, uint32_t done)
{
    struct sim_dap_transfer piece = *transfer;
    uint32_t offset = (transfer->addr + done) % tar_wrap_bytes;

    if (stlink->firmware->carries_tar) {
        return piece;
    }
    piece.addr = transfer->addr - transfer->addr % tar_wrap_bytes + offset;
    piece.length_bytes = transfer->length_bytes - done;
    if (piece.length_bytes > tar_wrap_bytes - offset) {
        piece.length_bytes = tar_wrap_bytes - offset;
    }
    return piece;
}

static uint8_t read_pieces(
    struct sim_stlink *stlink, struct sim_dap_transfer *transfer, uint8_t *bytes)
{
    enum sim_ack ack = SIM_ACK_OK;
    uint32_t done = 0;

    memset(bytes, 0, transfer->length_bytes);
    while (ack == SIM_ACK_OK && done < transfer->length_bytes) {
        struct sim_dap_transfer piece = piece_at(stlink, transfer, done);

        ack = sim_dap_read_mem(stlink->dap, &piece, bytes + done);
        transfer->fault_addr = piece.fault_addr;
        done += piece.length_bytes;
    }
    return stlink_ap_status(ack);
}

static uint8_t write_pieces(
    struct sim_stlink *stlink, struct sim_dap_transfer *transfer, const uint8_t *bytes)
{
    enum sim_ack ack = SIM_ACK_OK;
    uint32_t done = 0;

    while (ack == SIM_ACK_OK && done < transfer->length_bytes) {
        struct sim_dap_transfer piece = piece_at(stlink, transfer, done);

        ack = sim_dap_write_mem(stlink->dap, &piece, bytes + done);
        transfer->fault_addr = piece.fault_addr;
        done += piece.length_bytes;
    }
    return stlink_ap_status(ack);
}

static void finish(
    struct sim_stlink *stlink, const struct sim_dap_transfer *transfer, uint8_t status)
{
    stlink->last_status = status;
    stlink->fault_addr = transfer->fault_addr;
    if (status == STLINK_OK) {
        sim_report_link_bytes(stlink->env->report, stlink->work, transfer->length_bytes);
    }
}

uint32_t stlink_answer_bytes(uint32_t length_bytes)
{
    return length_bytes == 1 ? 2 : length_bytes;
}

/* The answer has the length asked for even when the access failed. */
static uint32_t read_mem(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange,
    const struct mem_command *kind)
{
    struct sim_dap_transfer transfer = transfer_of(stlink, kind, exchange->command);
    uint8_t status = check_transfer(stlink, kind, &transfer);

    if (status == STLINK_OK) {
        uint8_t bytes[SIM_STLINK_MAX_BLOCK];

        spend_block(stlink, &transfer);
        status = read_pieces(stlink, &transfer, bytes);
        memcpy(exchange->in, bytes,
            transfer.length_bytes < exchange->in_bytes ? transfer.length_bytes
                                                       : exchange->in_bytes);
    }
    finish(stlink, &transfer, status);
    return stlink_answer_bytes(transfer.length_bytes);
}

/* The data take effect at the end of their time on the wire. */
static uint32_t write_mem(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange,
    const struct mem_command *kind)
{
    struct sim_dap_transfer transfer = transfer_of(stlink, kind, exchange->command);
    uint8_t status = check_transfer(stlink, kind, &transfer);

    if (status == STLINK_OK && exchange->out_bytes != transfer.length_bytes) {
        status = STLINK_COMMAND_ERROR;
    }
    if (status == STLINK_OK) {
        spend_block(stlink, &transfer);
        status = write_pieces(stlink, &transfer, exchange->out);
    }
    finish(stlink, &transfer, status);
    return 0;
}

uint32_t stlink_read_mem32(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    return read_mem(stlink, exchange, &word_command);
}

uint32_t stlink_read_mem32_fixed(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    return read_mem(stlink, exchange, &word_fixed_command);
}

uint32_t stlink_read_mem16(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    return read_mem(stlink, exchange, &half_command);
}

uint32_t stlink_read_mem8(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    return read_mem(stlink, exchange, &byte_command);
}

uint32_t stlink_write_mem32(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    return write_mem(stlink, exchange, &word_command);
}

uint32_t stlink_write_mem32_fixed(
    struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    return write_mem(stlink, exchange, &word_fixed_command);
}

uint32_t stlink_write_mem16(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    return write_mem(stlink, exchange, &half_command);
}

uint32_t stlink_write_mem8(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    return write_mem(stlink, exchange, &byte_command);
}

uint32_t stlink_last_status2(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    stlink_put8(exchange, 0, stlink->last_status);
    stlink_put32(exchange, 4, stlink->last_status == STLINK_OK ? 0 : stlink->fault_addr);
    return 12;
}

struct misc_cursor {
    unsigned ap;
    uint32_t addr;
};

static uint8_t run_misc_item(struct sim_stlink *stlink, struct misc_cursor *cursor, uint8_t opcode,
    uint32_t payload, uint32_t *value)
{
    switch (opcode) {
    case MISC_ADDRESS:
        cursor->addr = payload;
        return STLINK_OK;
    case MISC_WRITE:
        stlink_spend_accesses(stlink, 2);
        return stlink_write_word(stlink, cursor->ap, cursor->addr, payload);
    case MISC_READ:
        stlink_spend_accesses(stlink, 2);
        return stlink_read_word(stlink, cursor->ap, payload, value);
    case MISC_APNUM:
        cursor->ap = payload;
        return stlink_check_ap(stlink, cursor->ap);
    default:
        return STLINK_UNKNOWN_COMMAND;
    }
}

uint32_t stlink_misc_bytes(uint32_t items)
{
    return (items + 3) / 4 * 4 + 4 * items;
}

/* N opcode bytes padded to a word, then N payload words; the answers are fetched by F2 52. An item
 * after a failed one is still tried: the sticky error refuses it. */
uint32_t stlink_misc_out(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint32_t items = stlink_get32(&exchange->command[2]);
    struct misc_cursor cursor = {0};
    const uint8_t *payloads = NULL;

    stlink->misc_bytes = 0;
    if (items == 0 || items > stlink->firmware->misc_items ||
        exchange->out_bytes != stlink_misc_bytes(items)) {
        return 0;
    }
    payloads = exchange->out + ((size_t)items + 3) / 4 * 4;
    memset(stlink->misc, 0, sizeof stlink->misc);
    for (uint32_t i = 0; i < items; i++) {
        uint32_t value = 0;
        uint8_t status = run_misc_item(
            stlink, &cursor, exchange->out[i], stlink_get32(payloads + 4 * (size_t)i), &value);
        uint8_t *slot = &stlink->misc[4 * (size_t)i];

        for (unsigned byte = 0; byte < 4; byte++) {
            slot[byte] = (uint8_t)(value >> (8 * byte));
        }
        stlink->misc[4 * ((size_t)items + i)] = status;
    }
    stlink->misc_bytes = MISC_ITEM_BYTES * items;
    return 0;
}

uint32_t stlink_misc_in(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint32_t bytes = stlink->misc_bytes;

    memcpy(exchange->in, stlink->misc, bytes < exchange->in_bytes ? bytes : exchange->in_bytes);
    stlink->misc_bytes = 0;
    return bytes;
}

uint32_t stlink_misc_max(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    stlink_put16(exchange, 0, stlink->firmware->misc_items);
    return 2;
}
