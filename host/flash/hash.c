#include "host/flash/hash.h"

#include "common/pair_hash.h"

struct abi_block_hash flash_hash_of(const void *bytes, uint32_t size_bytes)
{
    struct pair_hash state;
    struct abi_block_hash hash = {0};

    pair_hash_init(&state, size_bytes);
    pair_hash_update(&state, bytes, size_bytes);
    pair_hash_final(&state, &hash.xxh32, &hash.wyhash32);
    return hash;
}

bool flash_hash_equal(const struct abi_block_hash *left, const struct abi_block_hash *right)
{
    return left->xxh32 == right->xxh32 && left->wyhash32 == right->wyhash32;
}
