#include "host/probe/stlink.h"

#include "host/probe/stlink_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* WAIT: one try and 8 more, 1 ms << n apart (reference: probe protocols 1.5). */
    BACK_OFF_COUNT = 8,
    NS_PER_MS = 1000000,
    /* 32- and 16-bit commands, all versions; 8-bit ones by firmware (1.4). */
    WORD_BLOCK_BYTES = 6144,
    BYTE_BLOCK_BYTES = 64,
    LONG_BYTE_BLOCK_BYTES = 128,
    /* Firmware with CSW handles the wrap of TAR itself; older is given 1 KiB at a time (1.4). */
    OLD_BOUNDARY_BYTES = 1024,
    /* RW_MISC items; a word costs at most 2, and one goes to the AP number (1.3). */
    MISC_ITEMS_V2 = 64,
    MISC_ITEMS_V3 = 768
};

/* A probe whose port was reset has left debug mode: what comes next must find it as it was. */
static void resume(struct stlink *stlink)
{
    struct error err;

    if (stlink->seen_resets == stlink->link->resets) {
        return;
    }
    stlink->seen_resets = stlink->link->resets;
    if (!stlink->is_attached || stlink->is_resuming) {
        return;
    }
    stlink->is_resuming = true;
    if (!stlink_reenter(stlink, &err)) {
        log_write(
            stlink->base.log, LOG_INFO, NULL, "after the reset of the probe: %s", err.message);
    }
    stlink->is_resuming = false;
}

/* What the probe hears, for -vvv: nothing is formatted otherwise. */
static void log_commands(struct log *log, const struct link_exchange *exchanges, size_t count)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        const uint8_t *c = exchanges[i].command;

        log_write(log, LOG_TRACE, NULL,
            "command %02X %02X %02X %02X %02X %02X %02X %02X %02X %02X %02X %02X %02X %02X %02X "
            "%02X, %zu bytes out, %zu in",
            c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], c[13],
            c[14], c[15], exchanges[i].out_bytes, exchanges[i].in_bytes);
    }
}

bool stlink_run(
    struct stlink *stlink, const struct link_exchange *exchanges, size_t count, struct error *err)
{
    stlink->base.counters.transfers += count;
    log_commands(stlink->base.log, exchanges, count);
    if (stlink->link->ops->exchange(stlink->link, exchanges, count, err)) {
        return true;
    }
    resume(stlink);
    return false;
}

bool stlink_exchange(struct stlink *stlink, const uint8_t command[LINK_COMMAND_BYTES],
    uint8_t *reply, size_t reply_bytes, struct error *err)
{
    struct link_exchange exchange = {.in_bytes = reply_bytes};

    exchange.in = reply;
    memcpy(exchange.command, command, LINK_COMMAND_BYTES);
    if (stlink_run(stlink, &exchange, 1, err)) {
        return true;
    }
    if (err->code != ERROR_USB_PROTOCOL) {
        return false;
    }
    log_write(stlink->base.log, LOG_INFO, NULL, "repeating a command after: %s", err->message);
    return stlink_run(stlink, &exchange, 1, err);
}

bool stlink_command(struct stlink *stlink, const uint8_t command[LINK_COMMAND_BYTES],
    uint8_t *reply, size_t reply_bytes, struct error *err)
{
    if (!stlink_exchange(stlink, command, reply, reply_bytes, err)) {
        return false;
    }
    return reply[0] == STLINK_STATUS_OK || stlink_status_error(reply[0], err);
}

bool stlink_back_off(struct stlink *stlink, unsigned attempt)
{
    if (attempt >= BACK_OFF_COUNT) {
        return false;
    }
    stlink->link->ops->wait_ns(stlink->link, (uint64_t)NS_PER_MS << attempt);
    return true;
}

static uint64_t now_ns(struct probe *probe)
{
    struct stlink *stlink = (struct stlink *)probe;

    return stlink->link->ops->now_ns(stlink->link);
}

static void wait_ns(struct probe *probe, uint64_t duration_ns)
{
    struct stlink *stlink = (struct stlink *)probe;

    stlink->link->ops->wait_ns(stlink->link, duration_ns);
}

static void close_probe(struct probe *probe)
{
    struct stlink *stlink = (struct stlink *)probe;

    stlink_detach(stlink);
    stlink->link->ops->close(stlink->link);
    free(stlink);
}

static const struct probe_driver driver = {
    .now_ns = now_ns,
    .wait_ns = wait_ns,
    .close = close_probe,
    .attach = stlink_attach,
    .set_reset = stlink_set_reset,
    .open_ap = stlink_open_ap,
    .read_block = stlink_read_block,
    .write_block = stlink_write_block,
    .transfer_words = stlink_transfer_words,
    .clear_errors = stlink_clear_errors,
};

static void set_limits(struct stlink *stlink)
{
    const struct stlink_version *version = &stlink->version;
    struct probe_limits *limits = &stlink->base.limits;
    bool has_csw = stlink_version_can(version, STLINK_CAN_SELECT_AP);

    limits->word_block_bytes = WORD_BLOCK_BYTES;
    limits->byte_block_bytes = stlink_version_can(version, STLINK_CAN_LONG_BYTES)
                                   ? LONG_BYTE_BLOCK_BYTES
                                   : BYTE_BLOCK_BYTES;
    limits->boundary_bytes = has_csw ? UINT32_C(0x80000000) : OLD_BOUNDARY_BYTES;
    if (stlink->link->carries_misc && stlink_version_can(version, STLINK_CAN_MISC)) {
        limits->scatter_count = (version->hardware == 2 ? MISC_ITEMS_V2 : MISC_ITEMS_V3) / 2 - 1;
    }
    stlink->base.info.marks_cacheable = has_csw;
}

static void set_info(struct stlink *stlink)
{
    struct probe_info *info = &stlink->base.info;

    (void)snprintf(info->kind, sizeof info->kind, "ST-LINK V%u", stlink->version.hardware);
    (void)snprintf(info->serial, sizeof info->serial, "%s", stlink->link->serial);
    (void)snprintf(info->link, sizeof info->link, "%s", stlink->link->name);
    stlink_version_text(&stlink->version, info->firmware);
    info->is_modelled = stlink->link->is_modelled;
}

bool stlink_open(
    struct link *link, const struct probe_config *config, struct probe **out, struct error *err)
{
    struct stlink *stlink = calloc(1, sizeof *stlink);

    *out = NULL;
    if (stlink == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for the probe");
    }
    stlink->base.driver = &driver;
    stlink->base.log = config->log;
    stlink->link = link;
    stlink->seen_resets = link->resets;
    if (!stlink_read_version(stlink, err) || !stlink_leave_modes(stlink, err) ||
        !stlink_read_voltage(stlink, err) || !stlink_read_board_id(stlink, err) ||
        !stlink_set_freq(stlink, config->freq_hz, err)) {
        free(stlink);
        return false;
    }
    if (!link->batch_is_chosen) {
        link->may_batch = stlink_version_can(&stlink->version, STLINK_CAN_BATCH);
    }
    set_limits(stlink);
    set_info(stlink);
    *out = &stlink->base;
    return true;
}
