#include "host/base/os.h"
#include "host/cli/output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DRAW_INTERVAL_NS UINT64_C(50000000) /* of the host: how often a terminal is redrawn */

enum {
    PERCENT_NONE = 101,
    PLAIN_STEP_PERCENT = 10,
    PLAIN_MIN_BYTES = 256 * 1024 /* a phase below this is over before its line is read */
};

static uint64_t clock_ns(const struct output *output)
{
    return output_elapsed_us(output) * 1000;
}

static void start_phase(struct output *output, const char *phase)
{
    output_progress_end(output);
    (void)snprintf(output->phase, sizeof output->phase, "%s", phase);
    output->last_percent = PERCENT_NONE;
    output->phase_start_ns = clock_ns(output);
}

static uint64_t rate_bytes_per_s(const struct output *output, uint64_t done_bytes)
{
    uint64_t took_ns = clock_ns(output) - output->phase_start_ns;

    return took_ns > 1000000 ? (uint64_t)((double)done_bytes * 1e9 / (double)took_ns) : 0;
}

static void format_eta(
    char *text, size_t text_bytes, uint64_t rate, uint64_t done_bytes, uint64_t total_bytes)
{
    uint64_t left_s = rate != 0 ? (total_bytes - done_bytes) / rate : 0;

    text[0] = '\0';
    if (rate != 0 && done_bytes < total_bytes) {
        (void)snprintf(
            text, text_bytes, "  %" PRIu64 ":%02u left", left_s / 60, (unsigned)(left_s % 60));
    }
}

static unsigned percent_of(uint64_t done_bytes, uint64_t total_bytes)
{
    return done_bytes < total_bytes ? (unsigned)(done_bytes * 100 / total_bytes) : 100;
}

static void draw_bar(struct output *output, uint64_t done_bytes, uint64_t total_bytes)
{
    uint64_t rate = rate_bytes_per_s(output, done_bytes);
    unsigned percent = percent_of(done_bytes, total_bytes);
    char tail[64];
    char eta[32];
    char bar[64];
    unsigned width = output->columns > 70 ? 30 : 10;

    format_eta(eta, sizeof eta, rate, done_bytes, total_bytes);
    (void)snprintf(tail, sizeof tail, "%3u%%  %6" PRIu64 " KB/s%s", percent, rate / 1000, eta);
    for (unsigned i = 0; i < width; i++) {
        bar[i] = i < percent * width / 100 ? '#' : '.';
    }
    bar[width] = '\0';
    (void)fprintf(stderr, "\r\033[K%-10s [%s] %s", output->phase, bar, tail);
    (void)fflush(stderr);
    output->bar_is_drawn = true;
}

static void print_plain(struct output *output, uint64_t done_bytes, uint64_t total_bytes)
{
    uint64_t rate = rate_bytes_per_s(output, done_bytes);

    (void)fprintf(stderr, "%s %u%% of %" PRIu64 " KB", output->phase,
        percent_of(done_bytes, total_bytes), (total_bytes + 999) / 1000);
    if (rate != 0) {
        (void)fprintf(stderr, ", %" PRIu64 " KB/s", rate / 1000);
    }
    (void)fputc('\n', stderr);
}

static void record_progress(struct output *output, uint64_t done_bytes, uint64_t total_bytes)
{
    struct record record;

    output_begin_record(output, &record, "progress");
    record_text(&record, "phase", output->phase);
    record_u64(&record, "done", done_bytes);
    record_u64(&record, "total", total_bytes);
    record_u64(&record, "bps", rate_bytes_per_s(output, done_bytes));
    output_record(output, &record);
}

void output_progress(
    struct output *output, const char *phase, uint64_t done_bytes, uint64_t total_bytes)
{
    unsigned percent = 0;
    bool is_last = done_bytes >= total_bytes;
    unsigned step = 0;

    if (strcmp(phase, output->phase) != 0) {
        start_phase(output, phase);
    }
    done_bytes = is_last ? total_bytes : done_bytes; /* whole sectors may be more than asked for */
    percent = percent_of(done_bytes, total_bytes);
    step = percent / PLAIN_STEP_PERCENT;
    if (output_wants_records(output) && step != output->last_percent / PLAIN_STEP_PERCENT) {
        record_progress(output, done_bytes, total_bytes);
    }
    if (output->progress == PROGRESS_BAR) {
        uint64_t host_ns = os_monotonic_ns();

        if (is_last || host_ns - output->last_draw_ns >= DRAW_INTERVAL_NS) {
            output->last_draw_ns = host_ns;
            draw_bar(output, done_bytes, total_bytes);
        }
    } else if (output->progress == PROGRESS_PLAIN && step > 0 && total_bytes >= PLAIN_MIN_BYTES &&
               step != output->last_percent / PLAIN_STEP_PERCENT) {
        print_plain(output, done_bytes, total_bytes);
    }
    output->last_percent = percent;
}

void output_progress_end(struct output *output)
{
    if (output->bar_is_drawn) {
        (void)fputc('\n', stderr);
        output->bar_is_drawn = false;
    }
    output->phase[0] = '\0';
}
