/* The registers of DBGMCU on each family. */
#include "sim/p_dbgmcu_internal.h"

enum {
    DBGMCU_IDC = 0x000,
    DBGMCU_CR = 0x004,
    DBGMCU_APB3FZ1 = 0x034,
    DBGMCU_APB1FZR = 0x03C,
    DBGMCU_APB4FZR = 0x054,
    DBGMCU_SR = 0x0FC,
    DBGMCU_AUTH_HOST = 0x100,
    DBGMCU_PIDR2 = 0xFE8,
    DBGMCU_CIDR0 = 0xFF0
};

/* Revision B, device 0x485 with bits 15:12 set as on silicon (mcu.md 1). */
#define IDC_VALUE  UINT32_C(0x20006485)
#define AP_PRESENT UINT32_C(0x00000003)
#define AP0_OPEN   SIM_BIT(16)

/* Offset, reset value, writable bits: SVD STM32H7S v1.3. AHB5FZR is at 0x20 in the SVD and 0x1C in
 * CMSIS (mcu.md 2.2): both keep what is written. CR 22: probe-rs and OpenOCD write it. */
static const struct sim_register registers_h7rs[] = {
    {DBGMCU_IDC, IDC_VALUE, 0},
    {DBGMCU_CR, 0, UINT32_C(0x10710007)},
    {0x01C, 0, UINT32_C(0xFFFF)},
    {0x020, 0, UINT32_C(0xFFFF)}, /* AHB5FZR */
    {0x024, 0, UINT32_C(0xFFFF)}, /* AHB1FZR */
    {DBGMCU_APB1FZR, 0, UINT32_C(0x00E00BFF)},
    {0x04C, 0, UINT32_C(0x000F0001)}, /* APB2FZR */
    {DBGMCU_APB4FZR, 0, UINT32_C(0x00051E00)},
    {DBGMCU_SR, AP_PRESENT | AP0_OPEN, 0},
    {DBGMCU_AUTH_HOST, 0, UINT32_C(0xFFFFFFFF)},
    {0x104, 0, 0}, /* DBG_AUTH_DEVICE: written by the device side, which is not modelled */
    {0x108, 0, 0}, /* DBG_AUTH_ACK */
    {0xFD0, 0, 0}, /* PIDR4 */
    {0xFE0, 0, 0},
    {0xFE4, 0, 0},
    {DBGMCU_PIDR2, UINT32_C(0x0A), 0},
    {0xFEC, 0, 0},
    {DBGMCU_CIDR0, UINT32_C(0x0D), 0},
    {0xFF4, UINT32_C(0xF0), 0},
    {0xFF8, UINT32_C(0x05), 0},
    {0xFFC, UINT32_C(0xB1), 0},
};

/* Revision V, device 0x450 (mcu.md 1). */
#define IDC_H750 UINT32_C(0x20036450)

/* Offset, reset value, writable bits: SVD STM32H750x v1.7, embassy stm32-data dbgmcu_h7. CR: the
 * bits of the D2 and D3 domains are there on single-core parts too (mcu.md 2.2). */
static const struct sim_register registers_h750[] = {
    {DBGMCU_IDC, IDC_H750, 0}, {DBGMCU_CR, 0, UINT32_C(0x107001BF)},
    {DBGMCU_APB3FZ1, 0, UINT32_C(0x00000040)},
    {DBGMCU_APB1FZR, 0, UINT32_C(0x00E00BFF)}, /* APB1LFZ1 */
    {0x04C, 0, UINT32_C(0x20070003)},          /* APB2FZ1 */
    {DBGMCU_APB4FZR, 0, UINT32_C(0x00051E80)}, /* APB4FZ1 */
};

const struct sim_dbgmcu_layout sim_dbgmcu_h7rs = {
    .registers = registers_h7rs,
    .register_count = sizeof registers_h7rs / sizeof registers_h7rs[0],
    .status_offset = DBGMCU_SR,
    .iwdg_offset = DBGMCU_APB4FZR,
    .iwdg_bit = 18,
    .wwdg_offset = DBGMCU_APB1FZR,
    .wwdg_bit = 11,
};

const struct sim_dbgmcu_layout sim_dbgmcu_h750 = {
    .registers = registers_h750,
    .register_count = sizeof registers_h750 / sizeof registers_h750[0],
    .iwdg_offset = DBGMCU_APB4FZR,
    .iwdg_bit = 18,
    .wwdg_offset = DBGMCU_APB3FZ1,
    .wwdg_bit = 6,
};
