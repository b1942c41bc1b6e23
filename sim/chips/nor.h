/* Inside of the NOR chip model: shared by nor*.c and by nobody else.
 *
 * A transaction runs through three layers: nor_wire.c turns phases into what the chip's own pins
 * see, nor_decode.c finds command, address and data, nor_execute.c acts when chip select rises.
 * Facts of a part are rows in nor_parts.c. */
#ifndef SIM_CHIPS_NOR_H
#define SIM_CHIPS_NOR_H

#include "sim/chip.h"
#include "sim/clock.h"
#include "sim/env.h"
#include "sim/inject.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nor_mode { NOR_1S, NOR_8S, NOR_8D };

enum nor_action {
    NOR_ACTION_NOP,
    NOR_ACTION_READ_ARRAY,
    NOR_ACTION_READ_ID,
    NOR_ACTION_READ_SFDP,
    NOR_ACTION_READ_STATUS,
    NOR_ACTION_READ_CONFIG,
    NOR_ACTION_READ_CR2,
    NOR_ACTION_READ_SECURITY,
    NOR_ACTION_READ_SPB,
    NOR_ACTION_READ_DPB,
    NOR_ACTION_LAST_READ = NOR_ACTION_READ_DPB,
    NOR_ACTION_WRITE_ENABLE,
    NOR_ACTION_WRITE_DISABLE,
    NOR_ACTION_WRITE_STATUS,
    NOR_ACTION_WRITE_CR2,
    NOR_ACTION_WRITE_SECURITY,
    NOR_ACTION_WRITE_SPB,
    NOR_ACTION_ERASE_SPB,
    NOR_ACTION_WRITE_DPB,
    NOR_ACTION_SET_WPSEL,
    NOR_ACTION_GANG_LOCK,
    NOR_ACTION_GANG_UNLOCK,
    NOR_ACTION_PROGRAM,
    NOR_ACTION_ERASE,
    NOR_ACTION_ERASE_CHIP,
    NOR_ACTION_SUSPEND,
    NOR_ACTION_RESUME,
    NOR_ACTION_POWER_DOWN,
    NOR_ACTION_WAKE,
    NOR_ACTION_RESET_ENABLE,
    NOR_ACTION_RESET,
    NOR_ACTION_ENTER_OTP,
    NOR_ACTION_EXIT_OTP,
    NOR_ACTION_UNMODELLED,
    NOR_ACTION_COUNT
};

enum {
    /* modes of a command */
    NOR_IN_1S = 1U << NOR_1S,
    NOR_IN_8S = 1U << NOR_8S,
    NOR_IN_8D = 1U << NOR_8D,
    NOR_IN_OCTAL = NOR_IN_8S | NOR_IN_8D,
    NOR_IN_ALL = NOR_IN_1S | NOR_IN_OCTAL,
    /* flags of a command */
    NOR_WHEN_BUSY = 1, /* decoded while WIP = 1 */
    NOR_SILENT = 2,    /* a recovery sequence sends it blindly: ignoring it is no violation */
    NOR_NEEDS_WEL = 4,
    NOR_NOT_SUSPENDED = 8, /* refused while an operation is suspended */
    NOR_DUMMY_CODE = 0xFF, /* dummy clocks follow CR2 0x300 */
    NOR_MAX_PAGE_BYTES = 512
};

struct nor_command {
    uint8_t opcode;
    uint8_t modes;
    uint8_t action;
    uint8_t flags;
    uint8_t addr_bytes_1s;
    uint8_t addr_bytes_octal;
    uint8_t dummy_1s;
    uint8_t dummy_octal;
    uint16_t max_mhz_1s;
    uint16_t max_mhz_octal; /* 0: by dummy code */
    uint32_t size_bytes;    /* of an erase */
    const char *name;
};

struct nor_dummy_row {
    uint8_t clocks;
    uint16_t max_mhz;
};

struct sim_nor_part {
    const char *name;
    uint8_t id[3];
    uint32_t size_bytes;
    uint32_t page_bytes;
    uint32_t ecc_unit_bytes;
    uint32_t block_bytes; /* of the protection bits; also the larger erase */
    uint32_t program_us;
    uint32_t erase_sector_us;
    uint32_t erase_block_us;
    uint32_t erase_chip_us;
    uint32_t register_us;
    uint32_t erase_suspend_us;
    uint32_t program_suspend_us;
    uint32_t erase_resume_gap_us;
    uint32_t program_resume_gap_us;
    uint32_t wake_us;
    uint32_t reset_idle_us;
    uint32_t reset_in_program_us;
    uint32_t reset_in_erase_us;
    uint32_t power_up_us;
    const uint8_t *sfdp;
    size_t sfdp_bytes;
    const struct nor_command *commands;
    size_t command_count;
    struct nor_dummy_row dummies[8]; /* by code of CR2 0x300 */
};

