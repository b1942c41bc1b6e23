#include "sim/link_cost.h"

#include "sim/clock.h"

#include <inttypes.h>

const struct sim_link_cost sim_link_cost_v3 = {
    .probe = "ST-LINK V3",
    .pair_ns = 250000,
    .out_ns = 60000,
    .turnaround_ns = 20000,
    .usb_bytes_per_s = 30000000,
    .swd_clocks_per_word = 46,
    .swd_rewrite_bytes = 1024,
    .swd_rewrite_words = 2,
};

uint64_t sim_link_usb_ps(const struct sim_link_cost *cost, uint64_t bytes)
{
    return bytes * SIM_PS_PER_S / cost->usb_bytes_per_s;
}

uint64_t sim_link_swd_accesses_ps(
    const struct sim_link_cost *cost, uint32_t swd_khz, uint64_t accesses)
{
    return accesses * cost->swd_clocks_per_word * SIM_PS_PER_MS / swd_khz;
}

uint64_t sim_link_swd_block_ps(
    const struct sim_link_cost *cost, uint32_t swd_khz, uint64_t bytes, uint32_t unit_bytes)
{
    uint64_t rewrites = (bytes + cost->swd_rewrite_bytes - 1) / cost->swd_rewrite_bytes;
    uint64_t accesses = bytes / unit_bytes + rewrites * cost->swd_rewrite_words;

    return sim_link_swd_accesses_ps(cost, swd_khz, accesses);
}

uint64_t sim_link_least_ps(
    const struct sim_link_cost *cost, uint32_t swd_khz, uint64_t bytes, uint32_t block_bytes)
{
    const uint32_t word_bytes = 4;
    uint64_t blocks = (bytes + block_bytes - 1) / block_bytes;

    return sim_link_usb_ps(cost, bytes) + sim_link_swd_block_ps(cost, swd_khz, bytes, word_bytes) +
           blocks * cost->out_ns * SIM_PS_PER_NS;
}

void sim_link_cost_print(const struct sim_link_cost *cost, FILE *out)
{
    (void)fprintf(out,
        "Cost constants of the link, %s (modelled, not measured):\n"
        "  command with an answer      %" PRIu32 " us\n"
        "  command without an answer   %" PRIu32 " us\n"
        "  host turnaround             %" PRIu32 " us per synchronous request\n"
        "  USB data                    %" PRIu32 " MB/s\n"
        "  SWD                         %" PRIu32 " clocks per access, %" PRIu32
        " more accesses each %" PRIu32 " bytes\n",
        cost->probe, cost->pair_ns / 1000, cost->out_ns / 1000, cost->turnaround_ns / 1000,
        cost->usb_bytes_per_s / 1000000, cost->swd_clocks_per_word, cost->swd_rewrite_words,
        cost->swd_rewrite_bytes);
}
