#include "probe_rig.h"

#include <criterion/criterion.h>

enum { CSW = 0x00, TAR = 0x04, DRW = 0x0C, BD1 = 0x14, BASE = 0xF8, IDR = 0xFC };
enum { WORD_INC = 0x23000012, WORD_FIXED = 0x23000002, BYTE_INC = 0x23000010 };

static uint32_t ctrl_stat(struct probe_rig *rig)
{
    uint32_t value = 0;

    cr_assert_eq(sim_dap_read_dp(&rig->dap, 4, 0, &value), SIM_ACK_OK);
    return value;
}

static void write_ap(struct probe_rig *rig, uint8_t reg, uint32_t value)
{
    cr_assert_eq(sim_dap_write_ap(&rig->dap, 1, reg, value), SIM_ACK_OK);
}

static uint32_t read_ap(struct probe_rig *rig, uint8_t reg)
{
    uint32_t value = 0;

    cr_assert_eq(sim_dap_read_ap(&rig->dap, 1, reg, &value), SIM_ACK_OK);
    return value;
}

Test(dap, identifies_itself_without_power_up)
{
    struct probe_rig rig;
    uint32_t value = 0;

    rig_create(&rig);
    cr_assert_eq(sim_dap_read_dp(&rig.dap, 0, 0, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x6BA02477);
    cr_assert_eq(sim_dap_read_dp(&rig.dap, 4, 2, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x04850041);
    rig_free(&rig);
}

Test(dap, mirrors_power_up_requests_into_their_acknowledges)
{
    struct probe_rig rig;

    rig_create(&rig);
    cr_assert_eq(ctrl_stat(&rig), 0);
    (void)sim_dap_write_dp(&rig.dap, 4, 0, 0x10000000);
    cr_assert_eq(ctrl_stat(&rig), 0x30000000);
    (void)sim_dap_write_dp(&rig.dap, 4, 0, 0x50000000);
    cr_assert_eq(ctrl_stat(&rig), 0xF0000000);
    rig_free(&rig);
}

Test(dap, an_access_port_without_debug_power_faults_and_the_error_sticks)
{
    struct probe_rig rig;
    uint32_t value = 0;

    rig_create(&rig);
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 1, IDR, &value), SIM_ACK_FAULT);
    rig_power_up_debug(&rig);
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 1, IDR, &value), SIM_ACK_STICKY);
    cr_assert_eq(ctrl_stat(&rig) & 0x20, 0x20);
    (void)sim_dap_write_dp(&rig.dap, 0, 0, 0x04);
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 1, IDR, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x84770001);
    rig_free(&rig);
}

Test(dap, a_closed_access_port_faults_and_the_other_one_answers)
{
    struct probe_rig rig;
    uint32_t value = 0;

    rig_create(&rig);
    rig_power_up_debug(&rig);
    rig.is_ap1_open = false;
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 0, IDR, &value), SIM_ACK_OK);
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 1, IDR, &value), SIM_ACK_FAULT);
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 0, IDR, &value), SIM_ACK_STICKY);
    (void)sim_dap_write_dp(&rig.dap, 0, 0, 0x1E);
    rig.is_ap1_open = true;
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 1, IDR, &value), SIM_ACK_OK);
    rig_free(&rig);
}

Test(dap, a_missing_access_port_reads_as_zero)
{
    struct probe_rig rig;
    uint32_t value = 1;

    rig_create(&rig);
    rig_power_up_debug(&rig);
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 2, IDR, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0);
    rig_free(&rig);
}

Test(dap, tar_wraps_at_1_kib)
{
    struct probe_rig rig;

    rig_create(&rig);
    rig_power_up_debug(&rig);
    write_ap(&rig, CSW, WORD_INC);
    write_ap(&rig, TAR, RIG_RAM + 0x7FC);
    write_ap(&rig, DRW, 0x11111111);
    write_ap(&rig, DRW, 0x22222222);
    cr_assert_eq(read_ap(&rig, TAR), RIG_RAM + 0x404);
    cr_assert_eq(rig.ram[0x7FC], 0x11);
    cr_assert_eq(rig.ram[0x400], 0x22, "the second word goes to the start of the same KiB");
    cr_assert_eq(rig.ram[0x800], 0);
    rig_free(&rig);
}

