#include "common/crc32.h"
#include "common/xxh32.h"
#include "target/driver/block_hash.h"

#include <criterion/criterion.h>

static struct crc_fast tables;
static uint8_t bytes[1024] __attribute__((aligned(4)));

static void start(void)
{
    crc_fast_init(&tables);
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 73 + (i >> 4));
    }
}

Test(crc_fast, agrees_with_the_slow_one_for_every_length)
{
    start();
    for (uint32_t count = 0; count <= sizeof bytes; count++) {
        cr_assert_eq(crc_fast_update(&tables, 0, bytes, count), crc32_update(0, bytes, count),
            "%u bytes", count);
    }
}

Test(crc_fast, goes_on_where_it_stopped)
{
    uint32_t crc = 0;

    start();
    crc = crc_fast_update(&tables, 0, bytes, 500);
    crc = crc_fast_update(&tables, crc, bytes + 500, sizeof bytes - 500);
    cr_assert_eq(crc, crc32_update(0, bytes, sizeof bytes));
}

Test(block_hash, has_both_hashes_of_what_came_in_pieces)
{
    struct block_hash hash;
    struct abi_block_hash result;

    start();
    block_hash_start(&hash, &tables);
    block_hash_add(&hash, bytes, 512);
    block_hash_add(&hash, bytes + 512, 501);
    result = block_hash_end(&hash);
    cr_assert_eq(result.crc32, crc32_update(0, bytes, 1013));
    cr_assert_eq(result.xxh32, xxh32_hash(bytes, 1013));
}
