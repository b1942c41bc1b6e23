/* What every model gets when it is created: the services of the board it lives in. */
#ifndef SIM_ENV_H
#define SIM_ENV_H

struct sim_clock;
struct sim_report;
struct sim_inject;
struct sim_trace;

struct sim_env {
    struct sim_clock *clock;
    struct sim_report *report;
    struct sim_inject *inject;
    struct sim_trace *trace; /* decoded memory-bus log and VCD; NULL until tracing is on */
};

#endif
