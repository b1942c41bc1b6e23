/* The MCU: a row of data for each part (struct sim_soc), and what the models ask each other.
 *
 * Models are implemented by p_rcc.c, p_pwr.c, p_gpio.c and so on; each is created with the
 * environment and the layout of its family, and answers these without side effects. A new part is
 * a new row with layouts of its own or of its relatives; no model asks which part it is in.
 *
 * Order of creation: RCC, PWR, flash, SBS, GPIO, DBGMCU, RAM, watchdogs, DMA, plain blocks,
 * memory controllers; models are
 * freed in reverse order. A reset of the board is sim_bus_reset_periphs(), which has to reach FLASH
 * before IWDG and RAMCFG (the RAMs hang on it): they ask for option words that it loads. Then
 * sim_rcc_set_reset_flags(). Losing power is SIM_RESET_POWER_ON at the moment of the loss: what the
 * flash is doing then is torn.
 */
#ifndef SIM_SOC_H
#define SIM_SOC_H

#include "sim/bus.h"
#include "sim/dap.h"
#include "sim/env.h"
#include "sim/periph.h"

#include <stdbool.h>
#include <stddef.h>
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

/* What a family has in its own way; each model's header says what is in it. */
struct sim_rcc_layout;
struct sim_pwr_layout;
struct sim_flash_layout;
struct sim_gpio_layout;
struct sim_dbgmcu_layout;
struct sim_ram_layout;
struct sim_watchdog_layout;
struct sim_dma_layout;
struct sim_block_layout;
struct sim_xspi_config;

/* What an access port reaches beside, or instead of, what the core's own port does. */
struct sim_ap_window {
    uint32_t base; /* as the access port sees it */
    uint32_t size_bytes;
    uint32_t bus_addr; /* where that is on the bus; words only */
};
enum { SIM_AP_WINDOWS = 2 };

/* One access port; its identification is in struct sim_dap_config. */
struct sim_soc_ap {
    /* The core and everything it sees. Closed while the boot ROM of a part that has one runs, and
     * without a clock in Stop; in Sleep only the private peripheral bus answers. */
    bool is_core;
    bool reaches_ppb_in_reset;     /* while NRST is low: the core's private peripheral bus */
    bool reaches_windows_in_reset; /* while NRST is low: its windows */
    struct sim_ap_window windows[SIM_AP_WINDOWS]; /* size_bytes 0: none */
};

/* A register write of an entry state. */
struct sim_poke {
    uint32_t addr;
    uint32_t value;
    uint32_t mask;    /* not 0: only these bits change */
    uint32_t wait_us; /* time for the hardware */
};

/* A controller of external memory. All functions are mandatory. */
struct sim_controller_ops {
    void *(*create)(const struct sim_env *env, struct sim_bus *bus);
    void (*connect)(void *controller, const struct sim_xspi_config *config);
    void (*free)(void *controller);
};

/* One part. Members marked optional are NULL or 0 on parts that have no such thing. */
struct sim_soc {
    const char *name;
    uint32_t cpuid;
    uint8_t mpu_regions;
    uint16_t irq_count;
    uint32_t dcache_bytes;
    uint32_t icache_bytes;
    uint32_t axi_wait_clocks; /* of the bus clock, per access to AXI SRAM that no cache answers */
    uint16_t package_code;
    struct sim_dap_config dap;
    struct sim_soc_ap aps[SIM_DAP_APS];
    /* Optional: the boot ROM runs after each reset, opens the core's access port a while later and
     * then branches to the program. 0: the core starts at the program's vectors. */
    uint32_t rom_park_addr; /* where the virtual boot ROM waits */
    uint32_t rom_msp;
    uint16_t life_cycle_option; /* optional: low byte 0xB4, else the ROM leaves the port closed */
    uint16_t boot_option;       /* optional: low half = address of the program >> 16; else SBS */
    const struct sim_poke *full_speed; /* the vendor's sequence: PLL, voltage, wait states */
    size_t full_speed_count;
    uint32_t program_msp; /* a stack that is there with every setting of the option words */
    const struct sim_rcc_layout *rcc;
    const struct sim_pwr_layout *pwr;
    const struct sim_flash_layout *flash;
    const struct sim_gpio_layout *gpio;
    const struct sim_dbgmcu_layout *dbgmcu;
    const struct sim_ram_layout *ram;
    const struct sim_watchdog_layout *watchdogs;
    const struct sim_dma_layout *dma;
    bool has_sbs;                                /* optional */
    const struct sim_block_layout *blocks;       /* optional: plain registers */
    size_t block_count;                          /* at most SIM_SOC_BLOCKS */
    const struct sim_controller_ops *controller; /* optional */
};
enum { SIM_SOC_BLOCKS = 8 };

extern const struct sim_soc sim_soc_h7s3l8;
extern const struct sim_soc sim_soc_h750;

