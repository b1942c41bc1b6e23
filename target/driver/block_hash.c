#include "target/driver/block_hash.h"

void block_hash_start(struct block_hash *hash, const struct crc_fast *tables)
{
    hash->tables = tables;
    hash->crc = 0;
    xxh32_init(&hash->xxh);
}

void block_hash_add(struct block_hash *hash, const uint8_t *bytes, uint32_t size_bytes)
{
    hash->crc = crc_fast_update(hash->tables, hash->crc, bytes, size_bytes);
    xxh32_update(&hash->xxh, bytes, size_bytes);
}

struct abi_block_hash block_hash_end(const struct block_hash *hash)
{
    return (struct abi_block_hash){.crc32 = hash->crc, .xxh32 = xxh32_final(&hash->xxh)};
}
