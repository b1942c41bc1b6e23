#include "sim/link_cost.h"

#include "sim/clock.h"

#include <inttypes.h>

const struct sim_link_cost sim_link_cost_v2 = {
    .probe = "ST-LINK V2 and V2-1",
    .pair_ns = 1000000,
    .out_ns = 100000,
    .turnaround_ns = 20000,
    .usb_bytes_per_s = 1100000,
    .swd_clocks_per_word = 46,
    .swd_rewrite_bytes = 1024,
    .swd_rewrite_words = 2,
};

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

/* CMSIS-DAP: t_packet = max(USB, SWD) + 20 to 40 us ("CMSIS-DAP v2 check"), both one after the
 * other when nothing else is under way. Full speed with 40 us: 585 KiB/s written at 20 MHz,
 * published are 597; for high speed nothing is published, it takes the 20 us. HID, one report per
 * frame of 1 ms each way: at 1 MHz 20 KiB/s one by one and 53 in flight, published are 23 and 46.
 */
const struct sim_link_cost sim_link_cost_dap_hid = {
    .probe = "CMSIS-DAP v1 (HID)",
    .turnaround_ns = 20000,
    .packet_ns = 40000,
    .frame_ns = 1000000,
    .usb_bytes_per_s = 1216000,
    .swd_clocks_per_word = 46,
};

const struct sim_link_cost sim_link_cost_dap_full_speed = {
    .probe = "CMSIS-DAP v2 (full speed)",
    .turnaround_ns = 20000,
    .packet_ns = 40000,
    .usb_bytes_per_s = 1216000,
    .swd_clocks_per_word = 46,
};

const struct sim_link_cost sim_link_cost_dap_high_speed = {
    .probe = "CMSIS-DAP v2 (high speed)",
    .turnaround_ns = 20000,
    .packet_ns = 20000,
    .usb_bytes_per_s = 53200000,
    .swd_clocks_per_word = 46,
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

uint64_t sim_link_packet_out_ps(const struct sim_link_cost *cost, uint32_t out_bytes)
{
    return cost->frame_ns != 0 ? cost->frame_ns * SIM_PS_PER_NS : sim_link_usb_ps(cost, out_bytes);
}

uint64_t sim_link_packet_ps(const struct sim_link_cost *cost, uint32_t out_bytes, uint32_t in_bytes,
    uint64_t swd_ps, bool is_overlapped)
{
    uint64_t frame_ps = cost->frame_ns * SIM_PS_PER_NS;
    uint64_t out_ps = sim_link_packet_out_ps(cost, out_bytes);
    uint64_t in_ps = sim_link_packet_out_ps(cost, in_bytes);
    uint64_t usb_ps = frame_ps != 0 ? frame_ps : out_ps + in_ps; /* reports pass each other */
    uint64_t packet_ps = cost->packet_ns * SIM_PS_PER_NS;

    if (!is_overlapped) {
        return out_ps + swd_ps + in_ps + packet_ps;
    }
    return (usb_ps > swd_ps ? usb_ps : swd_ps) + packet_ps;
}

static void print_exchange(const struct sim_link_cost *cost, FILE *out)
{
    if (cost->pair_ns != 0) {
        (void)fprintf(out,
            "  command with an answer      %" PRIu32 " us\n"
            "  command without an answer   %" PRIu32 " us\n",
            cost->pair_ns / 1000, cost->out_ns / 1000);
        return;
    }
    (void)fprintf(out,
        "  packet                      %" PRIu32 " us beside USB and SWD, which overlap when "
        "several are in flight\n",
        cost->packet_ns / 1000);
}

static void print_usb(const struct sim_link_cost *cost, FILE *out)
{
    if (cost->frame_ns != 0) {
        (void)fprintf(out, "  USB data                    one report each way in %" PRIu32 " us\n",
            cost->frame_ns / 1000);
        return;
    }
    (void)fprintf(
        out, "  USB data                    %.3g MB/s\n", (double)cost->usb_bytes_per_s / 1000000);
}

void sim_link_cost_print(const struct sim_link_cost *cost, FILE *out)
{
    (void)fprintf(out, "Cost constants of the link, %s (modelled, not measured):\n", cost->probe);
    print_exchange(cost, out);
    (void)fprintf(
        out, "  host turnaround             %" PRIu32 " us per wait\n", cost->turnaround_ns / 1000);
    print_usb(cost, out);
    (void)fprintf(out, "  SWD                         %" PRIu32 " clocks per access",
        cost->swd_clocks_per_word);
    if (cost->swd_rewrite_bytes != 0) {
        (void)fprintf(out, ", %" PRIu32 " more accesses each %" PRIu32 " bytes",
            cost->swd_rewrite_words, cost->swd_rewrite_bytes);
    }
    (void)fputc('\n', out);
}

void sim_link_cost_print_all(FILE *out)
{
    static const struct sim_link_cost *const costs[] = {&sim_link_cost_v2, &sim_link_cost_v3,
        &sim_link_cost_dap_hid, &sim_link_cost_dap_full_speed, &sim_link_cost_dap_high_speed};

    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        sim_link_cost_print(costs[i], out);
    }
}
