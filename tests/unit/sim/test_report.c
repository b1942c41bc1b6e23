#define _POSIX_C_SOURCE 200809L /* fmemopen() */
#include "sim/clock.h"
#include "sim/report.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

static void count_notice(void *context, const char *kind, const char *text)
{
    cr_assert_str_eq(kind, "too-fast");
    cr_assert_str_eq(text, "at 99 MHz");
    (*(unsigned *)context)++;
}

Test(report, keeps_the_first_texts_of_a_kind_with_their_times)
{
    struct sim_clock clock;
    struct sim_report *report;
    struct sim_report_violation violation;

    sim_clock_init(&clock);
    report = sim_report_create(&clock);
    for (unsigned i = 0; i < 7; i++) {
        sim_clock_spend(&clock, 1000);
        sim_violation(report, "too-fast", "number %u", i);
    }
    sim_violation(report, "other", "once");

    cr_assert_eq(sim_report_violation_count(report), 8);
    cr_assert(sim_report_violation(report, 0, &violation));
    cr_assert_str_eq(violation.kind, "too-fast");
    cr_assert_eq(violation.count, 7);
    cr_assert_eq(violation.text_count, SIM_REPORT_TEXTS);
    cr_assert_str_eq(violation.texts[4], "number 4");
    cr_assert_eq(violation.times_ps[4], 5000);
    cr_assert(sim_report_violation(report, 1, &violation));
    cr_assert_not(sim_report_violation(report, 2, &violation));
    sim_report_free(report);
    sim_clock_free(&clock);
}

Test(report, counts_violations_of_more_kinds_than_it_can_name)
{
    struct sim_clock clock;
    struct sim_report *report;
    char kind[16];

    sim_clock_init(&clock);
    report = sim_report_create(&clock);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(kind, sizeof kind, "kind-%u", i);
        sim_violation(report, kind, "text");
    }
    cr_assert_eq(sim_report_violation_count(report), 200);
    sim_report_free(report);
    sim_clock_free(&clock);
}

Test(report, tells_its_listener_and_cuts_texts_that_are_too_long)
{
    struct sim_clock clock;
    struct sim_report *report;
    struct sim_report_violation violation;
    unsigned notices = 0;

    sim_clock_init(&clock);
    report = sim_report_create(&clock);
    sim_report_set_listener(report, count_notice, &notices);
    sim_violation(report, "too-fast", "at %d MHz", 99);
    cr_assert_eq(notices, 1);
    sim_report_set_listener(report, NULL, NULL);
    sim_violation(report, "long", "%0999d", 1);
    cr_assert(sim_report_violation(report, 1, &violation));
    cr_assert_eq(strlen(violation.texts[0]), SIM_REPORT_TEXT_BYTES - 1);
    sim_report_free(report);
    sim_clock_free(&clock);
}

Test(report, records_changes_of_a_led_and_not_its_state)
{
    struct sim_clock clock;
    struct sim_report *report;
    struct sim_report_led_change change;

    sim_clock_init(&clock);
    report = sim_report_create(&clock);
    sim_report_led(report, "LD1", false);
    sim_report_led(report, "LD1", true);
    sim_report_led(report, "LD1", true);
    sim_clock_spend(&clock, 500);
    sim_report_led(report, "LD1", false);
    sim_report_led(report, "LD2", true);

    cr_assert_eq(sim_report_led_change_count(report), 3);
    cr_assert(sim_report_led_change(report, 1, &change));
    cr_assert_str_eq(change.name, "LD1");
    cr_assert_not(change.lit);
    cr_assert_eq(change.time_ps, 500);
    cr_assert_not(sim_report_led_change(report, 3, &change));
    sim_report_free(report);
    sim_clock_free(&clock);
}

Test(report, a_new_session_forgets_everything_but_the_state_of_the_leds)
{
    struct sim_clock clock;
    struct sim_report *report;

    sim_clock_init(&clock);
    report = sim_report_create(&clock);
    sim_report_led(report, "LD1", true);
    sim_report_cost(report, SIM_COST_USB_TRANSFERS, 3);
    sim_violation(report, "kind", "text");
    sim_clock_spend(&clock, 70);
    sim_report_begin_session(report);
    sim_clock_spend(&clock, 7);

    cr_assert_eq(sim_report_session_ps(report), 7);
    cr_assert_eq(sim_report_violation_count(report), 0);
    cr_assert_eq(sim_report_cost_total(report, SIM_COST_USB_TRANSFERS), 0);
    sim_report_led(report, "LD1", true);
    cr_assert_eq(sim_report_led_change_count(report), 0);
    sim_report_led(report, "LD1", false);
    cr_assert_eq(sim_report_led_change_count(report), 1);
    sim_report_free(report);
    sim_clock_free(&clock);
}

Test(report, json_is_one_line_and_escapes_what_a_target_may_send)
{
    struct sim_clock clock;
    struct sim_report *report;
    char text[2048] = "";
    FILE *out = fmemopen(text, sizeof text, "w");

    sim_clock_init(&clock);
    report = sim_report_create(&clock);
    sim_violation(report, "kind", "a \"quote\"\nand a line");
    sim_report_led(report, "LD1", true);
    sim_report_print_json(report, 7000, out);
    (void)fclose(out);

    cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1);
    cr_assert_not_null(strstr(text, "a \\\"quote\\\"\\u000aand a line"));
    cr_assert_not_null(strstr(text, "{\"ns\":0,\"name\":\"LD1\",\"on\":true}"));
    cr_assert_not_null(strstr(text, "\"violations\":1,"));
    cr_assert_not_null(strstr(text, "\"lower_bound_ns\":7,"));
    sim_report_free(report);
    sim_clock_free(&clock);
}

/* 6144 bytes in 3502.2 us and one wait. */
Test(report, rates_and_waits_come_from_the_time_spent_on_that_work)
{
    struct sim_clock clock;
    struct sim_report *report;
    char text[4096] = "";
    FILE *out = fmemopen(text, sizeof text, "w");

    sim_clock_init(&clock);
    report = sim_report_create(&clock);
    sim_report_link_time(report, SIM_LINK_OTHER, 5 * SIM_PS_PER_MS);
    sim_report_link_time(report, SIM_LINK_WRITE, 3502200 * SIM_PS_PER_NS);
    sim_report_link_bytes(report, SIM_LINK_WRITE, 6144);
    sim_report_link_bytes(report, SIM_LINK_OTHER, 99);
    sim_report_link_wait(report, SIM_LINK_WRITE);
    sim_report_link_wait(report, SIM_LINK_OTHER);
    sim_report_print_json(report, 0, out);
    sim_report_print_text(report, 0, out);
    (void)fclose(out);

    cr_assert_not_null(strstr(text, "\"link_busy_ns\":8502200,"));
    cr_assert_not_null(strstr(text, "\"target_write_ns\":3502200,"));
    cr_assert_not_null(strstr(text, "\"target_write_bytes\":6144,"));
    cr_assert_not_null(strstr(text, "\"target_write_waits\":1,"));
    cr_assert_not_null(strstr(text, "\"target_write_bytes_per_s\":1754325,"));
    cr_assert_not_null(strstr(text, "\"target_read_bytes_per_s\":0}"));
    cr_assert_not_null(strstr(text, "\"link_waits\":2,"));
    cr_assert_not_null(strstr(text, "1754.3 KB/s, 1.00 waits per 6 KiB"));
    cr_assert_null(strstr(text, "target memory read"), "nothing was read");
    sim_report_free(report);
    sim_clock_free(&clock);
}
