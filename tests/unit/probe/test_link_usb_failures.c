/* Every way in which a transfer to an ST-LINK can end otherwise, at every transfer of a run
 * (faults: U1 to U5). */
#include "tests/unit/probe/link_usb_script.h"

/* A whole small run: every kind of transfer is in it. */
static const struct fake_usb_line whole_run[] = {OPEN_V3, ATTACH,
    SAY("F2 08 00 00 02 24 04 00 01 00 00 AA"), GIVE(4, "78 56 34 12"), ALL_IS_WELL,
    SAY("F2 07 00 00 02 24 04 00 01 00 00 AA"), GET(4, "78 56 34 12"), ALL_IS_WELL,
    SAY("F2 51 02 00 00 00"), GIVE(12, "05 03 00 00 01 00 00 00 08 29 00 20"), SAY("F2 52"),
    GET_AND_WAIT(16, "00 00 00 00 01 00 00 00 80 00 00 00 80 00 00 00"), LEAVE};

static bool run_whole(struct fake_usb *fake, struct error *err)
{
    struct probe_word words[] = {{.addr = 0x20002908}};
    struct probe *probe = NULL;
    uint32_t value = 0;
    bool is_done = false;

    if (!try_open(fake, &probe, err)) {
        return false;
    }
    /* A single word goes as a block; one transfer shows scattered words. */
    is_done = probe_attach(probe, &value, err) && probe_open_ap(probe, 1, err) &&
              probe_write_word(probe, 1, RAM, 0x12345678, err) &&
              probe_read_word(probe, 1, RAM, &value, err) &&
              stlink_transfer_words(probe, 1, words, 1, err);
    if (is_done) {
        cr_assert_eq(value, 0x12345678);
        cr_assert_eq(words[0].value, 1);
    }
    probe_close(probe);
    return is_done;
}

Test(link_usb_failures, plays_the_whole_run)
{
    struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
    struct error err;

    cr_assert(run_whole(fake, &err), "%s %s", err.message, fake->mismatch);
    cr_assert_eq(fake->next, fake->count);
    cr_assert_str_eq(fake->mismatch, "");
}

static void expect_survival(enum usb_end end)
{
    size_t at = 0;

    for (at = 1; at <= COUNT(whole_run); at++) {
        struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
        struct error err = {.code = ERROR_NONE};

        fake->fails_at = at;
        fake->fails_with = end;
        cr_assert(run_whole(fake, &err), "transfer %zu ended with %d: %s (%s)\n%s", at, (int)end,
            err.message, fake->mismatch, logged);
        cr_assert_str_eq(
            fake->mismatch, "", "transfer %zu ended with %d: %s", at, (int)end, fake->mismatch);
        cr_assert(fake->is_free, "transfer %zu was not reached", at);
        cr_assert(fake->is_closed);
        logged[0] = '\0';
    }
}

Test(link_usb_failures, survives_a_stall_anywhere)
{
    expect_survival(USB_END_STALL);
}

Test(link_usb_failures, survives_a_short_transfer_anywhere)
{
    expect_survival(USB_END_SHORT);
}

Test(link_usb_failures, survives_a_long_answer_anywhere)
{
    expect_survival(USB_END_LONG);
}

Test(link_usb_failures, survives_a_transfer_that_times_out_anywhere)
{
    expect_survival(USB_END_TIMEOUT);
}

Test(link_usb_failures, survives_an_error_on_the_bus_anywhere)
{
    expect_survival(USB_END_ERROR);
}

Test(link_usb_failures, ends_at_once_wherever_the_probe_disappears)
{
    size_t at = 0;

    /* Leaving is no failure of the run: three transfers. */
    for (at = 1; at <= COUNT(whole_run) - 3; at++) {
        struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
        struct error err = {.code = ERROR_NONE};

        fake->fails_at = at;
        fake->fails_with = USB_END_LOST;
        cr_assert_not(run_whole(fake, &err), "transfer %zu", at);
        cr_assert_eq(err.code, ERROR_USB_LOST, "transfer %zu: %s", at, err.message);
        cr_assert_eq(fake->drains, 1);
        cr_assert_eq(fake->resets, 0, "nothing is tried on a probe that is gone");
        cr_assert_leq(fake->transfers_after_loss, 2, "closing the access port, leaving");
        cr_assert(fake->is_closed);
    }
}

