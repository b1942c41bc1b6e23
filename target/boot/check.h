/* Decides whether what lies in the entry partition may be started. */
#ifndef TARGET_BOOT_CHECK_H
#define TARGET_BOOT_CHECK_H

#include "abi/blob.h"
#include "abi/boot.h"
#include "target/driver/clock.h"
#include "target/driver/crc_fast.h"

struct boot_verdict {
    uint32_t code; /* enum abi_boot_code; ABI_BOOT_HANDED_OVER: it may */
    uint32_t value[4];
};

/* The chip is mapped, and the window open for the chip's bytes, chip_bytes from window_addr.
 * Nothing outside of them is read, whatever the record says. */
struct boot_verdict boot_check_image(const struct abi_blob *blob, uint32_t window_addr,
    const struct crc_fast *tables, struct clock *clock);

/* Whether partition and record lie in the mapped chip. */
bool boot_config_fits(
    const struct abi_boot_config *config, uint32_t window_addr, uint32_t chip_bytes);

#endif