Test(dap, packed_increment_does_not_read_back)
{
    struct probe_rig rig;

    rig_create(&rig);
    rig_power_up_debug(&rig);
    write_ap(&rig, CSW, 0x23000022);
    cr_assert_eq(read_ap(&rig, CSW) & 0x37, 0x02);
    rig_free(&rig);
}

Test(dap, bytes_travel_in_their_lane)
{
    struct probe_rig rig;

    rig_create(&rig);
    rig_power_up_debug(&rig);
    write_ap(&rig, CSW, BYTE_INC);
    write_ap(&rig, TAR, RIG_RAM + 1);
    write_ap(&rig, DRW, 0x0000AB00);
    write_ap(&rig, DRW, 0x00CD0000);
    cr_assert_eq(rig.ram[1], 0xAB);
    cr_assert_eq(rig.ram[2], 0xCD);
    write_ap(&rig, TAR, RIG_RAM + 2);
    cr_assert_eq(read_ap(&rig, DRW), 0x00CD0000);
    rig_free(&rig);
}

Test(dap, banked_data_registers_address_four_words)
{
    struct probe_rig rig;

    rig_create(&rig);
    rig_power_up_debug(&rig);
    write_ap(&rig, CSW, WORD_FIXED);
    write_ap(&rig, TAR, RIG_RAM + 0x28);
    write_ap(&rig, BD1, 0xA1B2C3D4);
    cr_assert_eq(rig.ram[0x24], 0xD4);
    cr_assert_eq(read_ap(&rig, BD1), 0xA1B2C3D4);
    rig_free(&rig);
}

Test(dap, a_bus_fault_of_a_posted_write_shows_only_as_sticky_error)
{
    struct probe_rig rig;

    rig_create(&rig);
    rig_power_up_debug(&rig);
    write_ap(&rig, CSW, WORD_INC);
    write_ap(&rig, TAR, RIG_HOLE);
    write_ap(&rig, DRW, 1);
    cr_assert_eq(ctrl_stat(&rig) & 0x20, 0x20);
    cr_assert_eq(sim_dap_write_ap(&rig.dap, 1, TAR, RIG_RAM), SIM_ACK_STICKY);
    rig_free(&rig);
}

Test(dap, a_sticky_error_cannot_be_cleared_through_ctrl_stat)
{
    struct probe_rig rig;
    uint32_t value = 0;

    rig_create(&rig);
    (void)sim_dap_read_ap(&rig.dap, 1, IDR, &value);
    (void)sim_dap_write_dp(&rig.dap, 4, 0, 0x50000020);
    cr_assert_eq(ctrl_stat(&rig) & 0x20, 0x20);
    cr_assert_eq(sim_dap_read_dp(&rig.dap, 0xC, 0, &value), SIM_ACK_STICKY);
    rig_free(&rig);
}

Test(dap, a_memory_transfer_names_the_address_that_failed)
{
    struct probe_rig rig;
    uint8_t bytes[64];
    struct sim_dap_transfer transfer = {.ap = 1,
        .csw = 0x23000000,
        .addr = RIG_RAM + RIG_RAM_BYTES - 16,
        .unit_bytes = 4,
        .length_bytes = 32};

    rig_create(&rig);
    rig_power_up_debug(&rig);
    memset(bytes, 0x5A, sizeof bytes);
    cr_assert_eq(sim_dap_write_mem(&rig.dap, &transfer, bytes), SIM_ACK_FAULT);
    cr_assert_eq(transfer.fault_addr, RIG_RAM + RIG_RAM_BYTES);
    cr_assert_eq(rig.ram[RIG_RAM_BYTES - 1], 0x5A, "what came before has been written");
    cr_assert_eq(sim_dap_write_mem(&rig.dap, &transfer, bytes), SIM_ACK_STICKY);
    rig_free(&rig);
}

Test(dap, hprot3_marks_accesses_as_cacheable)
{
    struct probe_rig rig;
    uint8_t bytes[4];
    struct sim_dap_transfer transfer = {
        .ap = 1, .csw = 0x2B000000, .addr = RIG_RAM, .unit_bytes = 4, .length_bytes = 4};

    rig_create(&rig);
    rig_power_up_debug(&rig);
    cr_assert_eq(sim_dap_read_mem(&rig.dap, &transfer, bytes), SIM_ACK_OK);
    cr_assert(rig.was_cacheable);
    transfer.csw = 0x23000000;
    cr_assert_eq(sim_dap_read_mem(&rig.dap, &transfer, bytes), SIM_ACK_OK);
    cr_assert_not(rig.was_cacheable);
    rig_free(&rig);
}

