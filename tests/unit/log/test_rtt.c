/* RTT on a target of memory cells. */
#include "host/log/rtt.h"
#include "tests/unit/fakes/fake_core.h"

#include <criterion/criterion.h>

#include <string.h>

enum { BLOCK = 0x24021804, BUFFER = 0x24022003, BUFFER_BYTES = 64 };

static struct fake_core core;
static struct board_mcu mcu;
static struct target *target;

static void put_block(uint32_t addr)
{
    struct fake_probe *probe = &core.probe;

    memcpy(fake_probe_bytes(probe, addr, 16), "SEGGER RTT\0\0\0\0\0\0", 16);
    fake_probe_set_word(probe, addr + 16, 1);
    fake_probe_set_word(probe, addr + 20, 0);
    fake_probe_set_word(probe, addr + 28, BUFFER);
    fake_probe_set_word(probe, addr + 32, BUFFER_BYTES);
    fake_probe_set_word(probe, addr + 36, 0);
    fake_probe_set_word(probe, addr + 40, 0);
    fake_probe_set_word(probe, addr + 44, 1);
}

/* What the program does: bytes into the ring, then the write offset. */
static void print(const char *text)
{
    uint32_t offset = fake_probe_word(&core.probe, BLOCK + 36);

    for (; *text != '\0'; text++) {
        *fake_probe_bytes(&core.probe, BUFFER + offset, 1) = (uint8_t)*text;
        offset = (offset + 1) % BUFFER_BYTES;
    }
    fake_probe_set_word(&core.probe, BLOCK + 36, offset);
}

static void set_up(void)
{
    struct error err;

    fake_core_init(&core);
    mcu = (struct board_mcu){
        .name = "STM32H7S3L8",
        .dev_id = 0x485,
        .idcode_addr = 0x5C001000,
        .core_ap = 1,
        .debug_ap = 0xFF,
        .ap_open_timeout_ms = 500,
        .uid_addr = 0x08FFF800,
        .flash_size_addr = 0x08FFF80C,
        .ram = {{0x20000000, 0x10000}, {0x30000000, 0x4000}, {0x24020000, 0x20000}},
        .ram_count = 3, /* the second has no clock: accesses fault */
    };
    cr_assert(target_connect(&core.probe.base, &mcu, TARGET_CONNECT_ATTACH, NULL, &target, &err),
        "%s", err.message);
}

static void tear_down(void)
{
    target_close(target);
    fake_core_free(&core);
}

TestSuite(rtt, .init = set_up, .fini = tear_down);

static struct rtt *attach_or_fail(uint32_t addr)
{
    struct rtt *rtt = NULL;
    struct error err;

    cr_assert(rtt_attach(target, addr, NULL, &rtt, &err), "%s", err.message);
    return rtt;
}

static void expect_text(struct rtt *rtt, size_t capacity, const char *expected)
{
    struct error err;
    char text[128] = "";
    size_t count = 0;

    cr_assert(rtt_read(rtt, text, capacity, &count, &err), "%s", err.message);
    text[count] = '\0';
    cr_assert_str_eq(text, expected);
}

Test(rtt, reads_by_the_symbol)
{
    struct rtt *rtt = NULL;

    put_block(BLOCK);
    print("LED on\n");
    rtt = attach_or_fail(BLOCK);
    expect_text(rtt, 100, "LED on\n");
    expect_text(rtt, 100, "");
    print("LED off\n");
    expect_text(rtt, 100, "LED off\n");
    cr_assert_eq(fake_probe_word(&core.probe, BLOCK + 40), 15, "the room is given back");
    cr_assert_eq(fake_probe_word(&core.probe, BLOCK + 44), 1, "the mode is left alone");
    rtt_detach(rtt);
}

Test(rtt, finds_the_block_behind_ram_without_a_clock)
{
    struct rtt *rtt = NULL;

    put_block(BLOCK);
    print("hello");
    rtt = attach_or_fail(0);
    expect_text(rtt, 100, "hello");
    rtt_detach(rtt);
}

Test(rtt, finds_a_block_across_the_edge_of_two_reads)
{
    uint32_t addr = 0;

    for (addr = 0x24020000 + 6144 - 24; addr < 0x24020000 + 6144 + 4; addr += 4) {
        memset(fake_probe_bytes(&core.probe, 0x24020000, 0x4000), 0, 0x4000);
        put_block(addr);
        rtt_detach(attach_or_fail(0));
    }
}

