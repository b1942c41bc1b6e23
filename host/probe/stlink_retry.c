#include "host/probe/stlink_retry.h"

#include "host/probe/stlink_status.h"

#include <inttypes.h>

enum { WIRE_RETRIES = 2, HZ_PER_KHZ = 1000 };

bool stlink_retry_is_ram(uint32_t addr)
{
    return addr >= UINT32_C(0x20000000) && addr < UINT32_C(0x40000000);
}

bool stlink_retry_is_harmless_write(uint32_t addr)
{
    return stlink_retry_is_ram(addr) || addr >= UINT32_C(0xE0000000);
}

static bool repeat_once(struct stlink *stlink, struct stlink_retry *retry, const char *cause)
{
    if (!retry->may_repeat || retry->was_disturbed) {
        return false;
    }
    retry->was_disturbed = true;
    retry->was_wait = false;
    log_write(stlink->base.log, LOG_INFO, NULL, "repeating an access after: %s", cause);
    return true;
}

bool stlink_retry_link(struct stlink *stlink, struct stlink_retry *retry, const struct error *err)
{
    return err->code == ERROR_USB_PROTOCOL && repeat_once(stlink, retry, err->message);
}

/* A busy AP may answer 10 once, then 11, then 80 with the result: an 11 right behind a 10 is a
 * WAIT (1.5). */
static bool is_wait(const struct stlink_retry *retry, uint8_t status)
{
    return stlink_status_kind(status) == STLINK_STATUS_KIND_WAIT ||
           (retry->was_wait && status == STLINK_STATUS_AP_FAULT);
}

/* Parity is wrong: the wire is disturbed. Once more as it is, then with the wire reset and a lower
 * clock (faults: S3). */
static bool repeat_on_wire(struct stlink *stlink, struct stlink_retry *retry, uint8_t status)
{
    struct error err = {.code = ERROR_NONE};

    if (!retry->may_repeat || retry->wire_errors >= WIRE_RETRIES) {
        return false;
    }
    retry->wire_errors++;
    log_write(stlink->base.log, LOG_INFO, NULL, "repeating an access after: %s",
        stlink_status_text(status));
    if (retry->wire_errors < WIRE_RETRIES) {
        stlink_clear_quietly(stlink);
        return true;
    }
    if (stlink_lower_freq(stlink, &err)) {
        log_write(stlink->base.log, LOG_NOTE, NULL,
            "the wire is disturbed; its clock is now %" PRIu32 " kHz",
            stlink->base.info.freq_hz / HZ_PER_KHZ);
    }
    return err.code != ERROR_USB_LOST && stlink_reenter(stlink, &err);
}

bool stlink_retry_status(struct stlink *stlink, struct stlink_retry *retry, uint8_t status)
{
    enum stlink_status_kind kind = stlink_status_kind(status);

    if (kind == STLINK_STATUS_KIND_OK) {
        return false;
    }
    if (is_wait(retry, status)) {
        retry->was_wait = true;
        return retry->may_repeat && stlink_back_off(stlink, retry->waits++);
    }
    retry->was_wait = false;
    if (status == STLINK_STATUS_AP_PARITY || status == STLINK_STATUS_DP_PARITY) {
        return repeat_on_wire(stlink, retry, status);
    }
    /* Refused registers and memory that is not there are answers: the caller wants to know. */
    if (kind == STLINK_STATUS_KIND_FAULT && retry->is_in_ram &&
        repeat_once(stlink, retry, stlink_status_text(status))) {
        stlink_clear_quietly(stlink);
        return true;
    }
    return false;
}
