#include "target/stub/crash.h"

#include "target/driver/core_regs.h"
#include "target/driver/reg.h"

enum {
    FRAME_BYTES = 32,
    FRAME_LR = 20,
    FRAME_PC = 24,
    FRAME_XPSR = 28,
    XPSR_PADDED = 1 << 9 /* the hardware aligned the stack to 8 */
};

void crash_record(
    volatile struct abi_mailbox *mailbox, const struct abi_stub_header *header, uint32_t frame_addr)
{
    volatile struct abi_crash *crash = &mailbox->crash;
    bool inside = frame_addr % 4 == 0 && frame_addr >= header->load_addr &&
                  frame_addr - header->load_addr <= header->memory_bytes - FRAME_BYTES;

    if (inside) {
        uint32_t xpsr = reg_read32(frame_addr + FRAME_XPSR);

        crash->pc = reg_read32(frame_addr + FRAME_PC);
        crash->lr = reg_read32(frame_addr + FRAME_LR);
        crash->xpsr = xpsr;
        frame_addr += FRAME_BYTES + ((xpsr & XPSR_PADDED) != 0 ? 4U : 0U);
    }
    crash->sp = frame_addr;
    crash->cfsr = reg_read32(SCB_CFSR);
    crash->hfsr = reg_read32(SCB_HFSR);
    crash->mmfar = reg_read32(SCB_MMFAR);
    crash->bfar = reg_read32(SCB_BFAR);
    mailbox->state = ABI_STATE_CRASHED;
}
