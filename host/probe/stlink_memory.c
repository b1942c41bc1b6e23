/* Memory through an ST-LINK: block commands with their status. */
#include "common/le.h"
#include "host/probe/stlink_retry.h"
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
    GET_STATUS = 0x3B, /* without an address, of old firmware */
    GET_LONG_STATUS = 0x3E,
    STATUS_BYTES = 2,
    LONG_STATUS_BYTES = 12,
    /* CSW[31:8] of every command, low byte first: debug software enable (31), master type (29),
     * cacheable (HPROT[3], 27) so that the data cache of the core is seen, privileged (25). */
    CSW_TOP_BYTE = 0xAA
};

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

static bool check_block(
    const struct stlink *stlink, const struct probe_block *block, struct error *err)
{
    const struct stlink_version *version = &stlink->version;

    return (block->ap == 0 || stlink_version_require(version, STLINK_CAN_SELECT_AP,
                                  "access ports other than 0", err)) &&
           (block->unit_bytes != 2 ||
               stlink_version_require(version, STLINK_CAN_HALF_WORDS, "16-bit accesses", err));
}

/* Runs a memory command and asks for its status, in one go: only the status shows whether it
 * worked, and no other memory command may come between (1.2, 6). *fault_addr is the firmware's. */
static bool run_with_status(struct stlink *stlink, const struct link_exchange *memory,
    uint8_t *status, uint32_t *fault_addr, struct error *err)
{
    bool is_long = stlink_version_can(&stlink->version, STLINK_CAN_LONG_STATUS);
    uint8_t reply[LONG_STATUS_BYTES] = {0};
    struct link_exchange exchanges[] = {
        *memory, {.command = {0xF2, is_long ? GET_LONG_STATUS : GET_STATUS},
                     .in = reply,
                     .in_bytes = is_long ? LONG_STATUS_BYTES : STATUS_BYTES}};

    if (!stlink_run(stlink, exchanges, 2, err)) {
        return false;
    }
    *status = reply[0];
    *fault_addr = le_get32(reply + 4);
    return true;
}

bool stlink_fail_block(struct stlink *stlink, const struct probe_block *block, uint8_t status,
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
    struct stlink_retry retry = {.may_repeat = true, .is_in_ram = stlink_retry_is_ram(block->addr)};
    uint8_t pair[2] = {0};
    bool is_single = block->size_bytes == 1; /* answered with 2 bytes, the second is junk (1.4) */
    struct link_exchange memory = {
        .in = is_single ? pair : dst, .in_bytes = is_single ? sizeof pair : block->size_bytes};
    uint8_t status = 0;
    uint32_t fault_addr = 0;
    bool again = true;

    if (!check_block(stlink, block, err)) {
        return false;
    }
    make_command(
        stlink, code_for(block->unit_bytes, READ_32, READ_16, READ_8), block, memory.command);
    while (again) {
        bool is_answered = run_with_status(stlink, &memory, &status, &fault_addr, err);

        again = is_answered ? stlink_retry_status(stlink, &retry, status)
                            : stlink_retry_link(stlink, &retry, err);
        if (!is_answered && !again) {
            return false;
        }
    }
    if (status != STLINK_STATUS_OK) {
        return stlink_fail_block(stlink, block, status, fault_addr, err);
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
    struct stlink_retry retry = {.may_repeat = stlink_retry_is_harmless_write(block->addr),
        .is_in_ram = stlink_retry_is_ram(block->addr)};
    struct link_exchange memory = {.out = src, .out_bytes = block->size_bytes};
    uint8_t status = 0;
    uint32_t fault_addr = 0;
    bool again = true;

    if (!check_block(stlink, block, err)) {
        return false;
    }
    make_command(
        stlink, code_for(block->unit_bytes, WRITE_32, WRITE_16, WRITE_8), block, memory.command);
    while (again) {
        bool is_answered = run_with_status(stlink, &memory, &status, &fault_addr, err);

        again = is_answered ? stlink_retry_status(stlink, &retry, status)
                            : stlink_retry_link(stlink, &retry, err);
        if (!is_answered && !again) {
            return false;
        }
    }
    return status == STLINK_STATUS_OK || stlink_fail_block(stlink, block, status, fault_addr, err);
}
