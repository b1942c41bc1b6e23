/* A small board for the tests of the CPU model: memory, one register block, an unshared bus. */
#ifndef HELPERS_CPU_H
#define HELPERS_CPU_H

#include "sim/bus.h"
#include "sim/clock.h"
#include "sim/cpu.h"
#include "sim/env.h"
#include "sim/report.h"

enum {
    BOARD_ITCM = 0x00000000,
    BOARD_DTCM = 0x20000000,
    BOARD_AXI = 0x24000000,
    BOARD_ROM = 0x08000000,
    BOARD_DEVICE = 0x50000000,
    BOARD_WINDOW = 0x70000000,
    BOARD_MEMORY_BYTES = 0x10000,
    BOARD_WINDOW_BYTES = 0x10000000,
    BOARD_CHIP_BYTES = 0x4000,
    BOARD_CYCLE_PS = 1000,
    BOARD_KICK = 0x50000100
};

/* Private peripheral bus (mcu.md 4.5). */
#define PPB_SYST_CSR 0xE000E010U
#define PPB_IPR0     0xE000E400U
#define PPB_VTOR     0xE000ED08U
#define PPB_AIRCR    0xE000ED0CU
#define PPB_SCR      0xE000ED10U
#define PPB_CCR      0xE000ED14U
#define PPB_SHCSR    0xE000ED24U
#define PPB_CFSR     0xE000ED28U
#define PPB_HFSR     0xE000ED2CU
#define PPB_DFSR     0xE000ED30U
#define PPB_MMFAR    0xE000ED34U
#define PPB_BFAR     0xE000ED38U
#define PPB_CPACR    0xE000ED88U
#define PPB_MPU_CTRL 0xE000ED94U
#define PPB_MPU_RNR  0xE000ED98U
#define PPB_MPU_RBAR 0xE000ED9CU
#define PPB_MPU_RASR 0xE000EDA0U
#define PPB_DHCSR    0xE000EDF0U
#define PPB_DCRSR    0xE000EDF4U
#define PPB_DCRDR    0xE000EDF8U
#define PPB_DEMCR    0xE000EDFCU
#define PPB_ICIALLU  0xE000EF50U
#define PPB_DCIMVAC  0xE000EF5CU
#define PPB_DCCMVAC  0xE000EF68U
#define PPB_DCCISW   0xE000EF74U
#define PPB_DWT_CTRL 0xE0001000U
#define PPB_CYCCNT   0xE0001004U
#define PPB_FP_CTRL  0xE0002000U
#define PPB_FP_COMP0 0xE0002008U

/* Register block at BOARD_DEVICE: +0 a scratch word, +4 busy (bit 0) until busy_until_ps and calls
 * the poll hint, +8 a bus error, +0x10 asserts interrupt line value, +0x14 releases it,
 * +0x18 asks the CPU to stop, +0x1C gives the time in cycles, +0x100 watchdog kick. */
struct cpu_board {
    struct sim_clock clock;
    struct sim_env env;
    struct sim_bus *bus;
    struct sim_cpu *cpu;
    struct sim_region itcm;
    struct sim_region dtcm;
    struct sim_region axi;
    struct sim_region rom;
    struct sim_periph device;
    struct sim_window window;
    uint32_t scratch;
    uint64_t busy_until_ps;
    uint32_t reads;
    uint32_t writes;
    uint64_t last_access_ps;
    uint32_t kicks;
    struct sim_event *watchdog; /* put off by each kick; NULL: none */
    uint64_t watchdog_ps;
    uint32_t reset_requests;
    uint64_t axi_wait_ps;
    uint64_t cycle_ps;
    uint8_t *chip;
    bool window_is_direct;
    uint32_t window_generation;
    uint32_t window_reads;
    uint32_t touches;
    uint32_t speculations;
    uint32_t highest_speculation;
};

/* Powered, in reset, program copied to ITCM address 0 (vector table first). */
struct cpu_board *cpu_board_create(const uint16_t *program, size_t program_bytes);
void cpu_board_free(struct cpu_board *board);
/* Starts from the vector table in ITCM. */
void cpu_board_start(struct cpu_board *board);
void cpu_board_run(struct cpu_board *board, uint64_t cycles);
uint32_t cpu_board_reg(struct cpu_board *board, unsigned regsel);
uint32_t cpu_board_word(struct cpu_board *board, uint32_t addr); /* as the debug port reads it */
void cpu_board_put_word(struct cpu_board *board, uint32_t addr, uint32_t value);

#endif
