/* Status, configuration, CR2 and security registers, and the protection that they decide. */
#include "sim/chips/nor.h"
#include "sim/report.h"

#include <string.h>

enum {
    CR2_NON_VOLATILE = 0x40000000,
    CR2_CELL_STEP = 0x100,
    CR2_NV_CELLS = 8,
    CR2_NV_LOCK = 1,   /* 0x40000100: lock-down of all of them */
    ALL_PROTECTED = 10 /* BP value from which the whole array of this family is protected (K) */
};

/* Bits that exist in the cells 0x40000000, 0x40000100 ... (memories.md 1.3). DEFCRCEN is left out:
 * its polarity is not known. */
static const uint8_t cr2_nv_bits[CR2_NV_CELLS] = {0x03, 0x01, 0x03, 0x07, 0x03, 0x01, 0x17, 0x13};
/* Bits of the volatile cells 0x000 ... 0x500; 0 where there is none. */
static const uint8_t cr2_bits[NOR_CR2_CELLS] = {0x0B, 0x00, 0x03, 0x07, 0x03, 0xF1};

void nor_touch(struct nor *nor)
{
    nor->generation++;
}

uint8_t nor_status(const struct nor *nor)
{
    return (uint8_t)((nor->storage.registers[NOR_STORED_SR] & NOR_SR_STORED) |
                     (nor_is_busy(nor) ? NOR_SR_WIP : 0) | (nor->wel ? NOR_SR_WEL : 0));
}

uint8_t nor_config(const struct nor *nor)
{
    return (uint8_t)((nor->storage.registers[NOR_STORED_CR] & (NOR_CR_TB | NOR_CR_PBE)) |
                     (nor->ods & NOR_CR_ODS));
}

uint8_t nor_security(const struct nor *nor)
{
    uint8_t value = (uint8_t)(nor->storage.registers[NOR_STORED_SCUR] | nor->fail_bits);

    if (nor_is_suspended(nor)) {
        value |= nor->job.kind == NOR_JOB_PROGRAM ? NOR_SCUR_PSB : NOR_SCUR_ESB;
    }
    return value;
}

static bool is_cr2_nv(uint32_t addr)
{
    return addr >= CR2_NON_VOLATILE && addr - CR2_NON_VOLATILE < CR2_NV_CELLS * CR2_CELL_STEP;
}

uint8_t nor_cr2_read(const struct nor *nor, uint32_t addr)
{
    uint32_t cell = (addr & ~(uint32_t)CR2_NON_VOLATILE) / CR2_CELL_STEP;

    if (is_cr2_nv(addr)) {
        return nor->storage.registers[NOR_STORED_CR2 + cell] & cr2_nv_bits[cell];
    }
    return cell < NOR_CR2_CELLS ? nor->cr2[cell] : 0;
}

static void load_mode(struct nor *nor)
{
    uint8_t cell = nor->cr2[NOR_CR2_MODE];

    if ((cell & NOR_CR2_DOPI) != 0) {
        nor->mode = NOR_8D;
    } else {
        nor->mode = (cell & NOR_CR2_SOPI) != 0 ? NOR_8S : NOR_1S;
    }
    nor_touch(nor);
}

/* An untouched one-time cell reads 1 and means the factory value 0 (DEFSOPI#, DEFDOPI# are active
 * low; for the dummy code and the rest the same is assumed (K)). */
void nor_registers_load(struct nor *nor)
{
    const uint8_t *stored = nor->storage.registers + NOR_STORED_CR2;

    for (uint32_t cell = 0; cell < NOR_CR2_CELLS; cell++) {
        nor->cr2[cell] = (uint8_t)(~stored[cell] & cr2_nv_bits[cell] & cr2_bits[cell]);
    }
    if ((nor->cr2[NOR_CR2_MODE] & NOR_CR2_DOPI) != 0) {
        nor->cr2[NOR_CR2_MODE] = NOR_CR2_DOPI;
    }
    nor->ods = NOR_CR_ODS; /* 7: 24 ohm (memories.md 1.3) */
    memset(nor->dpb, 1, nor->part->size_bytes / nor->part->block_bytes); /* memories.md 1.6 */
    load_mode(nor);
}

static void set_config(struct nor *nor, uint8_t value)
{
    uint8_t old = nor->storage.registers[NOR_STORED_CR];

    if ((value & NOR_CR_TB) != 0 && (old & NOR_CR_TB) == 0) {
        sim_violation(nor->env->report, "nv-register-write", "%s: TB is set and stays so for ever",
            nor->base.name);
    }
    nor->ods = value & NOR_CR_ODS;
    nor->job.registers[NOR_STORED_CR] =
        (uint8_t)((value & (NOR_CR_TB | NOR_CR_PBE)) | (old & NOR_CR_TB));
}

