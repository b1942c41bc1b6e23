/* The report in words and as JSON. */
#include "sim/clock.h"
#include "sim/report.h"

#include <inttypes.h>

enum { TEXT_LED_LINES = 24 };

static double seconds(uint64_t duration_ps)
{
    return (double)duration_ps / (double)SIM_PS_PER_S;
}

static double percent(uint64_t part_ps, uint64_t whole_ps)
{
    return whole_ps == 0 ? 0.0 : 100.0 * (double)part_ps / (double)whole_ps;
}

struct cost_row {
    enum sim_cost cost;
    const char *key;
    const char *label;
};

static const struct cost_row time_rows[] = {
    {SIM_COST_LINK_BUSY_PS, "link_busy_ns", "link busy"},
    {SIM_COST_WRITE_PS, "target_write_ns", "  writing target memory"},
    {SIM_COST_READ_PS, "target_read_ns", "  reading target memory"},
    {SIM_COST_CHIP_ERASE_PS, "chip_erase_ns", "chip erasing"},
    {SIM_COST_CHIP_PROGRAM_PS, "chip_program_ns", "chip programming"},
    {SIM_COST_CHIP_BUS_PS, "chip_bus_ns", "memory bus"},
    {SIM_COST_CPU_BUSY_PS, "cpu_busy_ns", "CPU executing"},
    {SIM_COST_CPU_POLL_PS, "cpu_poll_ns", "  of it waiting"},
};

static const struct cost_row count_rows[] = {
    {SIM_COST_USB_TRANSFERS, "usb_transfers", "USB transfers"},
    {SIM_COST_LINK_BYTES, "link_bytes", "bytes over the link"},
    {SIM_COST_LINK_WAITS, "link_waits", "waits for the probe"},
    {SIM_COST_WRITE_BYTES, "target_write_bytes", "target bytes written"},
    {SIM_COST_WRITE_WAITS, "target_write_waits", "  waits for that"},
    {SIM_COST_READ_BYTES, "target_read_bytes", "target bytes read"},
    {SIM_COST_READ_WAITS, "target_read_waits", "  waits for that"},
    {SIM_COST_STATUS_POLLS, "status_polls", "status polls at the chip"},
    {SIM_COST_INSTRUCTIONS, "instructions", "instructions"},
};

static void print_violations(const struct sim_report *report, FILE *out)
{
    struct sim_report_violation violation;

    if (sim_report_violation_count(report) == 0) {
        (void)fprintf(out, "no violations\n");
        return;
    }
    (void)fprintf(out, "%" PRIu32 " violations\n", sim_report_violation_count(report));
    for (size_t i = 0; sim_report_violation(report, i, &violation); i++) {
        (void)fprintf(out, "  %s: %" PRIu32 "\n", violation.kind, violation.count);
        for (unsigned j = 0; j < violation.text_count; j++) {
            (void)fprintf(
                out, "    %.9f s  %s\n", seconds(violation.times_ps[j]), violation.texts[j]);
        }
    }
}

static void print_leds(const struct sim_report *report, FILE *out)
{
    uint64_t count = sim_report_led_change_count(report);
    struct sim_report_led_change change;
    size_t kept = 0;

    (void)fprintf(out, "%" PRIu64 " LED changes\n", count);
    while (sim_report_led_change(report, kept, &change)) {
        kept++;
    }
    for (size_t i = kept > TEXT_LED_LINES ? kept - TEXT_LED_LINES : 0;
         sim_report_led_change(report, i, &change); i++) {
        (void)fprintf(out, "  %.9f s  %s %s\n", seconds(change.time_ps), change.name,
            change.lit ? "on" : "off");
    }
}

struct rate_row {
    const char *key;
    const char *label;
    enum sim_cost bytes;
    enum sim_cost time;
    enum sim_cost waits;
};

static const struct rate_row rate_rows[] = {
    {"target_write_bytes_per_s", "written", SIM_COST_WRITE_BYTES, SIM_COST_WRITE_PS,
        SIM_COST_WRITE_WAITS},
    {"target_read_bytes_per_s", "read", SIM_COST_READ_BYTES, SIM_COST_READ_PS, SIM_COST_READ_WAITS},
};

/* 0 when nothing was moved. */
static uint64_t bytes_per_s(const struct sim_report *report, const struct rate_row *row)
{
    double taken_s = seconds(sim_report_cost_total(report, row->time));

    return taken_s > 0 ? (uint64_t)((double)sim_report_cost_total(report, row->bytes) / taken_s)
                       : 0;
}

/* Modelled rates of memory commands with their statuses and waits. */
static void print_rates(const struct sim_report *report, FILE *out)
{
    const double block_bytes = 6144;

    for (size_t i = 0; i < sizeof rate_rows / sizeof rate_rows[0]; i++) {
        const struct rate_row *row = &rate_rows[i];
        uint64_t bytes = sim_report_cost_total(report, row->bytes);

        if (bytes != 0) {
            (void)fprintf(out, "  target memory %-12s %14.1f KB/s, %.2f waits per 6 KiB\n",
                row->label, (double)bytes_per_s(report, row) / 1000,
                (double)sim_report_cost_total(report, row->waits) * block_bytes / (double)bytes);
        }
    }
}

