/* Which MCU it is. */
#include "common/le.h"
#include "host/target/target.h"
#include "host/target/target_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DEV_ID_MASK = 0xFFF, UID_BYTES = 12, IDENTIFY_TIMEOUT_MS = 600 };

/* Where identities are found. One row for each debug architecture that is supported
 * (reference: MCU facts 1 and 4.4); for choosing a board only, a board brings its own. */
struct place {
    uint16_t dev_id;
    uint8_t core_ap;
    uint32_t idcode_addr;
    uint32_t uid_addr;
    uint32_t flash_size_addr;
};

static const struct place places[] = {
    {0x485, 1, 0x5C001000, 0x08FFF800, 0x08FFF80C}, /* H7R/S */
    {0x450, 0, 0x5C001000, 0x1FF1E800, 0x1FF1E880}, /* H742/743/750 */
    {0x480, 0, 0x5C001000, 0x08FFF800, 0x08FFF80C}, /* H7A3/B3 */
    {0x483, 0, 0x5C001000, 0x1FF1E800, 0x1FF1E880}, /* H72x/73x */
};

static bool read_idcode(struct probe *probe, const struct place *place,
    struct target_identity *identity, struct error *err)
{
    if (!probe_read_word(probe, place->core_ap, place->idcode_addr, &identity->idcode, err)) {
        return error_add_context(err, "identifying the MCU");
    }
    identity->dev_id = identity->idcode & DEV_ID_MASK;
    identity->rev_id = (uint16_t)(identity->idcode >> 16);
    return true;
}

static bool read_details(struct probe *probe, const struct place *place,
    struct target_identity *identity, struct error *err)
{
    uint8_t uid[UID_BYTES] = {0};
    uint32_t size_word = 0;
    size_t i = 0;

    if (!probe_read_mem(probe, place->core_ap, place->uid_addr, uid, sizeof uid, err) ||
        !probe_read_word(
            probe, place->core_ap, place->flash_size_addr & ~UINT32_C(3), &size_word, err)) {
        return error_add_context(err, "reading the unique ID of the MCU");
    }
    for (i = 0; i < 3; i++) {
        identity->unique_id[i] = le_get32(uid + 4 * i);
    }
    (void)snprintf(identity->unique_id_text, sizeof identity->unique_id_text,
        "%08" PRIX32 "%08" PRIX32 "%08" PRIX32, identity->unique_id[0], identity->unique_id[1],
        identity->unique_id[2]);
    identity->flash_kb = size_word >> (8 * (place->flash_size_addr & 2)) & 0xFFFF;
    return true;
}

bool target_read_identity(struct target *target, struct error *err)
{
    const struct board_mcu *mcu = target->mcu;
    struct target_identity *identity = &target->identity;
    const struct place place = {
        .dev_id = mcu->dev_id,
        .core_ap = mcu->core_ap,
        .idcode_addr = mcu->idcode_addr,
        .uid_addr = mcu->uid_addr,
        .flash_size_addr = mcu->flash_size_addr,
    };

    if (!read_idcode(target->probe, &place, identity, err)) {
        return false;
    }
    if (identity->dev_id != mcu->dev_id) {
        (void)error_set(err, ERROR_WRONG_MCU,
            "the MCU has device ID 0x%03x, the board file is for %s with 0x%03x", identity->dev_id,
            mcu->name, mcu->dev_id);
        error_set_hint(err, "choose the board with -b, or check which board is connected");
        return false;
    }
    return read_details(target->probe, &place, identity, err);
}

/* True: found. False with ERROR_NONE: this place answers, but with another MCU. */
static bool try_place(struct probe *probe, const struct place *place,
    struct target_identity *identity, struct error *err)
{
    err->code = ERROR_NONE;
    if (!read_idcode(probe, place, identity, err)) {
        return false;
    }
    return identity->dev_id == place->dev_id && read_details(probe, place, identity, err);
}

static bool identify_at_ap(
    struct probe *probe, uint8_t ap, struct target_identity *identity, struct error *err)
{
    size_t i = 0;

    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i].core_ap == ap && try_place(probe, &places[i], identity, err)) {
            return true;
        }
    }
    return false;
}

bool target_identify(struct probe *probe, struct target_identity *identity, struct error *err)
{
    /* Access port 1 opens late; 0 answers at once where it is the core's. */
    static const struct {
        uint8_t ap;
        uint32_t timeout_ms;
    } tries[] = {{0, 0}, {1, IDENTIFY_TIMEOUT_MS}};
    uint32_t dpidr = 0;
    size_t i = 0;

    memset(identity, 0, sizeof *identity);
    if (!probe_attach(probe, &dpidr, err)) {
        return false;
    }
    identity->dpidr = dpidr;
    for (i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        struct target_deadline deadline =
            target_deadline_start(probe, (uint64_t)tries[i].timeout_ms * TARGET_NS_PER_MS);

        deadline.ends_on_signal = true;
        if (target_wait_core_ap(probe, tries[i].ap, deadline, &identity->cpuid, err) &&
            identify_at_ap(probe, tries[i].ap, identity, err)) {
            return true;
        }
        if (err->code != ERROR_NONE && target_is_final(err->code)) {
            return false;
        }
    }
    if (err->code == ERROR_NONE) {
        return error_set(err, ERROR_WRONG_MCU, "the MCU has device ID 0x%03x, which is not known",
            identity->dev_id);
    }
    return error_add_context(err, "identifying the MCU");
}
