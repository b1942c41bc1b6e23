/* Entry states (design rule: nothing is assumed about the state at entry): what an application may
 * have left behind when a tool attaches. Each is reached with the board's own registers, written
 * from the bus, so that leaving it takes what it takes on silicon. Those here last until the next
 * reset; machine_apps.c has those that come back. */
#include "sim/machine.h"

#include <string.h>

#define RCC        UINT32_C(0x58024400)
#define PWR        UINT32_C(0x58024800)
#define GPION      UINT32_C(0x58023400)
#define XSPI2      UINT32_C(0x5200A000)
#define CCR        UINT32_C(0xE000ED14)
#define MPU_CTRL   UINT32_C(0xE000ED94)
#define MPU_RNR    UINT32_C(0xE000ED98)
#define MPU_RBAR   UINT32_C(0xE000ED9C)
#define MPU_RASR   UINT32_C(0xE000EDA0)
#define VTOR       UINT32_C(0xE000ED08)
#define ITCM_ENTRY UINT32_C(0x00000100)
#define DTCM_TOP   UINT32_C(0x20010000)

enum { REG_PC = 15, REG_CONTROL_WORD = 20 };

static void poke_all(struct sim_machine *machine, const struct sim_poke *pokes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t value = pokes[i].value;
        uint32_t old = 0;

        if (pokes[i].mask != 0) {
            (void)sim_bus_read(machine->bus, SIM_MASTER_DEBUG, pokes[i].addr, 4, &old);
            value |= old & ~pokes[i].mask;
        }
        (void)sim_bus_write(machine->bus, SIM_MASTER_DEBUG, pokes[i].addr, 4, value);
        if (pokes[i].wait_us != 0) {
            sim_machine_advance(machine, pokes[i].wait_us * SIM_PS_PER_US);
        }
    }
}

/* Starts a program of halfwords in ITCM. */
static void start_code(struct sim_machine *machine, const uint16_t *code, size_t count)
{
    uint8_t bytes[64] = {0};

    for (size_t i = 0; i < count; i++) {
        bytes[2 * i] = (uint8_t)code[i];
        bytes[2 * i + 1] = (uint8_t)(code[i] >> 8);
    }
    sim_machine_start_program(machine, ITCM_ENTRY, DTCM_TOP);
    (void)sim_cpu_debug_write_block(machine->cpu, ITCM_ENTRY, bytes, sizeof bytes, true);
    sim_cpu_forget_code(machine->cpu, ITCM_ENTRY, sizeof bytes);
}

static void start_idle(struct sim_machine *machine)
{
    static const uint16_t code[] = {0xE7FE}; /* b . */

    start_code(machine, code, sizeof code / sizeof code[0]);
}

static void enter_reset(struct sim_machine *machine)
{
    sim_machine_set_nrst(machine, true);
    sim_machine_advance(machine, SIM_PS_PER_MS);
    sim_machine_set_nrst(machine, false);
    sim_machine_advance(machine, machine->ap_delay_ps + 2 * SIM_PS_PER_MS);
}

static void enter_rom(struct sim_machine *machine)
{
    sim_machine_set_nrst(machine, true);
    sim_machine_advance(machine, SIM_PS_PER_MS);
    sim_machine_set_nrst(machine, false);
    machine->stay_in_rom = true;
    sim_machine_advance(machine, machine->ap_delay_ps + SIM_PS_PER_MS);
}

/* Vectors and code where nothing is: a fault whose handler faults. */
static void enter_locked(struct sim_machine *machine)
{
    const uint32_t nowhere = 0x60000000;
    const struct sim_poke pokes[] = {{VTOR, nowhere, 0, 0}};

    start_idle(machine);
    poke_all(machine, pokes, 1);
    sim_machine_start_program(machine, nowhere, DTCM_TOP);
    poke_all(machine, pokes, 1);
    sim_machine_advance(machine, 100 * SIM_PS_PER_US);
}

