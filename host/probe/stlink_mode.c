/* What is asked of an ST-LINK before it is connected to a target: version, mode, voltage, board
 * identifier, wire clock. */
#include "common/le.h"
#include "host/probe/stlink.h"
#include "host/probe/stlink_status.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum {
    HZ_PER_KHZ = 1000,
    MAX_FREQS = 10,
    SWD = 0,
    FIXED_FREQ_HZ = 1800000 /* as every version starts (1.3) */
};

enum mode { MODE_DFU = 0, MODE_MASS = 1, MODE_DEBUG = 2, MODE_SWIM = 3, MODE_BOOTLOADER = 4 };

/* Version 1 wraps its commands in those of a disk; another family speaks to STM8 only. */
static bool check_family(const struct stlink_version *version, struct error *err)
{
    char text[32];

    if (version->hardware >= 2 && stlink_version_can(version, STLINK_CAN_DEBUG)) {
        return true;
    }
    stlink_version_text(version, text);
    if (version->hardware < 2) {
        return error_set(err, ERROR_PROBE_ABILITY,
            "an ST-LINK V%u is not supported, only V2, V2-1 and V3 are", version->hardware);
    }
    (void)error_set(
        err, ERROR_PROBE_FIRMWARE, "the firmware %s of the ST-LINK cannot debug an STM32", text);
    error_set_hint(err, "update the firmware of the ST-LINK with ST's STSW-LINK007");
    return false;
}

bool stlink_read_version(struct stlink *stlink, struct error *err)
{
    static const uint8_t get_version[LINK_COMMAND_BYTES] = {0xF1};
    static const uint8_t get_version_ex[LINK_COMMAND_BYTES] = {0xFB};
    uint8_t reply[STLINK_VERSION_EX_REPLY_BYTES];

    if (!stlink_exchange(stlink, get_version, reply, STLINK_VERSION_REPLY_BYTES, err)) {
        return error_add_context(err, "reading the version of the ST-LINK");
    }
    stlink_version_parse(reply, &stlink->version);
    if (stlink->version.hardware >= 3) {
        if (!stlink_exchange(stlink, get_version_ex, reply, sizeof reply, err)) {
            return error_add_context(err, "reading the version of the ST-LINK");
        }
        stlink_version_parse_ex(reply, &stlink->version);
    }
    return check_family(&stlink->version, err);
}

static bool read_mode(struct stlink *stlink, unsigned *mode, struct error *err)
{
    static const uint8_t get_mode[LINK_COMMAND_BYTES] = {0xF5};
    uint8_t reply[2];

    if (!stlink_exchange(stlink, get_mode, reply, sizeof reply, err)) {
        return error_add_context(err, "reading the mode of the ST-LINK");
    }
    *mode = reply[0];
    return true;
}

bool stlink_leave_modes(struct stlink *stlink, struct error *err)
{
    /* No reply to any of them (1.2). */
    static const uint8_t leave[][LINK_COMMAND_BYTES] = {
        [MODE_DFU] = {0xF3, 0x07},
        [MODE_MASS] = {0},
        [MODE_DEBUG] = {0xF2, 0x21},
        [MODE_SWIM] = {0xF4, 0x01},
    };
    unsigned mode = 0;

    if (!read_mode(stlink, &mode, err)) {
        return false;
    }
    if (mode < sizeof leave / sizeof leave[0] && leave[mode][0] != 0) {
        if (!stlink_exchange(stlink, leave[mode], NULL, 0, err) || !read_mode(stlink, &mode, err)) {
            return error_add_context(err, "leaving the mode the ST-LINK was left in");
        }
    }
    if (mode == MODE_DFU || mode >= MODE_BOOTLOADER) {
        (void)error_set(
            err, ERROR_PROBE_ABILITY, "the ST-LINK is in its bootloader (mode %u)", mode);
        error_set_hint(err, "unplug the ST-LINK and plug it in again");
        return false;
    }
    return true;
}

bool stlink_read_voltage(struct stlink *stlink, struct error *err)
{
    static const uint8_t get_voltage[LINK_COMMAND_BYTES] = {0xF7};
    uint8_t reply[8];
    uint32_t factor = 0;

    stlink->base.info.target_mv = 0;
    if (!stlink_version_can(&stlink->version, STLINK_CAN_VOLTAGE)) {
        return true;
    }
    if (!stlink_exchange(stlink, get_voltage, reply, sizeof reply, err)) {
        return error_add_context(err, "measuring the target voltage");
    }
    /* V = 2 * 1.2 V * target / reference. A probe that cannot measure gives reference 0, which
     * means unknown; a target without power gives a small value, never taken for unknown. */
    factor = le_get32(reply);
    if (factor != 0) {
        uint64_t millivolts = UINT64_C(2400) * le_get32(reply + 4) / factor;

        stlink->base.info.target_mv =
            millivolts == 0 ? 1 : (millivolts > 100000 ? 100000 : (uint32_t)millivolts);
    }
    return true;
}

bool stlink_read_board_id(struct stlink *stlink, struct error *err)
{
    static const uint8_t get_ids[LINK_COMMAND_BYTES] = {0xF2, 0x56};
    uint8_t reply[128];
    char *id = stlink->base.info.board_id;
    size_t i = 0;

    if (!stlink_version_can(&stlink->version, STLINK_CAN_BOARD_ID)) {
        return true;
    }
    if (!stlink_exchange(stlink, get_ids, reply, sizeof reply, err)) {
        return error_add_context(err, "reading the board identifier");
    }
    /* Not every ST-LINK has them: no error. "0000": none. */
    if (reply[0] != STLINK_STATUS_OK || memcmp(reply + 2, "0000", 4) == 0) {
        return true;
    }
    for (i = 0; i < 4; i++) {
        if (!isalnum(reply[2 + i])) {
            memset(id, 0, 5);
            return true;
        }
        id[i] = (char)reply[2 + i];
    }
    return true;
}

