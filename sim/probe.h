/* The virtual probe as USB sees it: which model it is, and bulk transfers in and out.
 *
 * Under it lie the two protocols (stlink*.c, cmsis_dap*.c), which know nothing of USB packets;
 * above it the doors: door_usb.c carries the transfers of real programs here. */
#ifndef SIM_PROBE_H
#define SIM_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_probe_protocol { SIM_PROBE_STLINK, SIM_PROBE_CMSIS_DAP_1, SIM_PROBE_CMSIS_DAP_2 };

/* One row of the table in probe_models.c. What firmware of the model can and refuses stands in
 * rows of its protocol; here is what a USB host reads before it says a word. */
struct sim_probe_model {
    const char *name;  /* for `--probe`: "v2-j24", "v2", "v2-1", "v3-j2", "v3", "dap1", "dap2" */
    const char *title; /* for people: "ST-LINK V2, firmware V2J24S4" */
    enum sim_probe_protocol protocol;
    uint16_t vid;
    uint16_t pid;
    uint16_t bcd_device;
    bool is_high_speed;  /* else full speed */
    bool has_raw_serial; /* twelve binary bytes in the string descriptor (probe.md 1.1) */
    const char *manufacturer;
    const char *product;
    const char *interface; /* string of the interface, NULL: none */
    uint8_t interface_class;
    uint8_t interface_subclass;
    uint8_t out_endpoint; /* 0 for HID over the control pipe */
    uint8_t in_endpoint;
    uint8_t trace_endpoint; /* 0: none */
    uint16_t packet_bytes;  /* of the endpoints; of a report for HID */
    const void *firmware;   /* the protocol's own row */
};

const struct sim_probe_model *sim_probe_model_find(const char *name); /* NULL: unknown */
const struct sim_probe_model *sim_probe_model_at(size_t index);       /* NULL: past the end */

enum sim_probe_result {
    SIM_PROBE_DONE,
    SIM_PROBE_NOTHING, /* IN: no data yet; the host's transfer stays pending (NAK). OUT: not taken;
                        * it stays pending until the host cancels it and is not offered again */
    SIM_PROBE_STALLED, /* the endpoint halts until CLEAR_HALT */
    SIM_PROBE_GONE,    /* unplugged: everything is refused until sim_probe_replug() */
    SIM_PROBE_OVERFLOW /* IN: the probe sent more than the host has room for (-EOVERFLOW) */
};

struct sim_cmsis_dap;
struct sim_env;
struct sim_probe;
struct sim_stlink;

/* The protocols live in the board and outlive the probe; the model is that of today's V3. */
struct sim_probe *sim_probe_create(
    const struct sim_env *env, struct sim_stlink *stlink, struct sim_cmsis_dap *cmsis_dap);
void sim_probe_free(struct sim_probe *probe);
/* Another probe is put in its place: as after sim_probe_replug(). */
void sim_probe_set_model(struct sim_probe *probe, const struct sim_probe_model *model);
const struct sim_probe_model *sim_probe_model(const struct sim_probe *probe);
/* For a door that speaks the ST-LINK protocol itself; NULL: the model is no ST-LINK. */
struct sim_stlink *sim_probe_stlink(struct sim_probe *probe);
/* For DAP_Info; kept by the caller. */
void sim_probe_set_serial(struct sim_probe *probe, const char *serial);
/* Unplugged and plugged in again: everything to its state after power-up. */
void sim_probe_replug(struct sim_probe *probe);

/* One OUT transfer, whole: a command or its data; for HID (endpoint 0) a report without its number.
 * Virtual time advances inside. */
enum sim_probe_result sim_probe_out(
    struct sim_probe *probe, uint8_t endpoint, const uint8_t *bytes, uint32_t size_bytes);
/* One IN transfer of at most size_bytes; *actual_bytes may be less. */
enum sim_probe_result sim_probe_in(struct sim_probe *probe, uint8_t endpoint, uint8_t *bytes,
    uint32_t size_bytes, uint32_t *actual_bytes);
void sim_probe_clear_halt(struct sim_probe *probe, uint8_t endpoint);
/* The least time to move bytes of target memory: reference performance.md 2, T_wr(n, s=0). */
uint64_t sim_probe_least_ps(const struct sim_probe *probe, uint64_t bytes);
/* Port reset by the host: pending phases are dropped, debug mode and target stay as they are. */
void sim_probe_reset_port(struct sim_probe *probe);
/* The host began to wait: transfers submitted together count once. For the report. */
void sim_probe_count_wait(struct sim_probe *probe);

#endif
