/* The blob of the first board against values worked out by hand from the reference: RCC at
 * 0x58024400, GPION at 0x58023400, XSPI2 at 0x5200A000, CR2 codes and opcodes of the chip. */
#include "abi/blob.h"
#include "common/crc32.h"
#include "host/board/board.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct board *board;
    uint8_t bytes[ABI_BLOB_MAX_BYTES];
    size_t size_bytes;
    struct abi_blob blob;
    char warnings[1024];
};

static void collect(void *context, enum log_level level, const char *code, const char *text)
{
    struct fixture *fixture = context;
    size_t used = strlen(fixture->warnings);

    if (level == LOG_WARNING) {
        (void)snprintf(
            fixture->warnings + used, sizeof fixture->warnings - used, "[%s] %s\n", code, text);
    }
}

static void make(struct fixture *fixture, uint32_t hslv)
{
    struct log log = {.write = collect, .context = fixture, .max_level = LOG_INFO};
    struct error err = {0};

    cr_assert(board_blob_make(fixture->board, 0, hslv, &log, fixture->bytes, sizeof fixture->bytes,
                  &fixture->size_bytes, &err),
        "%s", err.message);
    memcpy(&fixture->blob, fixture->bytes, sizeof fixture->blob);
}

static struct fixture *open_board(const char *name)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct error err = {0};

    cr_assert_not_null(fixture);
    cr_assert(board_load(name, NULL, &fixture->board, &err), "%s", err.message);
    return fixture;
}

static void close_board(struct fixture *fixture)
{
    board_free(fixture->board);
    free(fixture);
}

static void check_regs(const struct fixture *fixture, const struct abi_blob_section *section,
    const struct abi_reg_step *expected, size_t count)
{
    cr_assert_eq(section->count, count, "%u register steps", section->count);
    for (size_t i = 0; i < count; i++) {
        struct abi_reg_step step;

        memcpy(&step, fixture->bytes + section->offset + i * sizeof step, sizeof step);
        cr_assert_eq(memcmp(&step, &expected[i], sizeof step), 0,
            "step %zu: kind %u addr 0x%08X mask 0x%08X value 0x%08X timeout %u", i, step.kind,
            step.addr, step.mask, step.value, step.timeout_us);
    }
}

Test(blob, has_a_checked_header)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");
    uint32_t crc32 = 0;

    make(fixture, 0);
    cr_assert_eq(fixture->blob.magic, ABI_BLOB_MAGIC);
    cr_assert_eq(fixture->blob.version, 1);
    cr_assert_eq(fixture->blob.header_bytes, 136);
    cr_assert_eq(fixture->blob.size_bytes, fixture->size_bytes);
    cr_assert_leq(fixture->size_bytes, 4096);
    cr_assert_str_eq(fixture->blob.board, "nucleo-h7s3l8");
    cr_assert_eq(fixture->blob.core_hz_program, 64000000);
    cr_assert_eq(fixture->blob.core_hz_run, 64000000);
    cr_assert_eq(fixture->blob.window_bytes, 256u << 20);
    cr_assert_eq(fixture->blob.watchdog_addr, 0x58004800);
    memset(fixture->bytes + offsetof(struct abi_blob, crc32), 0, 4);
    crc32 = crc32_update(0, fixture->bytes, fixture->size_bytes);
    cr_assert_eq(fixture->blob.crc32, crc32);
    cr_assert_str_eq(fixture->warnings, "");
    close_board(fixture);
}

Test(blob, is_the_same_each_time)
{
    struct fixture *one = open_board("nucleo-h7s3l8");
    struct fixture *two = open_board("nucleo-h7s3l8");

    memset(two->bytes, 0xA5, sizeof two->bytes);
    make(one, 0);
    make(two, 0);
    cr_assert_eq(one->size_bytes, two->size_bytes);
    cr_assert_eq(memcmp(one->bytes, two->bytes, one->size_bytes), 0);
    close_board(one);
    close_board(two);
}

