/* Memory through a CMSIS-DAP: packets byte by byte, TAR at each KiB, packets under way, and what
 * becomes of transfers that were disturbed. */
#include "host/probe/cmsis_dap.h"
#include "tests/unit/fakes/fake_dap.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { RAM = FAKE_DAP_RAM, BYTES = 0x3000 };

static struct fake_dap fake;
static struct error err;
static uint8_t pattern[BYTES];
static uint8_t found[BYTES];

static void make_pattern(void)
{
    uint32_t state = 1;
    size_t i = 0;

    for (i = 0; i < sizeof pattern; i++) {
        state = state * 1664525U + 1013904223U;
        pattern[i] = (uint8_t)(state >> 24);
    }
}

TestSuite(cmsis_dap_memory, .init = make_pattern, .timeout = 60);

static struct probe *attach(uint16_t packet_bytes, uint8_t packet_count)
{
    struct probe_config config = {0};
    struct probe *probe = NULL;
    uint32_t dpidr = 0;

    fake_dap_init(&fake);
    fake.packet_bytes = packet_bytes;
    fake.packet_count = packet_count;
    cr_assert(cmsis_dap_open(&fake.base, &config, &probe, &err), "%s", err.message);
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    cr_assert(probe_open_ap(probe, FAKE_DAP_AP, &err), "%s", err.message);
    fake.sent_count = 0;
    fake.drw_count = 0;
    fake.max_in_flight = 0;
    return probe;
}

static void detach(struct probe *probe)
{
    probe_close(probe);
    cr_assert_str_eq(fake.breach, "");
}

static void expect(const char *const *packets, size_t count)
{
    char text[3 * DAP_LINK_MAX_PACKET_BYTES];
    size_t i = 0;
    size_t k = 0;

    for (i = 0; i < count && i < fake.sent_count; i++) {
        for (k = 0; k < fake.sent[i].size_bytes; k++) {
            (void)sprintf(text + 3 * k, "%02X ", fake.sent[i].bytes[k]);
        }
        text[3 * k - 1] = '\0';
        cr_assert_str_eq(
            text, packets[i], "packet %zu is\n  %s, expected\n  %s", i, text, packets[i]);
    }
    cr_assert_eq(fake.sent_count, count, "%zu packets, expected %zu", fake.sent_count, count);
}

/* ---- bytes ---- */

Test(cmsis_dap_memory, writes_a_word_in_one_packet)
{
    static const char *const packets[] = {"05 00 03 01 12 00 00 AA 05 10 00 00 24 0D 78 56 34 12"};
    struct probe *probe = attach(64, 4);

    cr_assert(probe_write_word(probe, 1, RAM + 0x10, 0x12345678, &err), "%s", err.message);
    expect(packets, COUNT(packets));
    detach(probe);
    cr_assert_eq(fake.ram[0x10], 0x78);
    cr_assert_eq(fake.last_csw, 0xAA000012);
}

Test(cmsis_dap_memory, reads_a_word_in_one_packet)
{
    static const char *const packets[] = {"05 00 03 01 12 00 00 AA 05 10 00 00 24 0F"};
    struct probe *probe = attach(64, 4);
    uint32_t value = 0;

    memcpy(fake.ram + 0x10, (const uint8_t[]){0x78, 0x56, 0x34, 0x12}, 4);
    cr_assert(probe_read_word(probe, 1, RAM + 0x10, &value, &err), "%s", err.message);
    cr_assert_eq(value, 0x12345678);
    expect(packets, COUNT(packets));
    detach(probe);
}

/* SELECT is written only where it changes: opening the access port left it at bank 0 of AP 1. */
Test(cmsis_dap_memory, writes_select_only_when_it_changes)
{
    static const char *const packets[] = {
        "05 00 04 08 00 00 00 00 01 12 00 00 AA 05 00 00 00 24 0F",
        "05 00 03 01 12 00 00 AA 05 00 00 00 24 0F",
        "05 00 04 08 00 00 00 01 01 12 00 00 AA 05 00 00 00 24 0F"};
    struct probe *probe = attach(64, 4);
    uint32_t value = 0;

    cr_assert(probe_read_word(probe, 0, RAM, &value, &err), "%s", err.message);
    cr_assert(probe_read_word(probe, 0, RAM, &value, &err), "%s", err.message);
    cr_assert(probe_read_word(probe, 1, RAM, &value, &err), "%s", err.message);
    expect(packets, COUNT(packets));
    detach(probe);
}

