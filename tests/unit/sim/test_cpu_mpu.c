#include "helpers_cpu.h"

#include <criterion/criterion.h>

#include <string.h>

/* Assembled for address 0; the comments are the listing. */
static const uint16_t program[] = {
    0x8000, 0x2000,              /*   0: vectors: .word */
    0x0041, 0x0000,              /*   4: .word */
    [0x0C / 2] = 0x0043, 0x0000, /*   c: .word */
    0x0049, 0x0000,              /*  10: .word */
    [0x40 / 2] = 0xE7FE,         /*  40: spin: b.n 40 <spin> */
    0xF04F, 0x0A03,              /*  42: hard: mov.w sl, #3 */
    0xE7FC,                      /*  46: b.n 42 <hard> */
    0xF04F, 0x0A04,              /*  48: mem: mov.w sl, #4 */
    0xE7FE,                      /*  4c: b.n 4c <mem+0x4> */
    0x6801,                      /*  4e: load: ldr r1, [r0, #0] */
    0x2201,                      /*  50: movs r2, #1 */
    0xE7FE,                      /*  52: b.n 52 <load+0x4> */
    0x6001,                      /*  54: store: str r1, [r0, #0] */
    0x2201,                      /*  56: movs r2, #1 */
    0xE7FE,                      /*  58: b.n 58 <store+0x4> */
    0x4700,                      /*  5a: jump: bx r0 */
    0xF850, 0x1E00,              /*  5c: unpriv: ldrt r1, [r0] */
    0x2201,                      /*  60: movs r2, #1 */
    0xE7FE,                      /*  62: b.n 62 <unpriv+0x6> */
    0x2308,                      /*  64: fill: movs r3, #8 */
    0xF840, 0x1B04,              /*  66: str.w r1, [r0], #4 */
    0x3B01,                      /*  6a: subs r3, #1 */
    0xD1FB,                      /*  6c: bne.n 66 <fill+0x2> */
    0x2201,                      /*  6e: movs r2, #1 */
    0xE7FE,                      /*  70: b.n 70 <fill+0xc> */
    0x6804,                      /*  72: sum: ldr r4, [r0, #0] */
    0xF100, 0x0040,              /*  74: add.w r0, r0, #64 */
    0x3B01,                      /*  78: subs r3, #1 */
    0xD1FA,                      /*  7a: bne.n 72 <sum> */
    0x2201,                      /*  7c: movs r2, #1 */
    0xE7FE,                      /*  7e: b.n 7e <sum+0xc> */
};
enum {
    AT_SPIN = 0x40,
    AT_HARD = 0x42,
    AT_MEM = 0x48,
    AT_LOAD = 0x4E,
    AT_STORE = 0x54,
    AT_JUMP = 0x5A,
    AT_UNPRIV = 0x5C,
    AT_FILL = 0x64,
    AT_SUM = 0x72,
};

enum {
    SIZE_32B = 4,
    SIZE_256B = 7,
    SIZE_64K = 15,
    SIZE_1M = 19,
    SIZE_4G = 31,
    ENABLE = 1,
    AP_NONE = 0 << 24,
    AP_PRIVILEGED = 1 << 24,
    AP_FULL = 3 << 24,
    AP_READ_ONLY = 6 << 24,
    XN = 1 << 28
};

static void set_region(
    struct cpu_board *board, uint32_t number, uint32_t base, unsigned size, unsigned attributes)
{
    cpu_board_put_word(board, PPB_MPU_RBAR, base | 0x10 | number);
    cpu_board_put_word(board, PPB_MPU_RASR, (uint32_t)(size << 1) | ENABLE | attributes);
}

static struct cpu_board *start(void)
{
    struct cpu_board *board = cpu_board_create(program, sizeof program);

    cpu_board_start(board);
    cpu_board_put_word(board, PPB_SHCSR, 1U << 16); /* MemManage enabled */
    return board;
}

