/* The memory bus in words: one line per transaction. The waveform goes to trace_vcd.c. */
#include "sim/trace.h"

#include "sim/clock.h"
#include "sim/trace_vcd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 512, HEAD_BYTES = 16, PHASES = 8 };

/* Bytes of one direction, in phases of one width. */
struct part {
    struct sim_phase phase;
    bool received;
    uint32_t idle_clocks; /* or this many clocks without data */
    uint64_t count;
};

struct sim_trace {
    struct sim_clock *clock;
    FILE *text;
    struct trace_vcd *vcd;
    uint32_t max_data_bytes;
    char chip[32];
    uint64_t start_ps;
    bool open;
    unsigned part_count;
    struct part parts[PHASES];
    uint8_t *data; /* of all parts in a row, each limited to max_data_bytes */
    size_t data_count;
};

struct sim_trace *sim_trace_open(
    struct sim_clock *clock, const char *text_path, const char *vcd_path, uint32_t max_data_bytes)
{
    struct sim_trace *trace = calloc(1, sizeof *trace);

    if (trace == NULL) {
        return NULL;
    }
    trace->clock = clock;
    trace->max_data_bytes = max_data_bytes > HEAD_BYTES ? max_data_bytes : HEAD_BYTES;
    trace->data = malloc((size_t)trace->max_data_bytes * PHASES);
    if (trace->data == NULL) {
        goto free_trace;
    }
    if (text_path != NULL) {
        trace->text = fopen(text_path, "w");
        if (trace->text == NULL) {
            goto free_data;
        }
    }
    if (vcd_path != NULL) {
        trace->vcd = trace_vcd_open(vcd_path);
        if (trace->vcd == NULL) {
            goto close_text;
        }
    }
    return trace;

close_text:
    if (trace->text != NULL) {
        (void)fclose(trace->text);
    }
free_data:
    free(trace->data);
free_trace:
    free(trace);
    return NULL;
}

void sim_trace_flush(struct sim_trace *trace)
{
    if (trace->text != NULL) {
        (void)fflush(trace->text);
    }
}

void sim_trace_close(struct sim_trace *trace)
{
    if (trace == NULL) {
        return;
    }
    if (trace->open) {
        sim_trace_deselect(trace, "trace ends here");
    }
    if (trace->text != NULL) {
        (void)fclose(trace->text);
    }
    trace_vcd_close(trace->vcd);
    free(trace->data);
    free(trace);
}

void sim_trace_select(struct sim_trace *trace, const char *chip)
{
    if (trace->open) {
        sim_trace_deselect(trace, "chip select without a gap");
    }
    (void)snprintf(trace->chip, sizeof trace->chip, "%s", chip);
    trace->start_ps = sim_clock_now_ps(trace->clock);
    trace->open = true;
    trace->part_count = 0;
    trace->data_count = 0;
    trace_vcd_select(trace->vcd, trace->start_ps);
}

static bool same_phase(const struct sim_phase *a, const struct sim_phase *b)
{
    return a->lanes == b->lanes && a->dtr == b->dtr;
}

/* The part that goes on, or a new one; the last takes all that does not fit. */
static struct part *find_part(
    struct sim_trace *trace, const struct sim_phase *phase, bool received, bool idle)
{
    struct part *last = NULL;

    if (trace->part_count > 0) {
        last = &trace->parts[trace->part_count - 1];
        if (trace->part_count == PHASES ||
            (last->received == received && !idle && last->idle_clocks == 0 &&
                same_phase(&last->phase, phase))) {
            return last;
        }
    }
    last = &trace->parts[trace->part_count++];
    *last = (struct part){.phase = *phase, .received = received};
    return last;
}

static void keep(struct sim_trace *trace, struct part *part, const uint8_t *bytes, size_t count)
{
    uint64_t room = part->count < trace->max_data_bytes ? trace->max_data_bytes - part->count : 0;
    size_t kept = count < room ? count : (size_t)room;

    memcpy(trace->data + trace->data_count, bytes, kept);
    trace->data_count += kept;
    part->count += count;
}

void sim_trace_send(
    struct sim_trace *trace, const struct sim_phase *phase, const uint8_t *bytes, size_t count)
{
    if (!trace->open) {
        return;
    }
    keep(trace, find_part(trace, phase, false, false), bytes, count);
    trace_vcd_send(trace->vcd, phase, bytes, count);
}

void sim_trace_idle(struct sim_trace *trace, const struct sim_phase *phase, uint32_t clocks)
{
    if (!trace->open) {
        return;
    }
    find_part(trace, phase, false, true)->idle_clocks += clocks;
    trace_vcd_idle(trace->vcd, phase, clocks);
}

void sim_trace_receive(
    struct sim_trace *trace, const struct sim_phase *phase, const uint8_t *bytes, size_t count)
{
    if (!trace->open) {
        return;
    }
    keep(trace, find_part(trace, phase, true, false), bytes, count);
    trace_vcd_receive(trace->vcd, sim_clock_now_ps(trace->clock), phase, bytes, count);
}

static void print_part(struct sim_trace *trace, const struct part *part, size_t *at)
{
    if (part->idle_clocks > 0) {
        (void)fprintf(trace->text, "  +%" PRIu32 " dummy", part->idle_clocks);
        return;
    }
    size_t kept = part->count < trace->max_data_bytes ? (size_t)part->count : trace->max_data_bytes;

    (void)fprintf(trace->text, "  %s%u%c:", part->received ? "<" : "", part->phase.lanes,
        part->phase.dtr ? 'D' : 'S');
    for (size_t i = 0; i < kept; i++) {
        (void)fprintf(trace->text, " %02X", trace->data[*at + i]);
    }
    *at += kept;
    if (kept < part->count) {
        (void)fprintf(trace->text, " ... (%" PRIu64 " bytes)", part->count);
    }
}

/* 12.345678901 ms  flash  1S: 9F  <1S: C2 81 39  RDID */
void sim_trace_deselect(struct sim_trace *trace, const char *note)
{
    size_t at = 0;

    if (!trace->open) {
        return;
    }
    trace->open = false;
    trace_vcd_deselect(trace->vcd, sim_clock_now_ps(trace->clock));
    if (trace->text == NULL) {
        return;
    }
    (void)fprintf(trace->text, "%" PRIu64 ".%09" PRIu64 " ms  %s", trace->start_ps / SIM_PS_PER_MS,
        trace->start_ps % SIM_PS_PER_MS, trace->chip);
    for (unsigned i = 0; i < trace->part_count; i++) {
        print_part(trace, &trace->parts[i], &at);
    }
    if (note != NULL) {
        (void)fprintf(trace->text, "  %s", note);
    }
    (void)fputc('\n', trace->text);
    (void)fflush(trace->text);
}
