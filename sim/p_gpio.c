/* GPIO ports, and the LEDs on their pins. */
#include "sim/p_regs.h"
#include "sim/report.h"
#include "sim/soc.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    GPIO_BASE = 0x58020000,
    GPIO_STRIDE = 0x400,
    GPIO_MODER = 0x00,
    GPIO_OTYPER = 0x04,
    GPIO_OSPEEDR = 0x08,
    GPIO_PUPDR = 0x0C,
    GPIO_IDR = 0x10,
    GPIO_ODR = 0x14,
    GPIO_BSRR = 0x18,
    GPIO_LCKR = 0x1C,
    GPIO_AFRL = 0x20,
    GPIO_AFRH = 0x24,
    GPIO_BRR = 0x28,
    WORDS = GPIO_BRR / 4 + 1,
    PORTS = 16,
    PINS = 16,
    LEDS_MAX = 16
};

enum { MODE_INPUT, MODE_OUTPUT, MODE_ALTERNATE, MODE_ANALOG };
enum { PORT_A = 0, PORT_B = 1 };
#define LCKK UINT32_C(0x10000)

/* Reset values that are not the analog default: the debug pins PA13, PA14, PA15, PB3, PB4 (SVD
 * STM32H7S v1.3, GPIOA; GPIOB the same way; H750 as well (K)). */
#define MODER_ANALOG UINT32_C(0xFFFFFFFF)
static const struct {
    uint32_t moder;
    uint32_t ospeedr;
    uint32_t pupdr;
} debug_ports[] = {
    [PORT_A] = {UINT32_C(0xABFFFFFF), UINT32_C(0x0C000000), UINT32_C(0x64000000)},
    [PORT_B] = {UINT32_C(0xFFFFFEBF), UINT32_C(0x000000C0), UINT32_C(0x00000100)},
};

const struct sim_gpio_layout sim_gpio_h7rs = {
    .ports_present = 0xF0FF, /* A to H, M to P */
    .gate_offset = 0x140,    /* AHB4ENR */
    .has_brr = true,
    .xspim_ports = {[13] = 2, [14] = 1, [15] = 1},
};

const struct sim_gpio_layout sim_gpio_h74x = {
    .ports_present = 0x07FF, /* A to K */
    .gate_offset = 0x0E0,    /* AHB4ENR */
};

struct port {
    struct sim_gpio *gpio;
    struct sim_periph periph;
    uint32_t words[WORDS];
    uint32_t lock_pins; /* LCK[15:0] as first written in the sequence */
    uint8_t lock_step;  /* 0, 1, 2 writes seen */
    bool is_locked;
    uint8_t index;
};

struct sim_gpio {
    const struct sim_env *env;
    const struct sim_gpio_layout *layout;
    const struct sim_pwr *pwr;
    struct port ports[PORTS];
    struct sim_gpio_led leds[LEDS_MAX];
    bool is_lit[LEDS_MAX];
    unsigned led_count;
    uint32_t generation;
};

static const char *const port_names[PORTS] = {"GPIOA", "GPIOB", "GPIOC", "GPIOD", "GPIOE", "GPIOF",
    "GPIOG", "GPIOH", "GPIOI", "GPIOJ", "GPIOK", NULL, "GPIOM", "GPION", "GPIOO", "GPIOP"};

static uint32_t pin_field(const struct port *port, uint32_t offset, uint8_t pin)
{
    return sim_field(port->words[offset / 4], 2U * pin, 2);
}

/* Ports N, O and P of H7R/S have their own supplies, switched on in PWR_CSR2 (mcu.md 4.1 item 1).
 */
static bool is_powered(const struct sim_gpio *gpio, uint8_t port)
{
    uint8_t xspim_port = gpio->layout->xspim_ports[port];

    return xspim_port == 0 || sim_pwr_xspim_is_powered(gpio->pwr, xspim_port);
}

static bool is_driven(const struct port *port, uint8_t pin)
{
    return pin_field(port, GPIO_MODER, pin) == MODE_OUTPUT && is_powered(port->gpio, port->index);
}

static bool output_bit(const struct port *port, uint8_t pin)
{
    return (port->words[GPIO_ODR / 4] & SIM_BIT(pin)) != 0;
}

