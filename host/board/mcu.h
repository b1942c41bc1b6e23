/* What boards/mcus/NAME.json says beyond struct board_mcu: clocks, controllers, pins. Known to
 * host/board only; the rest of the host sees the blob. */
#ifndef HOST_BOARD_MCU_H
#define HOST_BOARD_MCU_H

#include "host/board/board.h"
#include "host/board/json.h"

enum {
    MCU_MAX_CONTROLLERS = 4,
    MCU_MAX_PLLS = 4,
    MCU_MAX_PORTS = 3,
    MCU_MAX_GPIO = 20,
    MCU_MAX_SUPPLIES = 4,
    MCU_SIGNAL_CHOICES = 2
};

/* Bits of a register. mask 0: there is no such field. */
struct mcu_field {
    uint32_t addr;
    uint32_t mask;
    uint8_t shift; /* of the lowest bit */
};

/* One output of a PLL that can feed a memory controller. */
struct mcu_pll {
    char name[16];
    uint32_t source_hz;
    uint32_t source_value; /* of the source field */
    uint32_t m_max;
    uint32_t n_min;
    uint32_t n_max;
    uint32_t divider_max;
    uint32_t vco_min_hz;
    uint32_t vco_max_hz;
    uint32_t ranges_hz[5]; /* bounds of the input ranges; range i is from [i] to [i + 1] */
    uint32_t lock_us;
    struct mcu_field on;
    struct mcu_field ready;
    struct mcu_field source;
    struct mcu_field m;
    struct mcu_field n; /* holds n - 1 */
    struct mcu_field range;
    struct mcu_field divider; /* holds divider - 1 */
    struct mcu_field enable;
    struct mcu_field clear; /* fraction, spread spectrum, small VCO: all off */
};

/* Lines between controller and memory, as board files name them. */
enum mcu_role { MCU_CLK, MCU_NCLK, MCU_NCS, MCU_DQS, MCU_IO0, MCU_IO7 = MCU_IO0 + 7, MCU_ROLES };
extern const char *const mcu_role_names[MCU_ROLES + 1]; /* NULL at the end */

/* A set of pins that a controller can be routed to. */
struct mcu_port {
    char name[8];
    char signals[MCU_ROLES][MCU_SIGNAL_CHOICES][16]; /* the second of NCS is NCS2 */
    struct board_script route;                       /* controller and multiplexer off */
    uint32_t hslv_bit; /* of the `hslv` word of board_blob_make(); 0: no such option */
    struct mcu_field hslv;
    struct mcu_field hslv_clock;
};

struct mcu_controller {
    char name[BOARD_NAME_BYTES];
    uint8_t family; /* enum abi_ctrl_family */
    uint8_t mtyp;
    uint32_t regs_addr;
    uint32_t window_addr;
    uint32_t window_bytes;
    uint32_t lines;
    uint32_t io_hz;      /* highest clock of the pads as they are */
    uint32_t io_hslv_hz; /* and with high-speed low-voltage mode on */
    struct mcu_field clock_enable;
    struct mcu_field reset;
    struct mcu_field kernel; /* clock multiplexer */
    uint32_t kernel_reset_value;
    size_t run_pll; /* index; MCU_MAX_PLLS: the bus clock, with a prescaler for its highest value */
    uint32_t run_kernel_value;
    uint32_t run_kernel_max_hz;
    struct mcu_field run_protect; /* keeps the application from switching the clock off */
    struct mcu_port ports[MCU_MAX_PORTS];
    size_t port_count;
};

struct mcu_gpio {
    char name[4]; /* "PN" */
    uint32_t regs_addr;
    struct mcu_field clock_enable;
    struct board_script power; /* before its pads work */
};

struct mcu_function {
    char signal[16];
    uint8_t alternate;
};

enum { MCU_PIN_FUNCTIONS = 8 };

struct mcu_pin {
    char name[8]; /* "PN6" */
    uint8_t number;
    size_t gpio; /* index */
    struct mcu_function functions[MCU_PIN_FUNCTIONS];
    size_t function_count;
};

struct mcu_supply {
    char name[16];
    struct board_script script;
};

struct mcu {
    uint32_t core_hz;         /* after a reset, and after known_state */
    uint32_t kernel_hz;       /* of the controllers then */
    uint32_t bus_max_hz;      /* highest clock an application can give the bus */
    uint32_t crc_bytes_per_s; /* at least, by the bootloader through the window */
    uint32_t fast_core_hz;    /* after `fast` */
    struct board_script fast; /* highest clocks: applications may run it from external flash */
    struct mcu_pll plls[MCU_MAX_PLLS];
    size_t pll_count;
    struct mcu_controller controllers[MCU_MAX_CONTROLLERS];
    size_t controller_count;
    struct mcu_gpio gpios[MCU_MAX_GPIO];
    size_t gpio_count;
    struct mcu_supply supplies[MCU_MAX_SUPPLIES];
    size_t supply_count;
    struct mcu_pin *pins;
    size_t pin_count;
};

/* Reads the file at path. Both are zeroed first and freed with mcu_free() either way. */
MUST_USE bool mcu_load(
    const char *path, struct board_mcu *facts, struct mcu *mcu, struct error *err);
void mcu_free(struct board_mcu *facts, struct mcu *mcu);

const struct mcu_pin *mcu_pin_find(const struct mcu *mcu, const char *name);
const struct mcu_controller *mcu_controller_find(const struct mcu *mcu, const char *name);

/* ---- scripts: mcu_script.c ---- */
/* "RCC_CR[26]", "RCC_CFGR[2:0]", "RCC_AHB5RSTR[0,5,12]", "XSPIM_CR": names from `registers`. */
bool mcu_field_get(
    const struct json_value *registers, const struct json_value *value, struct mcu_field *field);
bool mcu_field_take(const struct json_value *registers, const struct json_value *object,
    const char *key, struct mcu_field *field);
/* A list of steps; allocates script->steps. A missing value gives an empty script. */
bool mcu_script_get(const struct json_value *registers, const struct json_value *value,
    struct board_script *script);

/* ---- the parts of the file: mcu_clock.c, mcu_pins.c ---- */
void mcu_read_clocks(
    const struct json_value *registers, const struct json_value *clocks, struct mcu *mcu);
void mcu_read_controllers(
    const struct json_value *registers, const struct json_value *list, struct mcu *mcu);
void mcu_read_gpios(
    const struct json_value *registers, const struct json_value *table, struct mcu *mcu);
void mcu_read_pins(const struct json_value *table, struct mcu *mcu);

#endif
