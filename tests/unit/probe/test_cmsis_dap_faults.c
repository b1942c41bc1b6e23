/* What becomes of CMSIS-DAP transfers that were disturbed or refused. */
#include "cmsis_dap_rig.h"

TestSuite(cmsis_dap_faults, .init = make_pattern, .timeout = 60);

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

Test(cmsis_dap_faults, goes_on_where_it_had_to_wait)
{
    disturb_all(&fake.waits_at, 1);
    disturb_all(&fake.waits_at, 4);
    queue_count = DAP_LINK_MAX_QUEUED;
    disturb_all(&fake.waits_at, 4);
    queue_count = 0;
}

Test(cmsis_dap_faults, repeats_ram_after_a_refusal)
{
    disturb_all(&fake.faults_at, 1);
    disturb_all(&fake.faults_at, 4);
    queue_count = DAP_LINK_MAX_QUEUED;
    disturb_all(&fake.faults_at, 4);
    queue_count = 0;
}

Test(cmsis_dap_faults, repeats_ram_after_no_acknowledge)
{
    disturb_all(&fake.silent_at, 1);
    disturb_all(&fake.silent_at, 4);
    queue_count = DAP_LINK_MAX_QUEUED;
    disturb_all(&fake.silent_at, 4);
    queue_count = 0;
}

Test(cmsis_dap_faults, repeats_ram_after_a_parity_error)
{
    disturb_all(&fake.parity_at, 1);
    disturb_all(&fake.parity_at, 4);
    queue_count = DAP_LINK_MAX_QUEUED;
    disturb_all(&fake.parity_at, 4);
    queue_count = 0;
}

/* WAIT says that the access was not begun, so each register is written once and read once. */
Test(cmsis_dap_faults, waits_for_registers_without_doing_anything_twice)
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

Test(cmsis_dap_faults, waits_while_words_are_scattered)
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
Test(cmsis_dap_faults, waits_for_a_register_write_that_takes_long)
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

Test(cmsis_dap_faults, waits_for_a_scattered_write_that_takes_long)
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
Test(cmsis_dap_faults, aborts_a_write_that_never_ends)
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

Test(cmsis_dap_faults, gives_up_wires_that_stay_disturbed)
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
Test(cmsis_dap_faults, writes_select_again_when_a_request_was_lost)
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

Test(cmsis_dap_faults, gives_up_a_target_that_stays_busy)
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

Test(cmsis_dap_faults, names_the_word_that_was_refused)
{
    uint32_t word = 0;

    for (word = 0; word < 0x800; word += 4) {
        expect_fault(RAM + word, false, 1 + (word / 4) % 4);
        expect_fault(RAM + word, true, 1 + (word / 4) % 4);
        queue_count = DAP_LINK_MAX_QUEUED;
        expect_fault(RAM + word, false, 1 + (word / 4) % 4);
        expect_fault(RAM + word, true, 1 + (word / 4) % 4);
        queue_count = 0;
    }
}

Test(cmsis_dap_faults, names_the_word_that_was_refused_however_late)
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

Test(cmsis_dap_faults, does_not_believe_a_tar_outside_the_block)
{
    struct probe *probe = attach(64, 4);

    fake.bad_addr = RAM + 0x40;
    fake.tar_reads_as = RAM + 0x100;
    cr_assert_not(probe_write_mem(probe, 1, RAM, pattern, 0x100, &err));
    cr_assert_eq(err.addr, RAM + 0x40, "0x%08X is named", err.addr);
    detach(probe);
}

Test(cmsis_dap_faults, names_the_scattered_word_that_was_refused)
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
Test(cmsis_dap_faults, repeats_no_read_of_a_register_that_was_done)
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

Test(cmsis_dap_faults, does_not_repeat_writes_to_registers)
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
