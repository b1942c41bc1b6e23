#define _POSIX_C_SOURCE 200809L /* fmemopen() */
#include "sim/clock.h"
#include "sim/link_cost.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

/* performance.md 2, "Link rates", V3 at 24 MHz: 2071 KB/s pure SWD. */
Test(link_cost, gives_the_published_rate_of_pure_swd)
{
    uint64_t ps = sim_link_swd_block_ps(&sim_link_cost_v3, 24000, 1024000, 4);
    uint64_t bytes_per_s = 1024000 * SIM_PS_PER_S / ps;

    cr_assert_eq(bytes_per_s / 1000, 2070, "%lu", (unsigned long)bytes_per_s);
}

Test(link_cost, rewrites_tar_once_for_each_kib_begun)
{
    const uint64_t one = SIM_PS_PER_US; /* 46 clocks at 46 MHz */

    cr_assert_eq(sim_link_swd_block_ps(&sim_link_cost_v3, 46000, 4, 4), 3 * one);
    cr_assert_eq(sim_link_swd_block_ps(&sim_link_cost_v3, 46000, 1028, 4) / one, 257 + 2 * 2);
    cr_assert_eq(sim_link_swd_block_ps(&sim_link_cost_v3, 46000, 8, 1) / one, 8 + 2);
}

Test(link_cost, the_least_time_of_a_block_has_one_command_and_no_status)
{
    uint64_t block_ps = sim_link_least_ps(&sim_link_cost_v3, 24000, 6144, 6144);
    uint64_t expected_ps = sim_link_usb_ps(&sim_link_cost_v3, 6144) +
                           sim_link_swd_block_ps(&sim_link_cost_v3, 24000, 6144, 4) +
                           60 * SIM_PS_PER_US;

    cr_assert_eq(block_ps, expected_ps);
    cr_assert_eq(sim_link_least_ps(&sim_link_cost_v3, 24000, 0, 6144), 0);
}

/* T_wr(6144, s = 1) of performance.md 2 from the primitives: n/B_usb + T_swd + t_out + t_pair. */
static uint64_t write_rate(const struct sim_link_cost *cost, uint32_t swd_khz)
{
    uint64_t ps = sim_link_usb_ps(cost, 6144) + sim_link_swd_block_ps(cost, swd_khz, 6144, 4) +
                  (cost->out_ns + cost->pair_ns) * SIM_PS_PER_NS;

    return (6144 * SIM_PS_PER_S + ps / 2) / ps;
}

/* By hand: 204.8 + 2967.0 + 60 + 250 us, and 5585.5 + 17802.0 + 100 + 1000 us. */
Test(link_cost, blocks_with_a_status_have_the_rates_of_the_table)
{
    cr_assert_eq(sim_link_usb_ps(&sim_link_cost_v3, 6144) / 1000, 204800);
    cr_assert_eq(sim_link_swd_block_ps(&sim_link_cost_v3, 24000, 6144, 4) / 1000, 2967000);
    cr_assert_eq((write_rate(&sim_link_cost_v3, 24000) + 500) / 1000, 1765);
    cr_assert_eq(sim_link_usb_ps(&sim_link_cost_v2, 6144) / 1000, 5585454);
    cr_assert_eq(sim_link_swd_block_ps(&sim_link_cost_v2, 4000, 6144, 4) / 1000, 17802000);
    cr_assert_eq((write_rate(&sim_link_cost_v2, 4000) + 500) / 1000, 251);
}

Test(link_cost, packets_overlap_only_with_others)
{
    const struct sim_link_cost *bulk = &sim_link_cost_dap_high_speed;
    const struct sim_link_cost *hid = &sim_link_cost_dap_hid;
    const uint64_t swd_ps = 100 * SIM_PS_PER_US;
    const uint64_t usb_ps = 10 * SIM_PS_PER_US; /* 532 bytes at 53.2 MB/s */

    cr_assert_eq(sim_link_packet_ps(bulk, 266, 266, swd_ps, true), swd_ps + 20 * SIM_PS_PER_US);
    cr_assert_eq(
        sim_link_packet_ps(bulk, 266, 266, swd_ps, false), usb_ps + swd_ps + 20 * SIM_PS_PER_US);
    cr_assert_eq(sim_link_packet_ps(bulk, 266, 266, 0, true), usb_ps + 20 * SIM_PS_PER_US);
    cr_assert_eq(sim_link_packet_ps(hid, 64, 64, swd_ps, true), 1040 * SIM_PS_PER_US);
    cr_assert_eq(sim_link_packet_ps(hid, 64, 64, swd_ps, false), 2140 * SIM_PS_PER_US);
}

Test(link_cost, prints_every_probe_with_its_name)
{
    static const char *const names[] = {"ST-LINK V2 and V2-1", "ST-LINK V3", "CMSIS-DAP v1 (HID)",
        "CMSIS-DAP v2 (full speed)", "CMSIS-DAP v2 (high speed)"};
    char text[4096] = "";
    FILE *out = fmemopen(text, sizeof text, "w");

    sim_link_cost_print_all(out);
    (void)fclose(out);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_assert_not_null(strstr(text, names[i]), "%s", names[i]);
    }
    cr_assert_not_null(strstr(text, "1.1 MB/s"));
    cr_assert_not_null(strstr(text, "one report each way in 1000 us"));
}
