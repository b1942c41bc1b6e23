/* Caches of the Cortex-M7. Sizes come from CCSIDR, which differs between parts. */
#ifndef TARGET_DRIVER_CACHE_H
#define TARGET_DRIVER_CACHE_H

/* Both off and empty, as after reset. Dirty lines are written back first. */
void cache_disable(void);

/* Both on. They must be off. */
void cache_enable(void);

#endif