/* Number of the line with this command, the first behind `behind`. */
static size_t line_of(const char *hex, size_t behind)
{
    size_t i = 0;

    for (i = behind; i < COUNT(whole_run); i++) {
        if (whole_run[i].hex != NULL && strcmp(whole_run[i].hex, hex) == 0) {
            return i + 1;
        }
    }
    cr_assert_fail("no line %s", hex);
    return 0;
}

static const char *const write_word = "F2 08 00 00 02 24 04 00 01 00 00 AA";

static void expect_said(const struct fake_usb *fake, const char *const *commands, size_t count)
{
    size_t i = 0;

    cr_assert_eq(fake->said_count, count, "%zu commands: %s", fake->said_count, fake->mismatch);
    for (i = 0; i < count; i++) {
        cr_assert_str_eq(fake->said[i], commands[i], "command %zu", i);
    }
}

Test(link_usb_failures, submits_one_by_one_after_a_failure_and_says_so)
{
    static const char *const said[] = {"F1", write_word, "F2 3E",
        "F2 07 00 00 02 24 04 00 01 00 00 AA", "F2 3E", "F2 51 02 00 00 00", "F2 52", "F2 4C 01",
        "F2 21"};
    struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
    struct error err;
    unsigned lines_before = (unsigned)line_of(write_word, 0) - 1;

    fake->fails_at = line_of("80", line_of(write_word, 0));
    fake->fails_with = USB_END_STALL;
    cr_assert(run_whole(fake, &err), "%s %s", err.message, fake->mismatch);
    expect_said(fake, said, COUNT(said));
    /* Before: a command and its answer in each. Then the failure, the question for the version,
     * write, status, read, status, scattered words out and in, and two commands to leave. */
    cr_assert_eq(fake->submissions, lines_before / 2 + 1 + 1 + 2 + 2 + 2 + 2);
    cr_assert_eq(fake->drains, 2);
    cr_assert_eq(fake->resets, 0);
    cr_assert_not_null(strstr(logged, "one by one from now on"), "%s", logged);
}

Test(
    link_usb_failures, resets_the_port_when_the_probe_may_wait_for_data_and_enters_debug_mode_again)
{
    static const char *const said[] = {"F1", "F2 21", "F2 63 01", "F2 62", "F2 61 00 00 C0 5D",
        "F2 3C 01", "F2 30 A3", "F2 3C 01", "F2 46 FF FF 00 00 1E", "F2 46 FF FF 04 00 20 00 00 50",
        "F2 45 FF FF 04", "F2 46 FF FF 04 00 00 00 00 50", "F2 45 FF FF 04", "F2 4B 01", write_word,
        "F2 3E", "F2 07 00 00 02 24 04 00 01 00 00 AA", "F2 3E", "F2 51 02 00 00 00", "F2 52",
        "F2 4C 01", "F2 21"};
    struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
    struct error err;

    fake->fails_at = line_of(write_word, 0) + 1;
    fake->fails_with = USB_END_TIMEOUT;
    cr_assert(run_whole(fake, &err), "%s %s", err.message, fake->mismatch);
    cr_assert_eq(fake->resets, 1);
    expect_said(fake, said, COUNT(said));
}

Test(link_usb_failures, resets_the_port_when_the_version_comes_out_different)
{
    struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
    struct error err;

    fake->fails_at = line_of("F2 31", 0);
    fake->fails_with = USB_END_SHORT;
    fake->answers_wrongly = true;
    cr_assert(run_whole(fake, &err), "%s %s", err.message, fake->mismatch);
    cr_assert_eq(fake->resets, 1);
    cr_assert_str_eq(fake->mismatch, "");
}