Test(blob, sets_power_clocks_and_pins_for_programming)
{
    static const struct abi_reg_step expected[] = {
        {ABI_REG_MODIFY, 4, 0, 0x58024500, 0x00000001, 0, 0},          /* CKPROTR.XSPICKP off */
        {ABI_REG_MODIFY, 4, 0, 0x5802444C, 0x000000C0, 0, 0},          /* CCIPR1.XSPI2SEL = HCLK */
        {ABI_REG_MODIFY, 4, 0, 0x5802480C, 0x00008000, 0x00008000, 0}, /* CSR2.EN_XSPIM2 only */
        {ABI_REG_MODIFY, 4, 0, 0x58024540, 0x00002000, 0x00002000, 0}, /* AHB4ENR.GPIONEN */
        {ABI_REG_WAIT, 4, 0, 0x58024540, 0x00002000, 0x00002000, 1000},
        {ABI_REG_MODIFY, 4, 0, 0x58024534, 0x00005000, 0x00005000, 0}, /* XSPI2EN, XSPIMEN */
        {ABI_REG_WAIT, 4, 0, 0x58024534, 0x00005000, 0x00005000, 1000},
        {ABI_REG_MODIFY, 4, 0, 0x5802447C, 0x00005000, 0x00005000, 0}, /* reset on */
        {ABI_REG_MODIFY, 4, 0, 0x5802447C, 0x00005000, 0x00000000, 0}, /* and off */
        {ABI_REG_WRITE, 4, 0, 0x5200B400, 0xFFFFFFFF, 0, 0},           /* XSPIM_CR: straight */
        /* PN0 to PN6 and PN8 to PN11: push-pull, very high speed, NCS (PN1) pulled up, AF9 */
        {ABI_REG_MODIFY, 4, 0, 0x58023404, 0x00000F7F, 0, 0},
        {ABI_REG_MODIFY, 4, 0, 0x58023408, 0x00FF3FFF, 0x00FF3FFF, 0},
        {ABI_REG_MODIFY, 4, 0, 0x5802340C, 0x00FF3FFF, 0x00000004, 0},
        {ABI_REG_MODIFY, 4, 0, 0x58023420, 0x0FFFFFFF, 0x09999999, 0},
        {ABI_REG_MODIFY, 4, 0, 0x58023424, 0x0000FFFF, 0x00009999, 0},
        {ABI_REG_MODIFY, 4, 0, 0x58023400, 0x00FF3FFF, 0x00AA2AAA, 0},
    };
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    make(fixture, 0);
    check_regs(
        fixture, &fixture->blob.program_regs, expected, sizeof expected / sizeof expected[0]);
    close_board(fixture);
}

Test(blob, runs_from_pll2s_and_locks_it)
{
    /* 64 MHz / 4 * 28 / 7 = 64 MHz: input 16 MHz (range 3), VCO 448 MHz */
    static const struct abi_reg_step expected[] = {
        {ABI_REG_MODIFY, 4, 0, 0x58024500, 0x00000001, 0, 0},
        {ABI_REG_MODIFY, 4, 0, 0x5802444C, 0x000000C0, 0, 0},
        {ABI_REG_MODIFY, 4, 0, 0x58024400, 0x04000000, 0, 0},          /* PLL2ON */
        {ABI_REG_WAIT, 4, 0, 0x58024400, 0x08000000, 0, 50000},        /* PLL2RDY */
        {ABI_REG_MODIFY, 4, 0, 0x58024428, 0x00000003, 0, 0},          /* PLLSRC = HSI */
        {ABI_REG_MODIFY, 4, 0, 0x58024428, 0x0003F000, 0x00004000, 0}, /* DIVM2 = 4 */
        {ABI_REG_MODIFY, 4, 0, 0x5802442C, 0x00003800, 0, 0},          /* FRACEN, VCOSEL, SSCGEN */
        {ABI_REG_MODIFY, 4, 0, 0x5802442C, 0x0000C000, 0x0000C000, 0}, /* PLL2RGE = 3 */
        {ABI_REG_MODIFY, 4, 0, 0x58024438, 0x000001FF, 27, 0},         /* N - 1 */
        {ABI_REG_MODIFY, 4, 0, 0x580244C4, 0x00000007, 6, 0},          /* S - 1 */
        {ABI_REG_MODIFY, 4, 0, 0x5802442C, 0x00080000, 0x00080000, 0}, /* PLL2SEN */
        {ABI_REG_MODIFY, 4, 0, 0x58024400, 0x04000000, 0x04000000, 0},
        {ABI_REG_WAIT, 4, 0, 0x58024400, 0x08000000, 0x08000000, 50000},
        {ABI_REG_MODIFY, 4, 0, 0x5802444C, 0x000000C0, 0x00000040, 0}, /* XSPI2SEL = PLL2S */
        {ABI_REG_DELAY, 4, 0, 0, 0, 0, 10},
        {ABI_REG_MODIFY, 4, 0, 0x58024500, 0x00000001, 1, 0}, /* XSPICKP */
    };
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    make(fixture, 0);
    check_regs(fixture, &fixture->blob.run_regs, expected, sizeof expected / sizeof expected[0]);
    close_board(fixture);
}

