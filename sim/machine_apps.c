/* Entry states that come back after each reset, as a real program makes them come back: a program
 * in internal flash that waits a while, writes registers, and then sleeps, spins or faults. A tool
 * that only attaches finds the board as it is then; one that connects under reset comes before. */
#include "sim/machine.h"

#include <string.h>

/* read-modify-write: *addr = (*addr & ~clear) | set */
struct app_write {
    uint32_t addr;
    uint32_t clear;
    uint32_t set;
};

enum {
    CODE_AT = 0x40,
    TABLE_AT = 0x100,
    HEAD_WORDS = 4,
    WRITE_WORDS = 3,
    WRITES_MAX = 12,
    PROGRAM_BYTES = TABLE_AT + 4 * (HEAD_WORDS + WRITE_WORDS * (WRITES_MAX + 1))
};

#define PROGRAM_ADDR UINT32_C(0x08000000)
#define HSI_KHZ      UINT32_C(64000)
/* Addresses of the program's endings, with the Thumb bit. */
#define END_LOOP   (PROGRAM_ADDR + CODE_AT + 0x38 + 1)
#define END_SLEEP  (PROGRAM_ADDR + CODE_AT + 0x3A + 1)
#define END_KICK   (PROGRAM_ADDR + CODE_AT + 0x3E + 1)
#define END_LOCKED UINT32_C(0x60000001) /* nothing is there, nor at the fault's vector */

/* The dirty lines: over the place where a tool would put its buffers. */
#define DIRTY_START UINT32_C(0x24020000)
#define DIRTY_END   UINT32_C(0x24028000)

/*  start:  ldr   r0, =0x08000100
 *          ldmia r0!, {r1, r2, r3, r4}    delay loops, dirty start and end, ending
 *  delay:  subs  r1, #1
 *          bne   delay
 *          movw  r8, #0x4800              IWDG_KR
 *          movt  r8, #0x5800
 *          movw  r9, #0xAAAA
 *  write:  ldmia r0!, {r5, r6, r7}        address, clear, set; address 0 ends the list
 *          cbz   r5, fill
 *          ldr   r1, [r5]
 *          bics  r1, r6
 *          orrs  r1, r7
 *          str   r1, [r5]
 *          dsb; isb
 *          b     write
 *  fill:   cmp   r2, r3
 *          bhs   end
 *          str   r2, [r2]
 *          adds  r2, #4
 *          b     fill
 *  end:    bx    r4
 *          nop
 *  loop:   b     loop                     +0x38
 *  sleep:  wfi                            +0x3A
 *          b     sleep
 *  kick:   str   r9, [r8]                 +0x3E
 *          b     kick */
static const uint16_t code[] = {0x4810, 0xC81E, 0x3901, 0xD1FD, 0xF644, 0x0800, 0xF6C5, 0x0800,
    0xF64A, 0x29AA, 0xC8E0, 0xB145, 0x6829, 0x43B1, 0x4339, 0x6029, 0xF3BF, 0x8F4F, 0xF3BF, 0x8F6F,
    0xE7F4, 0x429A, 0xD202, 0x6012, 0x3204, 0xE7FA, 0x4720, 0xBF00, 0xE7FE, 0xBF30, 0xE7FD, 0xF8C8,
    0x9000, 0xE7FC, 0x0100, 0x0800};

#define SCR_SLEEPDEEP   UINT32_C(0xE000ED10), 0, 1U << 2
#define CCR_CACHES      UINT32_C(0xE000ED14), 0, 3U << 16
#define GPIOA_CLOCK     UINT32_C(0x58024540), 0, 1U << 0 /* AHB4ENR: at +0x140 on every line */
#define SWD_PINS_OUTPUT UINT32_C(0x58020000), UINT32_C(0x3C000000), UINT32_C(0x14000000)
/* IWDG: started, 100 ms (reload 799 at LSI / 4 / 8 kHz), reloaded. */
#define WATCHDOG_START  UINT32_C(0x58004800), UINT32_MAX, 0xCCCC
#define WATCHDOG_UNLOCK UINT32_C(0x58004800), UINT32_MAX, 0x5555
#define WATCHDOG_100_MS UINT32_C(0x58004808), UINT32_MAX, 799
#define WATCHDOG_RELOAD UINT32_C(0x58004800), UINT32_MAX, 0xAAAA

