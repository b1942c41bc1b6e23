#include "host/probe/stlink_version.h"

#include "common/le.h"

#include <stdio.h>

enum { NEVER = 0xFFFF };

/* First debug firmware with an ability, by hardware version; version 4 speaks as version 3 does.
 * Sources beside each row: reference, probe protocols 1.3 and 1.4. */
static const struct {
    unsigned v2_jtag;
    unsigned v3_jtag;
} first[STLINK_ABILITY_COUNT] = {
    [STLINK_CAN_DEBUG] = {1, 1},
    [STLINK_CAN_VOLTAGE] = {13, 1},
    [STLINK_CAN_LONG_STATUS] = {15, 1},
    [STLINK_CAN_SET_FREQ] = {22, 1},
    [STLINK_CAN_DAP] = {24, 1},        /* 45/46 */
    [STLINK_CAN_HALF_WORDS] = {26, 1}, /* 47/48 */
    [STLINK_CAN_OPEN_AP] = {28, 1},    /* 4B: V2J28 */
    [STLINK_CAN_SELECT_AP] = {32, 3},  /* 1.4: V2J32; V3J2 has trouble changing protocols */
    [STLINK_CAN_MISC] = {32, 3},       /* 51/52: V2J32, V3J2 */
    [STLINK_CAN_LONG_BYTES] = {NEVER, 6},
    [STLINK_CAN_BOARD_ID] = {36, 6}, /* 56: V2J36, V3J6 */
    [STLINK_CAN_LIST_FREQS] = {NEVER, 1},
    /* Section 6: rests on OUT transfers being taken in order and held up while one is worked on.
     * That is not proven for real firmware, so only the families that are in the field today are
     * allowed it, and the link falls back after the first failure. */
    [STLINK_CAN_BATCH] = {32, 3},
};

void stlink_version_parse(const uint8_t *reply, struct stlink_version *version)
{
    unsigned packed = (unsigned)reply[0] << 8 | reply[1];

    *version = (struct stlink_version){
        .hardware = packed >> 12,
        .jtag = packed >> 6 & 0x3F,
        .second = packed & 0x3F,
        .vendor_id = le_get16(reply + 2),
        .product_id = le_get16(reply + 4),
    };
    /* Bits 5:0 are the mass storage version on V2-1 (product IDs 374b, 3752), else SWIM. */
    version->second_letter = 'S';
    if (version->product_id != 0x374B && version->product_id != 0x3752) {
        return;
    }
    /* There, two ranges of numbers are M and S of firmware that speaks to STM8 only (1.3). */
    if ((version->jtag <= 22 && version->second == 7) ||
        (version->jtag >= 25 && version->second >= 7 && version->second <= 12)) {
        version->mass = version->jtag;
        version->jtag = 0;
    } else {
        version->second_letter = 'M';
    }
}

void stlink_version_parse_ex(const uint8_t *reply, struct stlink_version *version)
{
    *version = (struct stlink_version){
        .hardware = reply[0],
        .jtag = reply[2],
        .second = reply[3],
        .second_letter = 'M',
        .vendor_id = le_get16(reply + 8),
        .product_id = le_get16(reply + 10),
    };
}

void stlink_version_text(const struct stlink_version *version, char text[32])
{
    if (version->jtag == 0 && version->mass > 0) {
        (void)snprintf(text, 32, "V%uM%uS%u", version->hardware, version->mass, version->second);
        return;
    }
    (void)snprintf(text, 32, "V%uJ%u%c%u", version->hardware, version->jtag, version->second_letter,
        version->second);
}

bool stlink_version_can(const struct stlink_version *version, enum stlink_ability ability)
{
    if (version->hardware < 2) {
        return false;
    }
    if (version->hardware == 2) {
        return version->jtag >= first[ability].v2_jtag;
    }
    return version->jtag >= first[ability].v3_jtag;
}

bool stlink_version_require(const struct stlink_version *version, enum stlink_ability ability,
    const char *what, struct error *err)
{
    char text[32];

    if (stlink_version_can(version, ability)) {
        return true;
    }
    stlink_version_text(version, text);
    (void)error_set(err, ERROR_PROBE_FIRMWARE,
        "the firmware %s of the ST-LINK is too old for %s: V2J%u or V3J%u is needed", text, what,
        first[ability].v2_jtag, first[ability].v3_jtag);
    error_set_hint(err, "update the firmware of the ST-LINK with ST's STSW-LINK007");
    return false;
}
