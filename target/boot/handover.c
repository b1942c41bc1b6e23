#include "target/boot/handover.h"

#include "target/driver/cache.h"
#include "target/driver/core_regs.h"
#include "target/driver/cpu.h"
#include "target/driver/reg.h"

enum { NVIC_WORDS = 8 };

void handover_reset_core(void)
{
    reg_write32(SYSTICK_CTRL, 0);
    reg_write32(SYSTICK_LOAD, 0);
    reg_write32(SYSTICK_VAL, 0);
    for (uint32_t i = 0; i < NVIC_WORDS; i++) {
        reg_write32(NVIC_ICER0 + 4 * i, UINT32_MAX);
        reg_write32(NVIC_ICPR0 + 4 * i, UINT32_MAX);
    }
    reg_write32(SCB_ICSR, SCB_ICSR_PENDSTCLR | SCB_ICSR_PENDSVCLR);
    reg_write32(SCB_SHCSR, 0);
    reg_write32(SCB_CFSR, reg_read32(SCB_CFSR));
    reg_write32(SCB_HFSR, reg_read32(SCB_HFSR));
    cache_disable();
}

/* The MPU goes off in the last moment, if at all: the chip is mapped, and while nothing holds it
 * back the core may read ahead behind the chip's end. */
__attribute__((naked, noreturn)) static void jump(
    uint32_t stack_addr, uint32_t reset_vector, uint32_t mpu_ctrl)
{
    (void)stack_addr;
    (void)reset_vector;
    (void)mpu_ctrl;
    __asm volatile("msr msp, r0\n"
                   "movs r3, #0\n"
                   "msr control, r3\n"
                   "ldr r3, =0xE000ED94\n" /* MPU_CTRL */
                   "mov lr, #-1\n"         /* as after reset: a return would fault at once */
                   "dsb\n"
                   "str r2, [r3]\n"
                   "dsb\n"
                   "isb\n"
                   "cpsie i\n"
                   "bx r1\n");
}
_Static_assert(MPU_CTRL == 0xE000ED94U, "jump() has the same address");

__attribute__((noreturn)) void handover_jump(const struct handover *handover)
{
    uint32_t mpu_ctrl = handover->mpu_off ? 0 : reg_read32(MPU_CTRL);

    reg_write32(SCB_VTOR, handover->vectors_addr);
    cpu_sync_data();
    if (handover->caches_on) {
        cache_enable();
    }
    cpu_sync_instructions();
    jump(handover->stack_addr, handover->reset_vector, mpu_ctrl);
}