/* What a pin with nothing on it but this port reads as. */
static bool level(const struct port *port, uint8_t pin)
{
    bool open_drain = (port->words[GPIO_OTYPER / 4] & SIM_BIT(pin)) != 0;
    bool pulled_up = pin_field(port, GPIO_PUPDR, pin) == 1;

    if (!is_powered(port->gpio, port->index) || pin_field(port, GPIO_MODER, pin) == MODE_ANALOG) {
        return false; /* the input buffer is off */
    }
    if (is_driven(port, pin) && !(open_drain && output_bit(port, pin))) {
        return output_bit(port, pin);
    }
    return pulled_up;
}

static uint32_t input_word(const struct port *port)
{
    uint32_t word = 0;

    for (unsigned pin = 0; pin < PINS; pin++) {
        word |= level(port, (uint8_t)pin) ? SIM_BIT(pin) : 0;
    }
    return word;
}

static void update_leds(struct sim_gpio *gpio)
{
    for (unsigned i = 0; i < gpio->led_count; i++) {
        const struct sim_gpio_led *led = &gpio->leds[i];
        const struct port *port = &gpio->ports[led->port];
        bool is_lit = is_driven(port, led->pin) && level(port, led->pin) == led->active_high;

        if (is_lit != gpio->is_lit[i]) {
            gpio->is_lit[i] = is_lit;
            sim_report_led(gpio->env->report, led->name, is_lit);
        }
    }
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct port *port = state;
    uint32_t word_offset = offset - offset % 4;
    uint32_t word = 0;

    if (word_offset == GPIO_IDR) {
        word = input_word(port);
    } else if (word_offset < GPIO_BSRR || (word_offset > GPIO_BSRR && word_offset < GPIO_BRR)) {
        word = port->words[word_offset / 4];
    }
    *value = sim_register_extract(word, offset, size_bytes);
    return true;
}

/* Write 1+LCK, 0+LCK, 1+LCK with the same LCK, as whole words; then LCKK reads 1. */
static void write_lock(struct port *port, uint32_t size_bytes, uint32_t value)
{
    uint32_t pins = value & UINT32_C(0xFFFF);
    bool key = (value & LCKK) != 0;
    bool continues = size_bytes == 4 && (port->lock_step == 0 || pins == port->lock_pins) &&
                     key == (port->lock_step != 1);

    if (port->is_locked) {
        return;
    }
    if (!continues) {
        port->lock_step = key && size_bytes == 4 ? 1 : 0;
        port->lock_pins = pins;
        port->words[GPIO_LCKR / 4] = pins;
        return;
    }
    port->lock_pins = pins;
    port->lock_step++;
    port->words[GPIO_LCKR / 4] = pins;
    if (port->lock_step == 3) {
        port->is_locked = true;
        port->words[GPIO_LCKR / 4] = pins | LCKK;
    }
}

/* Bits of a configuration register that belong to locked pins. */
static uint32_t locked_bits(const struct port *port, uint32_t word_offset)
{
    uint32_t mask = 0;

    if (!port->is_locked) {
        return 0;
    }
    for (unsigned pin = 0; pin < PINS; pin++) {
        if ((port->lock_pins & SIM_BIT(pin)) == 0) {
            continue;
        }
        if (word_offset == GPIO_OTYPER) {
            mask |= SIM_BIT(pin);
        } else if (word_offset <= GPIO_PUPDR) {
            mask |= UINT32_C(3) << (2 * pin);
        } else if (word_offset == (pin < 8 ? GPIO_AFRL : GPIO_AFRH)) {
            mask |= UINT32_C(0xF) << (4 * (pin % 8));
        }
    }
    return mask;
}

/* What sim_gpio_generation() stands for: modes, speeds and functions, not levels. A change costs
 * the XSPI model a new look at its wires. */
static bool is_routing(uint32_t word_offset)
{
    return word_offset == GPIO_MODER || word_offset == GPIO_OSPEEDR || word_offset == GPIO_AFRL ||
           word_offset == GPIO_AFRH;
}

