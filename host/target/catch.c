/* Halting where the program faults, for whoever watches it run. */
#include "host/target/target.h"
#include "host/target/target_internal.h"

enum { CORE_VC_HARDERR = 1 << 10, CORE_VC_ALL = 0x7F1 };

bool target_set_vector_catch(struct target *target, uint32_t bits, struct error *err)
{
    uint32_t demcr = 0;

    return target_read_word(target, CORE_DEMCR, &demcr, err) &&
           target_write_word(target, CORE_DEMCR, (demcr & ~(uint32_t)CORE_VC_ALL) | bits, err);
}

bool target_catch_faults(struct target *target, bool on, struct error *err)
{
    if (on && !target->is_under_debug && !target_write_dhcsr(target, CORE_C_DEBUGEN, err)) {
        return false;
    }
    return target_set_vector_catch(target, on ? CORE_VC_HARDERR : 0, err);
}
