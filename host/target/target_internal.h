/* The struct behind host/target/target.h, shared by the files of this room only. */
#ifndef HOST_TARGET_TARGET_INTERNAL_H
#define HOST_TARGET_TARGET_INTERNAL_H

#include "host/target/target.h"

struct target {
    struct probe *probe;
    const struct board_mcu *mcu;
    struct log *log;
    struct target_identity identity;
    bool is_under_debug;   /* C_DEBUGEN set, by us or by a run that was killed */
    bool is_debug_set_up;  /* debug_setup was run: debug_clear is owed */
    bool is_awake;         /* debug_wake was run: its bits are to be cleared */
    bool was_reset;        /* S_RESET_ST seen since target_forget_reset() */
    bool was_found_halted; /* before we touched it */
    bool is_borrowed;      /* halted for our work: owed to the program */
    bool is_disturbed;     /* the program cannot go on: a reset is owed */
    bool is_leaving;       /* waits go on in spite of a pending signal */
};

/* Armv7-M debug and system registers (reference: MCU facts 4.5). */
enum {
    CORE_C_DEBUGEN = 1 << 0,
    CORE_C_HALT = 1 << 1,
    CORE_S_REGRDY = 1 << 16,
    CORE_S_HALT = 1 << 17,
    CORE_S_SLEEP = 1 << 18,
    CORE_S_LOCKUP = 1 << 19,
    CORE_S_RESET_ST = 1 << 25
};
/* DEMCR: halt at the very first instruction after a reset. */
enum { CORE_VC_CORERESET = 1 << 0 };
#define CORE_DHCSR_KEY   UINT32_C(0xA05F0000)
#define CORE_AIRCR_RESET UINT32_C(0x05FA0004)
#define CORE_XPSR_THUMB  UINT32_C(0x01000000)

#define CORE_FP_CTRL  UINT32_C(0xE0002000)
#define CORE_FP_COMP0 UINT32_C(0xE0002008)
#define CORE_SYST_CSR UINT32_C(0xE000E010)
#define CORE_ICER0    UINT32_C(0xE000E180)
#define CORE_ICPR0    UINT32_C(0xE000E280)
#define CORE_CPUID    UINT32_C(0xE000ED00)
#define CORE_AIRCR    UINT32_C(0xE000ED0C)
#define CORE_SCR      UINT32_C(0xE000ED10)
#define CORE_CCR      UINT32_C(0xE000ED14)
#define CORE_CFSR     UINT32_C(0xE000ED28)
#define CORE_HFSR     UINT32_C(0xE000ED2C)
#define CORE_DFSR     UINT32_C(0xE000ED30)
#define CORE_MMFAR    UINT32_C(0xE000ED34)
#define CORE_BFAR     UINT32_C(0xE000ED38)
#define CORE_CCSIDR   UINT32_C(0xE000ED80)
#define CORE_CSSELR   UINT32_C(0xE000ED84)
#define CORE_MPU_CTRL UINT32_C(0xE000ED94)
#define CORE_DHCSR    UINT32_C(0xE000EDF0)
#define CORE_DCRSR    UINT32_C(0xE000EDF4)
#define CORE_DCRDR    UINT32_C(0xE000EDF8)
#define CORE_DEMCR    UINT32_C(0xE000EDFC)
#define CORE_ICIALLU  UINT32_C(0xE000EF50)
#define CORE_DCISW    UINT32_C(0xE000EF60)
#define CORE_DCCISW   UINT32_C(0xE000EF74)

/* Register numbers of DCRSR. */
enum {
    CORE_REG_SP = 13,
    CORE_REG_LR = 14,
    CORE_REG_PC = 15,
    CORE_REG_XPSR = 16,
    CORE_REG_MSP = 17,
    CORE_REG_PSP = 18,
    CORE_REG_CONTROL = 20 /* CONTROL, FAULTMASK, BASEPRI, PRIMASK, most significant first */
};

enum { TARGET_NS_PER_US = 1000, TARGET_NS_PER_MS = 1000000 };

/* Until a bound from the clock of the probe has passed. */
struct target_deadline {
    uint64_t end_ns;
    bool is_last_look;    /* time was up before the look that follows */
    bool ends_on_signal;  /* a signal or --timeout ends the wait too */
    bool was_interrupted; /* and has done so: os_signal_fail() says which */
};
struct target_deadline target_deadline_start(struct probe *probe, uint64_t duration_ns);
/* Waits pause_ns, unless time is up already; false: give up. What is polled is looked at once
 * more after the time is up, so a wait that took long itself is no timeout. */
bool target_deadline_wait(struct probe *probe, struct target_deadline *deadline, uint64_t pause_ns);
/* The same for a wait that a signal ends, unless the target is being left. */
struct target_deadline target_deadline_stoppable(const struct target *target, uint64_t duration_ns);
/* False, with *err, when a signal or --timeout came and the target is not being left. */
MUST_USE bool target_go_on(const struct target *target, struct error *err);
/* Not cut short by a signal: for pulses. */
void target_wait_fully(struct probe *probe, uint64_t duration_ns);

/* ---- access.c: the core's access port ---- */
/* Waits until it answers; deadline as target_deadline_start() gave it. */
MUST_USE bool target_wait_core_ap(struct probe *probe, uint8_t ap, struct target_deadline deadline,
    uint32_t *cpuid, struct error *err);
/* Low for long enough, then high. */
MUST_USE bool target_pulse_nrst(struct target *target, struct error *err);
/* Keeps the MCU's debug clocks alive through the access port that answers while the core sleeps or
 * is held in reset. An attempt only: without it connecting goes on. */
void target_wake_debug(struct target *target);
void target_unwake_debug(struct target *target);
/* A better error for a core that does not answer, as far as more can be found out. */
void target_explain_silence(struct target *target, struct error *err);
/* Failures that another way of connecting, or another try, cannot mend. */
bool target_is_final(enum error_code code);

/* ---- script.c ---- */
MUST_USE bool target_run_script_at(struct target *target, uint8_t ap,
    const struct board_script *script, bool read_back, struct error *err);

/* ---- identity.c ---- */
MUST_USE bool target_read_identity(struct target *target, struct error *err);

/* ---- core.c ---- */
MUST_USE bool target_write_dhcsr(struct target *target, uint32_t bits, struct error *err);
/* All breakpoints off and forgotten. */
MUST_USE bool target_clear_breakpoints(struct target *target, struct error *err);
MUST_USE bool target_set_breakpoint(
    struct target *target, uint32_t addr, bool *is_set, struct error *err);
/* Clears the memory of S_RESET_ST. */
MUST_USE bool target_forget_reset(struct target *target, struct error *err);

/* ---- catch.c ---- */
/* Only the vector catch bits change: TRCENA keeps the cycle counter of a program that waits by it
 * (ARMv7-M ARM, DEMCR: bits 0 and 4 to 10). */
MUST_USE bool target_set_vector_catch(struct target *target, uint32_t bits, struct error *err);

/* ---- cache.c ---- */
/* Core halted: data cache cleaned if it was on, invalidated; both caches off. */
MUST_USE bool target_clean_caches(struct target *target, struct error *err);

#endif