/* 64 bytes: the first packet holds CSW, TAR and 10 words, each further one 14 words. */
Test(cmsis_dap_memory, writes_a_block_byte_by_byte)
{
    static const char *const packets[] = {
        "05 00 0C 01 12 00 00 AA 05 00 00 00 24"
        " 0D 00 00 00 00 0D 01 00 00 00 0D 02 00 00 00 0D 03 00 00 00 0D 04 00 00 00"
        " 0D 05 00 00 00 0D 06 00 00 00 0D 07 00 00 00 0D 08 00 00 00 0D 09 00 00 00",
        "06 00 0E 00 0D"
        " 0A 00 00 00 0B 00 00 00 0C 00 00 00 0D 00 00 00 0E 00 00 00 0F 00 00 00 10 00 00 00"
        " 11 00 00 00 12 00 00 00 13 00 00 00 14 00 00 00 15 00 00 00 16 00 00 00 17 00 00 00",
        "06 00 02 00 0D 18 00 00 00 19 00 00 00"};
    struct probe *probe = attach(64, 4);
    uint8_t words[26 * 4] = {0};
    uint8_t i = 0;

    for (i = 0; i < 26; i++) {
        words[4 * i] = i;
    }
    cr_assert(probe_write_mem(probe, 1, RAM, words, sizeof words, &err), "%s", err.message);
    expect(packets, COUNT(packets));
    cr_assert_arr_eq(fake.ram, words, sizeof words);
    detach(probe);
}

/* A request of 64 bytes asks for at most 15 words: (64 - 3) / 4, then (64 - 4) / 4. */
Test(cmsis_dap_memory, reads_a_block_byte_by_byte)
{
    static const char *const packets[] = {("05 00 11 01 12 00 00 AA 05 00 00 00 24"
                                           " 0F 0F 0F 0F 0F 0F 0F 0F 0F 0F 0F 0F 0F 0F 0F"),
        "06 00 0F 00 0F", "06 00 01 00 0F"};
    struct probe *probe = attach(64, 4);

    memcpy(fake.ram, pattern, sizeof pattern);
    cr_assert(probe_read_mem(probe, 1, RAM, found, 31 * 4, &err), "%s", err.message);
    expect(packets, COUNT(packets));
    cr_assert_arr_eq(found, pattern, 31 * 4);
    detach(probe);
}

Test(cmsis_dap_memory, sets_tar_at_each_kib)
{
    static const char *const packets[] = {
        "05 00 04 01 12 00 00 AA 05 F8 03 00 24 0D 01 00 00 00 0D 02 00 00 00",
        "05 00 03 05 00 04 00 24 0D 03 00 00 00 0D 04 00 00 00"};
    static const uint8_t words[] = {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0};
    struct probe *probe = attach(64, 4);

    cr_assert(probe_write_mem(probe, 1, RAM + 0x3F8, words, sizeof words, &err));
    expect(packets, COUNT(packets));
    cr_assert_arr_eq(fake.ram + 0x3F8, words, sizeof words);
    detach(probe);
}

Test(cmsis_dap_memory, writes_bytes_and_halfwords_in_their_lanes)
{
    static const char *const packets[] = {"05 00 03 01 10 00 00 AA 05 03 00 00 24 0D 00 00 00 77",
        "05 00 03 01 11 00 00 AA 05 02 00 00 24 0D 00 00 EF BE",
        "05 00 03 01 10 00 00 AA 05 01 00 00 24 0D 00 55 00 00"};
    struct probe *probe = attach(64, 4);

    cr_assert(probe_write_narrow(probe, 1, RAM + 3, 0x77, 1, &err), "%s", err.message);
    cr_assert_eq(fake.ram[3], 0x77);
    cr_assert(probe_write_narrow(probe, 1, RAM + 2, 0xBEEF, 2, &err), "%s", err.message);
    cr_assert(probe_write_narrow(probe, 1, RAM + 1, 0x55, 1, &err), "%s", err.message);
    expect(packets, COUNT(packets));
    cr_assert_arr_eq(fake.ram, ((const uint8_t[]){0, 0x55, 0xEF, 0xBE}), 4);
    detach(probe);
}

Test(cmsis_dap_memory, reads_bytes_at_any_alignment)
{
    struct probe *probe = attach(64, 4);
    size_t offset = 0;
    size_t size = 0;

    memcpy(fake.ram, pattern, sizeof pattern);
    for (offset = 0x3FA; offset < 0x3FE; offset++) {
        for (size = 1; size < 20; size++) {
            memset(found, 0xEE, 32);
            cr_assert(probe_read_bytes(probe, 1, RAM + (uint32_t)offset, found, size, &err));
            cr_assert_arr_eq(found, pattern + offset, size, "%zu bytes at %zu", size, offset);
            cr_assert_eq(found[size], 0xEE, "%zu bytes at %zu", size, offset);
        }
    }
    detach(probe);
}