static const struct {
    const char *name;
    bool is_dirty; /* writes over AXI SRAM, in the cache when that is on */
    uint32_t ending;
    struct app_write writes[WRITES_MAX];
} apps[] = {
    {"app-sleep", false, END_SLEEP, {{0}}},
    {"app-stop", false, END_SLEEP, {{SCR_SLEEPDEEP}}},
    {"app-swd-off", false, END_LOOP, {{GPIOA_CLOCK}, {SWD_PINS_OUTPUT}}},
    {"app-watchdog", false, END_KICK,
        {{WATCHDOG_START}, {WATCHDOG_UNLOCK}, {WATCHDOG_100_MS}, {WATCHDOG_RELOAD}}},
    {"app-cache", true, END_LOOP, {{CCR_CACHES}}},
    {"app-locked", false, END_LOCKED, {{0}}},
    {"app-all", true, END_SLEEP,
        {{CCR_CACHES}, {WATCHDOG_START}, {WATCHDOG_UNLOCK}, {WATCHDOG_100_MS}, {WATCHDOG_RELOAD},
            {GPIOA_CLOCK}, {SWD_PINS_OUTPUT}, {SCR_SLEEPDEEP}}},
};

static void put_word(uint8_t *bytes, size_t at, uint32_t value)
{
    for (unsigned i = 0; i < sizeof value; i++) {
        bytes[at + i] = (uint8_t)(value >> (8 * i));
    }
}

/* Turns of the delay loop: a subtraction and a branch taken. */
static uint32_t delay_loops(uint32_t delay_ms)
{
    uint32_t cycles = 2 * sim_cpu_default_costs.instruction + sim_cpu_default_costs.branch_taken;
    uint32_t loops = delay_ms * HSI_KHZ / cycles;

    return loops != 0 ? loops : 1;
}

static void build(const struct sim_machine *machine, size_t index, uint8_t bytes[PROGRAM_BYTES])
{
    const struct app_write *writes = apps[index].writes;
    size_t at = TABLE_AT;

    memset(bytes, 0, PROGRAM_BYTES);
    put_word(bytes, 0, machine->board->soc->program_msp);
    put_word(bytes, 4, PROGRAM_ADDR + CODE_AT + 1);
    for (size_t i = 0; i < sizeof code / sizeof code[0]; i++) {
        bytes[CODE_AT + 2 * i] = (uint8_t)code[i];
        bytes[CODE_AT + 2 * i + 1] = (uint8_t)(code[i] >> 8);
    }
    put_word(bytes, at, delay_loops(machine->app_delay_ms));
    put_word(bytes, at + 4, DIRTY_START);
    put_word(bytes, at + 8, apps[index].is_dirty ? DIRTY_END : DIRTY_START);
    put_word(bytes, at + 12, apps[index].ending);
    at += (size_t)4 * HEAD_WORDS;
    for (size_t i = 0; i < WRITES_MAX && writes[i].addr != 0; i++) {
        put_word(bytes, at, writes[i].addr);
        put_word(bytes, at + 4, writes[i].clear);
        put_word(bytes, at + 8, writes[i].set);
        at += (size_t)4 * WRITE_WORDS;
    }
}

bool sim_machine_enter_app(struct sim_machine *machine, const char *name)
{
    const uint64_t boot_ps = 5 * SIM_PS_PER_MS; /* the ROM's end, the writes */
    uint8_t bytes[PROGRAM_BYTES];

    for (size_t i = 0; i < sizeof apps / sizeof apps[0]; i++) {
        if (strcmp(apps[i].name, name) == 0) {
            build(machine, i, bytes);
            sim_flash_put_program(machine->flash, bytes, sizeof bytes);
            sim_machine_request_reset(machine, SIM_RESET_PIN);
            sim_machine_advance(
                machine, machine->ap_delay_ps + machine->app_delay_ms * SIM_PS_PER_MS + boot_ps);
            return true;
        }
    }
    return false;
}
