/* What a transfer over USB and SWD costs in virtual time.
 *
 * The constants are model constants (reference performance.md, section 2, "Proposed constants"): no
 * trustworthy public figures of ST-LINK transfers were found. They are printed with every figure.
 */
#ifndef SIM_LINK_COST_H
#define SIM_LINK_COST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct sim_link_cost {
    const char *probe;
    uint32_t pair_ns;       /* a command with an answer: two USB microframes */
    uint32_t out_ns;        /* a command without an answer */
    uint32_t turnaround_ns; /* host, per synchronous request */
    uint32_t usb_bytes_per_s;
    uint32_t packet_ns;           /* CMSIS-DAP: the probe, per packet, beside USB and SWD */
    uint32_t frame_ns;            /* HID: a report each way in each frame; 0: bulk */
    uint32_t swd_clocks_per_word; /* request, acknowledge, data, parity, turnarounds */
    uint32_t swd_rewrite_bytes;   /* TAR and CSW are written again after so many bytes */
    uint32_t swd_rewrite_words;   /* cost of that, in words */
};

extern const struct sim_link_cost sim_link_cost_v2;
extern const struct sim_link_cost sim_link_cost_v3;
extern const struct sim_link_cost sim_link_cost_dap_hid;
extern const struct sim_link_cost sim_link_cost_dap_full_speed;
extern const struct sim_link_cost sim_link_cost_dap_high_speed;

uint64_t sim_link_usb_ps(const struct sim_link_cost *cost, uint64_t bytes);
/* Single accesses of debug port or access port. */
uint64_t sim_link_swd_accesses_ps(
    const struct sim_link_cost *cost, uint32_t swd_khz, uint64_t accesses);
/* A memory transfer of units of 1, 2 or 4 bytes: one SWD access each, and the TAR rewrites. */
uint64_t sim_link_swd_block_ps(
    const struct sim_link_cost *cost, uint32_t swd_khz, uint64_t bytes, uint32_t unit_bytes);

/* bytes in blocks of words, without a status and without waiting: T_wr(n, s=0). */
uint64_t sim_link_least_ps(
    const struct sim_link_cost *cost, uint32_t swd_khz, uint64_t bytes, uint32_t block_bytes);

/* A CMSIS-DAP packet and its reply. overlapped: another packet is under way, so USB and SWD work at
 * the same time; swd_ps is what the accesses take. */
uint64_t sim_link_packet_out_ps(const struct sim_link_cost *cost, uint32_t out_bytes);
uint64_t sim_link_packet_ps(const struct sim_link_cost *cost, uint32_t out_bytes, uint32_t in_bytes,
    uint64_t swd_ps, bool is_overlapped);

void sim_link_cost_print(const struct sim_link_cost *cost, FILE *out);
/* Of every kind of probe. */
void sim_link_cost_print_all(FILE *out);

#endif