/* Index of the highest frequency not above wanted_khz (0: any), or count. */
static size_t choose_freq(const uint32_t *khz, size_t count, uint32_t wanted_khz)
{
    size_t best = count;
    size_t i = 0;

    for (i = 0; i < count; i++) {
        if ((wanted_khz == 0 || khz[i] <= wanted_khz) && (best == count || khz[i] > khz[best])) {
            best = i;
        }
    }
    return best;
}

static bool refuse_freq(const uint32_t *khz, size_t count, uint32_t freq_hz, struct error *err)
{
    uint32_t slowest_khz = count > 0 ? khz[0] : 0;
    size_t i = 0;

    for (i = 0; i < count; i++) {
        slowest_khz = khz[i] < slowest_khz ? khz[i] : slowest_khz;
    }
    return error_set(err, ERROR_PROBE_ABILITY,
        "a wire clock of %" PRIu32 " Hz was asked for, the slowest of the ST-LINK is %" PRIu32
        " kHz",
        freq_hz, slowest_khz);
}

/* Version 2: divisors from a fixed list (1.3). */
static bool set_divisor(struct stlink *stlink, uint32_t freq_hz, struct error *err)
{
    static const uint32_t khz[] = {4000, 1800, 1200, 950, 480, 240, 125, 100, 50, 25, 15, 5};
    static const uint16_t divisors[] = {0, 1, 2, 3, 7, 15, 31, 40, 79, 158, 265, 798};
    enum { COUNT = sizeof khz / sizeof khz[0] };
    uint8_t command[LINK_COMMAND_BYTES] = {0xF2, 0x43};
    uint8_t reply[2];
    size_t choice = COUNT;

    if (freq_hz == 0 || freq_hz >= HZ_PER_KHZ) {
        choice = choose_freq(khz, COUNT, freq_hz / HZ_PER_KHZ);
    }
    if (choice == COUNT) {
        return refuse_freq(khz, COUNT, freq_hz, err);
    }
    le_put16(command + 2, divisors[choice]);
    if (!stlink_command(stlink, command, reply, sizeof reply, err)) {
        return false;
    }
    stlink->base.info.freq_hz = khz[choice] * HZ_PER_KHZ;
    return true;
}

/* Version 3 and later: the list comes from the probe, highest first, and the firmware tells what
 * it set. */
static bool list_freqs(struct stlink *stlink, uint32_t *khz, size_t *count, struct error *err)
{
    static const uint8_t set_prescaler[LINK_COMMAND_BYTES] = {0xF2, 0x63, 0x01};
    static const uint8_t get_freqs[LINK_COMMAND_BYTES] = {0xF2, 0x62, SWD};
    uint8_t reply[52];
    size_t i = 0;

    /* Prescaler 1 brings the fastest list; firmware without the command has only one. */
    if (!stlink_exchange(stlink, set_prescaler, reply, 8, err) ||
        !stlink_command(stlink, get_freqs, reply, sizeof reply, err)) {
        return false;
    }
    *count = reply[8] < MAX_FREQS ? reply[8] : MAX_FREQS;
    for (i = 0; i < *count; i++) {
        khz[i] = le_get32(reply + 12 + 4 * i);
    }
    return true;
}

static bool set_listed(struct stlink *stlink, uint32_t freq_hz, struct error *err)
{
    uint32_t khz[MAX_FREQS] = {0};
    uint8_t command[LINK_COMMAND_BYTES] = {0xF2, 0x61, SWD};
    uint8_t reply[8];
    size_t count = 0;
    size_t choice = 0;

    if (!list_freqs(stlink, khz, &count, err)) {
        return false;
    }
    choice = count;
    if (freq_hz == 0 || freq_hz >= HZ_PER_KHZ) {
        choice = choose_freq(khz, count, freq_hz / HZ_PER_KHZ);
    }
    if (choice == count) {
        return refuse_freq(khz, count, freq_hz, err);
    }
    le_put32(command + 4, khz[choice]);
    if (!stlink_command(stlink, command, reply, sizeof reply, err)) {
        return false;
    }
    stlink->base.info.freq_hz = le_get32(reply + 4) * HZ_PER_KHZ;
    return true;
}

/* Firmware without the command: the clock is what it is. */
static bool accept_fixed(struct stlink *stlink, uint32_t freq_hz, struct error *err)
{
    if (freq_hz != 0 && freq_hz < FIXED_FREQ_HZ) {
        return stlink_version_require(
            &stlink->version, STLINK_CAN_SET_FREQ, "a wire clock below 1800 kHz", err);
    }
    stlink->base.info.freq_hz = FIXED_FREQ_HZ;
    return true;
}

bool stlink_set_freq(struct stlink *stlink, uint32_t freq_hz, struct error *err)
{
    const struct stlink_version *version = &stlink->version;
    bool is_set = false;

    if (stlink_version_can(version, STLINK_CAN_LIST_FREQS)) {
        is_set = set_listed(stlink, freq_hz, err);
    } else if (stlink_version_can(version, STLINK_CAN_SET_FREQ)) {
        is_set = set_divisor(stlink, freq_hz, err);
    } else {
        is_set = accept_fixed(stlink, freq_hz, err);
    }
    return is_set || error_add_context(err, "setting the wire clock");
}

bool stlink_lower_freq(struct stlink *stlink, struct error *err)
{
    return stlink_set_freq(stlink, stlink->base.info.freq_hz - 1, err);
}
