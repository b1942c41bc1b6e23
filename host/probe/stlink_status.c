#include "host/probe/stlink_status.h"

#include <stddef.h>

struct row {
    const char *text;
    enum stlink_status_kind kind;
};

/* Names of the firmware's own list. 01 is what older firmware says for a memory fault. */
static const struct row rows[] = {
    [0x01] = {"unknown error", STLINK_STATUS_KIND_FAULT},
    [0x02] = {"SPI error", STLINK_STATUS_KIND_OTHER},
    [0x03] = {"DMA error", STLINK_STATUS_KIND_OTHER},
    [0x04] = {"unknown JTAG chain", STLINK_STATUS_KIND_SILENT},
    [0x05] = {"no device connected", STLINK_STATUS_KIND_SILENT},
    [0x06] = {"internal error", STLINK_STATUS_KIND_OTHER},
    [0x07] = {"command wait", STLINK_STATUS_KIND_OTHER},
    [0x08] = {"command error", STLINK_STATUS_KIND_OTHER},
    [0x09] = {"identification code cannot be read", STLINK_STATUS_KIND_SILENT},
    [0x0A] = {"alignment error", STLINK_STATUS_KIND_OTHER},
    [0x0B] = {"debug power problem", STLINK_STATUS_KIND_SILENT},
    [0x0C] = {"write error", STLINK_STATUS_KIND_FAULT},
    [0x0D] = {"write verify error", STLINK_STATUS_KIND_FAULT},
    [0x0E] = {"already open in another mode", STLINK_STATUS_KIND_OTHER},
    [0x10] = {"AP wait", STLINK_STATUS_KIND_WAIT},
    [0x11] = {"AP fault", STLINK_STATUS_KIND_FAULT},
    [0x12] = {"AP error", STLINK_STATUS_KIND_FAULT},
    [0x13] = {"AP parity error", STLINK_STATUS_KIND_FAULT},
    [0x14] = {"DP wait", STLINK_STATUS_KIND_WAIT},
    [0x15] = {"DP fault", STLINK_STATUS_KIND_FAULT},
    [0x16] = {"DP error", STLINK_STATUS_KIND_SILENT},
    [0x17] = {"DP parity error", STLINK_STATUS_KIND_SILENT},
    [0x18] = {"AP write data error", STLINK_STATUS_KIND_FAULT},
    [0x19] = {"AP sticky error", STLINK_STATUS_KIND_FAULT},
    [0x1A] = {"AP sticky overrun", STLINK_STATUS_KIND_FAULT},
    [0x1D] = {"bad access port", STLINK_STATUS_KIND_FAULT},
    [0x20] = {"trace not available", STLINK_STATUS_KIND_OTHER},
    [0x29] = {"too many access ports open", STLINK_STATUS_KIND_OTHER},
    [STLINK_STATUS_CONFIG_CHANGED] = {"configuration changed", STLINK_STATUS_KIND_OTHER},
    [0x41] = {"frequency not supported", STLINK_STATUS_KIND_OTHER},
    [STLINK_STATUS_UNKNOWN_COMMAND] = {"unknown command", STLINK_STATUS_KIND_FIRMWARE},
    [STLINK_STATUS_OK] = {"OK", STLINK_STATUS_KIND_OK},
    [0x81] = {"fault", STLINK_STATUS_KIND_FAULT},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

enum stlink_status_kind stlink_status_kind(uint8_t status)
{
    return status < ROW_COUNT ? rows[status].kind : STLINK_STATUS_KIND_OTHER;
}

const char *stlink_status_text(uint8_t status)
{
    const char *text = status < ROW_COUNT ? rows[status].text : NULL;

    return text != NULL ? text : "not in the list of status codes";
}

bool stlink_status_error(uint8_t status, struct error *err)
{
    const char *text = stlink_status_text(status);

    switch (stlink_status_kind(status)) {
    case STLINK_STATUS_KIND_WAIT:
        return error_set(
            err, ERROR_TARGET_SILENT, "the target stays busy (status 0x%02X: %s)", status, text);
    case STLINK_STATUS_KIND_FAULT:
        return error_set(err, ERROR_TARGET_FAULT,
            "the target refused the access (status 0x%02X: %s)", status, text);
    case STLINK_STATUS_KIND_SILENT:
        (void)error_set(err, ERROR_TARGET_SILENT, "the target does not answer (status 0x%02X: %s)",
            status, text);
        error_set_hint(err, "check the cable and the supply of the target; a program that uses the "
                            "debug pins needs --connect under-reset");
        return false;
    case STLINK_STATUS_KIND_FIRMWARE:
        return error_set(err, ERROR_PROBE_ABILITY,
            "the ST-LINK does not know the command (status 0x%02X)", status);
    case STLINK_STATUS_KIND_OK:
    case STLINK_STATUS_KIND_OTHER:
        break;
    }
    return error_set(
        err, ERROR_USB_PROTOCOL, "the ST-LINK answered status 0x%02X: %s", status, text);
}
