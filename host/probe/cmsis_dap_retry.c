#include "host/probe/cmsis_dap_retry.h"

enum {
    BACK_OFF_COUNT = 8, /* 1 ms << n, after the probe's own retries */
    NS_PER_MS = 1000000,
    MAX_DISTURBANCES = 2
};

bool dap_retry_is_ram(uint32_t addr)
{
    return addr >= UINT32_C(0x20000000) && addr < UINT32_C(0x40000000);
}

bool dap_retry_is_memory(uint32_t addr)
{
    return addr < UINT32_C(0x40000000) ||
           (addr >= UINT32_C(0x60000000) && addr < UINT32_C(0xA0000000));
}

bool dap_retry_is_harmless_write(uint32_t addr)
{
    return dap_retry_is_ram(addr) || addr >= UINT32_C(0xE0000000);
}

static bool back_off(struct cmsis_dap *dap, struct dap_retry *retry)
{
    if (retry->waits >= BACK_OFF_COUNT) {
        return false;
    }
    dap->link->ops->wait_ns(dap->link, (uint64_t)NS_PER_MS << retry->waits);
    retry->waits++;
    return true;
}

/* WAIT says that the access was not begun: going on with it is right for registers, too. */
bool dap_retry_ack(struct cmsis_dap *dap, struct dap_retry *retry, enum dap_ack ack)
{
    bool again = false;

    if (ack == DAP_ACK_WAIT && back_off(dap, retry)) {
        return true;
    }
    if (ack == DAP_ACK_FAULT) {
        again = retry->may_repeat && retry->is_in_ram && !retry->was_refused;
        retry->was_refused = true;
    } else if (ack != DAP_ACK_WAIT) {
        again = retry->may_repeat && retry->disturbances < MAX_DISTURBANCES;
        retry->disturbances++;
    }
    cmsis_dap_recover(dap, ack);
    if (again) {
        log_write(dap->base.log, LOG_INFO, NULL, "repeating an access after: %s",
            ack == DAP_ACK_FAULT ? "acknowledge FAULT" : "a disturbed transfer");
    }
    return again;
}

bool dap_retry_link(struct cmsis_dap *dap, struct dap_retry *retry, const struct error *err)
{
    struct error resync_err;

    if (err->code == ERROR_USB_LOST) {
        return false;
    }
    if (!cmsis_dap_resync(dap, &resync_err)) {
        log_write(
            dap->base.log, LOG_DEBUG, NULL, "the probe stays out of step: %s", resync_err.message);
        return false;
    }
    cmsis_dap_recover(dap, DAP_ACK_PROTOCOL);
    if (err->code != ERROR_USB_PROTOCOL || !retry->may_repeat || retry->was_cut) {
        return false;
    }
    retry->was_cut = true;
    log_write(dap->base.log, LOG_INFO, NULL, "repeating an access after: %s", err->message);
    return true;
}