Test(cmsis_dap_memory, scatters_words_in_order)
{
    /* 5C000004 follows 5C000000; what begins a KiB has its TAR. */
    static const char *const packets[] = {
        "05 00 0A 01 12 00 00 AA 05 00 00 00 24 0D 11 00 00 00 0D 22 00 00 00 05 00 00 00 40 0F"
        " 05 FC 03 00 24 0D 33 00 00 00 05 00 04 00 24 0D 44 00 00 00"};
    struct probe_word words[] = {{RAM, 0x11, true}, {RAM + 4, 0x22, true},
        {FAKE_DAP_REGISTERS, 0, false}, {RAM + 0x3FC, 0x33, true}, {RAM + 0x400, 0x44, true}};
    struct probe *probe = attach(64, 4);

    cr_assert(probe_transfer_words(probe, 1, words, COUNT(words), &err), "%s", err.message);
    expect(packets, COUNT(packets));
    cr_assert_eq(words[2].value, 0x1000);
    cr_assert_eq(fake.ram[4], 0x22);
    cr_assert_eq(fake.ram[0x3FC], 0x33);
    cr_assert_eq(fake.ram[0x400], 0x44);
    detach(probe);
}

Test(cmsis_dap_memory, scatters_more_words_than_a_packet_holds)
{
    struct probe_word words[150];
    struct probe *probe = attach(64, 4);
    size_t i = 0;

    for (i = 0; i < COUNT(words); i++) {
        words[i] = (struct probe_word){
            .addr = RAM + (uint32_t)(i * 52 % BYTES), .value = (uint32_t)i, .is_write = i % 3 != 2};
    }
    memcpy(fake.ram, pattern, sizeof pattern);
    cr_assert(probe_transfer_words(probe, 1, words, COUNT(words), &err), "%s", err.message);
    for (i = 0; i < COUNT(words); i++) {
        const uint8_t *bytes = words[i].is_write ? fake.ram : pattern;
        uint32_t value = 0;

        memcpy(&value, bytes + i * 52 % BYTES, 4);
        cr_assert_eq(words[i].value, value, "word %zu", i);
    }
    cr_assert_eq(fake.max_in_flight, 1, "their order is the caller's");
    detach(probe);
}

/* ---- sizes ---- */

Test(cmsis_dap_memory, carries_blocks_through_packets_of_all_sizes)
{
    static const uint16_t packet_bytes[] = {64, 65, 66, 67, 127, 512, 1024};
    static const uint8_t packet_counts[] = {1, 2, 4, 8};
    size_t i = 0;
    size_t k = 0;

    for (i = 0; i < COUNT(packet_bytes); i++) {
        for (k = 0; k < COUNT(packet_counts); k++) {
            struct probe *probe = attach(packet_bytes[i], packet_counts[k]);

            cr_assert(probe_write_mem(probe, 1, RAM + 0x104, pattern, BYTES - 0x104, &err),
                "%u bytes, %u packets: %s", packet_bytes[i], packet_counts[k], err.message);
            cr_assert_arr_eq(fake.ram + 0x104, pattern, BYTES - 0x104);
            memset(found, 0, sizeof found);
            cr_assert(probe_read_mem(probe, 1, RAM + 0x104, found, BYTES - 0x104, &err));
            cr_assert_arr_eq(found, pattern, BYTES - 0x104);
            cr_assert_eq(fake.max_in_flight, packet_counts[k], "%u bytes: %zu under way of %u",
                packet_bytes[i], fake.max_in_flight, packet_counts[k]);
            detach(probe);
        }
    }
}

Test(cmsis_dap_memory, keeps_registers_to_one_packet_at_a_time)
{
    struct probe *probe = attach(64, 4);
    size_t i = 0;

    cr_assert(probe_write_mem(probe, 1, FAKE_DAP_REGISTERS, pattern, 40 * 4, &err));
    cr_assert(probe_read_mem(probe, 1, FAKE_DAP_REGISTERS, found, 40 * 4, &err));
    cr_assert_eq(fake.max_in_flight, 1);
    cr_assert_eq(fake.register_write_count, 40);
    cr_assert_eq(fake.register_reads, 40);
    for (i = 0; i < 40; i++) {
        cr_assert_eq(found[4 * i], i);
    }
    detach(probe);
}

/* TAR once for each KiB: 10 words with it, then 14 in each of 18 packets. */
Test(cmsis_dap_memory, wastes_no_packet)
{
    struct probe *probe = attach(64, 4);

    cr_assert(probe_write_mem(probe, 1, RAM, pattern, 1024, &err), "%s", err.message);
    cr_assert_eq(fake.sent_count, 1 + 18, "%zu packets", fake.sent_count);
    detach(probe);
    probe = attach(512, 4);
    cr_assert(probe_write_mem(probe, 1, RAM, pattern, 4096, &err), "%s", err.message);
    cr_assert_eq(fake.sent_count, 4 * 3, "%zu packets", fake.sent_count);
    detach(probe);
}

/* ---- disturbances ---- */

