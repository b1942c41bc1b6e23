/* The pieces that board_blob_make() puts together. */
#ifndef HOST_BOARD_BLOB_PARTS_H
#define HOST_BOARD_BLOB_PARTS_H

#include "host/board/board_details.h"

enum { BLOB_MAX_REGS = 160, BLOB_MAX_STEPS = 40 };

/* ---- register scripts: blob_regs.c, blob_pins.c ---- */
struct blob_regs {
    struct abi_reg_step steps[BLOB_MAX_REGS];
    size_t count;
    bool overflow;
};

void blob_regs_add(struct blob_regs *regs, const struct abi_reg_step *step);
void blob_regs_script(struct blob_regs *regs, const struct board_script *script);
void blob_regs_modify(struct blob_regs *regs, uint32_t addr, uint32_t mask, uint32_t value);
void blob_regs_write(struct blob_regs *regs, uint32_t addr, uint32_t value);
void blob_regs_delay(struct blob_regs *regs, uint32_t duration_us);
/* Field = value; nothing when the MCU has no such field. */
void blob_regs_field(struct blob_regs *regs, const struct mcu_field *field, uint32_t value);
void blob_regs_wait(
    struct blob_regs *regs, const struct mcu_field *field, uint32_t value, uint32_t timeout_us);
/* A clock gate: set, and read back before the peripheral is touched. */
void blob_regs_gate(struct blob_regs *regs, const struct mcu_field *field);

/* Clocks and power of the ports that these pins belong to (NULL entries are passed over). */
void blob_pins_ports(struct blob_regs *regs, const struct mcu *mcu,
    const struct mcu_pin *const pins[], size_t count);
/* One pin as push-pull output at a level, or floating. */
void blob_pins_output(struct blob_regs *regs, const struct mcu *mcu, const struct mcu_pin *pin,
    enum board_drive drive);
/* The atomic write that drives an output. */
void blob_pins_level(
    struct blob_regs *regs, const struct mcu *mcu, const struct mcu_pin *pin, bool high);
/* All lines of the memory to their alternate functions. */
void blob_pins_memory(
    struct blob_regs *regs, const struct mcu *mcu, const struct board_memory_details *memory);

/* ---- clocks: blob_clock.c ---- */
struct blob_clock {
    uint32_t kernel_hz;
    uint32_t prescaler;
    uint32_t bus_hz;
    const struct mcu_pll *pll; /* NULL: kernel clock as after reset */
    uint32_t m;
    uint32_t n;
    uint32_t divider;
    uint32_t range;
};

/* The highest bus clock of at most limit_hz from a kernel clock: 1 or an even divider. */
void blob_clock_divide(uint32_t kernel_hz, uint32_t limit_hz, struct blob_clock *clock);
/* The same for the run set-up: from the controller's own PLL output, or from the bus clock with
 * room for its highest value. False when there is no such clock. */
bool blob_clock_run(const struct mcu *mcu, const struct mcu_controller *controller,
    uint32_t limit_hz, struct blob_clock *clock);

/* Highest clocks of the board's memory in a mode. */
struct blob_limits {
    uint32_t command_hz;   /* erase, program and register commands (silicon rule 11) */
    uint32_t chip_hz;      /* array reads, by the chip */
    uint32_t pads_hz;      /* by the MCU's pads as they are */
    uint32_t pads_hslv_hz; /* by the pads if their option bit is set */
};

void blob_limits_get(const struct board_memory *memory, const struct board_memory_details *details,
    const struct part *part, const struct part_mode *mode, struct blob_limits *limits);
/* The chip's dummy setting for a clock; NULL when the mode has a fixed count. */
const struct part_dummy *blob_pick_dummy(
    const struct part *part, const struct part_mode *mode, uint32_t bus_hz);
/* Run clock for the board: wanted, limits and option bits taken together. *needs_hslv: the pads'
 * fast mode must be switched on. *why: what kept it below the wish, NULL when nothing. */
uint32_t blob_run_limit(const struct board_memory *memory, const struct blob_limits *limits,
    bool has_hslv, bool *needs_hslv, const char **why);

/* ---- operations: blob_steps.c ---- */
struct blob_steps {
    struct abi_bus_step steps[BLOB_MAX_STEPS];
    size_t count;
    bool overflow;
};

void blob_steps_recover(
    struct blob_steps *steps, const struct part *part, const struct board_memory_details *details);
/* For a part that is not known yet: every way out of every mode that the wired lines allow. */
void blob_steps_recover_any(struct blob_steps *steps, const struct board_memory_details *details);
void blob_steps_enter_program(struct blob_steps *steps, const struct part *part,
    const struct part_mode *mode, const struct part_dummy *dummy);
void blob_steps_enter_run(struct blob_steps *steps, const struct part *part,
    const struct part_mode *mode, const struct part_dummy *dummy);
void blob_steps_leave_program(
    struct blob_steps *steps, const struct part *part, const struct part_mode *mode);

#endif
