/* Registers of the Armv7-M core that stub, bootloader and applications use (reference: mcu.md
 * section 4.5; Armv7-M architecture reference manual). */
#ifndef TARGET_DRIVER_CORE_REGS_H
#define TARGET_DRIVER_CORE_REGS_H

/* Addresses do not fit into an enum of ISO C. */
#define DWT_CTRL   0xE0001000u
#define DWT_CYCCNT 0xE0001004u
#define DWT_LAR    0xE0001FB0u

#define SYSTICK_CTRL 0xE000E010u
#define SYSTICK_LOAD 0xE000E014u
#define SYSTICK_VAL  0xE000E018u

#define NVIC_ICER0 0xE000E180u
#define NVIC_ICPR0 0xE000E280u

#define SCB_ICSR    0xE000ED04u
#define SCB_VTOR    0xE000ED08u
#define SCB_CCR     0xE000ED14u
#define SCB_SHCSR   0xE000ED24u
#define SCB_CFSR    0xE000ED28u
#define SCB_HFSR    0xE000ED2Cu
#define SCB_MMFAR   0xE000ED34u
#define SCB_BFAR    0xE000ED38u
#define SCB_CCSIDR  0xE000ED80u
#define SCB_CSSELR  0xE000ED84u
#define SCB_ICIALLU 0xE000EF50u
#define SCB_DCISW   0xE000EF60u
#define SCB_DCCISW  0xE000EF74u

#define MPU_TYPE 0xE000ED90u
#define MPU_CTRL 0xE000ED94u
#define MPU_RNR  0xE000ED98u
#define MPU_RBAR 0xE000ED9Cu
#define MPU_RASR 0xE000EDA0u

#define DCB_DHCSR 0xE000EDF0u
#define DCB_DEMCR 0xE000EDFCu

#define DWT_LAR_KEY            0xC5ACCE55u
#define DWT_CTRL_CYCCNTENA     (1u << 0)
#define SYSTICK_CTRL_ENABLE    (1u << 0)
#define SYSTICK_CTRL_TICKINT   (1u << 1)
#define SYSTICK_CTRL_CLKSOURCE (1u << 2)
#define SCB_ICSR_PENDSTSET     (1u << 26)
#define SCB_ICSR_PENDSVCLR     (1u << 27)
#define SCB_ICSR_PENDSTCLR     (1u << 25)
#define SCB_CCR_DC             (1u << 16)
#define SCB_CCR_IC             (1u << 17)
#define MPU_CTRL_ENABLE        (1u << 0)
#define MPU_CTRL_PRIVDEFENA    (1u << 2)
#define MPU_RASR_ENABLE        (1u << 0)
#define MPU_RASR_SIZE_POS      1
#define MPU_RASR_C             (1u << 17)
#define MPU_RASR_TEX_POS       19
#define MPU_RASR_AP_POS        24
#define MPU_RASR_XN            (1u << 28)
#define DCB_DHCSR_C_DEBUGEN    (1u << 0)
#define DCB_DEMCR_TRCENA       (1u << 24)

/* Written to IWDG_KR, whose address the board blob has. */
#define IWDG_KR_RELOAD 0xAAAAu

#endif
