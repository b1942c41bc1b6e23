#include "sim/clock.h"
#include "sim/link_cost.h"

#include <criterion/criterion.h>

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
