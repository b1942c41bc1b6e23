/* Registers of a fault as one line of text. */
#include "common/le.h"
#include "host/target/target.h"
#include "host/target/target_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FRAME_LR_OFFSET = 20, FRAME_PC_OFFSET = 24, FRAME_BYTES = 32, EXC_RETURN_PSP = 1 << 2 };

struct fault {
    uint32_t pc;
    uint32_t lr;
    uint32_t xpsr;
    uint32_t cfsr;
    uint32_t hfsr;
    uint32_t mmfar;
    uint32_t bfar;
};

static bool read_fault(struct target *target, struct fault *fault, struct error *err)
{
    struct probe_word words[] = {
        {.addr = CORE_CFSR}, {.addr = CORE_HFSR}, {.addr = CORE_MMFAR}, {.addr = CORE_BFAR}};

    if (!target_read_register(target, CORE_REG_PC, &fault->pc, err) ||
        !target_read_register(target, CORE_REG_LR, &fault->lr, err) ||
        !target_read_register(target, CORE_REG_XPSR, &fault->xpsr, err) ||
        !probe_transfer_words(target->probe, target->mcu->core_ap, words, 4, err)) {
        return false;
    }
    fault->cfsr = words[0].value;
    fault->hfsr = words[1].value;
    fault->mmfar = words[2].value;
    fault->bfar = words[3].value;
    return true;
}

/* Inside a fault handler the interesting PC lies in the frame that the exception stacked. LR is
 * only a guess once the handler has called something, so the frame is added, not taken instead. */
static void describe_frame(
    struct target *target, const struct fault *fault, char *text, size_t text_bytes)
{
    uint32_t exception = fault->xpsr & 0x1FF;
    uint8_t frame[FRAME_BYTES];
    unsigned regsel = (fault->lr & EXC_RETURN_PSP) != 0 ? CORE_REG_PSP : CORE_REG_MSP;
    uint32_t sp = 0;
    struct error err;

    text[0] = '\0';
    if (exception < 3 || exception > 6 || fault->lr < UINT32_C(0xFFFFFFE0) ||
        !target_read_register(target, regsel, &sp, &err) ||
        !target_read(target, sp & ~UINT32_C(3), frame, sizeof frame, &err)) {
        return;
    }
    (void)snprintf(text, text_bytes, ", stacked pc 0x%08" PRIx32 " lr 0x%08" PRIx32,
        le_get32(&frame[FRAME_PC_OFFSET]), le_get32(&frame[FRAME_LR_OFFSET]));
}

/* A running core is halted for it and goes on afterwards. */
bool target_describe_fault(struct target *target, char *text, size_t text_bytes, struct error *err)
{
    struct fault fault = {0};
    char frame[64];
    uint32_t dhcsr = 0;
    bool is_read = false;

    text[0] = '\0';
    if (!target_read_dhcsr(target, &dhcsr, err) ||
        ((dhcsr & CORE_S_HALT) == 0 && !target_halt(target, err))) {
        return false;
    }
    is_read = read_fault(target, &fault, err);
    describe_frame(target, &fault, frame, sizeof frame);
    if ((dhcsr & CORE_S_HALT) == 0) {
        struct error second;

        if (!target_run(target, &second) && is_read) {
            *err = second;
            is_read = false;
        }
    }
    if (!is_read) {
        return error_add_context(err, "reading the fault registers");
    }
    (void)snprintf(text, text_bytes,
        "pc 0x%08" PRIx32 " lr 0x%08" PRIx32 " xpsr 0x%08" PRIx32 " cfsr 0x%08" PRIx32
        " hfsr 0x%08" PRIx32 " mmfar 0x%08" PRIx32 " bfar 0x%08" PRIx32 "%s%s",
        fault.pc, fault.lr, fault.xpsr, fault.cfsr, fault.hfsr, fault.mmfar, fault.bfar, frame,
        (dhcsr & CORE_S_LOCKUP) != 0 ? ", locked up" : "");
    return true;
}