/* RCC: gates, clock tree (every frequency in Hz, 0 when the source is off), reset flags. */
/* hse_hz: the crystal of the board. */
struct sim_rcc *sim_rcc_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_rcc_layout *layout, uint64_t hse_hz);
extern const struct sim_rcc_layout sim_rcc_h7rs;
extern const struct sim_rcc_layout sim_rcc_h74x;
void sim_rcc_free(struct sim_rcc *rcc);
bool sim_rcc_is_clocked(void *rcc, uint16_t gate_offset, uint8_t gate_bit); /* a sim_gate_fn */
uint64_t sim_rcc_cpu_hz(const struct sim_rcc *rcc);
uint64_t sim_rcc_hclk_hz(const struct sim_rcc *rcc);
uint64_t sim_rcc_xspi_hz(const struct sim_rcc *rcc, unsigned xspi_index); /* 0: XSPI1, 1: XSPI2 */
uint64_t sim_rcc_apb_hz(const struct sim_rcc *rcc, unsigned apb_index);   /* 1 to 5 */
/* Changes whenever a frequency may have changed. */
uint32_t sim_rcc_generation(const struct sim_rcc *rcc);
void sim_rcc_set_reset_flags(struct sim_rcc *rcc, enum sim_reset_kind kind);
/* Peripheral reset through RCC: `reset` of the block is called when its reset bit is set, and its
 * gate reads as closed until the bit is cleared. The blocks of the layout's list are found on the
 * bus by their addresses and need no binding. */
void sim_rcc_bind_reset(
    struct sim_rcc *rcc, uint16_t reset_offset, uint8_t reset_bit, const struct sim_periph *periph);

struct sim_pwr *sim_pwr_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_pwr_layout *layout);
extern const struct sim_pwr_layout sim_pwr_h7rs;
extern const struct sim_pwr_layout sim_pwr_h74x;
void sim_pwr_free(struct sim_pwr *pwr);
bool sim_pwr_xspim_is_powered(const struct sim_pwr *pwr, unsigned port); /* 1, 2: EN_XSPIMx */
uint32_t sim_pwr_generation(const struct sim_pwr *pwr);

struct sim_sbs *sim_sbs_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_rcc *rcc, const struct sim_flash *flash); /* flash: HSLV option bits */
void sim_sbs_free(struct sim_sbs *sbs);
uint32_t sim_sbs_boot_addr(const struct sim_sbs *sbs);            /* INITVTOR */
bool sim_sbs_xspi_hslv(const struct sim_sbs *sbs, unsigned port); /* IOHSLV really in effect */

/* SBS is on H7R/S only. */

/* GPIO. port: 0 = A ... 15 = P. */
struct sim_gpio_led {
    const char *name;
    uint8_t port;
    uint8_t pin;
    bool active_high;
};
struct sim_gpio_layout {
    uint32_t ports_present; /* a bit per port */
    uint16_t gate_offset;   /* bit n: port n */
    bool has_brr;
    uint8_t xspim_ports[16]; /* by port: the XSPIM port that supplies its pads; 0: VDD does */
};
extern const struct sim_gpio_layout sim_gpio_h7rs;
extern const struct sim_gpio_layout sim_gpio_h74x;
struct sim_gpio *sim_gpio_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_gpio_layout *layout, const struct sim_pwr *pwr,
    const struct sim_gpio_led *leds, unsigned led_count);
void sim_gpio_free(struct sim_gpio *gpio);
bool sim_gpio_is_alternate(const struct sim_gpio *gpio, uint8_t port, uint8_t pin, uint8_t af);
/* OSPEEDR of the pin, 0 low to 3 very high. */
uint8_t sim_gpio_speed(const struct sim_gpio *gpio, uint8_t port, uint8_t pin);
uint32_t sim_gpio_generation(const struct sim_gpio *gpio);

/* Internal flash: array, keys, granules, option bytes. state_bytes is the raw contents kept in a
 * file, cells one byte per granule: 0 erased, 1 programmed, 2 broken (double ECC error). */
struct sim_flash_storage {
    uint8_t *bytes;    /* sim_flash_array_bytes(), page-aligned */
    uint8_t *granules; /* one per sim_flash_granule_bytes() */
    uint8_t *options;  /* 256 bytes of non-volatile option words */
};
extern const struct sim_flash_layout sim_flash_h7rs;
extern const struct sim_flash_layout sim_flash_h750;
uint32_t sim_flash_array_bytes(const struct sim_flash_layout *layout);
uint32_t sim_flash_granule_bytes(const struct sim_flash_layout *layout);
/* Fills storage as from the factory: array FF, granules erased, device open, HSLV off. */
void sim_flash_factory(
    const struct sim_flash_layout *layout, const struct sim_flash_storage *storage);
