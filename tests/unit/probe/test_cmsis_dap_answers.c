/* Answers of a CMSIS-DAP that make no sense. */
#include "cmsis_dap_rig.h"

TestSuite(cmsis_dap_answers, .init = make_pattern, .timeout = 60);

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
Test(cmsis_dap_answers, takes_no_more_words_than_it_asked_for)
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

Test(cmsis_dap_answers, does_not_insist_on_a_command_the_probe_does_not_know)
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

Test(cmsis_dap_answers, takes_nothing_but_ok_for_ok)
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
Test(cmsis_dap_answers, gives_up_a_probe_that_stays_out_of_step)
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
Test(cmsis_dap_answers, asks_for_no_more_than_an_answer_holds)
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

Test(cmsis_dap_answers, does_not_make_up_words_that_did_not_come)
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
Test(cmsis_dap_answers, gets_over_a_bad_answer)
{
    size_t kind = 0;
    size_t at = 0;

    for (kind = 0; kind < COUNT(spoils); kind++) {
        for (at = 1; at <= 8; at++) {
            struct probe *probe = attach(64, 4);

            fake.spoil = spoils[kind];
            fake.spoils_at = fake.answer_count + at;
            cr_assert(probe_write_mem(probe, 1, RAM + 0x3C0, pattern, 130 * 4, &err),
                "writing, kind %zu at %zu: %s", kind, at, err.message);
            cr_assert_arr_eq(fake.ram + 0x3C0, pattern, 130 * 4);
            cr_assert_eq(fake.spoils_at, 0);
            fake.spoils_at = fake.answer_count + at;
            memset(found, 0, sizeof found);
            cr_assert(probe_read_mem(probe, 1, RAM + 0x3C0, found, 130 * 4, &err),
                "reading, kind %zu at %zu: %s", kind, at, err.message);
            cr_assert_arr_eq(found, pattern, 130 * 4, "reading, kind %zu at %zu", kind, at);
            cr_assert_eq(fake.spoils_at, 0);
            detach(probe);
        }
    }
}

Test(cmsis_dap_answers, says_what_is_wrong_with_an_answer_and_works_on)
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
Test(cmsis_dap_answers, survives_random_answers)
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

Test(cmsis_dap_answers, ends_at_every_packet_where_the_probe_disappears)
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