static struct abi_ctrl_setup ctrl_at(const struct fixture *fixture, enum abi_ctrl_index index)
{
    struct abi_ctrl_setup ctrl;

    memcpy(&ctrl, fixture->bytes + fixture->blob.ctrl.offset + (size_t)index * sizeof ctrl,
        sizeof ctrl);
    return ctrl;
}

Test(blob, keeps_every_clock_within_its_bound)
{
    static const struct {
        enum abi_ctrl_index index;
        uint16_t prescaler;
        uint32_t bus_hz;
        uint8_t flags;
    } expected[] = {
        {ABI_CTRL_DETECT, 4, 16000000, ABI_CTRL_SAMPLE_SHIFT},
        {ABI_CTRL_PROGRAM, 2, 32000000, ABI_CTRL_SAMPLE_SHIFT | ABI_CTRL_SWAP_DTR},
        {ABI_CTRL_RUN, 1, 64000000, ABI_CTRL_SAMPLE_SHIFT | ABI_CTRL_SWAP_DTR},
        {ABI_CTRL_RUN_SETUP, 4, 16000000, ABI_CTRL_SAMPLE_SHIFT | ABI_CTRL_SWAP_DTR},
    };
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    make(fixture, 0);
    cr_assert_eq(fixture->blob.ctrl.count, ABI_CTRL_COUNT);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct abi_ctrl_setup ctrl = ctrl_at(fixture, expected[i].index);

        cr_assert_eq(ctrl.family, ABI_CTRL_XSPI);
        cr_assert_eq(ctrl.mtyp, 0);
        cr_assert_eq(ctrl.size_log2, 25, "32 MiB");
        cr_assert_eq(ctrl.cs_high_cycles, 2);
        cr_assert_eq(ctrl.prescaler, expected[i].prescaler, "entry %zu", i);
        cr_assert_eq(ctrl.bus_hz, expected[i].bus_hz, "entry %zu", i);
        cr_assert_eq(ctrl.flags, expected[i].flags, "entry %zu: 0x%X", i, ctrl.flags);
        cr_assert_eq(ctrl.regs_addr, 0x5200A000);
        cr_assert_eq(ctrl.window_addr, 0x70000000);
        cr_assert_eq(ctrl.timeout_cycles, 0);
    }
    close_board(fixture);
}

