/* The state of the CPU model: registers of the core that Unicorn does not keep, what is known of
 * the address space, caches, waiting loops. Included through sim/cpu_internal.h. */
#ifndef SIM_CPU_STATE_H
#define SIM_CPU_STATE_H

#include "sim/clock.h"
#include "sim/cpu.h"
#include "sim/cpu_alu.h"
#include "sim/cpu_decode.h"
#include "sim/report.h"

enum {
    SIM_CPU_PAGE_BYTES = 4096,
    SIM_CPU_LINE_BYTES = 32,
    SIM_CPU_MPU_REGIONS = 16,
    SIM_CPU_EXCEPTIONS = 256, /* 16 of the system, the rest from outside */
    SIM_CPU_FPB_COMPARATORS = 8
};

/* Register numbers of the engine: 0 to 15 are R0 to PC. */
enum sim_cpu_reg {
    SIM_CPU_SP = 13,
    SIM_CPU_LR = 14,
    SIM_CPU_PC = 15,
    SIM_CPU_XPSR,
    SIM_CPU_MSP,
    SIM_CPU_PSP,
    SIM_CPU_CONTROL,
    SIM_CPU_PRIMASK,
    SIM_CPU_BASEPRI,
    SIM_CPU_FAULTMASK,
    SIM_CPU_FPSCR,
    SIM_CPU_S0, /* to S31 */
    SIM_CPU_REG_COUNT = SIM_CPU_S0 + 32
};

enum sim_cpu_exception {
    SIM_CPU_EXC_NMI = 2,
    SIM_CPU_EXC_HARD = 3,
    SIM_CPU_EXC_MEMORY = 4,
    SIM_CPU_EXC_BUS = 5,
    SIM_CPU_EXC_USAGE = 6,
    SIM_CPU_EXC_SVC = 11,
    SIM_CPU_EXC_MONITOR = 12,
    SIM_CPU_EXC_PENDSV = 14,
    SIM_CPU_EXC_SYSTICK = 15,
    SIM_CPU_EXC_IRQ0 = 16
};

/* CFSR (ARMv7-M ARM B3.2.15). */
enum {
    SIM_CPU_IACCVIOL = 1 << 0,
    SIM_CPU_DACCVIOL = 1 << 1,
    SIM_CPU_MUNSTKERR = 1 << 3,
    SIM_CPU_MSTKERR = 1 << 4,
    SIM_CPU_MMARVALID = 1 << 7,
    SIM_CPU_IBUSERR = 1 << 8,
    SIM_CPU_PRECISERR = 1 << 9,
    SIM_CPU_UNSTKERR = 1 << 11,
    SIM_CPU_STKERR = 1 << 12,
    SIM_CPU_BFARVALID = 1 << 15,
    SIM_CPU_UNDEFINSTR = 1 << 16,
    SIM_CPU_INVSTATE = 1 << 17,
    SIM_CPU_INVPC = 1 << 18,
    SIM_CPU_NOCP = 1 << 19,
    SIM_CPU_UNALIGNED = 1 << 24
};

enum {
    SIM_CPU_CCR_UNALIGN_TRP = 1 << 3,
    SIM_CPU_CCR_BFHFNMIGN = 1 << 8,
    SIM_CPU_CCR_STKALIGN = 1 << 9,
    SIM_CPU_CCR_DC = 1 << 16,
    SIM_CPU_CCR_IC = 1 << 17,
    SIM_CPU_SCR_SLEEPONEXIT = 1 << 1,
    SIM_CPU_SCR_SLEEPDEEP = 1 << 2,
    SIM_CPU_SCR_SEVONPEND = 1 << 4
};

/* DHCSR, DEMCR and DFSR (ARMv7-M ARM C1.6). */
enum {
    SIM_CPU_C_DEBUGEN = 1 << 0,
    SIM_CPU_C_HALT = 1 << 1,
    SIM_CPU_C_STEP = 1 << 2,
    SIM_CPU_C_MASKINTS = 1 << 3,
    SIM_CPU_VC_CORERESET = 1 << 0,
    SIM_CPU_VC_MMERR = 1 << 4,
    SIM_CPU_VC_NOCPERR = 1 << 5,
    SIM_CPU_VC_CHKERR = 1 << 6,
    SIM_CPU_VC_STATERR = 1 << 7,
    SIM_CPU_VC_BUSERR = 1 << 8,
    SIM_CPU_VC_INTERR = 1 << 9,
    SIM_CPU_VC_HARDERR = 1 << 10,
    SIM_CPU_TRCENA = 1 << 24,
    SIM_CPU_DFSR_HALTED = 1 << 0,
    SIM_CPU_DFSR_BKPT = 1 << 1,
    SIM_CPU_DFSR_VCATCH = 1 << 3
};