extern const uint8_t nor_sfdp_mx25uw25645g[316];

/* Bits of the registers, memories.md 1.3. */
enum {
    NOR_SR_WIP = 1U << 0,
    NOR_SR_WEL = 1U << 1,
    NOR_SR_BP_SHIFT = 2,
    NOR_SR_BP = 0x3C,
    NOR_SR_SRWD = 1U << 7,
    NOR_SR_STORED = NOR_SR_BP | NOR_SR_SRWD,
    NOR_CR_ODS = 0x07,
    NOR_CR_TB = 1U << 3,
    NOR_CR_PBE = 1U << 4,
    NOR_SCUR_LDSO = 1U << 1,
    NOR_SCUR_PSB = 1U << 2,
    NOR_SCUR_ESB = 1U << 3,
    NOR_SCUR_P_FAIL = 1U << 5,
    NOR_SCUR_E_FAIL = 1U << 6,
    NOR_SCUR_WPSEL = 1U << 7,
    NOR_CR2_SOPI = 1U << 0,
    NOR_CR2_DOPI = 1U << 1,
    NOR_CR2_DOS = 1U << 1 /* of 0x200: DQS in STR too */
};

/* Bytes of sim_nor_storage.registers. */
enum nor_stored {
    NOR_STORED_SR,
    NOR_STORED_CR,
    NOR_STORED_SCUR,
    NOR_STORED_CR2, /* eight cells: CR2 0x40000000, 0x40000100 .. 0x40000700 */
    NOR_STORED_CR2_END = NOR_STORED_CR2 + 8,
    NOR_STORED_SPB = 64, /* one bit per block */
    NOR_STORED_BYTES = 192
};

/* Volatile CR2 cells, by bits 11:8 of the address (0x000, 0x200, 0x300, 0x400, 0x500). */
enum { NOR_CR2_MODE = 0, NOR_CR2_DQS = 2, NOR_CR2_DUMMY = 3, NOR_CR2_CELLS = 6 };

enum nor_job_state {
    NOR_JOB_NONE,
    NOR_JOB_RUNNING,
    NOR_JOB_STUCK, /* injected: busy until reset */
    NOR_JOB_SUSPENDING,
    NOR_JOB_SUSPENDED
};
enum nor_job_kind { NOR_JOB_PROGRAM, NOR_JOB_ERASE, NOR_JOB_ERASE_CHIP, NOR_JOB_REGISTER };

struct nor_job {
    enum nor_job_state state;
    enum nor_job_kind kind;
    uint32_t offset;
    uint32_t size_bytes;
    uint8_t data[NOR_MAX_PAGE_BYTES]; /* FF where nothing was sent */
    bool sent[NOR_MAX_PAGE_BYTES];
    uint8_t registers[NOR_STORED_BYTES]; /* what a register write leaves when it ends */
    uint64_t duration_ps;
    uint64_t started_ps;   /* or last resumed */
    uint64_t remaining_ps; /* at started_ps; while suspended: what is left */
    bool resumed;
    enum sim_fault fault;
};

enum nor_stage {
    NOR_STAGE_OPCODE,
    NOR_STAGE_ADDRESS,
    NOR_STAGE_DUMMY,
    NOR_STAGE_DATA_IN,
    NOR_STAGE_DATA_OUT,
    NOR_STAGE_IGNORE
};

/* One transaction, from chip select falling to rising. */
struct nor_frame {
    bool selected;
    uint16_t wired;
    enum nor_stage stage;
    const struct nor_command *command;
    uint8_t opcode;
    uint8_t opcode_count;
    uint8_t addr_left;
    uint32_t addr;
    uint32_t dummy_left;
    uint8_t bits; /* 1S: bits of a byte that is not complete */
    uint8_t bit_count;
    uint64_t data_count;              /* bytes sent in the data phase */
    uint8_t data[NOR_MAX_PAGE_BYTES]; /* ring of the last ones */
    uint64_t out_count;
    uint32_t max_hz;
    uint32_t weak_page; /* last one disturbed in this transaction */
    bool odd_edge;      /* 8D: an odd number of bytes was sent */
    bool too_fast;
    bool strobe_missed;
    enum sim_fault fault;
    char note[112];
};

/* What the reference leaves open (memories.md section 7). */
enum nor_fail_rule { NOR_FAIL_CLEARED_BY_SUCCESS, NOR_FAIL_CLEARED_BY_NEXT, NOR_FAIL_STICKY };

