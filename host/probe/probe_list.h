/* The debug probes on USB: which interfaces are probes, what is known of each without asking its
 * target anything, and the one that a selector means.
 *
 * Nothing here enters a debug mode or drives a pin. Texts are safe to print. */
#ifndef HOST_PROBE_PROBE_LIST_H
#define HOST_PROBE_PROBE_LIST_H

#include "host/base/os.h"
#include "host/probe/probe_text.h"
#include "host/probe/selector.h"
#include "host/probe/usb.h"

enum { PROBE_LIST_MAX = USB_MAX_DEVICES };

enum probe_family { PROBE_FAMILY_STLINK, PROBE_FAMILY_DAP_HID, PROBE_FAMILY_DAP_BULK };

enum probe_state {
    PROBE_STATE_FREE,
    PROBE_STATE_BUSY,
    PROBE_STATE_NO_PERMISSION,
    PROBE_STATE_BOOTLOADER,  /* waits for new firmware: cannot debug */
    PROBE_STATE_UNSUPPORTED, /* known by name only */
    PROBE_STATE_FAILED,      /* does not answer on USB */
    PROBE_STATE_COUNT
};

struct probe_entry {
    struct usb_device device;
    enum probe_family family;
    enum probe_state state;
    char kind[32];                   /* "ST-LINK V3E", "CMSIS-DAP v2" */
    char vendor[96];                 /* as the device says, escaped */
    char product[96];                /* the same */
    char serial[PROBE_SERIAL_BYTES]; /* fixed form, "" when there is none */
    bool shares_serial;              /* another probe has the same one */
    char select[160];                /* what to type behind -p for exactly this one */
    char name[256];                  /* for messages: "ST-LINK V3E 0038... (usb:1-4.2)" */
    char lock_key[160];
    /* by probe_list_identify() */
    struct os_lock_holder holder; /* pid 0: nobody known */
    char firmware[32];            /* "V3J10M3"; "" when not known */
    char board_id[8];             /* of an ST-LINK that is part of a board */
};

struct probe_list {
    struct probe_entry entries[PROBE_LIST_MAX]; /* ordered by place on USB */
    size_t count;
};

/* A row of the table of ST-LINKs (reference: probe protocols 1.1), for the tests and the udev
 * rules. NULL behind the last one. */
struct probe_model {
    const char *kind;
    enum probe_state state; /* FREE: works */
    uint16_t pid;
};
enum { PROBE_VID_STLINK = 0x0483 };
const struct probe_model *probe_list_model(size_t index);

/* Reads descriptors and strings, no command is sent. The caller frees *out with free(). */
MUST_USE bool probe_list_read(struct probe_list **out, struct error *err);
/* Asks every free probe for firmware and board identifier, and finds out who holds the others.
 * Takes the lock of each probe while it asks. What does not answer stays unknown. */
void probe_list_identify(struct probe_list *list);

/* The entry that a selector of kind SELECTOR_USB means. text: as the user wrote it, NULL for none.
 * ERROR_NO_PROBE, _SEVERAL_PROBES; for one that cannot be used _PROBE_PERMISSION, _PROBE_ABILITY.
 * A busy one is given back: opening it tells who holds it. Pure. */
MUST_USE bool probe_list_choose(const struct probe_list *list, const struct selector *selector,
    const char *text, const struct probe_entry **entry, struct error *err);

const char *probe_state_name(enum probe_state state); /* "free", "no-permission", ... */

#endif