/* One line per step, to compare whole sequences. */
static void write_step(const struct abi_bus_step *step, char *text, size_t capacity)
{
    static const char *const kinds[] = {"?", "exec", "poll", "wait", "ctrl", "expect", "quiet"};
    size_t used = (size_t)snprintf(text, capacity, "%s", kinds[step->kind]);

    if (step->kind == ABI_STEP_CTRL) {
        (void)snprintf(text + used, capacity - used, " %u\n", step->index);
        return;
    }
    if (step->kind == ABI_STEP_WAIT) {
        (void)snprintf(text + used, capacity - used, " %u\n", step->timeout_us);
        return;
    }
    used += (size_t)snprintf(text + used, capacity - used, " %0*X.%X", step->op.opcode_bytes * 2,
        step->op.opcode, step->op.opcode_bus);
    if (step->op.addr_bytes != 0) {
        used += (size_t)snprintf(text + used, capacity - used, " a%u.%X@%X", step->op.addr_bytes,
            step->op.addr_bus, step->op.addr);
    }
    if (step->op.alternate_bytes != 0) {
        used += (size_t)snprintf(text + used, capacity - used, " m%u.%X=%X",
            step->op.alternate_bytes, step->op.alternate_bus, step->op.alternate);
    }
    if (step->op.dummy_cycles != 0) {
        used += (size_t)snprintf(text + used, capacity - used, " d%u", step->op.dummy_cycles);
    }
    if (step->op.data_bus != 0) {
        used += (size_t)snprintf(text + used, capacity - used, " x%u.%X f%X", step->op.data_bytes,
            step->op.data_bus, step->op.flags);
    }
    for (size_t i = 0; i < step->data_count; i++) {
        used += (size_t)snprintf(
            text + used, capacity - used, "%s%02X", i == 0 ? " =" : " ", step->data[i]);
    }
    if (step->kind == ABI_STEP_POLL) {
        used += (size_t)snprintf(
            text + used, capacity - used, " &%X==%X %u", step->mask, step->match, step->timeout_us);
    }
    (void)snprintf(text + used, capacity - used, "\n");
}

static void check_steps(
    const struct fixture *fixture, const struct abi_blob_section *section, const char *expected)
{
    char text[4096] = "";

    for (size_t i = 0; i < section->count; i++) {
        struct abi_bus_step step;
        size_t used = strlen(text);

        memcpy(&step, fixture->bytes + section->offset + i * sizeof step, sizeof step);
        write_step(&step, text + used, sizeof text - used);
    }
    cr_assert_str_eq(text, expected, "got:\n%s", text);
}

Test(blob, recovers_the_chip_from_every_mode)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    make(fixture, 0);
    check_steps(fixture, &fixture->blob.recover,
        "ctrl 0\n"
        "quiet AB.1\nquiet AB54.8\nquiet AB54.88\nwait 100\n"
        "quiet 66.1\nquiet 99.1\n"
        "quiet 6699.8\nquiet 9966.8\n"
        "quiet 6699.88\nquiet 9966.88\n"
        "wait 100000\n"
        "quiet 06F9.88\nquiet 728D.88 a4.88@0 x1.88 f5 =00\n"
        "quiet 06F9.8\nquiet 728D.8 a4.8@0 x1.8 f1 =00\n"
        "wait 100\n");
    close_board(fixture);
}

/* Dummy code 5 is 10 clocks, good for 100 MHz: enough for 32 and for 64 MHz. */
Test(blob, enters_the_program_bus_by_way_of_the_volatile_register)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    make(fixture, 0);
    check_steps(fixture, &fixture->blob.enter_program,
        "ctrl 0\n"
        "expect 9F.1 x3.1 f0 =C2 81 39\n"
        "exec 06.1\n"
        "exec 72.1 a4.1@300 x1.1 f1 =05\n"
        "poll 05.1 x1.1 f0 &1==0 40000\n"
        "expect 71.1 a4.1@300 x1.1 f0 =05\n"
        "exec 06.1\n"
        "exec 72.1 a4.1@0 x1.1 f1 =02\n"
        "ctrl 1\n"
        "poll 05FA.88 a4.88@0 d4 x1.88 f6 &1==0 100000\n"
        "expect 9F60.88 a4.88@0 d4 x3.88 f6 =C2 81 39\n");
    close_board(fixture);
}

