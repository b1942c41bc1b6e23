#include "host/probe/stlink.h"

#include "host/probe/stlink_status.h"

#include <stdio.h>
#include <stdlib.h>

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

bool stlink_exchange(struct stlink *stlink, const uint8_t command[LINK_COMMAND_BYTES],
    uint8_t *reply, size_t reply_bytes, struct error *err)
{
    stlink->base.counters.transfers++;
    return stlink->link->ops->read(stlink->link, command, reply, reply_bytes, err);
}

bool stlink_send(struct stlink *stlink, const uint8_t command[LINK_COMMAND_BYTES],
    const uint8_t *data, size_t data_bytes, struct error *err)
{
    stlink->base.counters.transfers++;
    return stlink->link->ops->write(stlink->link, command, data, data_bytes, err);
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
    if (!stlink_read_version(stlink, err) || !stlink_leave_modes(stlink, err) ||
        !stlink_read_voltage(stlink, err) || !stlink_read_board_id(stlink, err) ||
        !stlink_set_freq(stlink, config->freq_hz, err)) {
        free(stlink);
        return false;
    }
    set_limits(stlink);
    set_info(stlink);
    *out = &stlink->base;
    return true;
}
