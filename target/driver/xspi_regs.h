/* Registers of the XSPI controller, version 1 (reference: mcu.md section 6.2; SVD of the STM32H7S).
 * Offsets from the base address, which the board blob has. */
#ifndef TARGET_DRIVER_XSPI_REGS_H
#define TARGET_DRIVER_XSPI_REGS_H

enum xspi_offset {
    XSPI_CR = 0x000,
    XSPI_DCR1 = 0x008,
    XSPI_DCR2 = 0x00C,
    XSPI_DCR3 = 0x010,
    XSPI_DCR4 = 0x014,
    XSPI_SR = 0x020,
    XSPI_FCR = 0x024,
    XSPI_DLR = 0x040,
    XSPI_AR = 0x048,
    XSPI_DR = 0x050,
    XSPI_PSMKR = 0x080,
    XSPI_PSMAR = 0x088,
    XSPI_PIR = 0x090,
    XSPI_CCR = 0x100,
    XSPI_TCR = 0x108,
    XSPI_IR = 0x110,
    XSPI_ABR = 0x120,
    XSPI_LPTR = 0x130,
    XSPI_WCCR = 0x180,
    XSPI_WTCR = 0x188,
    XSPI_WIR = 0x190,
    XSPI_WABR = 0x1A0
};

#define XSPI_CR_EN         (1u << 0)
#define XSPI_CR_ABORT      (1u << 1)
#define XSPI_CR_TCEN       (1u << 3)
#define XSPI_CR_DMM        (1u << 6)
#define XSPI_CR_FTHRES_POS 8
#define XSPI_CR_APMS       (1u << 22)
#define XSPI_CR_PMM        (1u << 23)
#define XSPI_CR_CSSEL      (1u << 24)
#define XSPI_CR_FMODE_POS  28
#define XSPI_CR_FMODE_MASK (3u << 28)

#define XSPI_DCR1_CKMODE        (1u << 0)
#define XSPI_DCR1_CSHT_POS      8
#define XSPI_DCR1_DEVSIZE_POS   16
#define XSPI_DCR1_MTYP_POS      24
#define XSPI_DCR2_PRESCALER_POS 0
#define XSPI_DCR3_CSBOUND_POS   16

#define XSPI_SR_TEF         (1u << 0)
#define XSPI_SR_TCF         (1u << 1)
#define XSPI_SR_FTF         (1u << 2)
#define XSPI_SR_SMF         (1u << 3)
#define XSPI_SR_BUSY        (1u << 5)
#define XSPI_SR_FLEVEL_POS  8
#define XSPI_SR_FLEVEL_MASK (0x7Fu << 8)

#define XSPI_FCR_CTEF (1u << 0)
#define XSPI_FCR_CTCF (1u << 1)
#define XSPI_FCR_CSMF (1u << 3)
#define XSPI_FCR_CTOF (1u << 4)

#define XSPI_CCR_IMODE_POS  0
#define XSPI_CCR_IDTR       (1u << 3)
#define XSPI_CCR_ISIZE_POS  4
#define XSPI_CCR_ADMODE_POS 8
#define XSPI_CCR_ADDTR      (1u << 11)
#define XSPI_CCR_ADSIZE_POS 12
#define XSPI_CCR_ABMODE_POS 16
#define XSPI_CCR_ABDTR      (1u << 19)
#define XSPI_CCR_ABSIZE_POS 20
#define XSPI_CCR_DMODE_POS  24
#define XSPI_CCR_DDTR       (1u << 27)
#define XSPI_CCR_DQSE       (1u << 29)

#define XSPI_TCR_DCYC_POS 0
#define XSPI_TCR_DHQC     (1u << 28)
#define XSPI_TCR_SSHIFT   (1u << 30)

#endif
