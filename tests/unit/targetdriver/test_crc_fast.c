#include "common/crc32.h"
#include "target/driver/crc_fast.h"

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