struct sim_flash *sim_flash_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_flash_layout *layout, const struct sim_flash_storage *storage);
/* 96-bit unique ID, flash size in KB (16 bit), package (16 bit, where the part shows it). */
void sim_flash_set_identity(struct sim_flash *flash, const uint8_t identity[16]);
void sim_flash_free(struct sim_flash *flash);
/* status_offset: of the xxxSR register, such as 0x260 (OBW1SR), 0x268 (OBW2SR), 0x218 (WRPSR). */
uint32_t sim_flash_option_word(const struct sim_flash *flash, uint16_t status_offset);
/* `xflash-vboard set`: as if programmed and loaded by a reset. RAM shares and a watchdog started
 * by option follow at the next reset. */
void sim_flash_set_option_word(struct sim_flash *flash, uint16_t status_offset, uint32_t value);
bool sim_flash_starts_watchdog(const struct sim_flash *flash); /* option: IWDG by hardware */
/* Entry states: the first sector holds this program and nothing else. size_bytes: a sector at most.
 */
void sim_flash_put_program(struct sim_flash *flash, const uint8_t *bytes, uint32_t size_bytes);
/* Called when bytes changed, so that the CPU forgets translated code. */
void sim_flash_set_listener(struct sim_flash *flash,
    void (*changed)(void *context, uint32_t addr, uint32_t size_bytes), void *context);

/* DBGMCU at 0x5C001000 on the bus; access ports see it elsewhere too. */
extern const struct sim_dbgmcu_layout sim_dbgmcu_h7rs;
extern const struct sim_dbgmcu_layout sim_dbgmcu_h750;
struct sim_dbgmcu *sim_dbgmcu_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_dbgmcu_layout *layout);
void sim_dbgmcu_free(struct sim_dbgmcu *dbgmcu);
void sim_dbgmcu_set_ap1_open(struct sim_dbgmcu *dbgmcu, bool is_open); /* shown in DBGMCU_SR */
bool sim_dbgmcu_freezes_iwdg(const struct sim_dbgmcu *dbgmcu);
bool sim_dbgmcu_freezes_wwdg(const struct sim_dbgmcu *dbgmcu);
bool sim_dbgmcu_clocks_in_sleep(const struct sim_dbgmcu *dbgmcu); /* DBGSLEEP */
bool sim_dbgmcu_clocks_in_stop(const struct sim_dbgmcu *dbgmcu);  /* DBGSTOP */
bool sim_dbgmcu_read(struct sim_dbgmcu *dbgmcu, uint32_t offset, uint32_t *value);
bool sim_dbgmcu_write(struct sim_dbgmcu *dbgmcu, uint32_t offset, uint32_t value);

/* IWDG and WWDG; count in virtual time; ask the machine for a reset when they expire. */
extern const struct sim_watchdog_layout sim_watchdogs_h7rs;
extern const struct sim_watchdog_layout sim_watchdogs_h74x;
struct sim_watchdog_config {
    const struct sim_watchdog_layout *layout;
    struct sim_rcc *rcc;
    struct sim_dbgmcu *dbgmcu;
    const struct sim_flash *flash;
    void *machine;
    void (*request_reset)(void *machine, enum sim_reset_kind kind);
    bool (*core_is_halted)(void *machine); /* freezes them where DBGMCU says so */
};
struct sim_watchdogs *sim_watchdogs_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_watchdog_config *config);
void sim_watchdogs_free(struct sim_watchdogs *watchdogs);
/* Entry state: the IWDG as an application left it that armed it with this timeout. */
void sim_watchdogs_arm_iwdg(struct sim_watchdogs *watchdogs, uint32_t timeout_ms);

/* TCMs, SRAMs, backup SRAM, boot ROM; shares follow the option bytes where a part has them;
 * power-on contents are pseudo-random from a fixed seed; ECC first-write rule. */
extern const struct sim_ram_layout sim_ram_h7rs;
extern const struct sim_ram_layout sim_ram_h750;
struct sim_ram *sim_ram_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_ram_layout *layout, const struct sim_flash *flash);
void sim_ram_free(struct sim_ram *ram);

/* DMA masters that write to RAM (entry state of silicon.md 1); reset through RCC. */
struct sim_dma;
struct sim_dma_master {
    const char *name;
    uint32_t base;
    uint32_t size_bytes;
    uint16_t gate_offset;
    uint8_t gate_bit;
};
enum { SIM_DMA_MASTERS = 2 };
struct sim_dma_layout {
    struct sim_dma_master masters[SIM_DMA_MASTERS];
};
extern const struct sim_dma_layout sim_dma_h7rs;
extern const struct sim_dma_layout sim_dma_h74x;
struct sim_dma *sim_dma_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_dma_layout *layout);
void sim_dma_free(struct sim_dma *dma);
/* Starts writing a pattern over [addr, addr+size) every period_us until reset. */
void sim_dma_start(struct sim_dma *dma, uint32_t addr, uint32_t size_bytes, uint32_t period_us);

#endif