static void write_register(struct port *port, uint32_t word_offset, uint32_t lanes, uint32_t value)
{
    uint32_t *word = &port->words[word_offset / 4];
    uint32_t *odr = &port->words[GPIO_ODR / 4];
    uint32_t bits = lanes & ~locked_bits(port, word_offset);

    switch (word_offset) {
    case GPIO_IDR:
        break;
    case GPIO_ODR:
        *odr = ((*odr & ~bits) | (value & bits)) & UINT32_C(0xFFFF);
        break;
    case GPIO_BSRR: /* setting has priority over resetting */
        *odr = (*odr & ~(value >> 16)) | (value & UINT32_C(0xFFFF));
        break;
    case GPIO_BRR:
        *odr &= ~value;
        break;
    case GPIO_OTYPER:
        bits &= UINT32_C(0xFFFF);
        *word = (*word & ~bits) | (value & bits);
        break;
    default:
        *word = (*word & ~bits) | (value & bits);
        break;
    }
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct port *port = state;
    uint32_t word_offset = offset - offset % 4;

    if (word_offset > (port->gpio->layout->has_brr ? GPIO_BRR : GPIO_AFRH)) {
        sim_violation(port->gpio->env->report, "unmodelled-register",
            "write of 0x%08" PRIX32 " to %s+0x%03" PRIX32 ", where there is no register", value,
            port->periph.name, offset);
        return true;
    }
    if (word_offset == GPIO_LCKR) {
        write_lock(port, size_bytes, value);
        return true;
    }
    port->lock_step = 0; /* "any error in the lock sequence aborts the lock" */
    write_register(port, word_offset, sim_register_lane_mask(offset, size_bytes),
        sim_register_merge(0, offset, size_bytes, value));
    port->gpio->generation += is_routing(word_offset) ? 1 : 0;
    update_leds(port->gpio);
    return true;
}

static void reset(void *state, enum sim_reset_kind kind)
{
    struct port *port = state;

    (void)kind;
    for (unsigned i = 0; i < WORDS; i++) {
        port->words[i] = 0;
    }
    port->words[GPIO_MODER / 4] = MODER_ANALOG;
    if (port->index < sizeof debug_ports / sizeof debug_ports[0]) {
        port->words[GPIO_MODER / 4] = debug_ports[port->index].moder;
        port->words[GPIO_OSPEEDR / 4] = debug_ports[port->index].ospeedr;
        port->words[GPIO_PUPDR / 4] = debug_ports[port->index].pupdr;
    }
    port->lock_step = 0;
    port->is_locked = false;
    port->gpio->generation++;
    update_leds(port->gpio);
}

static void add_port(struct sim_gpio *gpio, struct sim_bus *bus, uint8_t index)
{
    struct port *port = &gpio->ports[index];

    port->gpio = gpio;
    port->index = index;
    port->periph = (struct sim_periph){
        .name = port_names[index],
        .base = GPIO_BASE + (uint32_t)GPIO_STRIDE * index,
        .size_bytes = GPIO_STRIDE,
        .state = port,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = gpio->layout->gate_offset,
        .gate_bit = index,
    };
    reset(port, SIM_RESET_POWER_ON);
    sim_bus_add_periph(bus, &port->periph);
}

struct sim_gpio *sim_gpio_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_gpio_layout *layout, const struct sim_pwr *pwr,
    const struct sim_gpio_led *leds, unsigned led_count)
{
    struct sim_gpio *gpio = calloc(1, sizeof *gpio);

    if (gpio == NULL) {
        return NULL;
    }
    gpio->env = env;
    gpio->layout = layout;
    gpio->pwr = pwr;
    for (unsigned i = 0; i < PORTS; i++) {
        if ((layout->ports_present & SIM_BIT(i)) != 0) {
            add_port(gpio, bus, (uint8_t)i);
        }
    }
    for (unsigned i = 0; i < led_count && i < LEDS_MAX; i++) {
        gpio->leds[gpio->led_count++] = leds[i];
    }
    return gpio;
}

void sim_gpio_free(struct sim_gpio *gpio)
{
    free(gpio);
}

static bool has_pin(const struct sim_gpio *gpio, uint8_t port, uint8_t pin)
{
    return port < PORTS && (gpio->layout->ports_present & SIM_BIT(port)) != 0 && pin < PINS;
}

bool sim_gpio_is_alternate(const struct sim_gpio *gpio, uint8_t port, uint8_t pin, uint8_t af)
{
    if (!has_pin(gpio, port, pin) || !is_powered(gpio, port)) {
        return false;
    }
    const struct port *regs = &gpio->ports[port];
    uint32_t afr = regs->words[(pin < 8 ? GPIO_AFRL : GPIO_AFRH) / 4];

    return pin_field(regs, GPIO_MODER, pin) == MODE_ALTERNATE &&
           sim_field(afr, 4U * (pin % 8U), 4) == af;
}

uint8_t sim_gpio_speed(const struct sim_gpio *gpio, uint8_t port, uint8_t pin)
{
    return has_pin(gpio, port, pin) ? (uint8_t)pin_field(&gpio->ports[port], GPIO_OSPEEDR, pin) : 0;
}

uint32_t sim_gpio_generation(const struct sim_gpio *gpio)
{
    return gpio->generation + sim_pwr_generation(gpio->pwr);
}