/* Both caches on, then 32 KiB of AXI SRAM2 written over and over with other words: dirty lines that
 * hide what the RAM behind holds, evicted while somebody loads something there.
 *        ldr   r0, =0xE000ED14
 *        ldr   r1, [r0]
 *        orr   r1, r1, #0x30000
 *        str   r1, [r0]
 *        dsb; isb
 *        ldr   r4, =0xD1D10000
 *  outer: ldr  r2, =0x24020000
 *        ldr   r3, =0x24028000
 *  inner: str  r4, [r2], #4
 *        adds  r4, #1
 *        cmp   r2, r3
 *        bne   inner
 *        b     outer */
static void enter_dirty_cache(struct sim_machine *machine)
{
    static const uint16_t code[] = {
        0x4809,
        0x6801,
        0xF441,
        0x3140,
        0x6001,
        0xF3BF,
        0x8F4F,
        0xF3BF,
        0x8F6F, /* to isb */
        0x4C08,
        0x4A05,
        0x4B06, /* outer is the second */
        0xF842,
        0x4B04,
        0x3401,
        0x429A,
        0xD1FA,
        0xE7F7,
        0xBF00,
        0xBF00, /* inner, padding */
        0xED14,
        0xE000,
        0x0000,
        0x2402,
        0x8000,
        0x2402,
        0x0000,
        0xD1D1,
    };

    start_code(machine, code, sizeof code / sizeof code[0]);
    sim_machine_advance(machine, 5 * SIM_PS_PER_MS);
}

/* No access, never executed: DTCM, AXI SRAM and the memory window, as an application with tasks
 * may have it. RASR: ENABLE, SIZE = log2 - 1 in 5:1, XN 28, AP 0. */
static void enter_mpu(struct sim_machine *machine)
{
    static const struct sim_poke pokes[] = {
        {MPU_RNR, 0, 0, 0},
        {MPU_RBAR, 0x20000000, 0, 0},
        {MPU_RASR, 0x10000000 | 15 << 1 | 1, 0, 0},
        {MPU_RNR, 1, 0, 0},
        {MPU_RBAR, 0x24000000, 0, 0},
        {MPU_RASR, 0x10000000 | 18 << 1 | 1, 0, 0},
        {MPU_RNR, 2, 0, 0},
        {MPU_RBAR, 0x70000000, 0, 0},
        {MPU_RASR, 0x10000000 | 27 << 1 | 1, 0, 0},
        {MPU_CTRL, 5, 0, 0},
    };

    start_idle(machine);
    poke_all(machine, pokes, sizeof pokes / sizeof pokes[0]);
}

static void enter_unprivileged(struct sim_machine *machine)
{
    const uint32_t npriv = UINT32_C(1) << 24; /* CONTROL is the top byte of register 20 */

    start_idle(machine);
    sim_cpu_set_register(machine->cpu, REG_CONTROL_WORD, npriv);
}

static void enter_dma(struct sim_machine *machine)
{
    start_idle(machine);
    sim_dma_start(machine->dma, 0x24020000, 0x20000, 10);
    sim_machine_advance(machine, SIM_PS_PER_MS);
}

static void enter_pll(struct sim_machine *machine)
{
    start_idle(machine);
    poke_all(machine, machine->board->soc->full_speed, machine->board->soc->full_speed_count);
}

/* WFI; b .-2: from RAM, so the next reset ends it. */
static void enter_sleep(struct sim_machine *machine)
{
    static const uint16_t code[] = {0xBF30, 0xE7FD};

    start_code(machine, code, sizeof code / sizeof code[0]);
    sim_machine_advance(machine, SIM_PS_PER_MS);
}

/* WFI with SLEEPDEEP: the core's access port loses its clock unless DBGMCU keeps it.
 *        ldr r0, =0xE000ED10; movs r1, #4; str r1, [r0]; dsb; wfi; b .-2 */
static void enter_deep_sleep(struct sim_machine *machine)
{
    static const uint16_t code[] = {
        0x4803, 0x2104, 0x6001, 0xF3BF, 0x8F4F, 0xBF30, 0xE7FD, 0xBF00, 0xED10, 0xE000};

    start_code(machine, code, sizeof code / sizeof code[0]);
    sim_machine_advance(machine, SIM_PS_PER_MS);
}

