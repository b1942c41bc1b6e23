/* Pins to GPIO register steps. The GPIO block is the same in every STM32H7 and STM32N6
 * (reference manuals, GPIO chapter; embassy gpio_v2). */
#include "host/board/blob_parts.h"

#include <string.h>

enum {
    GPIO_MODER = 0x00,
    GPIO_OTYPER = 0x04,
    GPIO_OSPEEDR = 0x08,
    GPIO_PUPDR = 0x0C,
    GPIO_BSRR = 0x18,
    GPIO_AFRL = 0x20,
    GPIO_AFRH = 0x24
};

enum { MODE_INPUT = 0, MODE_OUTPUT = 1, MODE_ALTERNATE = 2 };
enum { PULL_NONE = 0, PULL_UP = 1 };
enum { SPEED_HIGH = 2, SPEED_VERY_HIGH = 3 };

/* What is to be changed in one port. */
struct port_bits {
    uint32_t two_mask; /* two bits a pin: MODER, OSPEEDR, PUPDR */
    uint32_t one_mask;
    uint32_t speed;
    uint32_t pull;
    uint32_t mode;
    uint32_t alternate_mask[2];
    uint32_t alternate[2];
};

void blob_pins_ports(
    struct blob_regs *regs, const struct mcu *mcu, const struct mcu_pin *const pins[], size_t count)
{
    bool used[MCU_MAX_GPIO] = {false};

    for (size_t i = 0; i < count; i++) {
        if (pins[i] != NULL && !used[pins[i]->gpio]) {
            used[pins[i]->gpio] = true;
            blob_regs_script(regs, &mcu->gpios[pins[i]->gpio].power);
            blob_regs_gate(regs, &mcu->gpios[pins[i]->gpio].clock_enable);
        }
    }
}

void blob_pins_level(
    struct blob_regs *regs, const struct mcu *mcu, const struct mcu_pin *pin, bool high)
{
    blob_regs_write(regs, mcu->gpios[pin->gpio].regs_addr + GPIO_BSRR,
        UINT32_C(1) << (pin->number + (high ? 0 : 16)));
}

void blob_pins_output(struct blob_regs *regs, const struct mcu *mcu, const struct mcu_pin *pin,
    enum board_drive drive)
{
    uint32_t base = mcu->gpios[pin->gpio].regs_addr;
    unsigned shift = 2U * pin->number;

    if (drive == BOARD_DRIVE_FLOAT) {
        blob_regs_modify(regs, base + GPIO_PUPDR, UINT32_C(3) << shift, PULL_NONE);
        blob_regs_modify(regs, base + GPIO_MODER, UINT32_C(3) << shift, MODE_INPUT);
        return;
    }
    blob_pins_level(regs, mcu, pin, drive == BOARD_DRIVE_HIGH);
    blob_regs_modify(regs, base + GPIO_OTYPER, UINT32_C(1) << pin->number, 0);
    blob_regs_modify(regs, base + GPIO_MODER, UINT32_C(3) << shift, (uint32_t)MODE_OUTPUT << shift);
}

static void add_line(struct port_bits *port, const struct mcu_pin *pin, uint8_t alternate,
    uint32_t speed, uint32_t pull)
{
    unsigned shift = 2U * pin->number;
    unsigned half = pin->number / 8;
    unsigned nibble = 4U * (pin->number % 8);

    port->one_mask |= UINT32_C(1) << pin->number;
    port->two_mask |= UINT32_C(3) << shift;
    port->speed |= speed << shift;
    port->pull |= pull << shift;
    port->mode |= (uint32_t)MODE_ALTERNATE << shift;
    port->alternate_mask[half] |= UINT32_C(0xF) << nibble;
    port->alternate[half] |= (uint32_t)alternate << nibble;
}

/* The mode comes last: the pin changes hands when everything else about it is settled. */
static void write_port(struct blob_regs *regs, uint32_t base, const struct port_bits *port)
{
    blob_regs_modify(regs, base + GPIO_OTYPER, port->one_mask, 0);
    blob_regs_modify(regs, base + GPIO_OSPEEDR, port->two_mask, port->speed);
    blob_regs_modify(regs, base + GPIO_PUPDR, port->two_mask, port->pull);
    for (unsigned half = 0; half < 2; half++) {
        if (port->alternate_mask[half] != 0) {
            blob_regs_modify(regs, base + GPIO_AFRL + 4 * half, port->alternate_mask[half],
                port->alternate[half]);
        }
    }
    blob_regs_modify(regs, base + GPIO_MODER, port->two_mask, port->mode);
}

void blob_pins_memory(
    struct blob_regs *regs, const struct mcu *mcu, const struct board_memory_details *memory)
{
    struct port_bits ports[MCU_MAX_GPIO];
    uint32_t speed = board_wired_lines(memory) == 8 ? SPEED_VERY_HIGH : SPEED_HIGH;

    memset(ports, 0, sizeof ports);
    for (size_t role = 0; role < MCU_ROLES; role++) {
        const struct mcu_pin *pin = memory->pins[role];
        bool pull = role == MCU_NCS ||
                    (role >= MCU_IO0 && (memory->quirks & BOARD_QUIRK_PULL_UP_DATA) != 0);

        if (pin != NULL) {
            add_line(&ports[pin->gpio], pin, memory->alternates[role], speed,
                pull ? PULL_UP : PULL_NONE);
        }
    }
    for (size_t i = 0; i < mcu->gpio_count; i++) {
        if (ports[i].one_mask != 0) {
            write_port(regs, mcu->gpios[i].regs_addr, &ports[i]);
        }
    }
}
