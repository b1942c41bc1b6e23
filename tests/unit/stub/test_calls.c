/* Typed calls. */
#include "common/crc32.h"
#include "common/wyhash32.h"
#include "common/xxh32.h"
#include "tests/unit/stub/helpers_stub.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

static struct fake_stub fake;
static struct stub_client *client;

static void set_up(void)
{
    fake_stub_init(&fake);
    client = open_or_fail(&fake);
}

static void tear_down(void)
{
    stub_client_close(client);
    fake_stub_free(&fake);
}

TestSuite(calls, .init = set_up, .fini = tear_down);

Test(calls, reads_in_parts_through_several_buffers)
{
    static const size_t sizes[] = {0, 1, 7, 4096, 4097, 20000, 100001};
    struct error err;
    size_t i = 0;

    cr_assert(stub_client_set_slots(client, 3, 4096, &err));
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *found = malloc(sizes[i] + 1);

        found[sizes[i]] = 0xEE;
        cr_assert(stub_client_read(client, 0x123, found, sizes[i], &err), "%s", err.message);
        cr_assert_eq(memcmp(found, fake.chip + 0x123, sizes[i]), 0, "%zu bytes", sizes[i]);
        cr_assert_eq(found[sizes[i]], 0xEE, "%zu bytes", sizes[i]);
        free(found);
    }
    cr_assert_eq(fake.ecc_violations, 0, "the stub wrote where RAM was never initialised");
}

static bool damage_fetch(struct fake_core *core, uint32_t addr, uint32_t *value)
{
    if (addr == RING_ADDR + 8) {
        *value = fake_probe_word(&core->probe, addr) ^ 0x100;
        return true;
    }
    return false;
}

Test(calls, a_read_that_was_damaged_on_its_way_is_an_error)
{
    struct error err;
    uint8_t found[64];

    fake.core.read_hook = damage_fetch;
    cr_assert_not(stub_client_read(client, 0, found, sizeof found, &err));
    cr_assert_eq(err.code, ERROR_USB_PROTOCOL);
    cr_assert_str_eq(err.message, "64 bytes were damaged on their way to the host\n"
                                  "  while reading 64 bytes of the memory at offset 0x00000000");
}

Test(calls, hashes_blocks_the_last_of_them_short)
{
    struct error err;
    struct abi_block_hash hashes[5];

    cr_assert(stub_client_set_slots(client, 2, 16, &err));
    cr_assert(stub_client_hash(client, 0x1000, 4 * 1024 + 100, 1024, false, hashes, &err), "%s",
        err.message);
    cr_assert_eq(hashes[0].wyhash32, wyhash32_hash(fake.chip + 0x1000, 1024));
    cr_assert_eq(hashes[3].xxh32, xxh32_hash(fake.chip + 0x1000 + 3072, 1024));
    cr_assert_eq(hashes[4].xxh32, xxh32_hash(fake.chip + 0x1000 + 4096, 100));
    cr_assert_eq(fake.executed, 3, "two hashes fit into a buffer");
    cr_assert_eq(fake.ecc_violations, 0);
}

Test(calls, checksums_a_range_in_one_command)
{
    struct error err;
    uint32_t crc = 0;

    cr_assert(stub_client_crc32(client, 0x1010, 5000, &crc, &err), "%s", err.message);
    cr_assert_eq(crc, crc32_update(0, fake.chip + 0x1010, 5000));
    cr_assert_eq(fake.executed, 1);
}

Test(calls, hashes_through_the_window_by_their_own_command)
{
    struct error err;
    struct abi_block_hash hash;

    cr_assert(stub_client_hash(client, 0, 1024, 1024, true, &hash, &err), "%s", err.message);
    cr_assert_eq(fake.last.kind, ABI_COMMAND_HASH_MAPPED);
}

static struct abi_bus_step read_step(uint32_t addr, uint32_t count)
{
    return (struct abi_bus_step){.kind = ABI_STEP_EXEC,
        .timeout_us = 1000,
        .op = {.opcode = 0x03,
            .opcode_bytes = 1,
            .opcode_bus = 1,
            .data_bus = 1,
            .addr = addr,
            .data_bytes = count}};
}