Test(dap, block_path_and_word_path_move_the_same_bytes)
{
    struct probe_rig rig;
    uint8_t out[3000];
    uint8_t in[3000];
    struct sim_dap_transfer transfer = {.ap = 1,
        .csw = 0x23000000,
        .addr = RIG_RAM + 100,
        .unit_bytes = 4,
        .length_bytes = sizeof out};

    rig_create(&rig);
    rig_power_up_debug(&rig);
    for (size_t i = 0; i < sizeof out; i++) {
        out[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (unsigned pass = 0; pass < 4; pass++) {
        rig.has_blocks = (pass & 1) != 0;
        memset(rig.ram, 0, sizeof rig.ram);
        cr_assert_eq(sim_dap_write_mem(&rig.dap, &transfer, out), SIM_ACK_OK);
        rig.has_blocks = (pass & 2) != 0;
        cr_assert_eq(sim_dap_read_mem(&rig.dap, &transfer, in), SIM_ACK_OK);
        cr_assert_arr_eq(in, out, sizeof out, "pass %u", pass);
    }
    cr_assert_eq(rig.block_count, 4);
    rig_free(&rig);
}

Test(dap, loses_its_state_with_the_power)
{
    struct probe_rig rig;
    uint32_t value = 0;

    rig_create(&rig);
    rig_power_up_debug(&rig);
    rig.is_powered = false;
    cr_assert_eq(sim_dap_read_dp(&rig.dap, 0, 0, &value), SIM_ACK_NONE);
    sim_dap_power_on_reset(&rig.dap);
    rig.is_powered = true;
    cr_assert_eq(ctrl_stat(&rig), 0);
    rig_free(&rig);
}

Test(dap, acts_out_injected_waits_faults_and_parity_errors)
{
    static const struct {
        const char *spec;
        enum sim_ack ack;
        enum sim_ack next;
    } rows[] = {
        {"dap-wait@1", SIM_ACK_WAIT, SIM_ACK_OK},
        {"dap-fault@1", SIM_ACK_FAULT, SIM_ACK_STICKY},
        {"dap-parity@1", SIM_ACK_PARITY, SIM_ACK_STICKY},
        {"dap-power-cut@1", SIM_ACK_NONE, SIM_ACK_OK},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct probe_rig rig;
        const char *why = NULL;
        uint32_t value = 0;

        rig_create(&rig);
        rig_power_up_debug(&rig);
        cr_assert(sim_inject_arm(rig.env.inject, rows[i].spec, &why));
        cr_assert_eq(sim_dap_read_ap(&rig.dap, 1, IDR, &value), rows[i].ack, "%s", rows[i].spec);
        cr_assert_eq(sim_dap_read_ap(&rig.dap, 1, IDR, &value), rows[i].next, "%s", rows[i].spec);
        rig_free(&rig);
    }
}

Test(dap, overrun_detection_turns_a_wait_into_a_sticky_flag)
{
    struct probe_rig rig;
    const char *why = NULL;
    uint32_t value = 0;

    rig_create(&rig);
    (void)sim_dap_write_dp(&rig.dap, 4, 0, 0x50000001); /* ORUNDETECT */
    cr_assert(sim_inject_arm(rig.env.inject, "dap-wait@1", &why));
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 1, IDR, &value), SIM_ACK_WAIT);
    cr_assert_eq(ctrl_stat(&rig) & 2, 2, "STICKYORUN");
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 1, IDR, &value), SIM_ACK_STICKY);
    (void)sim_dap_write_dp(&rig.dap, 0, 0, 0x0E); /* all the others */
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 1, IDR, &value), SIM_ACK_STICKY);
    (void)sim_dap_write_dp(&rig.dap, 0, 0, 0x10); /* ORUNERRCLR */
    cr_assert_eq(sim_dap_read_ap(&rig.dap, 1, IDR, &value), SIM_ACK_OK);
    rig_free(&rig);
}
