/* Growing register scripts. */
#include "host/board/blob_parts.h"

#include <string.h>

enum { GATE_TIMEOUT_US = 1000 };

void blob_regs_add(struct blob_regs *regs, const struct abi_reg_step *step)
{
    if (regs->count == BLOB_MAX_REGS) {
        regs->overflow = true;
        return;
    }
    regs->steps[regs->count++] = *step;
}

void blob_regs_script(struct blob_regs *regs, const struct board_script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        blob_regs_add(regs, &script->steps[i]);
    }
}

void blob_regs_modify(struct blob_regs *regs, uint32_t addr, uint32_t mask, uint32_t value)
{
    blob_regs_add(
        regs, &(struct abi_reg_step){
                  .kind = ABI_REG_MODIFY, .bytes = 4, .addr = addr, .mask = mask, .value = value});
}

void blob_regs_write(struct blob_regs *regs, uint32_t addr, uint32_t value)
{
    blob_regs_add(regs,
        &(struct abi_reg_step){
            .kind = ABI_REG_WRITE, .bytes = 4, .addr = addr, .mask = UINT32_MAX, .value = value});
}

void blob_regs_delay(struct blob_regs *regs, uint32_t duration_us)
{
    blob_regs_add(
        regs, &(struct abi_reg_step){.kind = ABI_REG_DELAY, .bytes = 4, .timeout_us = duration_us});
}

void blob_regs_field(struct blob_regs *regs, const struct mcu_field *field, uint32_t value)
{
    if (field->mask != 0) {
        blob_regs_modify(regs, field->addr, field->mask, value << field->shift & field->mask);
    }
}

void blob_regs_wait(
    struct blob_regs *regs, const struct mcu_field *field, uint32_t value, uint32_t timeout_us)
{
    blob_regs_add(regs, &(struct abi_reg_step){.kind = ABI_REG_WAIT,
                            .bytes = 4,
                            .addr = field->addr,
                            .mask = field->mask,
                            .value = value << field->shift & field->mask,
                            .timeout_us = timeout_us});
}

void blob_regs_gate(struct blob_regs *regs, const struct mcu_field *field)
{
    if (field->mask != 0) {
        blob_regs_modify(regs, field->addr, field->mask, field->mask);
        blob_regs_add(regs, &(struct abi_reg_step){.kind = ABI_REG_WAIT,
                                .bytes = 4,
                                .addr = field->addr,
                                .mask = field->mask,
                                .value = field->mask,
                                .timeout_us = GATE_TIMEOUT_US});
    }
}