/* SPI: SR, then CR if a second byte comes. Octal: the address says which (0 SR, 1 CR). Further
 * bytes are ignored. */
void nor_write_status(struct nor *nor, uint32_t addr, const uint8_t *data, size_t count)
{
    bool octal = nor->mode != NOR_1S;

    memcpy(nor->job.registers, nor->storage.registers, NOR_STORED_BYTES);
    if (!octal || addr == 0) {
        nor->job.registers[NOR_STORED_SR] = data[0] & NOR_SR_STORED;
    }
    if (octal ? addr == 1 : count >= 2) {
        set_config(nor, octal ? data[0] : data[1]);
    }
    nor_note(nor, "write status: SR 0x%02X CR 0x%02X", nor->job.registers[NOR_STORED_SR],
        nor->job.registers[NOR_STORED_CR] | nor->ods);
    nor_job_begin(nor, NOR_JOB_REGISTER, nor->part->register_us);
}

static void write_cr2_nv(struct nor *nor, uint32_t cell, uint8_t value)
{
    uint8_t *stored = nor->job.registers + NOR_STORED_CR2;

    sim_violation(nor->env->report, "nv-register-write",
        "%s: CR2 0x%08x is programmed once for ever", nor->base.name,
        (unsigned)(CR2_NON_VOLATILE + cell * CR2_CELL_STEP));
    memcpy(nor->job.registers, nor->storage.registers, NOR_STORED_BYTES);
    if ((stored[CR2_NV_LOCK] & 1) != 0) {
        stored[cell] &= (uint8_t)(value | ~cr2_nv_bits[cell]);
    }
    nor_job_begin(nor, NOR_JOB_REGISTER, nor->part->register_us);
}

/* Volatile cells take less than a microsecond and show no WIP (memories.md section 6). */
void nor_write_cr2(struct nor *nor, uint32_t addr, uint8_t value)
{
    uint32_t cell = (addr & ~(uint32_t)CR2_NON_VOLATILE) / CR2_CELL_STEP;

    nor_note(nor, "CR2 0x%08x = 0x%02X", (unsigned)addr, value);
    if (is_cr2_nv(addr)) {
        write_cr2_nv(nor, cell, value);
        return;
    }
    nor->wel = false;
    if (cell >= NOR_CR2_CELLS || cr2_bits[cell] == 0 || addr % CR2_CELL_STEP != 0) {
        sim_violation(nor->env->report, "cr2-unknown-address", "%s: write to CR2 0x%08x",
            nor->base.name, (unsigned)addr);
        return;
    }
    if (cell == NOR_CR2_MODE && (value & 3) == 3) {
        sim_violation(nor->env->report, "cr2-mode-invalid", "%s: SOPI and DOPI both set: ignored",
            nor->base.name);
        return;
    }
    nor->cr2[cell] = value & cr2_bits[cell];
    load_mode(nor);
}

bool nor_block_is_locked(const struct nor *nor, uint32_t block)
{
    return nor->dpb[block] != 0 ||
           (nor->storage.registers[NOR_STORED_SPB + block / 8] >> block % 8 & 1) != 0;
}

static bool is_locked(const struct nor *nor, uint32_t offset, uint32_t size_bytes)
{
    uint32_t last = (offset + size_bytes - 1) / nor->part->block_bytes;

    for (uint32_t block = offset / nor->part->block_bytes; block <= last; block++) {
        if (nor_block_is_locked(nor, block)) {
            return true;
        }
    }
    return false;
}

/* BP = n protects 2^(n-1) blocks at the top, or at the bottom with TB (K: the family's table). */
bool nor_is_protected(const struct nor *nor, uint32_t offset, uint32_t size_bytes)
{
    const uint8_t *stored = nor->storage.registers;
    uint32_t level = (uint32_t)(stored[NOR_STORED_SR] & NOR_SR_BP) >> NOR_SR_BP_SHIFT;
    uint32_t protected_bytes = nor->part->size_bytes;

    if ((stored[NOR_STORED_SCUR] & NOR_SCUR_WPSEL) != 0) {
        return is_locked(nor, offset, size_bytes);
    }
    if (level == 0) {
        return false;
    }
    if (level < ALL_PROTECTED && nor->part->block_bytes << (level - 1) < protected_bytes) {
        protected_bytes = nor->part->block_bytes << (level - 1);
    }
    if ((stored[NOR_STORED_CR] & NOR_CR_TB) != 0) {
        return offset < protected_bytes;
    }
    return offset + size_bytes > nor->part->size_bytes - protected_bytes;
}