Test(link_usb_failures, does_not_reset_the_port_where_the_command_was_refused)
{
    size_t offset = 0;

    /* The command, its data: refused, nothing is awaited. */
    for (offset = 0; offset < 2; offset++) {
        struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
        struct error err;

        fake->fails_at = line_of(write_word, 0) + offset;
        fake->fails_with = USB_END_STALL;
        cr_assert(run_whole(fake, &err), "%s %s", err.message, fake->mismatch);
        cr_assert_eq(fake->resets, 0, "transfer %zu", offset);
    }
}

Test(link_usb_failures, tries_nothing_more_when_the_probe_goes_while_it_is_got_back)
{
    struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
    struct error err;

    fake->fails_at = line_of(write_word, 0);
    fake->fails_with = USB_END_STALL;
    fake->is_lost_afterwards = true;
    cr_assert_not(run_whole(fake, &err));
    cr_assert_eq(err.code, ERROR_USB_LOST);
    cr_assert_str_eq(err.message, "the probe is gone\n  while writing 4 bytes at 0x24020000");
    cr_assert_eq(fake->resets, 0);
}

static size_t times_said(const struct fake_usb *fake, const char *hex)
{
    size_t times = 0;
    size_t i = 0;

    for (i = 0; i < fake->said_count; i++) {
        times += strcmp(fake->said[i], hex) == 0 ? 1 : 0;
    }
    return times;
}

Test(link_usb_failures, enters_debug_mode_again_once_for_each_reset)
{
    struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
    struct error err;

    fake->fails_at = line_of(write_word, 0) + 1;
    fake->fails_with = USB_END_TIMEOUT;
    fake->stalls_on = whole_run[line_of("F2 07 00 00 02 24 04 00 01 00 00 AA", 0) - 1].hex;
    cr_assert(run_whole(fake, &err), "%s %s", err.message, fake->mismatch);
    cr_assert_null(fake->stalls_on);
    cr_assert_eq(times_said(fake, "F2 30 A3"), 1);
}

Test(link_usb_failures, enters_debug_mode_only_after_resets_in_debug_mode)
{
    struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
    struct error err;

    /* While it is opened; then something small when it is attached. */
    fake->fails_at = line_of("F7", 0);
    fake->fails_with = USB_END_SHORT;
    fake->answers_wrongly = true;
    cr_assert(run_whole(fake, &err), "%s %s", err.message, fake->mismatch);
    cr_assert_eq(fake->resets, 1);
    cr_assert_eq(times_said(fake, "F2 30 A3"), 1, "attaching");
    cr_assert_eq(times_said(fake, "F2 21"), 1, "leaving");
    fake = fake_usb_play(whole_run, COUNT(whole_run));
    fake->fails_at = 2;
    fake->fails_with = USB_END_TIMEOUT;
    fake->stalls_on = whole_run[line_of(write_word, 0) - 1].hex;
    cr_assert(run_whole(fake, &err), "%s %s", err.message, fake->mismatch);
    cr_assert_null(fake->stalls_on);
    cr_assert_eq(fake->resets, 1);
    cr_assert_eq(times_said(fake, "F2 30 A3"), 1, "attaching");
}

