/* What the models of one MCU ask each other. Implemented by p_rcc.c, p_pwr.c, p_gpio.c and so on;
 * each model is created with the environment and answers these without side effects.
 *
 * Order of creation: RCC, PWR, flash, SBS, GPIO, DBGMCU, RAM, watchdogs, DMA, XSPI; models are
 * freed in reverse order. A reset of the board is sim_bus_reset_periphs(), which has to reach FLASH
 * before IWDG and RAMCFG (the RAMs hang on it): they ask for option words that it loads. Then
 * sim_rcc_set_reset_flags(). Losing power is SIM_RESET_POWER_ON at the moment of the loss: what the
 * flash is doing then is torn.
 */
#ifndef SIM_SOC_H
#define SIM_SOC_H

#include "sim/bus.h"
#include "sim/env.h"
#include "sim/periph.h"

#include <stdbool.h>
#include <stdint.h>

struct sim_cpu;
struct sim_rcc;
struct sim_pwr;
struct sim_sbs;
struct sim_gpio;
struct sim_flash;
struct sim_dbgmcu;
struct sim_watchdogs;
struct sim_ram;

/* RCC: gates, clock tree (every frequency in Hz, 0 when the source is off), reset flags. */
struct sim_rcc *sim_rcc_create(const struct sim_env *env, struct sim_bus *bus);
void sim_rcc_free(struct sim_rcc *rcc);
bool sim_rcc_is_clocked(void *rcc, uint16_t gate_offset, uint8_t gate_bit); /* a sim_gate_fn */
uint64_t sim_rcc_cpu_hz(const struct sim_rcc *rcc);
uint64_t sim_rcc_hclk_hz(const struct sim_rcc *rcc);
uint64_t sim_rcc_xspi_hz(const struct sim_rcc *rcc, unsigned xspi_index); /* 0: XSPI1, 1: XSPI2 */
uint64_t sim_rcc_apb_hz(const struct sim_rcc *rcc, unsigned apb_index);   /* 1, 2, 4, 5 */
/* Changes whenever a frequency may have changed. */
uint32_t sim_rcc_generation(const struct sim_rcc *rcc);
void sim_rcc_set_reset_flags(struct sim_rcc *rcc, enum sim_reset_kind kind);
/* Peripheral reset through RCC: `reset` of the block is called when its reset bit is set, and its
 * gate reads as closed until the bit is cleared. GPIO, SBS, GPDMA1, HPDMA1, XSPI1/2 and XSPIM are
 * found on the bus by their addresses and need no binding. */
void sim_rcc_bind_reset(
    struct sim_rcc *rcc, uint16_t reset_offset, uint8_t reset_bit, const struct sim_periph *periph);

struct sim_pwr *sim_pwr_create(const struct sim_env *env, struct sim_bus *bus);
void sim_pwr_free(struct sim_pwr *pwr);
bool sim_pwr_xspim_is_powered(const struct sim_pwr *pwr, unsigned port); /* 1, 2: EN_XSPIMx */
uint32_t sim_pwr_generation(const struct sim_pwr *pwr);

struct sim_sbs *sim_sbs_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_rcc *rcc, const struct sim_flash *flash); /* flash: HSLV option bits */
void sim_sbs_free(struct sim_sbs *sbs);
uint32_t sim_sbs_boot_addr(const struct sim_sbs *sbs);            /* INITVTOR */
bool sim_sbs_xspi_hslv(const struct sim_sbs *sbs, unsigned port); /* IOHSLV really in effect */

/* GPIO A to H, M to P. port: 0 = A ... 15 = P. */
struct sim_gpio_led {
    const char *name;
    uint8_t port;
    uint8_t pin;
    bool active_high;
};
struct sim_gpio *sim_gpio_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_pwr *pwr, const struct sim_gpio_led *leds, unsigned led_count);
void sim_gpio_free(struct sim_gpio *gpio);
bool sim_gpio_is_alternate(const struct sim_gpio *gpio, uint8_t port, uint8_t pin, uint8_t af);
/* OSPEEDR of the pin, 0 low to 3 very high. */
uint8_t sim_gpio_speed(const struct sim_gpio *gpio, uint8_t port, uint8_t pin);
uint32_t sim_gpio_generation(const struct sim_gpio *gpio);

