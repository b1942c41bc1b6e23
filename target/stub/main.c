/* Start of the stub, its vectors, and all memory it writes to. */
#include "target/driver/core_regs.h"
#include "target/driver/cpu.h"
#include "target/driver/ctrl_xspi.h"
#include "target/driver/reg.h"
#include "target/stub/crash.h"

#include <stddef.h>

/* Made by stub.ld; their addresses are the values. */
extern const uint32_t stub_load_addr[];
extern const uint32_t stub_image_bytes[];
extern const uint32_t stub_memory_bytes[];
extern uint32_t stub_zero_start[];
extern const uint32_t stub_zero_words[];
extern uint32_t stub_stack_start[];
extern uint32_t stub_stack_end[];
extern const uint32_t stub_stack_words[];

enum { PARK_LOOPS = 10000 }; /* below a millisecond at HSI */

void stub_enter(void);
void stub_main(void);
void stub_fault(void);
void stub_park(uint32_t frame_addr);

static volatile struct abi_mailbox mailbox __attribute__((section(".mailbox"), aligned(32)));
static struct stub stub;

static const struct ctrl_driver *const drivers[] = {
    &ctrl_xspi,
    NULL,
};

/* Whatever happens ends in stub_fault(): interrupts are off, so it is a fault. */
__attribute__((section(".vectors"), used)) static const uint32_t vectors[16] = {
    (uint32_t)stub_stack_end,
    (uint32_t)stub_enter,
    [2 ... 15] = (uint32_t)stub_fault,
};

__attribute__((section(".header"), used)) static const struct abi_stub_header header = {
    .magic = ABI_STUB_MAGIC,
    .version = ABI_STUB_VERSION,
    .load_addr = (uint32_t)stub_load_addr,
    .image_bytes = (uint32_t)stub_image_bytes,
    .memory_bytes = (uint32_t)stub_memory_bytes,
    .entry_addr = (uint32_t)stub_enter,
    .stack_top_addr = (uint32_t)stub_stack_end,
    .vectors_addr = (uint32_t)vectors,
    .mailbox_addr = (uint32_t)&mailbox,
    .crc32 = 0, /* filled in after linking */
};

/* Nothing is taken for granted but the program counter: interrupts off, faults on, thread mode on
 * the main stack, and the stack filled with the canary. */
__attribute__((naked, used, section(".text.enter"))) void stub_enter(void)
{
    __asm volatile("cpsid i\n"
                   "cpsie f\n"
                   "ldr r0, =stub_stack_start\n"
                   "ldr r1, =stub_stack_end\n"
                   "ldr r2, =0xC0DEFA11\n" /* ABI_STACK_CANARY */
                   "1: str r2, [r0], #4\n"
                   "cmp r0, r1\n"
                   "bne 1b\n"
                   "movs r0, #0\n"
                   "msr control, r0\n"
                   "isb\n"
                   "msr msp, r1\n"
                   "b stub_main\n");
}
_Static_assert(ABI_STACK_CANARY == 0xC0DEFA11U, "stub_enter has the same canary");

/* A stack of its own: the other one may be what went wrong. */
__attribute__((naked, used)) void stub_fault(void)
{
    __asm volatile("tst lr, #4\n"
                   "ite eq\n"
                   "mrseq r0, msp\n"
                   "mrsne r0, psp\n"
                   "ldr r1, =stub_crash_stack_end\n"
                   "msr msp, r1\n"
                   "b stub_park\n");
}

__attribute__((noreturn)) void stub_park(uint32_t frame_addr)
{
    crash_record(&mailbox, &header, frame_addr);
    for (;;) {
        /* No WFI: sleep may close the debug port. */
        cpu_spin(PARK_LOOPS);
        if (stub.clock.watchdog_addr != 0) {
            reg_write32(stub.clock.watchdog_addr, IWDG_KR_RELOAD);
        }
    }
}

__attribute__((noreturn)) void stub_main(void)
{
    for (uint32_t i = 0; i < (uint32_t)stub_zero_words; i++) {
        stub_zero_start[i] = 0;
    }
    reg_write32(SCB_VTOR, (uint32_t)vectors);
    reg_write32(SCB_CFSR, reg_read32(SCB_CFSR)); /* written ones clear what was left there */
    reg_write32(SCB_HFSR, reg_read32(SCB_HFSR));
    cpu_sync_data();
    stub.mailbox = &mailbox;
    stub.header = &header;
    stub.stack = stub_stack_start;
    stub.stack_words = (uint32_t)stub_stack_words;
    stub.drivers = drivers;
    stub_start(&stub);
    stub_serve(&stub);
    __builtin_unreachable();
}
