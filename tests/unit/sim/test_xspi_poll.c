/* XSPI: automatic status polling. */
#include "xspi_rig.h"

static struct xspi_rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_free(&rig);
}

TestSuite(xspi_poll, .init = setup, .fini = teardown);

enum { PMM_OR = 1 << 23 };

static void start_poll(uint32_t cr, uint32_t mask, uint32_t match)
{
    wr(&rig, DLR, 0);
    wr(&rig, PSMAR, match);
    wr(&rig, PSMKR, mask);
    wr(&rig, PIR, 16);
    wr(&rig, CR, EN | FMODE_POLL | cr);
    wr(&rig, CCR, I_1S | D_1S);
    wr(&rig, IR, 0x05);
}

static void start_erase(void)
{
    rig_command(&rig, I_1S, 0x06);
    wr(&rig, CCR, I_1S | A_1S);
    wr(&rig, IR, 0x21);
    wr(&rig, AR, 0);
    rig_wait(&rig, TCF, TCF);
    wr(&rig, FCR, TCF);
}

Test(xspi_poll, stops_at_the_first_poll_after_the_end_of_an_erase)
{
    start_erase();
    uint64_t done_ps = rig.chip->ops->busy_until_ps(rig.chip);
    uint64_t start_ps = now_ps(&rig);
    start_poll(APMS, 1, 0);
    cr_assert_eq(rd(&rig, SR), BUSY);
    while ((rd(&rig, SR) & SMF) == 0) {
        cr_assert_neq(rig.bench.clock.next_due_ps, SIM_NEVER);
        pass_ps(&rig, rig.bench.clock.next_due_ps - now_ps(&rig));
    }
    cr_assert_eq(rd(&rig, SR), SMF | FTF, "no TCF, not busy");
    /* A poll is 16 clocks long, a period 16 + 16 + 1 (CSHT). */
    cr_assert_geq(now_ps(&rig), done_ps);
    cr_assert_lt(now_ps(&rig) - done_ps, 33 * CLOCK_PS);
    uint64_t polls = (now_ps(&rig) - start_ps) / (33 * CLOCK_PS) + 1;
    cr_assert_leq(
        llabs((
            long long)(sim_report_cost_total(rig.bench.env.report, SIM_COST_STATUS_POLLS) - polls)),
        1);
    cr_assert_eq(rd(&rig, DR), 0, "the last status");
    cr_assert_eq(rd(&rig, SR), SMF, "reading DR clears FTF");
    wr(&rig, FCR, SMF);
    cr_assert_eq(rd(&rig, SR), 0);
    rig_expect_clean(&rig);
}

Test(xspi_poll, counts_every_poll_that_it_skips)
{
    start_erase();
    uint64_t before_ps = rig_bus_ps(&rig);
    start_poll(APMS, 1, 0);
    pass_ps(&rig, 26 * SIM_PS_PER_MS);
    uint64_t polls = sim_report_cost_total(rig.bench.env.report, SIM_COST_STATUS_POLLS);
    cr_assert_eq(rig_bus_ps(&rig) - before_ps, polls * 16 * CLOCK_PS);
    cr_assert_gt(polls, 12000);
    cr_assert_lt(polls, 12200);
}

Test(xspi_poll, goes_on_after_a_match_without_apms)
{
    start_poll(0, 1, 0);
    pass_ps(&rig, 16 * CLOCK_PS);
    cr_assert_eq(rd(&rig, SR), SMF | FTF | BUSY);
    wr(&rig, FCR, SMF);
    pass_ps(&rig, 2 * SIM_PS_PER_MS);
    cr_assert_eq(rd(&rig, SR) & (SMF | BUSY), SMF | BUSY);
    wr(&rig, CR, EN | FMODE_POLL | ABORT);
    cr_assert_eq(rd(&rig, SR) & (TCF | BUSY), TCF);
}

Test(xspi_poll, matches_all_bits_or_any_bit)
{
    rig_command(&rig, I_1S, 0x06); /* status 0x02 */
    start_poll(APMS, 0x03, 0x03);
    pass_ps(&rig, SIM_PS_PER_MS);
    cr_assert_eq(rd(&rig, SR) & SMF, 0, "AND: WIP differs");
    wr(&rig, CR, 0);
    start_poll(APMS | PMM_OR, 0x03, 0x03);
    pass_ps(&rig, 16 * CLOCK_PS);
    cr_assert_eq(rd(&rig, SR) & SMF, SMF, "OR: WEL is enough");
}

Test(xspi_poll, never_ends_on_a_chip_that_is_not_there)
{
    wr(&rig, PORT_N, 0); /* all pins inputs: status reads FF */
    start_poll(APMS, 1, 0);
    pass_ps(&rig, SIM_PS_PER_S);
    cr_assert_eq(rd(&rig, SR) & (SMF | BUSY), BUSY);
    wr(&rig, CR, EN | FMODE_POLL | ABORT);
    cr_assert_eq(rd(&rig, SR) & BUSY, 0);
}