struct nor {
    struct sim_chip base;
    const struct sim_env *env;
    const struct sim_nor_part *part;
    struct sim_nor_storage storage;
    uint8_t id[3];
    bool powered;
    enum nor_mode mode;
    uint8_t cr2[NOR_CR2_CELLS];
    uint8_t ods;
    bool wel;
    bool otp;
    bool power_down;
    bool reset_armed;
    uint8_t fail_bits;
    uint8_t *dpb; /* one byte per block: 1 protected */
    uint64_t deaf_until_ps;
    const char *deaf_why; /* kind of violation */
    struct nor_job job;
    struct sim_event job_event;
    struct nor_frame frame;
    uint32_t generation;
    uint32_t weak_count;
    uint32_t time_per_mille;
    enum nor_fail_rule fail_rule;
    bool wel_kept_after_refusal;
};

/* nor_wire.c */
void nor_wire_send(
    struct nor *nor, const struct sim_phase *phase, const uint8_t *bytes, size_t count);
void nor_wire_idle(struct nor *nor, uint32_t clocks);
void nor_wire_receive(struct nor *nor, const struct sim_phase *phase, uint8_t *bytes, size_t count);
bool nor_mode_matches(enum nor_mode mode, const struct sim_phase *phase);
uint16_t nor_mode_lanes(enum nor_mode mode); /* the lines that must be wired */

/* nor_decode.c */
void nor_decode_start(struct nor *nor, uint16_t wired_lanes);
void nor_decode_byte(struct nor *nor, uint8_t byte);
void nor_decode_bytes(struct nor *nor, const uint8_t *bytes, size_t count);
void nor_decode_dummy(struct nor *nor, uint32_t clocks);
const struct nor_command *nor_command_find(
    const struct sim_nor_part *part, enum nor_mode mode, uint8_t opcode);
bool nor_command_is_read(const struct nor_command *command);
uint8_t nor_command_dummy(const struct nor *nor, const struct nor_command *command);
uint32_t nor_command_max_hz(const struct nor *nor, const struct nor_command *command);
uint8_t nor_command_addr_bytes(const struct nor *nor, const struct nor_command *command);
void nor_note(struct nor *nor, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* nor_output.c: the bytes that a read command gives, in the chip's own order on the wire. */
void nor_output(struct nor *nor, uint8_t *bytes, size_t count);
bool nor_drives_dqs(const struct nor *nor);

/* nor_execute.c */
void nor_execute(struct nor *nor);
void nor_reset(struct nor *nor, uint32_t busy_us);

/* nor_job.c */
uint64_t nor_now_ps(const struct nor *nor);
bool nor_is_busy(const struct nor *nor);
bool nor_is_suspended(const struct nor *nor);
void nor_job_begin(struct nor *nor, enum nor_job_kind kind, uint32_t duration_us);
void nor_job_sync(struct nor *nor);  /* ends what is due */
void nor_job_abort(struct nor *nor); /* reset or power cut: tears what runs or is suspended */
void nor_job_suspend(struct nor *nor);
void nor_job_resume(struct nor *nor);
void nor_job_fire(void *context);
uint32_t nor_random(struct nor *nor);
enum sim_fault nor_fault_next(struct nor *nor, enum sim_seam seam);
void nor_fault_fired(struct nor *nor, enum sim_fault fault);

/* nor_cells.c */
void nor_cells_count_weak(struct nor *nor);
void nor_cells_program(struct nor *nor, const struct nor_job *job);
void nor_cells_check_program(struct nor *nor, const struct nor_job *job);
void nor_cells_erase(struct nor *nor, uint32_t offset, uint32_t size_bytes);
void nor_cells_tear_program(struct nor *nor, const struct nor_job *job, uint32_t done_per_mille);
void nor_cells_tear_erase(
    struct nor *nor, uint32_t offset, uint32_t size_bytes, uint32_t done_per_mille);
/* A weak page is read: its unstable bits take new values in the array itself. */
void nor_cells_disturb(struct nor *nor, uint32_t page);
void nor_cells_disturb_all(struct nor *nor);

/* nor_registers.c */
uint8_t nor_status(const struct nor *nor);
uint8_t nor_config(const struct nor *nor);
uint8_t nor_security(const struct nor *nor);
uint8_t nor_cr2_read(const struct nor *nor, uint32_t addr);
void nor_registers_load(struct nor *nor); /* volatile ones from non-volatile: power-up, reset */
void nor_write_status(struct nor *nor, uint32_t addr, const uint8_t *data, size_t count);
void nor_write_cr2(struct nor *nor, uint32_t addr, uint8_t value);
bool nor_is_protected(const struct nor *nor, uint32_t offset, uint32_t size_bytes);
bool nor_block_is_locked(const struct nor *nor, uint32_t block); /* SPB or DPB */
void nor_touch(struct nor *nor);                                 /* counts a generation */

/* nor_direct.c */
const uint8_t *nor_direct(struct sim_chip *chip, const struct sim_read_config *config);

#endif
