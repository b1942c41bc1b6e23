/* Loading and starting the stub, and the memory it gets. */
#include "common/le.h"
#include "tests/unit/stub/helpers_stub.h"

#include <criterion/criterion.h>

#include <string.h>

static struct fake_stub fake;

static void set_up(void)
{
    fake_stub_init(&fake);
}

static void tear_down(void)
{
    fake_stub_free(&fake);
}

TestSuite(load, .init = set_up, .fini = tear_down);

static void expect_failure(enum error_code code, const char *message)
{
    struct stub_client *client = &(struct stub_client){0};
    struct error err;

    cr_assert_not(stub_client_open_image(fake.target, &fake.image, NULL, &client, &err));
    cr_assert_null(client);
    cr_assert_str_eq(err.message, message);
    cr_assert_eq(err.code, code);
}

Test(load, loads_zeroes_and_starts_the_stub)
{
    struct stub_client *client = NULL;

    memset(fake_probe_bytes(&fake.core.probe, STUB_ADDR, 0x4000), 0xA5, 0x4000);
    client = open_or_fail(&fake);
    cr_assert_eq(memcmp(fake_probe_bytes(&fake.core.probe, STUB_ADDR, STUB_IMAGE_BYTES),
                     fake.image_bytes, STUB_IMAGE_BYTES),
        0);
    cr_assert_eq(fake_probe_word(&fake.core.probe, STUB_ADDR + STUB_MEMORY_BYTES - 4), 0);
    cr_assert_eq(fake_probe_word(&fake.core.probe, STUB_ADDR + STUB_MEMORY_BYTES), 0xA5A5A5A5);
    cr_assert_eq(fake.core.registers[15], STUB_ADDR + 0x80);
    cr_assert_eq(fake.core.registers[17], STUB_ADDR + STUB_MEMORY_BYTES);
    cr_assert_eq(fake.core.registers[16], 0x01000000);
    cr_assert_eq(fake_probe_word(&fake.core.probe, 0xE000ED08), STUB_ADDR + 0x80);
    cr_assert_eq(fake.core.probe.violations, 0, "%s", fake.core.probe.first_violation);
    stub_client_close(client);
    cr_assert(fake.core.is_halted);
}

Test(load, refuses_an_image_that_was_damaged)
{
    fake.image_bytes[200] ^= 1;
    expect_failure(ERROR_INTERNAL,
        "the stub image is damaged: CRC 0x9cb674b5 instead of 0x81236762\n"
        "  while loading the stub");
}

Test(load, refuses_an_image_of_another_version)
{
    le_put32(fake.image_bytes + 4, 7);
    fake_stub_seal(&fake);
    expect_failure(ERROR_INTERNAL,
        "the stub image is not of this version: magic 0x31535846, version 7\n"
        "  while loading the stub");
}

Test(load, refuses_a_header_that_points_outside)
{
    size_t member = 0;

    for (member = 20; member <= 32; member += 4) {
        uint32_t good = le_get32(fake.image_bytes + member);

        le_put32(fake.image_bytes + member, 0x30000000);
        fake_stub_seal(&fake);
        expect_failure(ERROR_INTERNAL,
            "the header of the stub image contradicts itself\n  while loading the stub");
        le_put32(fake.image_bytes + member, good);
    }
}

Test(load, needs_room_in_the_ram_that_the_board_data_give)
{
    fake.mcu.stub_ram.size_bytes = 0x1000;
    expect_failure(ERROR_BOARD_BAD,
        "the stub needs 8192 bytes at 0x20000000, STM32H7S3L8 gives it 4096 bytes at 0x20000000\n"
        "  while loading the stub");
}

static bool stick(struct fake_core *core, uint32_t addr, uint32_t value)
{
    (void)core;
    (void)value;
    return addr == RING_ADDR + 0x20000 - 8;
}

Test(load, finds_ram_that_does_not_keep_what_is_written)
{
    fake.core.write_hook = stick;
    expect_failure(ERROR_TARGET_STATE,
        "RAM at 0x2403fff8 reads 0x00000000 after 0xd9083278 was written\n"
        "  while testing the RAM for the stub\n  while loading the stub");
}

/* One word of the RAM test, then one of the image, is damaged on the cable. */
static bool damage_image_once(struct fake_core *core, uint32_t addr, uint32_t value)
{
    if (addr != STUB_ADDR + 0x90 || value == 0) {
        return false;
    }
    core->write_hook = NULL;
    fake_probe_set_word(&core->probe, addr, value ^ 0x400);
    return true;
}

static bool damage_ram_once(struct fake_core *core, uint32_t addr, uint32_t value)
{
    if (addr != RING_ADDR + 16) {
        return false;
    }
    core->write_hook = damage_image_once;
    fake_probe_set_word(&core->probe, addr, value ^ 0x400);
    return true;
}