enum sim_cpu_access { SIM_CPU_READ, SIM_CPU_WRITE, SIM_CPU_EXECUTE };

/* Memory attributes that matter to this core. */
enum sim_cpu_memory {
    SIM_CPU_DEVICE, /* Device and Strongly-ordered: no unaligned access, no speculation */
    SIM_CPU_UNCACHED,
    SIM_CPU_WRITE_THROUGH,
    SIM_CPU_WRITE_BACK
};

enum sim_cpu_page_flag {
    SIM_CPU_PAGE_READ = 1 << 0,
    SIM_CPU_PAGE_WRITE = 1 << 1,
    SIM_CPU_PAGE_EXECUTE = 1 << 2,
    SIM_CPU_PAGE_MIXED = 1 << 3,  /* an MPU boundary inside: ask for each address */
    SIM_CPU_PAGE_SIMPLE = 1 << 4, /* loads need neither a check nor a wait */
    SIM_CPU_PAGE_CACHED = 1 << 5, /* cacheable and the D-cache is on */
    SIM_CPU_PAGE_ECC = 1 << 6,
    SIM_CPU_PAGE_GATED = 1 << 7,
    SIM_CPU_PAGE_WAITS = 1 << 8,  /* behind the AXI bus */
    SIM_CPU_PAGE_FETCH = 1 << 9,  /* fetches need sim_cpu_fetch() */
    SIM_CPU_PAGE_STORE = 1 << 10, /* stores are permitted on the whole page */
    SIM_CPU_PAGE_RAM = 1 << 11    /* stores go straight to region->bytes */
};

/* 4 KiB of address space as the core sees it now. */
struct sim_cpu_page {
    uint32_t epoch; /* valid while equal to cpu->epoch; 0: never */
    uint16_t flags;
    uint8_t memory; /* enum sim_cpu_memory */
    uint8_t window_index;
    const uint8_t *host; /* the bytes: RAM, ROM, internal flash; NULL elsewhere */
    struct sim_region *region;
    const struct sim_window *window;
    struct sim_cpu_insn *insns; /* one per halfword, once code ran here; outlives the epoch */
    uint64_t code_blocks;       /* a bit per 64 bytes that hold decoded code */
};

enum { SIM_CPU_PAGES_PER_GROUP = 1024, SIM_CPU_PAGE_GROUPS = 1024 };

/* Why the engine came back. */
enum sim_cpu_exit {
    SIM_CPU_EXIT_NONE,    /* time, an event, or something that wants attention */
    SIM_CPU_EXIT_PERFORM, /* the instruction at PC is ours: exit_insn */
    SIM_CPU_EXIT_FAULT,   /* cpu->fault is set; the instruction at PC had no effect */
    SIM_CPU_EXIT_RETURN,  /* branch to EXC_RETURN: exit_value */
    SIM_CPU_EXIT_FETCH,   /* nothing to execute at PC */
    SIM_CPU_EXIT_BREAKPOINT,
    SIM_CPU_EXIT_UNDEFINED
};

enum sim_cpu_attention {
    SIM_CPU_ATTENTION_EXCEPTION = 1 << 0,
    SIM_CPU_ATTENTION_MASKS = 1 << 1, /* the guest wrote masks or CONTROL */
    SIM_CPU_ATTENTION_HALT = 1 << 2,
    SIM_CPU_ATTENTION_STOP = 1 << 3,   /* sim_cpu_stop_now() */
    SIM_CPU_ATTENTION_STEP = 1 << 4,   /* stop before the next but one instruction */
    SIM_CPU_ATTENTION_FORGET = 1 << 5, /* translations are stale */
    SIM_CPU_ATTENTION_STATE = 1 << 6,  /* a load into PC cleared the Thumb bit */
    SIM_CPU_ATTENTION_IT = 1 << 7      /* cpu->itstate is set: one instruction at a time */
};

