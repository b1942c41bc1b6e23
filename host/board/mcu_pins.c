/* GPIO ports and the pin table of an MCU file. */
#include "host/board/mcu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mcu_read_gpios(
    const struct json_value *registers, const struct json_value *table, struct mcu *mcu)
{
    static const struct json_key keys[] = {
        {"regs", true}, {"clock_enable", true}, {"power", false}, {NULL, false}};

    if (table == NULL || !json_check_kind(table, JSON_OBJECT)) {
        return;
    }
    for (const struct json_value *at = json_first(table); at != NULL; at = json_next(at)) {
        struct mcu_gpio *gpio = &mcu->gpios[mcu->gpio_count];

        if (mcu->gpio_count == MCU_MAX_GPIO) {
            json_complain(at, "more than %d ports", MCU_MAX_GPIO);
            return;
        }
        mcu->gpio_count++;
        (void)snprintf(gpio->name, sizeof gpio->name, "%s", json_key_of(at));
        if (json_check_object(at, keys)) {
            (void)json_take_u32(at, "regs", 0, UINT32_MAX, &gpio->regs_addr);
            (void)mcu_field_take(registers, at, "clock_enable", &gpio->clock_enable);
            (void)mcu_script_get(registers, json_member(at, "power"), &gpio->power);
        }
    }
}

/* "PN6": port letter and number. */
static bool parse_pin_name(const struct json_value *at, const struct mcu *mcu, struct mcu_pin *pin)
{
    const char *name = json_key_of(at);
    char *end = NULL;
    unsigned long number = strlen(name) > 2 ? strtoul(name + 2, &end, 10) : 99;

    if (number > 15 || *end != '\0' || strlen(name) >= sizeof pin->name) {
        json_complain(at, "not a pin name");
        return false;
    }
    (void)snprintf(pin->name, sizeof pin->name, "%s", name);
    pin->number = (uint8_t)number;
    for (pin->gpio = 0; pin->gpio < mcu->gpio_count; pin->gpio++) {
        if (strncmp(mcu->gpios[pin->gpio].name, name, 2) == 0) {
            return true;
        }
    }
    json_complain(at, "its port is not in $.gpio");
    return false;
}

static void read_functions(const struct json_value *table, struct mcu_pin *pin)
{
    if (!json_check_kind(table, JSON_OBJECT)) {
        return;
    }
    for (const struct json_value *at = json_first(table); at != NULL; at = json_next(at)) {
        struct mcu_function *function = &pin->functions[pin->function_count];
        uint32_t alternate = 0;

        if (pin->function_count == MCU_PIN_FUNCTIONS) {
            json_complain(at, "more than %d functions", MCU_PIN_FUNCTIONS);
            return;
        }
        if (json_get_u32(at, 0, 15, &alternate)) {
            (void)snprintf(function->signal, sizeof function->signal, "%s", json_key_of(at));
            function->alternate = (uint8_t)alternate;
            pin->function_count++;
        }
    }
}

void mcu_read_pins(const struct json_value *table, struct mcu *mcu)
{
    if (table == NULL || !json_check_kind(table, JSON_OBJECT)) {
        return;
    }
    mcu->pins = calloc(json_count(table) + 1, sizeof *mcu->pins);
    if (mcu->pins == NULL) {
        json_complain(table, "out of memory");
        return;
    }
    for (const struct json_value *at = json_first(table); at != NULL; at = json_next(at)) {
        struct mcu_pin *pin = &mcu->pins[mcu->pin_count];

        if (parse_pin_name(at, mcu, pin)) {
            read_functions(at, pin);
            mcu->pin_count++;
        }
    }
}

const struct mcu_pin *mcu_pin_find(const struct mcu *mcu, const char *name)
{
    for (size_t i = 0; i < mcu->pin_count; i++) {
        if (strcmp(mcu->pins[i].name, name) == 0) {
            return &mcu->pins[i];
        }
    }
    return NULL;
}
