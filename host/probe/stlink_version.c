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
    [STLINK_CAN_DEBUG] = {26, 1},     /* 3E: V2J15, 45/46: V2J24, 47/48: V2J26 */
    [STLINK_CAN_OPEN_AP] = {28, 1},   /* 4B: V2J28 */
    [STLINK_CAN_SELECT_AP] = {32, 3}, /* 1.4: V2J32; V3J2 has trouble changing protocols */
    [STLINK_CAN_MISC] = {32, 3},      /* 51/52: V2J32, V3J2 */
    [STLINK_CAN_LONG_BYTES] = {NEVER, 6},
    [STLINK_CAN_BOARD_ID] = {36, 6}, /* 56: V2J36, V3J6 */
    [STLINK_CAN_LIST_FREQS] = {NEVER, 1},
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
    version->second_letter =
        version->product_id == 0x374B || version->product_id == 0x3752 ? 'M' : 'S';
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
