/* Hashes of blocks as the stub makes them, made on the host from bytes. */
#ifndef HOST_FLASH_HASH_H
#define HOST_FLASH_HASH_H

#include "abi/mailbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct abi_block_hash flash_hash_of(const void *bytes, uint32_t size_bytes);
bool flash_hash_equal(const struct abi_block_hash *left, const struct abi_block_hash *right);

#endif
