/* Memory through a CMSIS-DAP: packets byte by byte, TAR at each KiB, packets under way. */
#include "cmsis_dap_rig.h"

TestSuite(cmsis_dap_memory, .init = make_pattern, .timeout = 60);

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
        "05 00 07 01 12 00 00 AA 05 F8 03 00 24 0D 01 00 00 00 0D 02 00 00 00"
        " 05 00 04 00 24 0D 03 00 00 00 0D 04 00 00 00"};
    static const uint8_t words[] = {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0};
    struct probe *probe = attach(64, 4);

    cr_assert(probe_write_mem(probe, 1, RAM + 0x3F8, words, sizeof words, &err));
    expect(packets, COUNT(packets));
    cr_assert_arr_eq(fake.ram + 0x3F8, words, sizeof words);
    detach(probe);
}

/* The two words in front of the border need half a packet: the rest of it is for those behind. */
Test(cmsis_dap_memory, crosses_a_kib_inside_a_packet)
{
    static const char *const packets[] = {
        "05 00 0C 01 12 00 00 AA 05 D0 03 00 24"
        " 0D 01 00 00 00 0D 02 00 00 00 0D 03 00 00 00 0D 04 00 00 00 0D 05 00 00 00"
        " 0D 06 00 00 00 0D 07 00 00 00 0D 08 00 00 00 0D 09 00 00 00 0D 0A 00 00 00",
        "05 00 0C 0D 0B 00 00 00 0D 0C 00 00 00 05 00 04 00 24"
        " 0D 0D 00 00 00 0D 0E 00 00 00 0D 0F 00 00 00 0D 10 00 00 00 0D 11 00 00 00"
        " 0D 12 00 00 00 0D 13 00 00 00 0D 14 00 00 00 0D 15 00 00 00",
        "06 00 01 00 0D 16 00 00 00"};
    static const char *const reads[] = {
        "05 00 12 01 12 00 00 AA 05 D0 03 00 24 0F 0F 0F 0F 0F 0F 0F 0F 0F 0F 0F 0F"
        " 05 00 04 00 24 0F 0F 0F",
        "06 00 07 00 0F"};
    struct probe *probe = attach(64, 4);
    uint8_t words[22 * 4] = {0};
    uint8_t i = 0;

    for (i = 0; i < 22; i++) {
        words[4 * i] = i + 1;
    }
    cr_assert(probe_write_mem(probe, 1, RAM + 0x3D0, words, sizeof words, &err));
    expect(packets, COUNT(packets));
    fake.sent_count = 0;
    cr_assert(probe_read_mem(probe, 1, RAM + 0x3D0, found, sizeof words, &err));
    expect(reads, COUNT(reads));
    cr_assert_arr_eq(found, words, sizeof words);
    /* 11 words in front of the border leave no room for TAR and a word, and are a block. */
    fake.sent_count = 0;
    cr_assert(probe_write_mem(probe, 1, RAM + 0x3AC, pattern, 30 * 4, &err));
    cr_assert_eq(fake.sent_count, 3);
    cr_assert_arr_eq(fake.sent[1].bytes, ((const uint8_t[]){0x06, 0x00, 0x0B, 0x00, 0x0D}), 5);
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
    cr_assert_eq(fake.sent_count, 9, "%zu packets", fake.sent_count);
    fake.sent_count = 0;
    cr_assert(probe_read_mem(probe, 1, RAM, found, 4096, &err), "%s", err.message);
    cr_assert_eq(fake.sent_count, 9, "%zu packets", fake.sent_count);
    detach(probe);
}

/* From the first packet of a block to its last answer there is always one under way. */
Test(cmsis_dap_memory, never_lets_the_probe_run_dry)
{
    static const uint8_t packet_counts[] = {1, 2, 4, 8};
    size_t i = 0;

    for (i = 0; i < 2 * COUNT(packet_counts); i++) {
        uint8_t packet_count = packet_counts[i / 2];
        struct probe *probe = NULL;
        size_t unanswered = 0;

        queue_count = i % 2 != 0 ? DAP_LINK_MAX_QUEUED : 0;
        unanswered = packet_count > 1 && queue_count != 0 ? queue_count : packet_count;
        probe = attach(64, packet_count);
        cr_assert(probe_write_mem(probe, 1, RAM, pattern, BYTES, &err), "%s", err.message);
        cr_assert_arr_eq(fake.ram, pattern, BYTES);
        cr_assert_eq(fake.max_in_flight, packet_count);
        cr_assert_eq(fake.max_unanswered, unanswered, "%zu: %zu", i, fake.max_unanswered);
        cr_assert(packet_count == 1 || fake.drained == 1, "row %zu: %u", i, fake.drained);
        cr_assert(probe_read_mem(probe, 1, RAM, found, BYTES, &err), "%s", err.message);
        cr_assert_arr_eq(found, pattern, BYTES);
        cr_assert(packet_count == 1 || fake.drained == 2, "row %zu: %u", i, fake.drained);
        /* Where the block begins inside a KiB, the first border is waited for when writing. */
        fake.drained = 0;
        cr_assert(probe_write_mem(probe, 1, RAM + 0x104, pattern, 0x2800, &err));
        cr_assert(packet_count == 1 || fake.drained == 2, "row %zu: %u", i, fake.drained);
        fake.drained = 0;
        cr_assert(probe_read_mem(probe, 1, RAM + 0x104, found, 0x2800, &err));
        cr_assert(packet_count == 1 || fake.drained == 1, "row %zu: %u", i, fake.drained);
        detach(probe);
    }
    queue_count = 0;
}