Test(calls, runs_steps_and_fetches_what_they_read)
{
    struct abi_bus_step steps[3] = {
        read_step(0x10, 3), {.kind = ABI_STEP_WAIT}, read_step(0x50, 4)};
    struct error err;
    uint8_t found[16];
    size_t count = 0;

    cr_assert(
        stub_client_steps(client, steps, 3, found, sizeof found, &count, &err), "%s", err.message);
    cr_assert_eq(count, 7);
    cr_assert_eq(memcmp(found, fake.chip + 0x10, 3), 0);
    cr_assert_eq(memcmp(found + 3, fake.chip + 0x50, 4), 0);
    cr_assert_eq(fake.ecc_violations, 0);
}

Test(calls, refuses_steps_that_read_more_than_there_is_room_for)
{
    struct abi_bus_step step = read_step(0, 17);
    struct error err;
    uint8_t found[16];
    size_t count = 0;

    cr_assert_not(stub_client_steps(client, &step, 1, found, sizeof found, &count, &err));
    cr_assert_str_eq(
        err.message, "1 steps with 17 bytes of data do not fit into the stub's buffer");
    cr_assert_eq(fake.executed, 0);
}

Test(calls, names_the_step_that_failed)
{
    struct abi_bus_step step = read_step(0, 4);
    struct error err;
    uint8_t found[16];
    size_t count = 0;

    fake.trouble = TROUBLE_FAIL;
    fake.trouble_at = 1;
    fake.status = ABI_STATUS_POLL_TIMEOUT;
    fake.value[0] = 0xFF;
    fake.value[1] = 2;
    cr_assert_not(stub_client_steps(client, &step, 1, found, sizeof found, &count, &err));
    cr_assert_str_eq(err.message,
        "the memory did not give the status it was waited for: last byte 0xff, step 0x2\n"
        "  while talking to the memory\n  while running a list of 1 bus steps");
}

Test(calls, sets_up_with_a_blob_and_remembers_the_chips_times)
{
    struct {
        struct abi_blob header;
        struct abi_memory memory;
    } blob = {.header = {.memory = {.offset = sizeof(struct abi_blob), .count = 1}},
        .memory = {.page_bytes = 256, .program_typical_us = 150}};
    struct error err;

    cr_assert(stub_client_setup(client, &blob, sizeof blob, ABI_SETUP_NO_RECOVER, &err), "%s",
        err.message);
    cr_assert_eq(fake.last.kind, ABI_COMMAND_SETUP);
    cr_assert_eq(fake.last.size_bytes, sizeof blob);
    cr_assert_eq(fake.last.arg0, ABI_SETUP_NO_RECOVER);
    cr_assert_eq(memcmp(fake_probe_bytes(&fake.core.probe, fake.last.buffer_addr, sizeof blob),
                     &blob, sizeof blob),
        0);
    cr_assert(client->has_memory);
    cr_assert_eq(client->memory.program_typical_us, 150);
}

Test(calls, a_blob_that_lies_about_its_size_is_not_read_beyond_its_end)
{
    struct abi_blob blob = {.memory = {.offset = 0xFFFFFFF0, .count = 1}};
    struct error err;

    cr_assert(stub_client_setup(client, &blob, sizeof blob, 0, &err), "%s", err.message);
    cr_assert_not(client->has_memory);
}

Test(calls, a_sequence_says_which_one_failed)
{
    struct error err;

    fake.trouble = TROUBLE_FAIL;
    fake.trouble_at = 1;
    fake.status = ABI_STATUS_UNEXPECTED;
    cr_assert_not(stub_client_sequence(client, ABI_SEQUENCE_ENTER_PROGRAM, 1000, &err));
    cr_assert_str_eq(err.message, "the memory gave other bytes than it must: bytes 0x0, step 0x0\n"
                                  "  while changing the mode of the memory\n"
                                  "  while switching the memory to the program bus");
    cr_assert_eq(err.code, ERROR_MEMORY_BUS_CORRUPT);
}