/* Each block, disturbed at each of its words. */
static void disturb_all(size_t *at, uint8_t packet_count)
{
    enum { WORDS = 80 };
    size_t offset = (size_t)((uint8_t *)at - (uint8_t *)&fake);
    size_t word = 0;

    for (word = 1; word <= WORDS; word++) {
        struct probe *probe = attach(64, packet_count);
        size_t *trigger = (size_t *)(void *)((uint8_t *)&fake + offset);

        fake.wait_count = 2;
        *trigger = word;
        cr_assert(probe_write_mem(probe, 1, RAM + 0x3C0, pattern, WORDS * 4, &err),
            "writing word %zu: %s", word, err.message);
        cr_assert_arr_eq(fake.ram + 0x3C0, pattern, WORDS * 4, "writing word %zu", word);
        cr_assert_eq(fake.ram[0x3C0 + WORDS * 4], 0, "writing word %zu", word);
        cr_assert_eq(fake.ram[0x3BF], 0, "writing word %zu", word);
        fake.wait_count = 2;
        *trigger = fake.drw_count + word;
        cr_assert(probe_read_mem(probe, 1, RAM + 0x3C0, found, WORDS * 4, &err),
            "reading word %zu: %s", word, err.message);
        cr_assert_arr_eq(found, pattern, WORDS * 4, "reading word %zu", word);
        detach(probe);
    }
}

Test(cmsis_dap_memory, goes_on_where_it_had_to_wait)
{
    disturb_all(&fake.waits_at, 1);
    disturb_all(&fake.waits_at, 4);
}

Test(cmsis_dap_memory, repeats_ram_after_a_refusal)
{
    disturb_all(&fake.faults_at, 1);
    disturb_all(&fake.faults_at, 4);
}

Test(cmsis_dap_memory, repeats_ram_after_no_acknowledge)
{
    disturb_all(&fake.silent_at, 1);
    disturb_all(&fake.silent_at, 4);
}

Test(cmsis_dap_memory, repeats_ram_after_a_parity_error)
{
    disturb_all(&fake.parity_at, 1);
    disturb_all(&fake.parity_at, 4);
}

/* WAIT says that the access was not begun, so each register is written once and read once. */
Test(cmsis_dap_memory, waits_for_registers_without_doing_anything_twice)
{
    size_t at = 0;

    for (at = 1; at <= 20; at++) {
        struct probe *probe = attach(64, 4);
        uint32_t i = 0;

        fake.waits_at = at;
        fake.wait_count = 3;
        cr_assert(probe_write_mem(probe, 1, FAKE_DAP_REGISTERS, pattern, 20 * 4, &err));
        cr_assert_eq(fake.register_write_count, 20, "at %zu: %zu", at, fake.register_write_count);
        for (i = 0; i < 20; i++) {
            cr_assert_arr_eq(&fake.register_writes[i], pattern + 4 * (size_t)i, 4);
        }
        fake.waits_at = fake.drw_count + at;
        fake.wait_count = 3;
        cr_assert(probe_read_mem(probe, 1, FAKE_DAP_REGISTERS, found, 20 * 4, &err));
        cr_assert_eq(fake.register_reads, 20);
        detach(probe);
    }
}

Test(cmsis_dap_memory, waits_while_words_are_scattered)
{
    size_t at = 0;

    for (at = 1; at <= 12; at++) {
        struct probe_word words[12];
        struct probe *probe = attach(64, 4);
        uint32_t i = 0;

        for (i = 0; i < COUNT(words); i++) {
            words[i] = (struct probe_word){FAKE_DAP_REGISTERS + 8 * i, i, i % 2 == 0};
        }
        fake.waits_at = at;
        fake.wait_count = 3;
        cr_assert(probe_transfer_words(probe, 1, words, COUNT(words), &err), "%s", err.message);
        cr_assert_eq(fake.register_write_count, 6, "at %zu: %zu", at, fake.register_write_count);
        cr_assert_eq(fake.register_reads, 6, "at %zu", at);
        for (i = 0; i < COUNT(words); i++) {
            cr_assert_eq(words[i].value, i % 2 == 0 ? i : 0x1000 + i / 2, "at %zu, word %u", at, i);
        }
        detach(probe);
    }
}

/* The last write of a packet is accepted and waited for: it is not written again. */
Test(cmsis_dap_memory, waits_for_a_register_write_that_takes_long)
{
    size_t at = 0;

    for (at = 1; at <= 20; at++) {
        struct probe *probe = attach(64, 4);

        fake.pending_at = at;
        fake.pending_count = 4;
        cr_assert(probe_write_mem(probe, 1, FAKE_DAP_REGISTERS, pattern, 20 * 4, &err),
            "at %zu: %s", at, err.message);
        cr_assert_eq(fake.register_write_count, 20, "at %zu: %zu", at, fake.register_write_count);
        cr_assert_not(fake.is_pending, "at %zu", at);
        detach(probe);
    }
}