/* What sim_cpu_before() decided. */
enum sim_cpu_action {
    SIM_CPU_NATIVE, /* Unicorn executes it */
    SIM_CPU_DONE,   /* executed; go on at cpu->resume_pc */
    SIM_CPU_LOADED, /* the same, as Unicorn would have done it */
    SIM_CPU_STOP    /* leave the engine; exit says why */
};

struct sim_cpu_fault {
    uint8_t exception; /* 0: none */
    uint32_t cfsr;
    uint32_t addr;
};

struct sim_cpu_mpu {
    uint32_t ctrl;
    uint32_t rnr;
    uint32_t rbar[SIM_CPU_MPU_REGIONS];
    uint32_t rasr[SIM_CPU_MPU_REGIONS];
};

/* A line of the D-cache. While the cache is on, region->bytes holds what the core sees and other
 * what lies behind; while it is off, the other way round. */
struct sim_cpu_line {
    uint32_t addr;
    bool valid;
    bool dirty;
    bool differs; /* other[] is in use */
    uint8_t other[SIM_CPU_LINE_BYTES];
};

struct sim_cpu_cache {
    struct sim_cpu_line *lines; /* sets * 4 ways */
    uint32_t set_count;
    uint32_t random;
    uint32_t csselr;
};

struct sim_cpu_nvic {
    uint32_t pending[SIM_CPU_EXCEPTIONS / 32];
    uint32_t enabled[SIM_CPU_EXCEPTIONS / 32];
    uint32_t active[SIM_CPU_EXCEPTIONS / 32];
    uint32_t level[SIM_CPU_EXCEPTIONS / 32];
    uint8_t priority[SIM_CPU_EXCEPTIONS];
};

struct sim_cpu_scb {
    uint32_t vtor;
    uint32_t prigroup;
    uint32_t scr;
    uint32_t ccr;
    uint32_t shcsr_enables; /* bits 18:16 */
    uint32_t cfsr;
    uint32_t hfsr;
    uint32_t mmfar;
    uint32_t bfar;
    uint32_t cpacr;
    uint32_t itcmcr;
    uint32_t dtcmcr;
    uint32_t cacr;
    uint32_t ahbpcr;
    uint32_t fpccr;
    uint32_t fpcar;
    uint32_t fpdscr;
};

struct sim_cpu_systick {
    uint32_t ctrl; /* bits 2:0 */
    uint32_t load;
    uint32_t value; /* at anchor_ps */
    uint64_t anchor_ps;
    uint64_t tick_ps;
    bool count_flag;
    bool running;
    struct sim_event event;
};

struct sim_cpu_debug {
    uint32_t dhcsr; /* C_ bits */
    uint32_t demcr;
    uint32_t dfsr;
    uint32_t dcrdr;
    bool reset_seen; /* S_RESET_ST */
    bool retired;    /* S_RETIRE_ST */
    bool reg_ready;  /* S_REGRDY */
    bool step_pending;
    bool halt_on_start; /* VC_CORERESET */
    bool fpb_enabled;
    uint32_t fpb_comp[SIM_CPU_FPB_COMPARATORS];
    uint32_t dwt_ctrl;
    uint32_t dwt_regs[24]; /* comparators and counters nobody counts */
    uint32_t cyccnt;       /* at cyccnt_anchor_ps */
    uint64_t cyccnt_anchor_ps;
    bool dwt_unlocked;
    uint32_t itm_ter;
    uint32_t itm_tcr;
};

enum { SIM_CPU_LOOP_STORES = 16, SIM_CPU_LOOP_SLOTS = 64 };

/* What is known of the loop that starts at pc. */
struct sim_cpu_loop_slot {
    uint32_t pc;
    uint32_t countdown; /* passes until it is looked at again */
    uint32_t interval;
};

/* Loops that may only be waiting. One of them is looked at over a whole pass: armed, pc. */
struct sim_cpu_loop {
    bool skipping_off;
    struct sim_cpu_loop_slot slots[SIM_CPU_LOOP_SLOTS];
    uint32_t pc;
    uint32_t last_pc; /* where the last backward branch went */
    uint32_t strangers;
    bool armed;
    bool impure;
    bool kicks; /* the watchdog is reloaded inside */
    uint64_t start_ps;
    uint64_t start_instructions;
    uint32_t regs[16];
    uint32_t store_count;
    struct {
        uint8_t *host;
        uint8_t size_bytes;
        uint8_t old[4];
    } stores[SIM_CPU_LOOP_STORES];
    uint32_t hints;       /* consecutive sim_cpu_hint_poll() */
    bool hinted;          /* during the access under way */
    uint32_t hint_stores; /* RAM stores since the last hint */
    uint64_t poll_ps;     /* spent by skipping since the last report */
};