/* True: the access went through; false: MemManage. Anything else fails the test. */
static bool attempt(struct cpu_board *board, uint32_t code, uint32_t addr)
{
    sim_cpu_set_register(board->cpu, 0, addr);
    sim_cpu_set_register(board->cpu, 2, 0);
    sim_cpu_set_register(board->cpu, 10, 0);
    sim_cpu_set_register(board->cpu, 13, 0x20008000);
    cpu_board_put_word(board, PPB_SHCSR, 1U << 16); /* clears the active bit */
    sim_cpu_set_register(board->cpu, 16, 0x01000000);
    sim_cpu_set_register(board->cpu, 15, code);
    cpu_board_run(board, 200);
    if (cpu_board_reg(board, 10) == 4) {
        return false;
    }
    cr_assert_eq(cpu_board_reg(board, 10), 0, "fault 0x%x", cpu_board_word(board, PPB_CFSR));
    cr_assert_eq(cpu_board_reg(board, 2), 1);
    return true;
}

Test(cpu_mpu, has_sixteen_regions_that_read_back)
{
    struct cpu_board *board = start();

    cr_assert_eq(cpu_board_word(board, 0xE000ED90), 16 << 8);
    set_region(board, 15, 0x24000000, SIZE_64K, AP_FULL | XN);
    cr_assert_eq(cpu_board_word(board, PPB_MPU_RNR), 15);
    cr_assert_eq(cpu_board_word(board, PPB_MPU_RBAR), 0x2400000F);
    cr_assert_eq(cpu_board_word(board, PPB_MPU_RASR), 0x1300001F);
    cpu_board_put_word(board, PPB_MPU_RNR, 3);
    cr_assert_eq(cpu_board_word(board, PPB_MPU_RASR), 0);
    cpu_board_free(board);
}

Test(cpu_mpu, refuses_what_no_region_allows_unless_the_background_map_counts)
{
    struct cpu_board *board = start();

    set_region(board, 0, 0x00000000, SIZE_64K, AP_FULL);
    set_region(board, 1, 0x20000000, SIZE_64K, AP_FULL | XN);
    cpu_board_put_word(board, PPB_MPU_CTRL, 1);
    cr_assert(attempt(board, AT_LOAD, 0x20000100));
    cr_assert_not(attempt(board, AT_LOAD, 0x24000100));
    cr_assert_eq(cpu_board_word(board, PPB_CFSR), 0x82, "DACCVIOL, MMARVALID");
    cr_assert_eq(cpu_board_word(board, PPB_MMFAR), 0x24000100);
    cpu_board_put_word(board, PPB_MPU_CTRL, 5); /* PRIVDEFENA */
    cr_assert(attempt(board, AT_LOAD, 0x24000100));
    cpu_board_free(board);
}

Test(cpu_mpu, gives_the_region_with_the_highest_number_the_last_word)
{
    struct cpu_board *board = start();

    set_region(board, 2, 0x24000000, SIZE_64K, AP_FULL);
    set_region(board, 5, 0x24000000, SIZE_256B, AP_READ_ONLY);
    cpu_board_put_word(board, PPB_MPU_CTRL, 5);
    cr_assert(attempt(board, AT_LOAD, 0x24000010));
    cr_assert_not(attempt(board, AT_STORE, 0x24000010));
    cr_assert(attempt(board, AT_STORE, 0x24000100), "the next 256 bytes are free");
    cpu_board_free(board);
}

Test(cpu_mpu, leaves_out_disabled_subregions)
{
    struct cpu_board *board = start();

    set_region(board, 1, 0x24000000, SIZE_256B, AP_NONE | 0x02 << 8); /* second eighth is a hole */
    cpu_board_put_word(board, PPB_MPU_CTRL, 5);
    cr_assert_not(attempt(board, AT_LOAD, 0x24000000));
    cr_assert_not(attempt(board, AT_LOAD, 0x2400001C));
    cr_assert(attempt(board, AT_LOAD, 0x24000020));
    cr_assert(attempt(board, AT_LOAD, 0x2400003C));
    cr_assert_not(attempt(board, AT_LOAD, 0x24000040));
    cpu_board_free(board);
}

Test(cpu_mpu, covers_4_gib_with_subregions_as_the_vendor_template_does)
{
    struct cpu_board *board = start();

    /* Region 0: 4 GiB, no access, SRD 0x87: only 0x60000000 to 0xDFFFFFFF is closed. */
    set_region(board, 0, 0, SIZE_4G, AP_NONE | XN | 0x87 << 8);
    cpu_board_put_word(board, PPB_MPU_CTRL, 5);
    cr_assert(attempt(board, AT_LOAD, 0x24000000));
    cr_assert_not(attempt(board, AT_LOAD, 0x70000000));
    set_region(board, 1, 0x70000000, SIZE_1M, AP_READ_ONLY);
    board->window_is_direct = true;
    board->window_generation++;
    cr_assert(attempt(board, AT_LOAD, 0x70000000));
    cr_assert_not(attempt(board, AT_STORE, 0x70000000));
    cpu_board_free(board);
}