Test(blob, enters_the_run_bus_slowly_and_speeds_up_last)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    make(fixture, 0);
    check_steps(fixture, &fixture->blob.enter_run,
        "ctrl 3\n"
        "expect 9F.1 x3.1 f0 =C2 81 39\n"
        "exec 06.1\n"
        "exec 72.1 a4.1@300 x1.1 f1 =05\n"
        "poll 05.1 x1.1 f0 &1==0 40000\n"
        "expect 71.1 a4.1@300 x1.1 f0 =05\n"
        "exec 06.1\n"
        "exec 72.1 a4.1@0 x1.1 f1 =02\n"
        "ctrl 3\n"
        "poll 05FA.88 a4.88@0 d4 x1.88 f6 &1==0 100000\n"
        "expect 9F60.88 a4.88@0 d4 x3.88 f6 =C2 81 39\n"
        "ctrl 2\n");
    close_board(fixture);
}

Test(blob, leaves_the_program_bus_with_the_registers_as_after_reset)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    make(fixture, 0);
    check_steps(fixture, &fixture->blob.leave_program,
        "exec 06F9.88\n"
        "exec 728D.88 a4.88@300 x1.88 f5 =00\n"
        "poll 05FA.88 a4.88@0 d4 x1.88 f6 &1==0 40000\n"
        "exec 06F9.88\n"
        "exec 728D.88 a4.88@0 x1.88 f5 =00\n"
        "ctrl 0\n"
        "poll 05.1 x1.1 f0 &1==0 100000\n"
        "expect 9F.1 x3.1 f0 =C2 81 39\n");
    close_board(fixture);
}

Test(blob, never_writes_a_non_volatile_register)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");
    const struct abi_blob_section *sections[4];

    make(fixture, 0);
    sections[0] = &fixture->blob.recover;
    sections[1] = &fixture->blob.enter_program;
    sections[2] = &fixture->blob.enter_run;
    sections[3] = &fixture->blob.leave_program;
    for (size_t k = 0; k < 4; k++) {
        for (size_t i = 0; i < sections[k]->count; i++) {
            struct abi_bus_step step;

            memcpy(&step, fixture->bytes + sections[k]->offset + i * sizeof step, sizeof step);
            if (step.op.opcode == 0x72 || step.op.opcode == 0x728D) {
                cr_assert(
                    step.op.addr == 0 || step.op.addr == 0x300, "CR2 at 0x%08X", step.op.addr);
            }
            cr_assert_neq(step.op.opcode, 0x01, "WRSR");
            cr_assert_neq(step.op.opcode, 0x01FE, "WRSR");
        }
    }
    close_board(fixture);
}

Test(blob, describes_the_memory_in_the_width_of_the_program_bus)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");
    struct abi_memory memory;

    make(fixture, 0);
    cr_assert_eq(fixture->blob.memory.count, 1);
    memcpy(&memory, fixture->bytes + fixture->blob.memory.offset, sizeof memory);
    cr_assert_eq(memory.size_bytes, 33554432);
    cr_assert_eq(memory.page_bytes, 256);
    cr_assert_eq(memory.ecc_unit_bytes, 16);
    cr_assert_eq(memory.flags, ABI_MEMORY_EVEN | ABI_MEMORY_HAS_FAIL);
    cr_assert_eq(memory.program_typical_us, 152);
    cr_assert_eq(memory.program_max_us, 4256);
    cr_assert_eq(memory.chip_erase_max_us, 1520000000);
    cr_assert_eq(memory.reset_max_us, 100000);
    cr_assert_eq(memory.busy_mask, 1);
    cr_assert_eq(memory.busy_value, 1);
    cr_assert_eq(memory.wel_mask, 2);
    cr_assert_eq(memory.program_fail_mask, 0x20);
    cr_assert_eq(memory.erase_fail_mask, 0x40);
    cr_assert_eq(memory.read.opcode, 0xEE11);
    cr_assert_eq(memory.read.dummy_cycles, 10);
    cr_assert_eq(memory.read.data_bus, 0x88);
    cr_assert_eq(memory.read.flags, ABI_OP_DQS);
    cr_assert_eq(memory.program.opcode, 0x12ED);
    cr_assert_eq(memory.program.flags, ABI_OP_WRITE);
    cr_assert_eq(memory.write_enable.opcode, 0x06F9);
    cr_assert_eq(memory.read_status.opcode, 0x05FA);
    cr_assert_eq(memory.read_fail.opcode, 0x2BD4);
    cr_assert_eq(memory.chip_erase.opcode, 0x609F);
    cr_assert_eq(memory.erase[0].size_bytes, 4096);
    cr_assert_eq(memory.erase[0].op.opcode, 0x21DE);
    cr_assert_eq(memory.erase[0].max_us, 500000);
    cr_assert_eq(memory.erase[1].size_bytes, 65536);
    cr_assert_eq(memory.erase[1].op.opcode, 0xDC23);
    cr_assert_eq(memory.erase[1].typical_us, 256000);
    cr_assert_eq(memory.erase[2].size_bytes, 0);
    cr_assert_eq(memory.run_read.opcode, 0xEE11);
    cr_assert_eq(memory.run_read.dummy_cycles, 10);
    cr_assert_eq(memory.run_write.opcode_bytes, 0);
    close_board(fixture);
}