void sim_report_print_text(const struct sim_report *report, uint64_t lower_bound_ps, FILE *out)
{
    uint64_t session_ps = sim_report_session_ps(report);

    (void)fprintf(
        out, "since the last client connected: %.9f s of virtual time\n", seconds(session_ps));
    for (size_t i = 0; i < sizeof time_rows / sizeof time_rows[0]; i++) {
        uint64_t total = sim_report_cost_total(report, time_rows[i].cost);

        (void)fprintf(out, "  %-26s %14.9f s  %5.1f %%\n", time_rows[i].label, seconds(total),
            percent(total, session_ps));
    }
    for (size_t i = 0; i < sizeof count_rows / sizeof count_rows[0]; i++) {
        (void)fprintf(out, "  %-26s %14" PRIu64 "\n", count_rows[i].label,
            sim_report_cost_total(report, count_rows[i].cost));
    }
    print_rates(report, out);
    (void)fprintf(out, "  %-26s %14.9f s  %5.1f %%\n", "lower bound of this work",
        seconds(lower_bound_ps), percent(lower_bound_ps, session_ps));
    print_leds(report, out);
    print_violations(report, out);
}

/* Violation texts may hold anything a target sends: control characters are escaped. */
static void print_json_string(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            (void)fprintf(out, "\\%c", c);
        } else if (c < 0x20 || c > 0x7E) {
            (void)fprintf(out, "\\u%04x", c);
        } else {
            (void)fputc(c, out);
        }
    }
    (void)fputc('"', out);
}

static void print_json_violations(const struct sim_report *report, FILE *out)
{
    struct sim_report_violation violation;

    (void)fprintf(out, "\"violations\":%" PRIu32 ",\"violation_kinds\":[",
        sim_report_violation_count(report));
    for (size_t i = 0; sim_report_violation(report, i, &violation); i++) {
        (void)fprintf(out, "%s{\"kind\":", i == 0 ? "" : ",");
        print_json_string(out, violation.kind);
        (void)fprintf(out, ",\"count\":%" PRIu32 ",\"first\":[", violation.count);
        for (unsigned j = 0; j < violation.text_count; j++) {
            (void)fprintf(out, "%s{\"ns\":%" PRIu64 ",\"text\":", j == 0 ? "" : ",",
                violation.times_ps[j] / SIM_PS_PER_NS);
            print_json_string(out, violation.texts[j]);
            (void)fputc('}', out);
        }
        (void)fputs("]}", out);
    }
    (void)fputc(']', out);
}

static void print_json_leds(const struct sim_report *report, FILE *out)
{
    struct sim_report_led_change change;

    (void)fprintf(
        out, "\"led_changes\":%" PRIu64 ",\"leds\":[", sim_report_led_change_count(report));
    for (size_t i = 0; sim_report_led_change(report, i, &change); i++) {
        (void)fprintf(out, "%s{\"ns\":%" PRIu64 ",\"name\":", i == 0 ? "" : ",",
            change.time_ps / SIM_PS_PER_NS);
        print_json_string(out, change.name);
        (void)fprintf(out, ",\"on\":%s}", change.lit ? "true" : "false");
    }
    (void)fputc(']', out);
}

void sim_report_print_json(const struct sim_report *report, uint64_t lower_bound_ps, FILE *out)
{
    (void)fprintf(out, "{\"v\":1,\"type\":\"sim-report\",\"virtual_ns\":%" PRIu64,
        sim_report_session_ps(report) / SIM_PS_PER_NS);
    (void)fputs(",\"cost\":{", out);
    for (size_t i = 0; i < sizeof time_rows / sizeof time_rows[0]; i++) {
        (void)fprintf(out, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", time_rows[i].key,
            sim_report_cost_total(report, time_rows[i].cost) / SIM_PS_PER_NS);
    }
    for (size_t i = 0; i < sizeof count_rows / sizeof count_rows[0]; i++) {
        (void)fprintf(out, ",\"%s\":%" PRIu64, count_rows[i].key,
            sim_report_cost_total(report, count_rows[i].cost));
    }
    for (size_t i = 0; i < sizeof rate_rows / sizeof rate_rows[0]; i++) {
        (void)fprintf(
            out, ",\"%s\":%" PRIu64, rate_rows[i].key, bytes_per_s(report, &rate_rows[i]));
    }
    (void)fprintf(out, "},\"lower_bound_ns\":%" PRIu64 ",", lower_bound_ps / SIM_PS_PER_NS);
    print_json_leds(report, out);
    (void)fputc(',', out);
    print_json_violations(report, out);
    (void)fputs("}\n", out);
}