Test(cpu_mpu, tells_privileged_from_unprivileged_accesses)
{
    struct cpu_board *board = start();

    set_region(board, 0, 0x00000000, SIZE_64K, AP_FULL);
    set_region(board, 1, 0x24000000, SIZE_64K, AP_PRIVILEGED);
    set_region(board, 2, 0x20000000, SIZE_64K, AP_FULL);
    cpu_board_put_word(board, PPB_MPU_CTRL, 5);
    cr_assert(attempt(board, AT_LOAD, 0x24000000));
    cr_assert_not(attempt(board, AT_UNPRIV, 0x24000000), "LDRT");
    sim_cpu_set_register(board->cpu, 16, 0x01000000);
    sim_cpu_set_register(board->cpu, 20, 0x01000000); /* CONTROL.nPRIV */
    cr_assert_not(attempt(board, AT_LOAD, 0x24000000));
    cr_assert(attempt(board, AT_LOAD, 0x20000000));
    cpu_board_free(board);
}

Test(cpu_mpu, refuses_to_execute_from_xn)
{
    struct cpu_board *board = start();
    static const uint16_t code[] = {0x2201, 0xE7FE}; /* MOVS R2, #1; B . */

    memcpy(board->axi.bytes, code, sizeof code);
    set_region(board, 1, 0x24000000, SIZE_64K, AP_FULL);
    cpu_board_put_word(board, PPB_MPU_CTRL, 5);
    cr_assert(attempt(board, AT_JUMP, 0x24000001));
    set_region(board, 1, 0x24000000, SIZE_64K, AP_FULL | XN);
    cr_assert_not(attempt(board, AT_JUMP, 0x24000001));
    cr_assert_eq(cpu_board_word(board, PPB_CFSR) & 0xFF, 1, "IACCVIOL");
    cpu_board_free(board);
}

Test(cpu_mpu, is_off_in_hardfault_unless_hfnmiena)
{
    struct cpu_board *board = start();

    set_region(board, 1, 0x24000000, SIZE_64K, AP_NONE);
    cpu_board_put_word(board, PPB_MPU_CTRL, 5);
    sim_cpu_set_register(board->cpu, 20, 1 << 16); /* FAULTMASK: priority -1 */
    cr_assert(attempt(board, AT_LOAD, 0x24000000));
    cpu_board_put_word(board, PPB_MPU_CTRL, 7);
    sim_cpu_set_register(board->cpu, 0, 0x24000000);
    sim_cpu_set_register(board->cpu, 15, AT_LOAD);
    cpu_board_run(board, 100);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_LOCKED_UP);
    cpu_board_free(board);
}

Test(cpu_mpu, makes_unaligned_access_fault_in_device_memory)
{
    struct cpu_board *board = start();

    cr_assert(attempt(board, AT_LOAD, 0x24000001));
    set_region(board, 1, 0x24000000, SIZE_64K, AP_FULL | 1 << 16); /* TEX 0, C 0, B 1: Device */
    cpu_board_put_word(board, PPB_MPU_CTRL, 5);
    cr_assert(attempt(board, AT_LOAD, 0x24000004));
    sim_cpu_set_register(board->cpu, 0, 0x24000001);
    sim_cpu_set_register(board->cpu, 15, AT_LOAD);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 10), 3);
    cr_assert_eq(cpu_board_word(board, PPB_CFSR) >> 16, 0x100, "UNALIGNED");
    cpu_board_free(board);
}

Test(cpu_mpu, traps_unaligned_words_in_normal_memory_when_asked)
{
    struct cpu_board *board = start();

    cpu_board_put_word(board, PPB_CCR, 1 << 3); /* UNALIGN_TRP */
    cr_assert(attempt(board, AT_LOAD, 0x20000004));
    sim_cpu_set_register(board->cpu, 0, 0x20000002);
    sim_cpu_set_register(board->cpu, 15, AT_LOAD);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_word(board, PPB_CFSR) >> 16, 0x100);
    cpu_board_free(board);
}
