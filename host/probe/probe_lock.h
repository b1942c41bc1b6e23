/* One run per probe: a lock file for each, which says who holds it and ends with its process. It
 * stands beside what the operating system does (a claimed interface): it names the holder, and
 * works for what nobody can claim, HID and TCP. */
#ifndef HOST_PROBE_PROBE_LOCK_H
#define HOST_PROBE_PROBE_LOCK_H

#include "host/base/error.h"
#include "host/base/os.h"

/* What others are told of the holder: a run of any command, or a look at the probe that is over
 * in a moment. */
#define PROBE_LOCK_RUN  "xflash"
#define PROBE_LOCK_LIST "xflash list"

/* key: name of the probe, any text ("usb-0483-003800313137510C39383538", "tcp-localhost-7184").
 * shown_as: the same for people. The caller ends with os_lock_release(). ERROR_PROBE_BUSY names
 * the holder; a holder that only lists is waited for. */
MUST_USE bool probe_lock_take(const char *key, const char *program, const char *shown_as,
    struct os_lock **out, struct error *err);
/* Who holds it, without taking it; pid is 0 when nobody does. */
void probe_lock_read_holder(const char *key, struct os_lock_holder *holder);

#endif
