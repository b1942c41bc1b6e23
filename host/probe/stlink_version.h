/* Firmware version of an ST-LINK and what follows from it (reference: probe protocols, 1.3, 1.4).
 */
#ifndef HOST_PROBE_STLINK_VERSION_H
#define HOST_PROBE_STLINK_VERSION_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct stlink_version {
    unsigned hardware; /* 2, 3, 4 */
    unsigned jtag;     /* the J of "V3J10": debug firmware; 0: none, speaks to STM8 only */
    unsigned mass;     /* M of firmware without J */
    unsigned second;   /* M (mass storage) or S (SWIM) */
    char second_letter;
    uint16_t vendor_id;
    uint16_t product_id;
};

enum { STLINK_VERSION_REPLY_BYTES = 6, STLINK_VERSION_EX_REPLY_BYTES = 12 };

/* Of the reply to F1. */
void stlink_version_parse(const uint8_t *reply, struct stlink_version *version);
/* Of the reply to FB, which probes of version 3 and later have. */
void stlink_version_parse_ex(const uint8_t *reply, struct stlink_version *version);
/* "V3J10M3" */
void stlink_version_text(const struct stlink_version *version, char text[32]);

enum stlink_ability {
    STLINK_CAN_DEBUG,
    STLINK_CAN_VOLTAGE,     /* F7 */
    STLINK_CAN_LONG_STATUS, /* 3E, with the address of a fault, instead of 3B */
    STLINK_CAN_SET_FREQ,
    STLINK_CAN_DAP,        /* registers of the debug port; older firmware minds them itself */
    STLINK_CAN_HALF_WORDS, /* 16-bit accesses */
    STLINK_CAN_OPEN_AP,    /* INIT_AP */
    STLINK_CAN_SELECT_AP,  /* AP other than 0, CSW, DP banks, RW_MISC */
    STLINK_CAN_MISC,
    STLINK_CAN_LONG_BYTES, /* 8-bit blocks longer than 64 */
    STLINK_CAN_BOARD_ID,
    STLINK_CAN_LIST_FREQS, /* commands 61 to 63 */
    STLINK_CAN_BATCH,      /* command, data and status submitted together */
    STLINK_ABILITY_COUNT
};
bool stlink_version_can(const struct stlink_version *version, enum stlink_ability ability);
/* ERROR_PROBE_FIRMWARE unless the firmware can; for abilities that both families have. what:
 * "access port 1". */
MUST_USE bool stlink_version_require(const struct stlink_version *version,
    enum stlink_ability ability, const char *what, struct error *err);

#endif