Test(link_usb_failures, never_writes_a_key_twice)
{
    static const struct fake_usb_line script[] = {OPEN_V3, ATTACH,
        SAY("F2 08 04 20 00 52 04 00 01 00 00 AA"), GIVE(4, "23 01 67 45"), ALL_IS_WELL, LEAVE};
    static const enum usb_end ends[] = {USB_END_STALL, USB_END_SHORT, USB_END_TIMEOUT};
    size_t first = COUNT(script) - 7;
    size_t i = 0;

    for (i = 0; i < 4 * COUNT(ends); i++) {
        struct fake_usb *fake = fake_usb_play(script, COUNT(script));
        struct probe *probe = open_script(fake);
        struct error err;
        size_t said = 0;

        attach(probe);
        fake->fails_at = first + 1 + i % 4;
        fake->fails_with = ends[i / 4];
        cr_assert_not(probe_write_word(probe, 1, 0x52002004, 0x45670123, &err), "case %zu", i);
        cr_assert_eq(err.code, ERROR_USB_PROTOCOL, "case %zu: %s", i, err.message);
        probe_close(probe);
        for (said = 0; said < fake->said_count; said++) {
            cr_assert_str_neq(fake->said[said], script[first].hex, "case %zu", i);
        }
        cr_assert_str_eq(fake->mismatch, "", "case %zu: %s", i, fake->mismatch);
    }
}

Test(link_usb_failures, gives_a_probe_up_that_does_not_answer_even_after_a_reset)
{
    struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
    struct probe *probe = open_script(fake);
    struct error err;
    uint32_t value = 0;
    unsigned before = 0;

    attach(probe);
    fake->never_answers = true;
    fake->is_free = true;
    cr_assert_not(probe_read_word(probe, 1, RAM, &value, &err));
    cr_assert_eq(err.code, ERROR_USB_LOST);
    cr_assert_str_eq(err.message, "the probe usb:1-4.2 does not answer any more\n"
                                  "  while reading 4 bytes at 0x24020000");
    cr_assert_str_neq(err.hint, "");
    cr_assert_eq(fake->resets, 1);
    before = fake->submissions;
    cr_assert_not(probe_read_word(probe, 1, RAM, &value, &err));
    cr_assert_eq(err.code, ERROR_USB_LOST);
    probe_close(probe);
    cr_assert_eq(fake->submissions, before, "a probe that was given up is left alone");
    cr_assert(fake->is_closed);
}

Test(link_usb_failures, brings_a_probe_back_that_a_killed_run_left_silent)
{
    struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
    struct error err;

    fake->fails_at = 2;
    fake->fails_with = USB_END_TIMEOUT;
    cr_assert(run_whole(fake, &err), "%s %s", err.message, fake->mismatch);
    cr_assert_eq(fake->resets, 1);
    cr_assert_eq(fake->drains, 2);
}

Test(link_usb_failures, does_not_open_a_probe_that_stays_silent)
{
    struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
    struct probe *probe = NULL;
    struct error err;

    fake->never_answers = true;
    cr_assert_not(try_open(fake, &probe, &err));
    cr_assert_eq(err.code, ERROR_USB_PROTOCOL);
    cr_assert_str_eq(
        err.message, "silence\n  while getting the probe back after a reset of its port");
    cr_assert_str_neq(err.hint, "");
    cr_assert_eq(fake->resets, 1, "once");
    cr_assert(fake->is_closed);
}

Test(link_usb_failures, passes_on_why_a_probe_cannot_be_opened)
{
    static const enum error_code codes[] = {
        ERROR_PROBE_BUSY, ERROR_PROBE_PERMISSION, ERROR_NO_PROBE};
    size_t i = 0;

    for (i = 0; i < COUNT(codes); i++) {
        struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
        struct probe *probe = NULL;
        struct error err;

        fake->open_fails = codes[i];
        cr_assert_not(try_open(fake, &probe, &err));
        cr_assert_eq(err.code, codes[i]);
        cr_assert_not(fake->is_open);
    }
}

Test(link_usb_failures, needs_endpoints)
{
    struct fake_usb *fake = fake_usb_play(whole_run, COUNT(whole_run));
    struct probe *probe = NULL;
    struct error err;

    fake->device.in_endpoint = 0;
    cr_assert_not(try_open(fake, &probe, &err));
    cr_assert_eq(err.code, ERROR_PROBE_ABILITY);
    cr_assert_str_eq(
        err.message, "the probe usb:1-4.2 has no endpoints for commands on interface 0");
    cr_assert(fake->is_closed);
}
