/* Hashes of blocks of memory, for verification and for finding out what has to be written. */
#ifndef TARGET_DRIVER_BLOCK_HASH_H
#define TARGET_DRIVER_BLOCK_HASH_H

#include "abi/mailbox.h"
#include "common/xxh32.h"
#include "target/driver/crc_fast.h"

/* One block, piece by piece. */
struct block_hash {
    const struct crc_fast *tables;
    uint32_t crc;
    struct xxh32 xxh;
};

void block_hash_start(struct block_hash *hash, const struct crc_fast *tables);
/* bytes is aligned to 4, and size_bytes too but for the last piece. */
void block_hash_add(struct block_hash *hash, const uint8_t *bytes, uint32_t size_bytes);
struct abi_block_hash block_hash_end(const struct block_hash *hash);

#endif
