/* `set NAME KEY=VALUE`: puts the powered chip into a state in which a tool may find it. */
#include "sim/chips/nor.h"

#include <stdlib.h>
#include <string.h>

static bool parse_number(const char *text, unsigned long limit, int base, unsigned long *value)
{
    char *end = NULL;

    *value = strtoul(text, &end, base);
    return end != text && *end == '\0' && *value <= limit;
}

static void set_cr2_mode(struct nor *nor, enum nor_mode mode)
{
    static const uint8_t cells[] = {[NOR_1S] = 0, [NOR_8S] = NOR_CR2_SOPI, [NOR_8D] = NOR_CR2_DOPI};

    nor->cr2[NOR_CR2_MODE] = cells[mode];
    nor->mode = mode;
}

/* In the middle of an erase of the last block: every other block keeps its contents. */
static void start_erase(struct nor *nor, bool suspended)
{
    nor_job_abort(nor);
    nor->job.offset = nor->part->size_bytes - nor->part->block_bytes;
    nor->job.size_bytes = nor->part->block_bytes;
    nor->wel = true;
    nor_job_begin(nor, NOR_JOB_ERASE, nor->part->erase_block_us);
    if (suspended && nor->job.state == NOR_JOB_RUNNING) {
        sim_clock_cancel(nor->env->clock, &nor->job_event);
        nor->job.remaining_ps = nor->job.duration_ps / 2;
        nor->job.state = NOR_JOB_SUSPENDED;
    }
}

static bool set_mode(struct nor *nor, const char *value)
{
    static const char *const modes[] = {[NOR_1S] = "1S", [NOR_8S] = "8S", [NOR_8D] = "8D"};

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(value, modes[i]) == 0) {
            set_cr2_mode(nor, (enum nor_mode)i);
            nor->power_down = false;
            return true;
        }
    }
    if (strcmp(value, "dpd") == 0) {
        nor->power_down = true;
        return true;
    }
    if (strcmp(value, "suspended") == 0 || strcmp(value, "erasing") == 0) {
        nor->power_down = false;
        start_erase(nor, value[0] == 's');
        return true;
    }
    return false;
}

static bool set_id(struct nor *nor, const char *value)
{
    unsigned long id = 0;

    if (strlen(value) != 6 || !parse_number(value, 0xFFFFFF, 16, &id)) {
        return false;
    }
    nor->id[0] = (uint8_t)(id >> 16);
    nor->id[1] = (uint8_t)(id >> 8);
    nor->id[2] = (uint8_t)id;
    return true;
}

static bool set_wel(struct nor *nor, const char *value)
{
    unsigned long on = 0;

    if (!parse_number(value, 1, 10, &on)) {
        return false;
    }
    nor->wel = on != 0;
    return true;
}

static bool set_bp(struct nor *nor, const char *value)
{
    unsigned long level = 0;
    uint8_t *status = &nor->storage.registers[NOR_STORED_SR];

    if (!parse_number(value, 15, 10, &level)) {
        return false;
    }
    *status = (uint8_t)((*status & (uint8_t)~NOR_SR_BP) | (uint8_t)(level << NOR_SR_BP_SHIFT));
    return true;
}

/* A bit of a stored register that only grows on silicon; here it may be taken back as well. */
static bool set_stored_bit(struct nor *nor, enum nor_stored at, uint8_t bit, const char *value)
{
    unsigned long on = 0;
    uint8_t *stored = &nor->storage.registers[at];

    if (!parse_number(value, 1, 10, &on)) {
        return false;
    }
    *stored = (uint8_t)((*stored & ~bit) | (on != 0 ? bit : 0));
    return true;
}

static bool set_tb(struct nor *nor, const char *value)
{
    return set_stored_bit(nor, NOR_STORED_CR, NOR_CR_TB, value);
}

static bool set_wpsel(struct nor *nor, const char *value)
{
    return set_stored_bit(nor, NOR_STORED_SCUR, NOR_SCUR_WPSEL, value);
}

static bool set_dummy(struct nor *nor, const char *value)
{
    unsigned long code = 0;

    if (!parse_number(value, 7, 10, &code)) {
        return false;
    }
    nor->cr2[NOR_CR2_DUMMY] = (uint8_t)code;
    return true;
}

/* The mode after power-up and reset, as a product may have programmed it. */
static bool set_boot_mode(struct nor *nor, const char *value)
{
    uint8_t *cell = &nor->storage.registers[NOR_STORED_CR2];

    if (strcmp(value, "1S") == 0) {
        *cell |= NOR_CR2_SOPI | NOR_CR2_DOPI;
    } else if (strcmp(value, "8S") == 0) {
        *cell = (uint8_t)((*cell | NOR_CR2_DOPI) & ~NOR_CR2_SOPI);
    } else if (strcmp(value, "8D") == 0) {
        *cell = (uint8_t)((*cell | NOR_CR2_SOPI) & ~NOR_CR2_DOPI);
    } else {
        return false;
    }
    return true;
}

static bool set_fail_rule(struct nor *nor, const char *value)
{
    static const char *const rules[] = {[NOR_FAIL_CLEARED_BY_SUCCESS] = "success",
        [NOR_FAIL_CLEARED_BY_NEXT] = "next",
        [NOR_FAIL_STICKY] = "never"};

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strcmp(value, rules[i]) == 0) {
            nor->fail_rule = (enum nor_fail_rule)i;
            return true;
        }
    }
    return false;
}

static bool set_refused_wel(struct nor *nor, const char *value)
{
    nor->wel_kept_after_refusal = strcmp(value, "keep") == 0;
    return nor->wel_kept_after_refusal || strcmp(value, "clear") == 0;
}

static const struct {
    const char *key;
    bool (*set)(struct nor *nor, const char *value);
    const char *expected;
} keys[] = {
    {"mode", set_mode, "mode is 1S, 8S, 8D, dpd, suspended or erasing"},
    {"boot-mode", set_boot_mode, "boot-mode is 1S, 8S or 8D"},
    {"id", set_id, "id is six hexadecimal digits, such as C28139"},
    {"wel", set_wel, "wel is 0 or 1"},
    {"bp", set_bp, "bp is 0 to 15"},
    {"tb", set_tb, "tb is 0 or 1"},
    {"wpsel", set_wpsel, "wpsel is 0 or 1"},
    {"dummy", set_dummy, "dummy is a code of CR2 0x300, 0 to 7"},
    {"p_fail", set_fail_rule, "p_fail is success, next or never: what clears P_FAIL and E_FAIL"},
    {"refused_wel", set_refused_wel, "refused_wel is clear or keep"},
};

bool sim_nor_set(struct sim_chip *chip, const char *key, const char *value, const char **why)
{
    struct nor *nor = (struct nor *)(void *)chip; /* base is the first member */

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(key, keys[i].key) == 0) {
            *why = keys[i].expected;
            nor_touch(nor);
            return keys[i].set(nor, value);
        }
    }
    *why =
        "the chip's keys are mode, boot-mode, id, wel, bp, tb, wpsel, dummy, p_fail, refused_wel";
    return false;
}

const char *sim_nor_set_help(void)
{
    return "mode=1S|8S|8D|dpd|suspended|erasing  state of the chip now\n"
           "boot-mode=1S|8S|8D                   mode after power-up and reset\n"
           "id=C28139                            what RDID answers\n"
           "wel=0|1  bp=0..15  tb=0|1  wpsel=0|1 protection\n"
           "dummy=0..7                           code of CR2 0x300\n"
           "p_fail=success|next|never            what clears P_FAIL and E_FAIL\n"
           "refused_wel=clear|keep               WEL after an operation on a protected area\n";
}