/* TAR between two registers of a packet has to wait: neither is accessed twice. */
Test(cmsis_dap_memory, waits_for_tar_among_registers)
{
    size_t at = 0;

    for (at = 0; at <= 2; at++) {
        struct probe *probe = attach(64, 4);
        uint32_t i = 0;

        fake.tar_waits_at = at;
        cr_assert(probe_write_mem(probe, 1, FAKE_DAP_REGISTERS + 0x3F0, pattern, 40, &err));
        cr_assert_eq(fake.register_write_count, 10, "at %zu: %zu", at, fake.register_write_count);
        for (i = 0; i < 10; i++) {
            cr_assert_arr_eq(&fake.register_writes[i], pattern + 4 * (size_t)i, 4);
        }
        fake.tar_waits_at = fake.tar_count + at;
        cr_assert(probe_read_mem(probe, 1, FAKE_DAP_REGISTERS + 0x3F0, found, 40, &err));
        cr_assert_eq(fake.register_reads, 10, "at %zu: %u", at, (unsigned)fake.register_reads);
        detach(probe);
    }
}

/* What was not sent yet is not sent behind a refusal. */
Test(cmsis_dap_memory, takes_back_what_was_not_sent)
{
    struct probe *probe = NULL;

    queue_count = DAP_LINK_MAX_QUEUED;
    probe = attach(64, 2);
    fake.bad_addr = RAM;
    cr_assert_not(probe_write_mem(probe, 1, RAM, pattern, BYTES, &err));
    cr_assert_eq(err.addr, RAM);
    /* The refused one, one that was under way, one that went out when the first answer came, ABORT;
     * the first one again, ABORT; then TAR is asked for. */
    cr_assert_eq(fake.sent_count, 4 + 2 + 1, "%zu packets", fake.sent_count);
    queue_count = 0;
    detach(probe);
}

/* Without its TAR a packet's units go elsewhere: never out of the block, and what they hit there is
 * written again. */
Test(cmsis_dap_memory, repairs_what_went_astray_behind_a_wait)
{
    static const uint32_t starts[] = {0x1000, 0x1004, 0x1300, 0x13FC, 0x1380};
    size_t row = 0;
    size_t at = 0;

    for (row = 0; row < 4 * COUNT(starts); row++) {
        uint32_t start = starts[row / 4];

        for (at = 0; at < 1200; at += at < 8 ? 1 : 13) {
            struct probe *probe = NULL;
            size_t i = 0;

            queue_count = row % 2 != 0 ? DAP_LINK_MAX_QUEUED : 0;
            probe = attach(row / 2 % 2 != 0 ? 64 : 512, 8);
            fake.tar_waits_at = at < 8 ? at : 0;
            fake.waits_at = at < 8 ? 0 : at;
            fake.wait_count = 1;
            memset(fake.ram, 0x5A, sizeof fake.ram);
            if (at == 1) {
                fake.tar_waits_at = 0; /* nothing is under way that it could have to wait for */
            }
            cr_assert(probe_write_mem(probe, 1, RAM + start, pattern, 0x1200, &err));
            cr_assert_arr_eq(fake.ram + start, pattern, 0x1200, "row %zu, at %zu", row, at);
            for (i = 0; i < sizeof fake.ram; i++) {
                if (i < start || i >= start + 0x1200) {
                    cr_assert_eq(fake.ram[i], 0x5A, "row %zu, at %zu: %zX", row, at, i);
                }
            }
            fake.tar_waits_at = fake.tar_count + at;
            fake.waits_at = fake.drw_count + at;
            fake.wait_count = 1;
            cr_assert(probe_read_mem(probe, 1, RAM + start, found, 0x1200, &err));
            cr_assert_arr_eq(found, pattern, 0x1200, "row %zu, at %zu", row, at);
            detach(probe);
        }
    }
    queue_count = 0;
}