Test(cmsis_dap_memory, waits_for_a_scattered_write_that_takes_long)
{
    size_t at = 0;

    for (at = 1; at <= 12; at++) {
        struct probe_word words[12];
        struct probe *probe = attach(64, 4);
        uint32_t i = 0;

        for (i = 0; i < COUNT(words); i++) {
            words[i] = (struct probe_word){FAKE_DAP_REGISTERS + 8 * i, i, true};
        }
        fake.pending_at = at;
        fake.pending_count = 4;
        cr_assert(probe_transfer_words(probe, 1, words, COUNT(words), &err), "%s", err.message);
        cr_assert_eq(fake.register_write_count, 12, "at %zu: %zu", at, fake.register_write_count);
        cr_assert_not(fake.is_pending, "at %zu", at);
        detach(probe);
    }
}

/* Only an abort of the transfer makes the port answer again. */
Test(cmsis_dap_memory, aborts_a_write_that_never_ends)
{
    struct probe_word words[] = {
        {FAKE_DAP_REGISTERS, 1, true}, {RAM, 2, true}, {FAKE_DAP_REGISTERS + 8, 3, true}};
    struct probe *probe = attach(64, 4);

    fake.pending_at = 3;
    fake.pending_count = FAKE_DAP_NEVER_ENDS;
    cr_assert_not(probe_write_mem(probe, 1, RAM, pattern, 256, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT);
    cr_assert(probe_write_mem(probe, 1, RAM, pattern, 256, &err), "%s", err.message);
    fake.pending_at = fake.drw_count + 3;
    cr_assert_not(probe_transfer_words(probe, 1, words, COUNT(words), &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT);
    cr_assert_eq(err.addr, FAKE_DAP_REGISTERS + 8);
    cr_assert(probe_transfer_words(probe, 1, words, COUNT(words), &err), "%s", err.message);
    detach(probe);
}

Test(cmsis_dap_memory, gives_up_wires_that_stay_disturbed)
{
    struct probe *probe = attach(64, 4);

    fake.silent_at = 5;
    fake.silent_count = 3;
    cr_assert_not(probe_write_mem(probe, 1, RAM, pattern, 256, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT);
    cr_assert_eq(fake.hz, 200000, "%u Hz", (unsigned)fake.hz);
    cr_assert(probe_write_mem(probe, 1, RAM, pattern, 256, &err), "%s", err.message);
    detach(probe);
}

/* SELECT is thought to be written when its packet is on its way. */
Test(cmsis_dap_memory, writes_select_again_when_a_request_was_lost)
{
    struct probe *probe = attach(64, 4);
    uint32_t value = 0;

    memset(fake.ram, 0x5A, 4);
    cr_assert(probe_read_word(probe, 0, RAM, &value, &err), "%s", err.message);
    cr_assert_eq(value, 0);
    fake.drops_at = fake.sent_count + 1;
    cr_assert(probe_read_word(probe, 1, RAM, &value, &err), "%s", err.message);
    cr_assert_eq(value, 0x5A5A5A5A);
    detach(probe);
}

Test(cmsis_dap_memory, gives_up_a_target_that_stays_busy)
{
    struct probe *probe = attach(64, 4);
    uint64_t start_ns = fake.now_ns;

    fake.waits_at = 5;
    fake.wait_count = 1000000;
    cr_assert_not(probe_write_mem(probe, 1, RAM, pattern, 256, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT);
    cr_assert_str_eq(err.message, "the target stays busy (acknowledge WAIT)\n"
                                  "  while writing 256 bytes at 0x24000000");
    cr_assert_eq(err.addr, RAM + 3 * 4);
    cr_assert_gt(fake.now_ns - start_ns, UINT64_C(255000000));
    cr_assert_lt(fake.now_ns - start_ns, UINT64_C(1000000000));
    fake.wait_count = 0;
    cr_assert(probe_write_mem(probe, 1, RAM, pattern, 256, &err), "%s", err.message);
    detach(probe);
}

static void expect_fault(uint32_t bad_addr, bool is_read, uint8_t packet_count)
{
    struct probe *probe = attach(64, packet_count);
    bool is_done = false;

    fake.bad_addr = bad_addr;
    is_done = is_read ? probe_read_mem(probe, 1, RAM, found, 0x800, &err)
                      : probe_write_mem(probe, 1, RAM, pattern, 0x800, &err);
    cr_assert_not(is_done);
    cr_assert_eq(err.code, ERROR_TARGET_FAULT);
    cr_assert(err.has_addr);
    cr_assert_eq(err.addr, bad_addr, "0x%08X is named, not 0x%08X", err.addr, bad_addr);
    cr_assert_not(fake.is_sticky, "the next access works");
    if (!is_read) {
        cr_assert_arr_eq(fake.ram, pattern, bad_addr - RAM);
    }
    fake.bad_addr = 0;
    cr_assert(probe_write_mem(probe, 1, RAM, pattern, 0x800, &err), "%s", err.message);
    detach(probe);
}

Test(cmsis_dap_memory, names_the_word_that_was_refused)
{
    uint32_t word = 0;

    for (word = 0; word < 0x800; word += 4) {
        expect_fault(RAM + word, false, 1 + (word / 4) % 4);
        expect_fault(RAM + word, true, 1 + (word / 4) % 4);
    }
}

Test(cmsis_dap_memory, names_the_word_that_was_refused_however_late)
{
    uint32_t word = 0;

    for (word = 0; word < 0x100; word += 4) {
        struct probe *probe = attach(64, 1);

        fake.is_fault_late = true;
        fake.bad_addr = RAM + word;
        cr_assert_not(probe_write_mem(probe, 1, RAM, pattern, 0x100, &err));
        cr_assert_eq(err.addr, RAM + word, "0x%08X is named, not %u", err.addr, (unsigned)word);
        detach(probe);
    }
}

Test(cmsis_dap_memory, does_not_believe_a_tar_outside_the_block)
{
    struct probe *probe = attach(64, 4);

    fake.bad_addr = RAM + 0x40;
    fake.tar_reads_as = RAM + 0x100;
    cr_assert_not(probe_write_mem(probe, 1, RAM, pattern, 0x100, &err));
    cr_assert_eq(err.addr, RAM + 0x40, "0x%08X is named", err.addr);
    detach(probe);
}

Test(cmsis_dap_memory, names_the_scattered_word_that_was_refused)
{
    size_t at = 0;

    for (at = 0; at < 24; at++) {
        struct probe_word words[24];
        struct probe *probe = attach(64, 4);
        uint32_t i = 0;

        for (i = 0; i < COUNT(words); i++) {
            words[i] = (struct probe_word){RAM + 12 * i, i, i % 4 != 1};
        }
        words[3].addr = words[2].addr + 4; /* one behind the other, without a TAR between */
        fake.bad_addr = words[at].addr;
        cr_assert_not(probe_transfer_words(probe, 1, words, COUNT(words), &err));
        cr_assert_eq(err.code, ERROR_TARGET_FAULT);
        cr_assert_eq(err.addr, words[at].addr, "word %zu, and 0x%08X is named", at, err.addr);
        cr_assert_not(fake.is_sticky);
        detach(probe);
    }
}

/* Reading some has effects: only what was not read is asked for again. */
Test(cmsis_dap_memory, repeats_no_read_of_a_register_that_was_done)
{
    struct probe *probe = attach(64, 4);
    size_t at = 0;

    for (at = 1; at <= 40; at++) {
        fake.register_reads = 0;
        fake.silent_at = fake.drw_count + at;
        cr_assert(probe_read_mem(probe, 1, FAKE_DAP_REGISTERS, found, 40 * 4, &err));
        cr_assert_eq(fake.register_reads, 40, "at %zu: %u", at, (unsigned)fake.register_reads);
    }
    detach(probe);
}

Test(cmsis_dap_memory, does_not_repeat_writes_to_registers)
{
    struct probe *probe = attach(64, 4);

    fake.silent_at = 3;
    cr_assert_not(probe_write_mem(probe, 1, FAKE_DAP_REGISTERS, pattern, 40, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT);
    cr_assert_eq(fake.register_write_count, 2);
    fake.faults_at = fake.drw_count + 3;
    cr_assert_not(probe_write_mem(probe, 1, FAKE_DAP_REGISTERS, pattern, 40, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT);
    cr_assert_eq(fake.register_write_count, 4);
    cr_assert(probe_write_mem(probe, 1, FAKE_DAP_REGISTERS, pattern, 40, &err), "%s", err.message);
    cr_assert_eq(fake.register_write_count, 14);
    detach(probe);
}

/* ---- answers that make no sense ---- */

static void answer_something_else(struct fake_dap_packet *answer)
{
    answer->bytes[0] = 0x7F;
}

static void cut_to_one(struct fake_dap_packet *answer)
{
    answer->size_bytes = 1;
}

static void cut_data(struct fake_dap_packet *answer)
{
    answer->size_bytes = answer->size_bytes > 7 ? answer->size_bytes - 1 : 2;
}

static void claim_more(struct fake_dap_packet *answer)
{
    answer->bytes[1]++;
}

static void claim_less(struct fake_dap_packet *answer)
{
    answer->bytes[1]--;
}

static void claim_very_many(struct fake_dap_packet *answer)
{
    answer->bytes[1] = 0xFF;
    answer->bytes[2] = answer->bytes[0] == 6 ? 0xFF : answer->bytes[2];
}

static void claim_all_of_a_padded_answer(struct fake_dap_packet *answer)
{
    answer->bytes[1] = 17; /* CSW, TAR and 15 words */
    answer->size_bytes = 64;
}

/* HID pads every answer, so that there is data for more words than were asked for. */
Test(cmsis_dap_memory, takes_no_more_words_than_it_asked_for)
{
    struct probe *probe = attach(64, 4);

    memcpy(fake.ram, pattern, sizeof pattern);
    memset(found, 0xEE, sizeof found);
    fake.spoil = claim_all_of_a_padded_answer;
    fake.spoils_at = fake.answer_count + 1;
    cr_assert(probe_read_mem(probe, 1, RAM, found, 4, &err), "%s", err.message);
    cr_assert_arr_eq(found, pattern, 4);
    cr_assert_eq(found[4], 0xEE);
    cr_assert_eq(fake.spoils_at, 0);
    detach(probe);
}

static void acknowledge_strangely(struct fake_dap_packet *answer)
{
    answer->bytes[answer->bytes[0] == 6 ? 3 : 2] = 3;
}

static void deny(struct fake_dap_packet *answer)
{
    answer->bytes[0] = 0xFF;
    answer->size_bytes = 1;
}

Test(cmsis_dap_memory, does_not_insist_on_a_command_the_probe_does_not_know)
{
    struct probe *probe = attach(64, 4);

    fake.spoil = deny;
    fake.spoils_at = fake.answer_count + 2;
    cr_assert_not(probe_write_mem(probe, 1, RAM, pattern, 512, &err));
    cr_assert_eq(err.code, ERROR_PROBE_ABILITY);
    cr_assert(probe_write_mem(probe, 1, RAM, pattern, 512, &err), "%s", err.message);
    detach(probe);
}

static uint8_t strange_ack;

static void acknowledge_so(struct fake_dap_packet *answer)
{
    answer->bytes[2] = strange_ack;
}

Test(cmsis_dap_memory, takes_nothing_but_ok_for_ok)
{
    static const uint8_t acks[] = {0, 2, 3, 4, 5, 6, 7, 9, 0x11, 0x21, 0x81, 0xFF};
    size_t i = 0;

    for (i = 0; i < COUNT(acks); i++) {
        struct probe *probe = attach(64, 4);
        bool is_wait = acks[i] == 2; /* goes on, and finds the write done */

        strange_ack = acks[i];
        fake.spoil = acknowledge_so;
        fake.spoils_at = fake.answer_count + 1;
        cr_assert_eq(probe_write_word(probe, 1, FAKE_DAP_REGISTERS, 1, &err), is_wait,
            "acknowledge %02X", acks[i]);
        cr_assert_eq(fake.register_write_count, 1, "acknowledge %02X", acks[i]);
        detach(probe);
    }
}

/* A single read is repeated once, not for ever. */
Test(cmsis_dap_memory, gives_up_a_probe_that_stays_out_of_step)
{
    struct probe *probe = attach(64, 4);
    uint32_t value = 0;
    size_t first = fake.answer_count + 1;

    fake.spoil = answer_something_else;
    fake.spoils_again = true;
    fake.spoils_at = first;
    cr_assert_not(probe_read_word(probe, 1, RAM, &value, &err));
    cr_assert_eq(err.code, ERROR_USB_PROTOCOL);
    fake.spoils_again = false;
    cr_assert(probe_read_word(probe, 1, RAM, &value, &err), "%s", err.message);
    detach(probe);
}

/* Words that follow each other cost a byte of the request and four of the answer. */
Test(cmsis_dap_memory, asks_for_no_more_than_an_answer_holds)
{
    struct probe_word words[60];
    struct probe *probe = attach(64, 4);
    uint32_t i = 0;

    memcpy(fake.ram, pattern, sizeof pattern);
    for (i = 0; i < COUNT(words); i++) {
        words[i] = (struct probe_word){RAM + 4 * i, 0, false};
    }
    words[59].addr = RAM + 0x1000;
    cr_assert(probe_transfer_words(probe, 1, words, COUNT(words), &err), "%s", err.message);
    for (i = 0; i < COUNT(words); i++) {
        cr_assert_arr_eq(&words[i].value, pattern + (words[i].addr - RAM), 4, "word %u", i);
    }
    detach(probe);
}

Test(cmsis_dap_memory, does_not_make_up_words_that_did_not_come)
{
    struct probe_word words[] = {{RAM, 0, false}, {RAM + 0x10, 0, false}, {RAM + 0x20, 0, false}};
    struct probe *probe = attach(64, 4);

    memcpy(fake.ram, pattern, sizeof pattern);
    fake.spoil = cut_data;
    fake.spoils_at = fake.answer_count + 1;
    cr_assert(probe_transfer_words(probe, 1, words, COUNT(words), &err), "%s", err.message);
    cr_assert_arr_eq(&words[2].value, pattern + 0x20, 4);
    cr_assert_eq(fake.spoils_at, 0);
    detach(probe);
}

static void (*const spoils[])(struct fake_dap_packet *) = {answer_something_else, cut_to_one,
    cut_data, claim_more, claim_less, claim_very_many, acknowledge_strangely, NULL};

/* One bad answer of any kind, to any packet: the contents are right in the end. */
Test(cmsis_dap_memory, gets_over_a_bad_answer)
{
    size_t kind = 0;
    size_t at = 0;

    for (kind = 0; kind < COUNT(spoils); kind++) {
        for (at = 1; at <= 8; at++) {
            struct probe *probe = attach(64, 4);

            fake.spoil = spoils[kind];
            fake.spoils_at = fake.answer_count + at;
            cr_assert(probe_write_mem(probe, 1, RAM + 0x3C0, pattern, 100 * 4, &err),
                "writing, kind %zu at %zu: %s", kind, at, err.message);
            cr_assert_arr_eq(fake.ram + 0x3C0, pattern, 100 * 4);
            cr_assert_eq(fake.spoils_at, 0);
            fake.spoils_at = fake.answer_count + at;
            memset(found, 0, sizeof found);
            cr_assert(probe_read_mem(probe, 1, RAM + 0x3C0, found, 100 * 4, &err),
                "reading, kind %zu at %zu: %s", kind, at, err.message);
            cr_assert_arr_eq(found, pattern, 100 * 4, "reading, kind %zu at %zu", kind, at);
            cr_assert_eq(fake.spoils_at, 0);
            detach(probe);
        }
    }
}

Test(cmsis_dap_memory, says_what_is_wrong_with_an_answer_and_works_on)
{
    struct probe *probe = attach(64, 4);

    fake.spoil = answer_something_else;
    fake.spoils_at = fake.answer_count + 1;
    cr_assert_not(probe_write_word(probe, 1, FAKE_DAP_REGISTERS, 5, &err));
    cr_assert_eq(err.code, ERROR_USB_PROTOCOL);
    cr_assert(
        strncmp(err.message, "the probe answered 0x7F, 3 bytes, to the command 0x05", 53) == 0,
        "%s", err.message);
    fake.spoil = cut_to_one;
    fake.spoils_at = fake.answer_count + 1;
    cr_assert_not(probe_write_word(probe, 1, FAKE_DAP_REGISTERS, 5, &err));
    cr_assert_eq(err.code, ERROR_USB_PROTOCOL);
    cr_assert_str_eq(err.message, "the probe's answer of 1 bytes is too short\n"
                                  "  while writing 4 bytes at 0x40000000");
    cr_assert(probe_write_word(probe, 1, FAKE_DAP_REGISTERS, 5, &err), "%s", err.message);
    cr_assert_eq(fake.register_write_count, 3, "nothing was repeated");
    detach(probe);
}

static void swap_answer(struct fake_dap_packet *answer)
{
    size_t i = 0;

    for (i = 0; i < answer->size_bytes; i++) {
        answer->bytes[i] = (uint8_t)rand();
    }
    answer->bytes[0] = (uint8_t)(rand() % 2 != 0 ? answer->bytes[0] : 5 + rand() % 2);
    answer->size_bytes = (size_t)rand() % 70;
}

/* Whatever comes: no crash, no wrong success. A random answer that looks right may be believed when
 * reading, so that only writes are compared. */
Test(cmsis_dap_memory, survives_random_answers)
{
    unsigned seed = 0;

    for (seed = 1; seed < 400; seed++) {
        struct probe *probe = attach(64, 4);

        srand(seed);
        fake.spoil = swap_answer;
        fake.spoils_at = fake.answer_count + 1 + seed % 6;
        if (probe_write_mem(probe, 1, RAM, pattern, 256, &err)) {
            cr_assert_arr_eq(fake.ram, pattern, 256, "seed %u", seed);
        }
        fake.spoils_at = fake.answer_count + 1 + seed % 6;
        (void)(probe_read_mem(probe, 1, RAM, found, 256, &err) ? 0 : 1);
        fake.spoils_at = 0;
        cr_assert(
            probe_read_mem(probe, 1, RAM, found, 256, &err), "seed %u: %s", seed, err.message);
        cr_assert_arr_eq(found, fake.ram, 256, "seed %u", seed);
        detach(probe);
    }
}

Test(cmsis_dap_memory, ends_at_every_packet_where_the_probe_disappears)
{
    size_t at = 0;

    for (at = 1; at <= 20; at++) {
        struct probe *probe = attach(64, 4);
        uint64_t start_ns = fake.now_ns;

        fake.lost_at = at;
        cr_assert_not(probe_write_mem(probe, 1, RAM, pattern, 0x800, &err));
        cr_assert_eq(err.code, ERROR_USB_LOST, "packet %zu: %s", at, err.message);
        probe_close(probe);
        cr_assert_lt(fake.now_ns - start_ns, UINT64_C(1000000000), "packet %zu", at);
    }
}
