/* Decoded log of the memory bus, and the same as VCD for a wave viewer. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "sim/chip.h"

struct sim_trace;

/* text_path: one line per transaction; vcd_path: value changes of CS, CLK, IO, DQS. Either may be
 * NULL. NULL is returned when a file cannot be created. max_data_bytes limits the data shown of one
 * transaction. */
struct sim_trace *sim_trace_open(
    struct sim_clock *clock, const char *text_path, const char *vcd_path, uint32_t max_data_bytes);
void sim_trace_close(struct sim_trace *trace);
/* The text written so far can be read by others. */
void sim_trace_flush(struct sim_trace *trace);

void sim_trace_select(struct sim_trace *trace, const char *chip);
void sim_trace_send(
    struct sim_trace *trace, const struct sim_phase *phase, const uint8_t *bytes, size_t count);
void sim_trace_idle(struct sim_trace *trace, const struct sim_phase *phase, uint32_t clocks);
void sim_trace_receive(
    struct sim_trace *trace, const struct sim_phase *phase, const uint8_t *bytes, size_t count);
/* note: what the chip made of it, such as "page program 0x00001000, 256 bytes"; may be NULL. */
void sim_trace_deselect(struct sim_trace *trace, const char *note);

#endif