Test(blob, tells_the_bootloader_where_image_record_and_reason_are)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");
    struct abi_boot_config boot;

    make(fixture, 0);
    cr_assert_eq(fixture->blob.boot.count, 1);
    memcpy(&boot, fixture->bytes + fixture->blob.boot.offset, sizeof boot);
    cr_assert_eq(boot.flags, ABI_BOOT_CHECK_CRC | ABI_BOOT_MPU_OFF);
    cr_assert_eq(boot.entry_addr, 0x70000000);
    cr_assert_eq(boot.partition_bytes, 0x400000);
    cr_assert_eq(boot.record_addr, 0x703FF000);
    cr_assert_eq(boot.reason_addr, 0x20008000);
    cr_assert_eq(boot.debug_wait_ms, 50);
    /* 50 + two gates of 1 + PLL off and on 50 each + recovery 100.2 + polls 40 and 100
     * + 4194 for the CRC at 1 MB/s + 100 */
    cr_assert_eq(boot.boot_max_ms, 50 + (2000 + 100000 + 10 + 100200 + 140000) / 1000 + 4194 + 100);
    cr_assert_eq(boot.ram_count, 4);
    cr_assert_eq(boot.ram[2].addr, 0x24000000);
    cr_assert_eq(boot.ram[2].size_bytes, 456 * 1024);
    close_board(fixture);
}

/* ---- HSLV and the run clock ---- */

static void check_run(const struct fixture *fixture, uint32_t bus_hz, uint8_t dummy_cycles)
{
    struct abi_ctrl_setup ctrl = ctrl_at(fixture, ABI_CTRL_RUN);
    struct abi_memory memory;

    memcpy(&memory, fixture->bytes + fixture->blob.memory.offset, sizeof memory);
    cr_assert_eq(ctrl.bus_hz, bus_hz, "%u Hz", ctrl.bus_hz);
    cr_assert_eq(memory.run_read.dummy_cycles, dummy_cycles);
}

static size_t count_register(const struct fixture *fixture, uint32_t addr)
{
    const struct abi_blob_section *section = &fixture->blob.run_regs;
    size_t count = 0;

    for (size_t i = 0; i < section->count; i++) {
        struct abi_reg_step step;

        memcpy(&step, fixture->bytes + section->offset + i * sizeof step, sizeof step);
        count += step.addr == addr;
    }
    return count;
}

Test(blob, lowers_the_run_clock_and_warns_while_hslv_is_off)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    fixture->board->memories[0].run_khz_wanted = 200000;
    make(fixture, 1); /* port 1 only: not ours */
    check_run(fixture, 64000000, 10);
    cr_assert_eq(count_register(fixture, 0x58000510), 0, "SBS_CCCSR is left alone");
    cr_assert_str_eq(fixture->warnings,
        "[hslv-off] the run clock of \"flash\" is 64000 kHz instead of 200000 kHz: "
        "HSLV is off in the option bytes\n");
    close_board(fixture);
}

