/* Value changes of the memory bus as a VCD file: CS, CLK, IO[7:0], DQS. Internal to trace.c. */
#ifndef SIM_TRACE_VCD_H
#define SIM_TRACE_VCD_H

#include "sim/chip.h"

struct trace_vcd;

struct trace_vcd *trace_vcd_open(const char *path);
/* NULL is allowed for vcd in all of these and does nothing. */
void trace_vcd_close(struct trace_vcd *vcd);
void trace_vcd_select(struct trace_vcd *vcd, uint64_t now_ps);
void trace_vcd_send(
    struct trace_vcd *vcd, const struct sim_phase *phase, const uint8_t *bytes, size_t count);
void trace_vcd_idle(struct trace_vcd *vcd, const struct sim_phase *phase, uint32_t clocks);
/* The bytes have been received by now_ps. */
void trace_vcd_receive(struct trace_vcd *vcd, uint64_t now_ps, const struct sim_phase *phase,
    const uint8_t *bytes, size_t count);
void trace_vcd_deselect(struct trace_vcd *vcd, uint64_t now_ps);

#endif
