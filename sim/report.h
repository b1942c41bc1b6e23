/* What the virtual board noticed: violations, LED changes, cost counters.
 *
 * A violation is something real hardware would punish later or only sometimes. It is counted per
 * kind, the first texts of each kind are kept with their virtual time, and the run can be told to
 * stop at the first one. A violation never changes what the model does. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct sim_clock;
struct sim_report;

#define SIM_PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

struct sim_report *sim_report_create(struct sim_clock *clock);
void sim_report_free(struct sim_report *report);

/* kind: a stable short name with hyphens, such as "chip-clock-too-fast" or "unclocked-access". */
void sim_violation(struct sim_report *report, const char *kind, const char *fmt, ...)
    SIM_PRINTF_LIKE(3, 4);
uint32_t sim_report_violation_count(const struct sim_report *report);

/* name as printed on the board, such as "LD1". */
void sim_report_led(struct sim_report *report, const char *name, bool lit);

/* Cost counters; durations in picoseconds of virtual time. */
enum sim_cost {
    SIM_COST_LINK_BUSY_PS,    /* USB and SWD transfers under way */
    SIM_COST_CHIP_ERASE_PS,   /* chip busy erasing */
    SIM_COST_CHIP_PROGRAM_PS, /* chip busy programming */
    SIM_COST_CHIP_BUS_PS,     /* clock running between controller and chip */
    SIM_COST_CPU_BUSY_PS,     /* CPU executing, idle polling loops included */
    SIM_COST_CPU_POLL_PS,     /* of which: skipped or spun in loops that wait */
    SIM_COST_USB_TRANSFERS,   /* command, data and status phases, each counted once */
    SIM_COST_LINK_BYTES,      /* data bytes moved over the link */
    SIM_COST_LINK_WAITS,      /* how often the host waited for the probe */
    SIM_COST_WRITE_BYTES,     /* target memory written in blocks */
    SIM_COST_WRITE_PS,        /* of the link's time: such writes, their statuses and waits */
    SIM_COST_WRITE_WAITS,     /* of the waits: for such writes and their statuses */
    SIM_COST_READ_BYTES,      /* the same for reads */
    SIM_COST_READ_PS,
    SIM_COST_READ_WAITS,
    SIM_COST_STATUS_POLLS, /* status reads at the memory chip */
    SIM_COST_INSTRUCTIONS,
    SIM_COST_COUNT
};
void sim_report_cost(struct sim_report *report, enum sim_cost cost, uint64_t amount);
uint64_t sim_report_cost_total(const struct sim_report *report, enum sim_cost cost);

/* What the link's time is spent on: blocks of target memory or anything else. */
enum sim_link_work { SIM_LINK_OTHER, SIM_LINK_WRITE, SIM_LINK_READ };
void sim_report_link_time(struct sim_report *report, enum sim_link_work work, uint64_t duration_ps);
void sim_report_link_wait(struct sim_report *report, enum sim_link_work work);
void sim_report_link_bytes(struct sim_report *report, enum sim_link_work work, uint64_t bytes);

/* A new client connected: what was noticed before belongs to another command and is forgotten.
 * The state of the LEDs stays. */
void sim_report_begin_session(struct sim_report *report);
uint64_t sim_report_session_ps(const struct sim_report *report);

/* Called at each violation, after it has been counted; NULL switches it off. */
void sim_report_set_listener(struct sim_report *report,
    void (*noticed)(void *context, const char *kind, const char *text), void *context);

/* What the report holds, one by one. False when index is out of range. Texts stay valid until the
 * next session. A kind has at most SIM_REPORT_TEXTS texts. */
enum { SIM_REPORT_TEXTS = 5, SIM_REPORT_TEXT_BYTES = 200 };
struct sim_report_violation {
    const char *kind;
    uint32_t count;
    unsigned text_count;
    const char *texts[SIM_REPORT_TEXTS];
    uint64_t times_ps[SIM_REPORT_TEXTS];
};
bool sim_report_violation(
    const struct sim_report *report, size_t index, struct sim_report_violation *violation);
struct sim_report_led_change {
    const char *name;
    bool lit;
    uint64_t time_ps; /* since power was first applied, not since the session began */
};
/* The latest SIM_REPORT_LED_CHANGES changes; count of all changes of the session is separate. */
bool sim_report_led_change(
    const struct sim_report *report, size_t index, struct sim_report_led_change *change);
uint64_t sim_report_led_change_count(const struct sim_report *report);

/* The whole report for people, or as one JSON object on one line. lower_bound_ps: what the session
 * would have taken with nothing in the way but the link or the chip. */
void sim_report_print_text(const struct sim_report *report, uint64_t lower_bound_ps, FILE *out);
void sim_report_print_json(const struct sim_report *report, uint64_t lower_bound_ps, FILE *out);

#endif
