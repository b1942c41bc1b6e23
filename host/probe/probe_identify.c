/* Firmware and board identifier of the probes that are free, and who holds the others. These
 * commands are answered by the probe itself: nothing reaches a target. */
#include "host/probe/link_dap_bulk.h"
#include "host/probe/link_hidapi.h"
#include "host/probe/probe_list.h"
#include "host/probe/probe_lock.h"
#include "host/probe/stlink_version.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
    ANSWER_TIMEOUT_MS = 500,
    COMMAND_BYTES = 16,
    BOARD_ID_REPLY_BYTES = 128,
    BOARD_ID_CHARACTERS = 4,
    STATUS_OK = 0x80,
    GET_VERSION = 0xF1,
    GET_VERSION_EX = 0xFB,
    DAP_INFO = 0x00,
    DAP_INFO_FIRMWARE = 0x04,
    DAP_HEAD_BYTES = 2
};

/* ---- ST-LINK (reference: probe protocols 1.2, 1.3) ---- */

static bool ask_stlink(struct usb_pipe *pipe, const struct usb_device *device, uint8_t first,
    uint8_t second, uint8_t *reply, uint32_t reply_bytes)
{
    uint8_t command[COMMAND_BYTES] = {first, second};
    struct usb_transfer transfers[] = {
        {.endpoint = device->out_endpoint, .size_bytes = sizeof command, .bytes = command},
        {.endpoint = device->in_endpoint, .size_bytes = reply_bytes, .bytes = reply},
    };
    struct error ignored;

    return usb_pipe_transfer(pipe, transfers, 2, ANSWER_TIMEOUT_MS, &ignored);
}

static void take_board_id(const uint8_t *reply, char id[8])
{
    size_t i = 0;

    /* "0000": none. Not every ST-LINK has them. */
    if (reply[0] != STATUS_OK || memcmp(reply + 2, "0000", BOARD_ID_CHARACTERS) == 0) {
        return;
    }
    for (i = 0; i < BOARD_ID_CHARACTERS; i++) {
        if (!isalnum(reply[2 + i])) {
            id[0] = '\0';
            return;
        }
        id[i] = (char)reply[2 + i];
        id[i + 1] = '\0';
    }
}

static void identify_stlink(struct probe_entry *entry, struct usb_pipe *pipe)
{
    const struct usb_device *device = &entry->device;
    struct stlink_version version;
    uint8_t reply[BOARD_ID_REPLY_BYTES] = {0};

    if (!ask_stlink(pipe, device, GET_VERSION, 0, reply, STLINK_VERSION_REPLY_BYTES)) {
        return;
    }
    stlink_version_parse(reply, &version);
    if (version.hardware >= 3) {
        if (!ask_stlink(pipe, device, GET_VERSION_EX, 0, reply, STLINK_VERSION_EX_REPLY_BYTES)) {
            return;
        }
        stlink_version_parse_ex(reply, &version);
    }
    stlink_version_text(&version, entry->firmware);
    if (stlink_version_can(&version, STLINK_CAN_BOARD_ID) &&
        ask_stlink(pipe, device, 0xF2, 0x56, reply, sizeof reply)) {
        take_board_id(reply, entry->board_id);
    }
}

static bool open_stlink(struct probe_entry *entry, struct error *err)
{
    struct usb_pipe *pipe = NULL;

    if (!usb_pipe_open(&entry->device, &pipe, err)) {
        return false;
    }
    usb_pipe_drain(pipe);
    identify_stlink(entry, pipe);
    usb_pipe_close(pipe);
    return true;
}

/* ---- CMSIS-DAP (5) ---- */

static void identify_dap(struct probe_entry *entry, struct dap_link *link)
{
    static const uint8_t request[] = {DAP_INFO, DAP_INFO_FIRMWARE};
    uint8_t answer[DAP_LINK_MAX_PACKET_BYTES] = {0};
    size_t size_bytes = 0;
    struct error ignored;

    link->timeout_ms = ANSWER_TIMEOUT_MS;
    link->ops->drain(link);
    if (!link->ops->send(link, request, sizeof request, &ignored) ||
        !link->ops->receive(link, answer, &size_bytes, &ignored) || size_bytes < DAP_HEAD_BYTES ||
        answer[0] != DAP_INFO || answer[1] > size_bytes - DAP_HEAD_BYTES) {
        return;
    }
    answer[DAP_HEAD_BYTES + answer[1]] = '\0';
    probe_text_escape(
        (const char *)answer + DAP_HEAD_BYTES, entry->firmware, sizeof entry->firmware);
}

static bool open_dap(struct probe_entry *entry, struct error *err)
{
    struct dap_link *link = NULL;
    bool is_open = entry->family == PROBE_FAMILY_DAP_HID
                       ? link_hidapi_open(&entry->device, &link, err)
                       : link_dap_bulk_open(&entry->device, &link, err);

    if (is_open) {
        identify_dap(entry, link);
        link->ops->close(link);
    }
    return is_open;
}

/* ---- all ---- */

static void identify_free(struct probe_entry *entry)
{
    struct os_lock *lock = NULL;
    struct error err = {0};
    bool is_open = false;

    if (probe_lock_take(entry->lock_key, PROBE_LOCK_LIST, entry->name, &lock, &err)) {
        is_open =
            entry->family == PROBE_FAMILY_STLINK ? open_stlink(entry, &err) : open_dap(entry, &err);
        os_lock_release(lock);
    }
    if (is_open) {
        return;
    }
    if (err.code == ERROR_PROBE_BUSY) {
        entry->state = PROBE_STATE_BUSY;
    } else if (err.code == ERROR_PROBE_PERMISSION) {
        entry->state = PROBE_STATE_NO_PERMISSION;
    } else if (err.code != ERROR_HOST_IO) { /* no lock file: said when the probe is used */
        entry->state = PROBE_STATE_FAILED;
    }
}

void probe_list_identify(struct probe_list *list)
{
    size_t i = 0;

    for (i = 0; i < list->count; i++) {
        struct probe_entry *entry = &list->entries[i];

        if (entry->state == PROBE_STATE_FREE) {
            identify_free(entry);
        }
        if (entry->state == PROBE_STATE_BUSY) {
            probe_lock_read_holder(entry->lock_key, &entry->holder);
        }
    }
}
