/* Status bytes of ST-LINK replies (reference: probe protocols, section 1.5). */
#ifndef HOST_PROBE_STLINK_STATUS_H
#define HOST_PROBE_STLINK_STATUS_H

#include "host/base/error.h"

#include <stdint.h>

enum {
    STLINK_STATUS_OK = 0x80,
    STLINK_STATUS_AP_WAIT = 0x10,
    STLINK_STATUS_AP_FAULT = 0x11,
    STLINK_STATUS_AP_PARITY = 0x13,
    STLINK_STATUS_DP_PARITY = 0x17,
    STLINK_STATUS_CONFIG_CHANGED = 0x40,
    STLINK_STATUS_UNKNOWN_COMMAND = 0x42
};

enum stlink_status_kind {
    STLINK_STATUS_KIND_OTHER = 0, /* also every value that is in no list */
    STLINK_STATUS_KIND_OK,
    STLINK_STATUS_KIND_WAIT,    /* the target was busy: may be repeated if the access may */
    STLINK_STATUS_KIND_FAULT,   /* the target refused the access; sticky errors are set */
    STLINK_STATUS_KIND_SILENT,  /* nothing answers on the wires */
    STLINK_STATUS_KIND_FIRMWARE /* the probe does not know the command */
};

enum stlink_status_kind stlink_status_kind(uint8_t status);
const char *stlink_status_text(uint8_t status);
/* Fills in *err for a status that is not OK. Returns false. */
bool stlink_status_error(uint8_t status, struct error *err);

#endif
