#include "host/probe/cmsis_dap.h"

#include "host/probe/cmsis_dap_packet.h"
#include "host/probe/link_dap_bulk.h"
#include "host/probe/link_hidapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    USB_CLASS_HID = 3,
    USB_CLASS_VENDOR = 0xFF,
    /* Split at 1 KiB and into packets here, so that packets stay under way across the borders. */
    WORD_BLOCK_BYTES = 16384,
    BYTE_BLOCK_BYTES = 1024,
    NO_BOUNDARY_BYTES = 0x40000000,
    SCATTER_WORDS = 64,
    /* A packet of transfers may hold as many retries after WAIT as were allowed, at a slow clock.
     */
    TRANSFER_TIMEOUT_MS = 5000
};

static const char dap_name[] = "CMSIS-DAP";

bool cmsis_dap_is_hid(const struct usb_device *device)
{
    return device->interface_class == USB_CLASS_HID &&
           (strstr(device->product, dap_name) != NULL ||
               strstr(device->interface, dap_name) != NULL);
}

bool cmsis_dap_is_bulk(const struct usb_device *device)
{
    return device->interface_class == USB_CLASS_VENDOR && device->interface_subclass == 0 &&
           device->out_endpoint != 0 && device->in_endpoint != 0 &&
           strstr(device->interface, dap_name) != NULL;
}

static uint64_t now_ns(struct probe *probe)
{
    struct cmsis_dap *dap = (struct cmsis_dap *)probe;

    return dap->link->ops->now_ns(dap->link);
}

static void wait_ns(struct probe *probe, uint64_t duration_ns)
{
    struct cmsis_dap *dap = (struct cmsis_dap *)probe;

    dap->link->ops->wait_ns(dap->link, duration_ns);
}

static void close_probe(struct probe *probe)
{
    struct cmsis_dap *dap = (struct cmsis_dap *)probe;

    cmsis_dap_detach(dap);
    dap->link->ops->close(dap->link);
    free(dap);
}

static const struct probe_driver driver = {
    .now_ns = now_ns,
    .wait_ns = wait_ns,
    .close = close_probe,
    .attach = cmsis_dap_attach,
    .set_reset = cmsis_dap_set_reset,
    .open_ap = cmsis_dap_open_ap,
    .read_block = cmsis_dap_read_block,
    .write_block = cmsis_dap_write_block,
    .transfer_words = cmsis_dap_transfer_words,
    .clear_errors = cmsis_dap_clear_errors,
};

/* An earlier user that was killed may have left answers; the first question then meets one. */
static bool first_contact(struct cmsis_dap *dap, struct error *err)
{
    struct error first;

    dap->link->timeout_ms = DAP_INFO_TIMEOUT_MS;
    dap->link->ops->drain(dap->link);
    if (cmsis_dap_read_info(dap, &first)) {
        return true;
    }
    if (first.code != ERROR_USB_PROTOCOL) {
        *err = first;
        return false;
    }
    log_write(dap->base.log, LOG_INFO, NULL, "asking the probe again after: %s", first.message);
    return cmsis_dap_resync(dap, err) && cmsis_dap_read_info(dap, err);
}

bool cmsis_dap_open(
    struct dap_link *link, const struct probe_config *config, struct probe **out, struct error *err)
{
    struct cmsis_dap *dap = calloc(1, sizeof *dap);

    *out = NULL;
    if (dap == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for the probe");
    }
    dap->base.driver = &driver;
    dap->base.log = config->log;
    dap->link = link;
    dap->clock_hz = cmsis_dap_first_clock_hz(config->freq_hz);
    dap->base.limits = (struct probe_limits){.word_block_bytes = WORD_BLOCK_BYTES,
        .byte_block_bytes = BYTE_BLOCK_BYTES,
        .boundary_bytes = NO_BOUNDARY_BYTES,
        .scatter_count = SCATTER_WORDS};
    dap->base.info.marks_cacheable = true;
    dap->base.info.is_modelled = link->is_modelled;
    (void)snprintf(dap->base.info.kind, sizeof dap->base.info.kind, "%s", link->kind);
    (void)snprintf(dap->base.info.link, sizeof dap->base.info.link, "%s", link->name);
    if (!first_contact(dap, err)) {
        free(dap);
        return error_add_context(err, "greeting the %s", link->kind);
    }
    dap->base.info.freq_hz = dap->clock_hz;
    link->timeout_ms = TRANSFER_TIMEOUT_MS;
    *out = &dap->base;
    return true;
}

static bool open_over(
    struct dap_link *link, const struct probe_config *config, struct probe **out, struct error *err)
{
    if (!cmsis_dap_open(link, config, out, err)) {
        link->ops->close(link);
        return false;
    }
    return true;
}

bool cmsis_dap_open_hid(const struct usb_device *device, const struct probe_config *config,
    struct probe **out, struct error *err)
{
    struct dap_link *link = NULL;

    *out = NULL;
    return link_hidapi_open(device, &link, err) && open_over(link, config, out, err);
}

bool cmsis_dap_open_bulk(const struct usb_device *device, const struct probe_config *config,
    struct probe **out, struct error *err)
{
    struct dap_link *link = NULL;

    *out = NULL;
    return link_dap_bulk_open(device, &link, err) && open_over(link, config, out, err);
}
