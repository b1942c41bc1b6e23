/* Finds the parts of a board blob, after it has been checked: nobody looks into a blob that is
 * damaged, cut off, or made for another version. */
#ifndef TARGET_DRIVER_BLOB_H
#define TARGET_DRIVER_BLOB_H

#include "abi/blob.h"

#include <stdbool.h>

/* blob is aligned to 4, and room_bytes of it can be read. Magic, version, size, checksum; every
 * section inside, with entries of the right alignment and numbers. */
bool blob_check(const struct abi_blob *blob, uint32_t room_bytes);

/* Pointers into a blob that blob_check() has passed. */
const struct abi_reg_step *blob_reg_steps(
    const struct abi_blob *blob, const struct abi_blob_section *section);
const struct abi_bus_step *blob_bus_steps(
    const struct abi_blob *blob, const struct abi_blob_section *section);
const struct abi_ctrl_setup *blob_ctrl_setups(const struct abi_blob *blob);
/* NULL in a blob for detection only: the part is not known yet. */
const struct abi_memory *blob_memory(const struct abi_blob *blob);
/* NULL when the blob has no boot section. */
const struct abi_boot_config *blob_boot_config(const struct abi_blob *blob);

#endif