static const struct {
    const char *name;
    void (*enter)(struct sim_machine *machine);
} states[] = {
    {"reset", enter_reset},
    {"rom", enter_rom},
    {"idle", start_idle},
    {"locked", enter_locked},
    {"dirty-cache", enter_dirty_cache},
    {"mpu", enter_mpu},
    {"unprivileged", enter_unprivileged},
    {"dma", enter_dma},
    {"pll", enter_pll},
    {"sleep", enter_sleep},
    {"deep-sleep", enter_deep_sleep},
};

bool sim_machine_enter_state(struct sim_machine *machine, const char *name)
{
    if (strcmp(name, "rom") == 0 && machine->board->soc->rom_park_addr == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i].name, name) == 0) {
            states[i].enter(machine);
            return true;
        }
    }
    return sim_machine_enter_app(machine, name);
}

const char *sim_machine_states(void)
{
    return "cpu is reset, rom (where there is a boot ROM), idle, locked, dirty-cache, mpu, "
           "unprivileged, dma, pll, sleep, deep-sleep, app-sleep, app-stop, app-swd-off, "
           "app-watchdog, app-cache, app-locked or app-all";
}

void sim_machine_protect_clock(struct sim_machine *machine, bool is_on)
{
    const struct sim_poke pokes[] = {{RCC + 0x100, is_on ? 1 : 0, 1, 0}};

    poke_all(machine, pokes, 1);
}

/* XSPI2 as a bootloader leaves it: the window closed to read-ahead by the MPU except for the chip's
 * 32 MiB (read-only, cacheable), port N in alternate function 9, chip in 8D with 20 dummy
 * clocks, mapped at a kernel clock divided by 2 (mcu.md 4.1, 6.2; memories.md, EE11). */
void sim_machine_map_memory(struct sim_machine *machine)
{
    static const struct sim_poke pokes[] = {
        {MPU_RNR, 0, 0, 0}, {MPU_RBAR, 0x70000000, 0, 0},
        {MPU_RASR, 0x10000000 | 27 << 1 | 1, 0, 0}, {MPU_RNR, 1, 0, 0},
        {MPU_RBAR, 0x70000000, 0, 0}, {MPU_RASR, 6 << 24 | 1 << 17 | 24 << 1 | 1, 0, 0},
        {MPU_CTRL, 5, 0, 0}, {PWR + 0x0C, 1 << 15, 1 << 15, 10}, /* CSR2.EN_XSPIM2 */
        {RCC + 0x140, 1 << 13, 1 << 13, 0},                      /* GPION */
        {RCC + 0x134, 1 << 12 | 1 << 14, 1 << 12 | 1 << 14, 0},  /* XSPI2, XSPIM */
        {GPION + 0x08, 0x00FFFFFF, 0x00FFFFFF, 0},               /* OSPEEDR */
        {GPION + 0x20, UINT32_C(0x99999999), 0, 0},              /* AFRL */
        {GPION + 0x24, 0x9999, 0xFFFF, 0},                       /* AFRH */
        {GPION + 0x00, 0x00AAAAAA, 0x00FFFFFF, 0},               /* MODER */
        {XSPI2 + 0x000, 0, 0, 0},
        {XSPI2 + 0x008, 1 << 24 | 24 << 16 | 1 << 8, 0, 0}, /* DCR1: Macronix, 32 MiB */
        {XSPI2 + 0x00C, 1, 0, 100},                         /* DCR2: divided by 2 */
        {XSPI2 + 0x100, UINT32_C(0x2C003C1C), 0, 0},        /* CCR: 8D-8D-8D, DQS, 2-byte opcode */
        {XSPI2 + 0x108, 1 << 28 | 20, 0, 0},                /* TCR: DHQC, 20 dummy clocks */
        {XSPI2 + 0x110, 0xEE11, 0, 0},                      /* IR */
        {XSPI2 + 0x000, UINT32_C(0x30000001), 0, 0},        /* CR: mapped, on */
    };
    const char *why = "";

    start_idle(machine);
    (void)sim_nor_set(machine->memory, "mode", "8D", &why);
    (void)sim_nor_set(machine->memory, "dummy", "0", &why);
    poke_all(machine, pokes, sizeof pokes / sizeof pokes[0]);
}
