#include "sim/report.h"

#include "sim/clock.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = 96, KIND_BYTES = 48, LEDS = 16, LED_NAME_BYTES = 16, LED_CHANGES = 4096 };

struct kind_entry {
    char name[KIND_BYTES];
    uint32_t count;
    unsigned text_count;
    char texts[SIM_REPORT_TEXTS][SIM_REPORT_TEXT_BYTES];
    uint64_t times_ps[SIM_REPORT_TEXTS];
};

struct led_entry {
    char name[LED_NAME_BYTES];
    bool lit;
};

struct led_record {
    uint64_t time_ps;
    uint8_t led;
    bool lit;
};

struct sim_report {
    struct sim_clock *clock;
    uint64_t session_start_ps;
    uint64_t costs[SIM_COST_COUNT];
    uint32_t violation_count;
    unsigned kind_count;
    struct kind_entry kinds[KINDS];
    unsigned led_count;
    struct led_entry leds[LEDS];
    uint64_t change_count;
    struct led_record changes[LED_CHANGES]; /* ring: the latest ones */
    void (*noticed)(void *context, const char *kind, const char *text);
    void *context;
};

struct sim_report *sim_report_create(struct sim_clock *clock)
{
    struct sim_report *report = calloc(1, sizeof *report);

    if (report == NULL) {
        abort();
    }
    report->clock = clock;
    report->session_start_ps = sim_clock_now_ps(clock);
    return report;
}

void sim_report_free(struct sim_report *report)
{
    free(report);
}

/* The last slot collects everything that does not fit, so that nothing goes uncounted. */
static struct kind_entry *find_kind(struct sim_report *report, const char *name)
{
    struct kind_entry *entry = NULL;

    for (unsigned i = 0; i < report->kind_count; i++) {
        if (strncmp(report->kinds[i].name, name, KIND_BYTES - 1) == 0) {
            return &report->kinds[i];
        }
    }
    if (report->kind_count == KINDS) {
        return &report->kinds[KINDS - 1];
    }
    entry = &report->kinds[report->kind_count++];
    memset(entry, 0, sizeof *entry);
    (void)snprintf(entry->name, sizeof entry->name, "%s", name);
    return entry;
}

void sim_violation(struct sim_report *report, const char *kind, const char *fmt, ...)
{
    struct kind_entry *entry = find_kind(report, kind);
    char text[SIM_REPORT_TEXT_BYTES];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    report->violation_count++;
    entry->count++;
    if (entry->text_count < SIM_REPORT_TEXTS) {
        memcpy(entry->texts[entry->text_count], text, sizeof text);
        entry->times_ps[entry->text_count++] = sim_clock_now_ps(report->clock);
    }
    if (report->noticed != NULL) {
        report->noticed(report->context, entry->name, text);
    }
}

uint32_t sim_report_violation_count(const struct sim_report *report)
{
    return report->violation_count;
}

void sim_report_led(struct sim_report *report, const char *name, bool lit)
{
    struct led_record *record = NULL;
    unsigned led = 0;

    while (
        led < report->led_count && strncmp(report->leds[led].name, name, LED_NAME_BYTES - 1) != 0) {
        led++;
    }
    if (led == LEDS) {
        return;
    }
    if (led == report->led_count) {
        (void)snprintf(report->leds[led].name, LED_NAME_BYTES, "%s", name);
        report->led_count++;
    }
    if (report->leds[led].lit == lit) {
        return; /* a LED is dark until somebody lights it */
    }
    report->leds[led].lit = lit;
    record = &report->changes[report->change_count++ % LED_CHANGES];
    record->time_ps = sim_clock_now_ps(report->clock);
    record->led = (uint8_t)led;
    record->lit = lit;
}

void sim_report_cost(struct sim_report *report, enum sim_cost cost, uint64_t amount)
{
    report->costs[cost] += amount;
}

uint64_t sim_report_cost_total(const struct sim_report *report, enum sim_cost cost)
{
    return report->costs[cost];
}

/* Rows: enum sim_link_work from SIM_LINK_WRITE. */
static const struct {
    enum sim_cost time;
    enum sim_cost waits;
    enum sim_cost bytes;
} work_costs[] = {
    {SIM_COST_WRITE_PS, SIM_COST_WRITE_WAITS, SIM_COST_WRITE_BYTES},
    {SIM_COST_READ_PS, SIM_COST_READ_WAITS, SIM_COST_READ_BYTES},
};

void sim_report_link_time(struct sim_report *report, enum sim_link_work work, uint64_t duration_ps)
{
    report->costs[SIM_COST_LINK_BUSY_PS] += duration_ps;
    if (work != SIM_LINK_OTHER) {
        report->costs[work_costs[work - SIM_LINK_WRITE].time] += duration_ps;
    }
}

void sim_report_link_wait(struct sim_report *report, enum sim_link_work work)
{
    report->costs[SIM_COST_LINK_WAITS]++;
    if (work != SIM_LINK_OTHER) {
        report->costs[work_costs[work - SIM_LINK_WRITE].waits]++;
    }
}

void sim_report_link_bytes(struct sim_report *report, enum sim_link_work work, uint64_t bytes)
{
    if (work != SIM_LINK_OTHER) {
        report->costs[work_costs[work - SIM_LINK_WRITE].bytes] += bytes;
    }
}

void sim_report_begin_session(struct sim_report *report)
{
    report->session_start_ps = sim_clock_now_ps(report->clock);
    memset(report->costs, 0, sizeof report->costs);
    report->violation_count = 0;
    report->kind_count = 0;
    report->change_count = 0;
}

uint64_t sim_report_session_ps(const struct sim_report *report)
{
    return sim_clock_now_ps(report->clock) - report->session_start_ps;
}

void sim_report_set_listener(struct sim_report *report,
    void (*noticed)(void *context, const char *kind, const char *text), void *context)
{
    report->noticed = noticed;
    report->context = context;
}

bool sim_report_violation(
    const struct sim_report *report, size_t index, struct sim_report_violation *violation)
{
    const struct kind_entry *entry = NULL;

    if (index >= report->kind_count) {
        return false;
    }
    entry = &report->kinds[index];
    violation->kind = entry->name;
    violation->count = entry->count;
    violation->text_count = entry->text_count;
    for (unsigned i = 0; i < SIM_REPORT_TEXTS; i++) {
        violation->texts[i] = entry->texts[i];
        violation->times_ps[i] = entry->times_ps[i];
    }
    return true;
}

static uint64_t kept_changes(const struct sim_report *report)
{
    return report->change_count < LED_CHANGES ? report->change_count : LED_CHANGES;
}

bool sim_report_led_change(
    const struct sim_report *report, size_t index, struct sim_report_led_change *change)
{
    uint64_t kept = kept_changes(report);
    const struct led_record *record = NULL;

    if (index >= kept) {
        return false;
    }
    record = &report->changes[(report->change_count - kept + index) % LED_CHANGES];
    change->name = report->leds[record->led].name;
    change->lit = record->lit;
    change->time_ps = record->time_ps;
    return true;
}

uint64_t sim_report_led_change_count(const struct sim_report *report)
{
    return report->change_count;
}