Test(rtt, reads_around_the_end_of_the_ring)
{
    struct rtt *rtt = NULL;

    put_block(BLOCK);
    fake_probe_set_word(&core.probe, BLOCK + 36, 60);
    fake_probe_set_word(&core.probe, BLOCK + 40, 60);
    print("0123456789");
    rtt = attach_or_fail(BLOCK);
    expect_text(rtt, 6, "012345");
    cr_assert_eq(fake_probe_word(&core.probe, BLOCK + 40), 2);
    expect_text(rtt, 100, "6789");
    rtt_detach(rtt);
}

static void expect_no_block(uint32_t addr, const char *message)
{
    struct rtt *rtt = NULL;
    struct error err;

    cr_assert_not(rtt_attach(target, addr, NULL, &rtt, &err));
    cr_assert_null(rtt);
    cr_assert_eq(err.code, ERROR_WAIT_TIMEOUT);
    cr_assert_str_eq(err.message, message);
}

Test(rtt, without_a_block_asks_to_try_again)
{
    expect_no_block(0, "there is no RTT control block in RAM yet");
    expect_no_block(BLOCK, "there is no valid RTT control block at 0x24021804 yet");
    expect_no_block(
        0x70000000, "the RTT control block would lie at 0x70000000, which is not in RAM");
}

Test(rtt, does_not_believe_a_block_that_points_outside)
{
    static const struct {
        uint32_t offset;
        uint32_t value;
        const char *what;
    } wrong[] = {
        {16, 0, "no channel"},
        {16, 1000, "too many channels"},
        {28, 0, "buffer not set yet"},
        {28, 0x2403FFF0, "buffer runs out of RAM"},
        {32, 0, "empty buffer"},
        {32, 0xFFFFFFFF, "huge buffer"},
        {36, 64, "write offset outside"},
        {40, 64, "read offset outside"},
    };
    size_t i = 0;

    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct rtt *rtt = NULL;
        struct error err;

        put_block(BLOCK);
        fake_probe_set_word(&core.probe, BLOCK + wrong[i].offset, wrong[i].value);
        cr_assert_not(rtt_attach(target, 0, NULL, &rtt, &err), "%s", wrong[i].what);
    }
}

Test(rtt, notices_a_block_that_becomes_invalid)
{
    struct rtt *rtt = NULL;
    struct error err;
    char text[16];
    size_t count = 0;

    put_block(BLOCK);
    rtt = attach_or_fail(BLOCK);
    fake_probe_set_word(&core.probe, BLOCK + 36, 0x10000);
    cr_assert_not(rtt_read(rtt, text, sizeof text, &count, &err));
    cr_assert_eq(err.code, ERROR_WAIT_TIMEOUT);
    cr_assert_str_eq(err.message, "the RTT control block at 0x24021804 is no longer valid\n"
                                  "  while reading the log of the target");
    rtt_detach(rtt);
}

Test(rtt, gives_room_back_only_for_bytes_that_arrived)
{
    struct rtt *rtt = NULL;
    struct error err;
    char text[16];
    size_t count = 0;

    put_block(BLOCK);
    print("lost?");
    rtt = attach_or_fail(BLOCK);
    core.probe.fails_at_transfer = core.probe.transfers + 2;
    cr_assert_not(rtt_read(rtt, text, sizeof text, &count, &err));
    cr_assert_eq(err.code, ERROR_USB_LOST);
    cr_assert_eq(fake_probe_word(&core.probe, BLOCK + 40), 0);
    cr_assert_eq(count, 0);
    rtt_detach(rtt);
}

Test(rtt, forgets_stale_blocks)
{
    struct error err;

    put_block(BLOCK);
    put_block(BLOCK + 0x4000);
    cr_assert(rtt_forget_stale(target, 0, &err), "%s", err.message);
    expect_no_block(0, "there is no RTT control block in RAM yet");
}

Test(rtt, forgets_only_what_is_a_block)
{
    struct error err;

    fake_probe_set_word(&core.probe, BLOCK, 0x12345678);
    cr_assert(rtt_forget_stale(target, BLOCK, &err), "%s", err.message);
    cr_assert_eq(fake_probe_word(&core.probe, BLOCK), 0x12345678);
    put_block(BLOCK);
    cr_assert(rtt_forget_stale(target, BLOCK, &err), "%s", err.message);
    cr_assert_eq(fake_probe_word(&core.probe, BLOCK), 0);
}

Test(rtt, refuses_a_probe_that_cannot_see_the_data_cache)
{
    struct rtt *rtt = NULL;
    struct error err;

    core.probe.base.info.marks_cacheable = false;
    cr_assert_not(rtt_attach(target, 0, NULL, &rtt, &err));
    cr_assert_eq(err.code, ERROR_PROBE_FIRMWARE);
    cr_assert_str_eq(err.message,
        "the firmware of the probe cannot see the data cache of a running core, so the log would "
        "be wrong");
}
