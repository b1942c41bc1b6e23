/* Halting where the program faults, for whoever watches it run. */
#include "host/target/target.h"
#include "host/target/target_internal.h"

enum { CORE_VC_HARDERR = 1 << 10 };

bool target_catch_faults(struct target *target, bool on, struct error *err)
{
    if (on && !target->is_under_debug && !target_write_dhcsr(target, CORE_C_DEBUGEN, err)) {
        return false;
    }
    return target_write_word(target, CORE_DEMCR, on ? CORE_VC_HARDERR : 0, err);
}