Test(load, survives_a_word_damaged_on_the_cable)
{
    struct stub_client *client = NULL;

    fake.core.write_hook = damage_ram_once;
    client = open_or_fail(&fake);
    cr_assert_null(fake.core.write_hook, "both were damaged");
    stub_client_close(client);
}

static bool mirror(struct fake_core *core, uint32_t addr, uint32_t value)
{
    if (addr - RING_ADDR < 0x20000) {
        fake_probe_set_word(&core->probe, RING_ADDR + (addr - RING_ADDR) % 0x10000, value);
        fake_probe_set_word(
            &core->probe, RING_ADDR + (addr - RING_ADDR) % 0x10000 + 0x10000, value);
        return true;
    }
    if (addr - STUB_ADDR < 0x10000) {
        /* The two ends of the stub's RAM are the same cells. */
        fake_probe_set_word(&core->probe, STUB_ADDR + (addr - STUB_ADDR) % 0x8000, value);
        fake_probe_set_word(&core->probe, STUB_ADDR + (addr - STUB_ADDR) % 0x8000 + 0x8000, value);
        return true;
    }
    return false;
}

Test(load, finds_ram_that_is_there_twice)
{
    struct stub_client *client = NULL;
    struct error err;

    fake.core.write_hook = mirror;
    fake.mcu.stub_ram.size_bytes = 0x8040;
    cr_assert_not(stub_client_open_image(fake.target, &fake.image, NULL, &client, &err));
    cr_assert_eq(err.code, ERROR_TARGET_STATE);
    cr_assert_eq(err.addr, STUB_ADDR, "%s", err.message);
}

Test(load, reports_a_stub_that_does_not_start)
{
    fake.never_starts = true;
    expect_failure(ERROR_STUB_SILENT,
        "the stub did not start within 1000 ms: mailbox 0x00000000; pc 0x20000080 lr 0xffffffff "
        "xpsr 0x01000000 cfsr 0x00000000 hfsr 0x00000000 mmfar 0x00000000 bfar 0x00000000\n"
        "  while loading the stub");
    cr_assert(fake.core.is_halted, "stopped, not left running");
}

Test(load, fails_cleanly_wherever_the_cable_is_pulled)
{
    size_t at = 0;
    bool is_open = false;

    for (at = 1; at < 500 && !is_open; at++) {
        struct stub_client *client = NULL;
        struct error err = {.code = ERROR_NONE};

        tear_down();
        set_up();
        fake.core.probe.fails_at_transfer = fake.core.probe.transfers + at;
        is_open = stub_client_open_image(fake.target, &fake.image, NULL, &client, &err);
        if (!is_open) {
            cr_assert_null(client);
            cr_assert_eq(err.code, ERROR_USB_LOST, "transfer %zu: %s", at, err.message);
        }
        stub_client_close(client);
    }
    cr_assert(is_open);
}

Test(load, cuts_the_ring_into_slots)
{
    struct stub_client *client = open_or_fail(&fake);
    struct error err;

    cr_assert_eq(stub_client_slot_count(client), 4);
    cr_assert_eq(stub_client_slot_bytes(client), 0x8000);
    cr_assert(stub_client_set_slots(client, 5, 24576, &err));
    cr_assert_eq(stub_client_slot_addr(client, 4), RING_ADDR + 4 * 24576);
    cr_assert_not(stub_client_set_slots(client, 6, 24576, &err));
    cr_assert_str_eq(err.message, "6 buffers of 24576 bytes do not fit into 131072 bytes of RAM");
    cr_assert_not(stub_client_set_slots(client, 2, 100, &err));
    stub_client_close(client);
}

Test(load, fills_and_fetches_buffers_of_any_length)
{
    struct stub_client *client = open_or_fail(&fake);
    struct error err;
    uint8_t bytes[100];
    uint8_t found[101];
    size_t count = 0;

    for (count = 0; count < sizeof bytes; count++) {
        bytes[count] = (uint8_t)(count + 1);
    }
    for (count = 0; count < sizeof bytes; count++) {
        memset(found, 0xEE, sizeof found);
        cr_assert(stub_client_fill(client, 1, bytes, count, &err), "%s", err.message);
        cr_assert(stub_client_fetch(client, 1, found, count, &err), "%s", err.message);
        cr_assert_eq(memcmp(bytes, found, count), 0, "%zu bytes", count);
        cr_assert_eq(found[count], 0xEE, "%zu bytes", count);
    }
    cr_assert_not(stub_client_fill(client, 4, bytes, 8, &err));
    cr_assert_str_eq(err.message, "8 bytes do not fit into buffer 4 of 4 x 32768");
    stub_client_close(client);
}