Test(blob, uses_the_full_clock_where_the_option_bit_is_set)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    fixture->board->memories[0].run_khz_wanted = 200000;
    make(fixture, 2);
    check_run(fixture, 200000000, 20);
    cr_assert_eq(count_register(fixture, 0x58000510), 1);
    cr_assert_str_eq(fixture->warnings, "");
    close_board(fixture);
}

Test(blob, takes_the_highest_legal_clock_when_none_is_asked_for)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    fixture->board->memories[0].run_khz_wanted = 0;
    make(fixture, 0);
    check_run(fixture, 64000000, 10);
    cr_assert_str_eq(fixture->warnings, "");
    make(fixture, 2);
    check_run(fixture, 200000000, 20);
    close_board(fixture);
}

Test(blob, never_uses_hslv_at_a_high_supply)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    fixture->board->memories[0].run_khz_wanted = 100000;
    fixture->board->memories[0].supply_mv = 3300;
    make(fixture, 2);
    check_run(fixture, 64000000, 10);
    cr_assert_eq(count_register(fixture, 0x58000510), 0);
    cr_assert_str_eq(fixture->warnings,
        "[run-clock-lowered] the run clock of \"flash\" is 64000 kHz instead of 100000 kHz: "
        "the pads allow no more at this supply\n");
    close_board(fixture);
}

Test(blob, leaves_hslv_alone_when_the_clock_does_not_need_it)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");

    make(fixture, 2);
    check_run(fixture, 64000000, 10);
    cr_assert_eq(count_register(fixture, 0x58000510), 0);
    close_board(fixture);
}

/* ---- a part that is not known yet ---- */

Test(blob, only_detects_while_the_part_is_unknown)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");
    struct part part = fixture->board->memories[0].part;
    struct error err = {0};

    memset(&fixture->board->memories[0].part, 0, sizeof part);
    fixture->board->memories[0].part_is_auto = true;
    make(fixture, 0);
    cr_assert_eq(fixture->blob.memory.count, 0);
    cr_assert_eq(fixture->blob.boot.count, 0);
    cr_assert_eq(fixture->blob.run_regs.count, 0);
    cr_assert_eq(fixture->blob.enter_program.count, 0);
    cr_assert_eq(ctrl_at(fixture, ABI_CTRL_DETECT).bus_hz, 16000000);
    cr_assert_eq(ctrl_at(fixture, ABI_CTRL_DETECT).size_log2, 28);
    check_steps(fixture, &fixture->blob.recover,
        "ctrl 0\n"
        "quiet FFFF.4 m4.4=FFFFFFFF\n"
        "quiet AB.1\nquiet AB.4\nquiet AB54.8\nquiet AB54.88\nquiet ABAB.88\nwait 100\n"
        "quiet 66.1\nquiet 99.1\nquiet 66.2\nquiet 99.2\nquiet 66.4\nquiet 99.4\n"
        "quiet 6699.8\nquiet 9966.8\nquiet 6699.88\nquiet 9966.88\n"
        "quiet 6666.88\nquiet 9999.88\nwait 100000\n");
    cr_assert(board_set_part(fixture->board, 0, &part, &err));
    make(fixture, 0);
    cr_assert_eq(fixture->blob.memory.count, 1);
    close_board(fixture);
}

Test(blob, refuses_a_part_whose_end_cuts_a_partition)
{
    struct fixture *fixture = open_board("nucleo-h7s3l8");
    struct part part = fixture->board->memories[0].part;
    struct error err = {0};

    part.size_bytes = 2 << 20;
    cr_assert_not(board_set_part(fixture->board, 0, &part, &err));
    cr_assert_eq(err.code, ERROR_BOARD_BAD);
    cr_assert_not_null(strstr(err.message,
        "partition \"app\": offset 0x0 and size 0x400000 run past the end of \"flash\" at "
        "0x200000"));
    close_board(fixture);
}
