/* Shared by probe*.c only: what a protocol is made of, seen from USB. */
#ifndef SIM_PROBE_INTERNAL_H
#define SIM_PROBE_INTERNAL_H

#include "sim/cmsis_dap.h"
#include "sim/inject.h"
#include "sim/probe.h"
#include "sim/stlink.h"

enum { PROBE_DATA_BYTES = 0x10000, PROBE_ANSWERS = 16 };

/* A CMSIS-DAP packet that waits to be executed. */
struct probe_packet {
    uint32_t size_bytes;
    uint8_t bytes[SIM_CMSIS_DAP_MAX_PACKET];
};

/* An answer on its way to the host. */
struct probe_answer {
    uint32_t size_bytes;
    uint32_t at;       /* what the host has taken */
    bool will_corrupt; /* injected in the command phase, shows here */
    bool will_shorten;
    bool is_awaited; /* by a host that will wait for ever: counted */
    uint8_t *bytes;  /* NULL: none yet; PROBE_DATA_BYTES, owned by the probe */
};

struct sim_probe {
    const struct sim_env *env;
    struct sim_stlink *stlink;
    struct sim_cmsis_dap *cmsis_dap;
    const struct sim_probe_model *model;
    const struct probe_protocol *protocol;
    bool is_gone;
    bool is_out_halted;
    bool is_in_halted;

    /* Answers in the order of their commands. */
    struct probe_answer answers[PROBE_ANSWERS];
    unsigned first_answer;
    unsigned answer_count;

    /* ST-LINK: a command that waits for its data. */
    uint8_t command[SIM_STLINK_COMMAND_BYTES];
    uint32_t data_expected; /* 0: the next transfer is a command */
    uint32_t data_bytes;
    enum sim_fault carried; /* injected in the command phase */
    uint8_t data[PROBE_DATA_BYTES];

    /* CMSIS-DAP. */
    unsigned queued_count;
    struct probe_packet queued[PROBE_ANSWERS];
};

struct probe_protocol {
    /* One transfer that has arrived; fault is what was injected for it and shows in the data. */
    enum sim_probe_result (*take)(
        struct sim_probe *probe, const uint8_t *bytes, uint32_t size_bytes, enum sim_fault fault);
    void (*count_wait)(struct sim_probe *probe);
    void (*replug)(struct sim_probe *probe);
};

extern const struct probe_protocol probe_protocol_stlink;
extern const struct probe_protocol probe_protocol_cmsis_dap;

/* The answer behind those that wait already, of PROBE_DATA_BYTES, or NULL: no room. It counts when
 * probe_push_answer() is called. */
struct probe_answer *probe_next_answer(struct sim_probe *probe);
void probe_push_answer(struct sim_probe *probe);
enum sim_probe_result probe_stall_out(struct sim_probe *probe);
void probe_flip_bit(struct sim_probe *probe, uint8_t *bytes, uint32_t size_bytes);

#endif
