/* Ways to get hold of the MCU (silicon rule 5). */
#include "host/target/target.h"
#include "host/target/target_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    RESET_PULSE_MS = 10,
    ARM_IMPLEMENTER = 0x41,
    NO_DEBUG_AP = 0xFF,
    DEV_ID_MASK = 0xFFF,
    DBGMCU_SR = 0xFC
};

#define DBGMCU_ON_DEBUG_BUS UINT32_C(0xE00E1000)

/* Failures that another way of connecting cannot mend. */
static bool is_final(enum error_code code)
{
    return code != ERROR_TARGET_SILENT && code != ERROR_TARGET_FAULT && code != ERROR_TARGET_STATE;
}

static bool try_core_ap(struct probe *probe, uint8_t ap, uint32_t *cpuid, struct error *err)
{
    if (!probe_open_ap(probe, ap, err) || !probe_read_word(probe, ap, CORE_CPUID, cpuid, err)) {
        return false;
    }
    if (*cpuid >> 24 != ARM_IMPLEMENTER) {
        return error_set(err, ERROR_TARGET_SILENT,
            "there is no core behind access port %u: CPUID reads 0x%08" PRIx32, (unsigned)ap,
            *cpuid);
    }
    return true;
}

bool target_wait_core_ap(
    struct probe *probe, uint8_t ap, uint32_t timeout_ms, uint32_t *cpuid, struct error *err)
{
    struct target_deadline deadline =
        target_deadline_start(probe, (uint64_t)timeout_ms * TARGET_NS_PER_MS);

    do {
        if (try_core_ap(probe, ap, cpuid, err)) {
            return true;
        }
        if (is_final(err->code)) {
            return false;
        }
    } while (target_deadline_wait(probe, &deadline, TARGET_NS_PER_MS));
    return error_add_context(
        err, "waiting %" PRIu32 " ms for access port %u of the core", timeout_ms, (unsigned)ap);
}

/* With the core's access port open: which MCU is it, and is it kept debuggable. */
static bool get_acquainted(struct target *target, struct error *err)
{
    if (!target_read_identity(target, err)) {
        return false;
    }
    target->is_debug_set_up = true;
    return target_run_script(target, &target->mcu->debug_setup, false, err);
}

static bool attach(struct target *target, struct error *err)
{
    return probe_attach(target->probe, &target->identity.dpidr, err) &&
           target_wait_core_ap(target->probe, target->mcu->core_ap, target->mcu->ap_open_timeout_ms,
               &target->identity.cpuid, err) &&
           get_acquainted(target, err);
}

static bool attach_and_halt(struct target *target, struct error *err)
{
    return attach(target, err) && target_halt(target, err) &&
           target_clear_breakpoints(target, err) && target_write_word(target, CORE_DEMCR, 0, err);
}

/* The core's access port is not touched before NRST is released: on parts whose boot ROM opens it,
 * an access before is refused, and what the MCU does then is not documented. */
static bool attach_under_reset(struct target *target, struct error *err)
{
    struct probe *probe = target->probe;
    struct error second;
    bool is_attached = false;

    if (!probe_set_reset(probe, true, err)) {
        return false;
    }
    is_attached = probe_attach(probe, &target->identity.dpidr, err);
    probe_wait_ns(probe, (uint64_t)RESET_PULSE_MS * TARGET_NS_PER_MS);
    if (!probe_set_reset(probe, false, &second)) {
        if (is_attached) {
            *err = second;
        }
        return false;
    }
    /* Halted before identified: a program that shuts the debug pins is stopped first. */
    return is_attached &&
           target_wait_core_ap(probe, target->mcu->core_ap, target->mcu->ap_open_timeout_ms,
               &target->identity.cpuid, err) &&
           target_halt(target, err) && get_acquainted(target, err) &&
           target_clear_breakpoints(target, err) && target_write_word(target, CORE_DEMCR, 0, err);
}

static bool connect_auto(struct target *target, struct error *err)
{
    if (attach_and_halt(target, err)) {
        return true;
    }
    if (is_final(err->code)) {
        return false;
    }
    log_write(target->log, LOG_INFO, NULL, "attaching failed (%.*s); connecting under reset",
        (int)strcspn(err->message, "\n"), err->message);
    return attach_under_reset(target, err);
}

/* DBGMCU_SR: present access ports in 15:0, those enabled in 31:16. Where DBGMCU is seen from the
 * debug access port is not documented for every part: the place whose identity fits is taken, and
 * without one nothing is concluded (reference: MCU facts 2.1). */
static bool read_debug_status(struct target *target, uint32_t *status)
{
    const struct board_mcu *mcu = target->mcu;
    const uint32_t places[] = {mcu->idcode_addr, DBGMCU_ON_DEBUG_BUS};
    uint32_t idcode = 0;
    struct error err;
    size_t i = 0;

    if (mcu->debug_ap == NO_DEBUG_AP || !probe_open_ap(target->probe, mcu->debug_ap, &err)) {
        return false;
    }
    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (probe_read_word(target->probe, mcu->debug_ap, places[i], &idcode, &err) &&
            (idcode & DEV_ID_MASK) == mcu->dev_id) {
            return probe_read_word(
                target->probe, mcu->debug_ap, places[i] + DBGMCU_SR, status, &err);
        }
    }
    return false;
}

/* An access port that its MCU keeps shut is another matter than one that does not answer. */
static void explain_failure(struct target *target, struct error *err)
{
    uint8_t ap = target->mcu->core_ap;
    uint32_t status = 0;

    if ((err->code != ERROR_TARGET_SILENT && err->code != ERROR_TARGET_FAULT) ||
        !read_debug_status(target, &status) || (status >> ap & 1) == 0 ||
        (status >> (16 + ap) & 1) != 0) {
        return;
    }
    (void)error_set(err, ERROR_TARGET_PROTECTED,
        "the MCU keeps access port %u of its core shut (DBGMCU_SR 0x%08" PRIx32 ")", (unsigned)ap,
        status);
    error_set_hint(err, "a closed life cycle (NVSTATE) needs debug authentication with ST's tools");
}

static bool connect_as(struct target *target, enum target_connect connect, struct error *err)
{
    switch (connect) {
    case TARGET_CONNECT_ATTACH:
        return attach(target, err);
    case TARGET_CONNECT_HALT:
        return attach_and_halt(target, err);
    case TARGET_CONNECT_UNDER_RESET:
        return attach_under_reset(target, err);
    case TARGET_CONNECT_AUTO:
        break;
    }
    return connect_auto(target, err);
}

/* A core that was halted here runs again when connecting fails after all. */
static void let_go(struct target *target)
{
    struct error err;

    if (target->is_under_debug && !target_run(target, &err)) {
        log_write(target->log, LOG_DEBUG, NULL, "the core stays halted: %s", err.message);
    }
    target_close(target);
}

bool target_connect(struct probe *probe, const struct board_mcu *mcu, enum target_connect connect,
    struct log *log, struct target **out, struct error *err)
{
    struct target *target = calloc(1, sizeof *target);

    *out = NULL;
    if (target == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for the target");
    }
    target->probe = probe;
    target->mcu = mcu;
    target->log = log;
    if (!connect_as(target, connect, err)) {
        explain_failure(target, err);
        let_go(target);
        return error_add_context(err, "connecting to the %s", mcu->name);
    }
    *out = target;
    return true;
}
