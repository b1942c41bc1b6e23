#include "sim/inject.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

static size_t index_of(const char *name)
{
    size_t i = 0;

    while (strcmp(sim_inject_kind(i)->name, name) != 0) {
        i++;
    }
    return i;
}

Test(inject, fires_once_at_the_index_counted_from_now)
{
    struct sim_inject *inject = sim_inject_create();
    const char *why = NULL;

    (void)sim_inject_next(inject, SIM_SEAM_CHIP_OP);
    cr_assert(sim_inject_arm(inject, "chip-op-fail@3", &why));
    cr_assert_eq(sim_inject_next(inject, SIM_SEAM_CHIP_OP), SIM_FAULT_NONE);
    cr_assert_eq(sim_inject_next(inject, SIM_SEAM_FLASH_OP), SIM_FAULT_NONE);
    cr_assert_eq(sim_inject_next(inject, SIM_SEAM_CHIP_OP), SIM_FAULT_NONE);
    cr_assert_eq(sim_inject_next(inject, SIM_SEAM_CHIP_OP), SIM_FAULT_OP_FAIL);
    cr_assert_eq(sim_inject_next(inject, SIM_SEAM_CHIP_OP), SIM_FAULT_NONE);
    cr_assert_eq(sim_inject_armed_count(inject), 0);
    cr_assert_eq(sim_inject_seam_count(inject, SIM_SEAM_CHIP_OP), 5);
    sim_inject_free(inject);
}

Test(inject, counts_firings_by_kind_and_only_those_that_took_effect)
{
    struct sim_inject *inject = sim_inject_create();
    const char *why = NULL;

    cr_assert(sim_inject_arm(inject, "flash-op-fail@1", &why));
    cr_assert(sim_inject_arm(inject, "op-fail@1", &why), "a bare name means the memory chip");
    cr_assert_eq(sim_inject_next(inject, SIM_SEAM_CHIP_OP), SIM_FAULT_OP_FAIL);
    sim_inject_fired(inject, SIM_FAULT_OP_FAIL);
    cr_assert_eq(sim_inject_next(inject, SIM_SEAM_FLASH_OP), SIM_FAULT_OP_FAIL);

    cr_assert_eq(sim_inject_handed_out(inject, index_of("chip-op-fail")), 1);
    cr_assert_eq(sim_inject_fired_count(inject, index_of("chip-op-fail")), 1);
    cr_assert_eq(sim_inject_handed_out(inject, index_of("flash-op-fail")), 1);
    cr_assert_eq(sim_inject_fired_count(inject, index_of("flash-op-fail")), 0);
    sim_inject_free(inject);
}

static unsigned count_faults(const char *spec, unsigned operations, uint64_t *pattern)
{
    struct sim_inject *inject = sim_inject_create();
    const char *why = NULL;
    unsigned faults = 0;

    cr_assert(sim_inject_arm(inject, spec, &why), "%s: %s", spec, why);
    for (unsigned i = 0; i < operations; i++) {
        if (sim_inject_next(inject, SIM_SEAM_DAP) != SIM_FAULT_NONE) {
            faults++;
            *pattern = *pattern * 31 + i;
        }
    }
    sim_inject_free(inject);
    return faults;
}

Test(inject, a_seed_gives_the_same_faults_in_every_run)
{
    uint64_t first = 0;
    uint64_t second = 0;
    uint64_t other = 0;
    unsigned count = count_faults("dap-wait@seed:7/10", 10000, &first);

    cr_assert(count > 800 && count < 1200, "%u of 10000 at a rate of one in ten", count);
    cr_assert_eq(count_faults("dap-wait@seed:7/10", 10000, &second), count);
    cr_assert_eq(first, second);
    (void)count_faults("dap-wait@seed:8/10", 10000, &other);
    cr_assert_neq(first, other);
}

Test(inject, says_what_is_wrong_with_a_specification)
{
    static const char *const bad[] = {"", "nonsense", "nonsense@1", "dap-wait", "dap-wait@",
        "dap-wait@0", "dap-wait@-1", "dap-wait@1x", "dap-wait@seed:", "dap-wait@seed:1/0",
        "dap-wait@seed:1/x", "dap-wait@99999999999999999999", "-op-fail@1"};
    struct sim_inject *inject = sim_inject_create();

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *why = NULL;

        cr_assert_not(sim_inject_arm(inject, bad[i], &why), "accepted '%s'", bad[i]);
        cr_assert(why != NULL && strlen(why) > 20, "no reason for '%s'", bad[i]);
    }
    cr_assert_eq(sim_inject_armed_count(inject), 0);
    sim_inject_free(inject);
}

Test(inject, off_disarms_everything)
{
    struct sim_inject *inject = sim_inject_create();
    const char *why = NULL;

    cr_assert(sim_inject_arm(inject, "usb-stall@1", &why));
    cr_assert(sim_inject_arm(inject, "off", &why));
    cr_assert_eq(sim_inject_next(inject, SIM_SEAM_USB), SIM_FAULT_NONE);
    sim_inject_free(inject);
}

static void count_request(void *context)
{
    (*(unsigned *)context)++;
}

Test(inject, a_power_cut_is_told_at_once_and_taken_once)
{
    struct sim_inject *inject = sim_inject_create();
    unsigned requests = 0;

    sim_inject_set_power_cut_listener(inject, count_request, &requests);
    cr_assert_not(sim_inject_take_power_cut(inject));
    sim_inject_request_power_cut(inject);
    cr_assert_eq(requests, 1);
    cr_assert(sim_inject_take_power_cut(inject));
    cr_assert_not(sim_inject_take_power_cut(inject));
    sim_inject_free(inject);
}

Test(inject, every_row_of_the_table_can_be_armed_and_comes_at_its_seam)
{
    for (size_t i = 0; sim_inject_kind(i) != NULL; i++) {
        const struct sim_inject_kind *kind = sim_inject_kind(i);
        struct sim_inject *inject = sim_inject_create();
        const char *why = NULL;
        char spec[40];

        snprintf(spec, sizeof spec, "%s@1", kind->name);
        cr_assert(sim_inject_arm(inject, spec, &why), "%s: %s", spec, why);
        cr_assert_eq(sim_inject_next(inject, kind->seam), kind->fault, "%s", spec);
        sim_inject_free(inject);
    }
}