/* Internal flash: array, keys, granules, option bytes. state_bytes is the raw contents kept in a
 * file, cells one byte per granule: 0 erased, 1 programmed, 2 broken (double ECC error). */
struct sim_flash_storage {
    uint8_t *bytes;    /* 64 KiB, page-aligned */
    uint8_t *granules; /* one per 16 bytes */
    uint8_t *options;  /* 256 bytes of non-volatile option words */
};
/* Fills storage as from the factory: array FF, granules erased, NVSTATE open, HSLV off. */
void sim_flash_factory(const struct sim_flash_storage *storage);
struct sim_flash *sim_flash_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_flash_storage *storage);
/* The 16 bytes at 0x08FFF800: 96-bit unique ID, flash size in KB (16 bit), package. */
void sim_flash_set_identity(struct sim_flash *flash, const uint8_t identity[16]);
void sim_flash_free(struct sim_flash *flash);
/* status_offset: of the xxxSR register, such as 0x260 (OBW1SR), 0x268 (OBW2SR), 0x218 (WRPSR). */
uint32_t sim_flash_option_word(const struct sim_flash *flash, uint16_t status_offset);
/* `xflash-vboard set`: as if programmed and loaded by a reset. RAM shares and a watchdog started
 * by option follow at the next reset. */
void sim_flash_set_option_word(struct sim_flash *flash, uint16_t status_offset, uint32_t value);
/* Called when bytes changed, so that the CPU forgets translated code. */
void sim_flash_set_listener(struct sim_flash *flash,
    void (*changed)(void *context, uint32_t addr, uint32_t size_bytes), void *context);

/* DBGMCU at 0x5C001000 (AP1 and CPU) and for AP0. */
struct sim_dbgmcu *sim_dbgmcu_create(const struct sim_env *env, struct sim_bus *bus);
void sim_dbgmcu_free(struct sim_dbgmcu *dbgmcu);
void sim_dbgmcu_set_ap1_open(struct sim_dbgmcu *dbgmcu, bool is_open); /* shown in DBGMCU_SR */
bool sim_dbgmcu_freezes_iwdg(const struct sim_dbgmcu *dbgmcu);
bool sim_dbgmcu_freezes_wwdg(const struct sim_dbgmcu *dbgmcu);
bool sim_dbgmcu_clocks_in_sleep(const struct sim_dbgmcu *dbgmcu);
bool sim_dbgmcu_read(struct sim_dbgmcu *dbgmcu, uint32_t offset, uint32_t *value);
bool sim_dbgmcu_write(struct sim_dbgmcu *dbgmcu, uint32_t offset, uint32_t value);

/* IWDG and WWDG; count in virtual time; ask the machine for a reset when they expire. */
struct sim_watchdog_config {
    void *machine;
    void (*request_reset)(void *machine, enum sim_reset_kind kind);
    bool (*core_is_halted)(void *machine); /* freezes them where DBGMCU says so */
};
struct sim_watchdogs *sim_watchdogs_create(const struct sim_env *env, struct sim_bus *bus,
    struct sim_rcc *rcc, struct sim_dbgmcu *dbgmcu, const struct sim_flash *flash,
    const struct sim_watchdog_config *config);
void sim_watchdogs_free(struct sim_watchdogs *watchdogs);
/* Entry state: the IWDG as an application left it that armed it with this timeout. */
void sim_watchdogs_arm_iwdg(struct sim_watchdogs *watchdogs, uint32_t timeout_ms);

/* ITCM, DTCM, AXI SRAM1..4, AHB SRAM1/2, backup SRAM, boot ROM; shares follow the option bytes;
 * power-on contents are pseudo-random from a fixed seed; ECC first-write rule. */
struct sim_ram *sim_ram_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_flash *flash);
void sim_ram_free(struct sim_ram *ram);

/* GPDMA-like master that writes to RAM (entry state of silicon.md 1); reset through RCC. */
struct sim_dma;
struct sim_dma *sim_dma_create(const struct sim_env *env, struct sim_bus *bus);
void sim_dma_free(struct sim_dma *dma);
/* Starts writing a pattern over [addr, addr+size) every period_us until reset. */
void sim_dma_start(struct sim_dma *dma, uint32_t addr, uint32_t size_bytes, uint32_t period_us);

#endif