struct sim_cpu_window {
    const struct sim_window *window;
    uint32_t generation;
    bool known;
    const uint8_t *direct;
    uint32_t direct_bytes;
    const uint8_t *mapped; /* in the engine */
    uint32_t mapped_bytes;
    uint32_t last_line; /* offset of the line touched last */
};

struct sim_cpu_mapping {
    uint32_t base;
    uint32_t size_bytes;
    const uint8_t *bytes;
};

enum { SIM_CPU_MAPPINGS = 40 };

struct sim_cpu_map {
    struct sim_cpu_mapping entries[SIM_CPU_MAPPINGS];
    size_t count;
    uint32_t bus_generation;
    bool in_hook;
    bool forget_pending; /* asked for inside the hook */
    uint32_t forget_low;
    uint32_t forget_high; /* the last address */
    uint8_t *scratch;     /* one page */
    uint32_t scratch_base;
    bool scratch_shown;
};

struct sim_cpu_engine; /* sim/cpu.c */

struct sim_cpu {
    struct sim_env env;
    struct sim_clock *clock;
    struct sim_bus *bus;
    struct sim_cpu_config config;
    struct sim_cpu_costs costs;
    struct sim_cpu_engine *engine;
    struct sim_cpu_map map;

    enum sim_cpu_state state;
    bool deep_asleep;
    bool waits_for_event; /* asleep by WFE */
    bool event_register;
    bool exclusive;
    bool running;   /* inside sim_cpu_run_until() */
    bool accessing; /* an access of the CPU, not of the debug port, is on the bus */
    uint32_t attention;
    uint64_t deadline_ps;
    uint64_t cycle_ps;
    uint64_t axi_wait_ps;
    uint64_t instructions;
    uint64_t reported_instructions;
    uint32_t restart_addr; /* vector table or PC for the start that C_HALT or VC waits for */

    /* Shadows of engine registers, true between slices and up to the next CPS or MSR. */
    uint32_t primask;
    uint32_t basepri;
    uint32_t faultmask;
    uint32_t control;
    uint32_t ipsr;
    uint32_t itstate; /* of the IT block around PC when it is executed one by one */

    /* The instruction stream, kept by the hook. */
    struct sim_cpu_page *code;
    struct sim_cpu_page garbage; /* shows what a window that is not direct gave for a fetch */
    uint32_t garbage_base;
    bool garbage_shown;
    uint32_t code_base;
    uint32_t next_pc;
    uint32_t it_start;
    uint32_t it_bytes;
    /* Registers while instructions are executed here: newer than those of the engine. */
    struct sim_cpu_alu alu;
    uint32_t alu_loaded[17]; /* as the engine has them: R0 to R14, -, flags */
    bool alu_is_live;
    bool interpreting_off;
    bool is_begun;   /* the instruction at begun_pc is paid for and not yet executed */
    bool is_leaving; /* at the next instruction */
    uint32_t begun_pc;
    uint32_t holdoff; /* instructions left to the engine before the next try */
    uint32_t fetch_granule;
    uint32_t step_count;
    uint32_t icache_tags[1024];

    enum sim_cpu_exit exit;
    uint32_t exit_value;
    struct sim_cpu_insn exit_insn;
    uint32_t resume_pc;
    struct sim_cpu_fault fault;

    uint32_t epoch;
    uint32_t protection_key;
    uint32_t bus_generation;
    struct sim_cpu_page *pages[SIM_CPU_PAGE_GROUPS];
    struct sim_cpu_window windows[4];
    size_t window_count;

    struct sim_cpu_mpu mpu;
    struct sim_cpu_cache cache;
    struct sim_cpu_nvic nvic;
    struct sim_cpu_scb scb;
    struct sim_cpu_systick systick;
    struct sim_cpu_debug debug;
    struct sim_cpu_loop loop;
    struct sim_event background; /* evictions and speculation */
    uint32_t background_random;
    uint32_t handover_base;
    uint32_t handover_bytes;
    bool handover_armed;
    struct sim_periph ppb[8];
};

#endif
