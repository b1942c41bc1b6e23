#include "host/board/mcu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_range(const struct json_value *value, struct board_range *range)
{
    static const struct json_key keys[] = {{"addr", true}, {"size", true}, {NULL, false}};

    if (value != NULL && json_check_object(value, keys)) {
        (void)json_take_u32(value, "addr", 0, UINT32_MAX, &range->addr);
        (void)json_take_u32(value, "size", 1, UINT32_MAX, &range->size_bytes);
        if (range->size_bytes > UINT32_MAX - range->addr) {
            json_complain(value, "runs past the 32-bit address space");
        }
    }
}

static void read_ram(const struct json_value *ram, struct board_mcu *facts)
{
    static const struct json_key keys[] = {{"stub", true}, {"ring", true}, {"app", true},
        {"reason", true}, {"program", true}, {NULL, false}};
    const struct json_value *list = json_member(ram, "program");

    if (ram == NULL || !json_check_object(ram, keys)) {
        return;
    }
    read_range(json_member(ram, "stub"), &facts->stub_ram);
    read_range(json_member(ram, "ring"), &facts->ring_ram);
    read_range(json_member(ram, "app"), &facts->app_ram);
    (void)json_take_u32(ram, "reason", 0, UINT32_MAX, &facts->reason_addr);
    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        if (facts->ram_count == ABI_RAM_RANGES) {
            json_complain(at, "more than %d ranges", ABI_RAM_RANGES);
            return;
        }
        read_range(at, &facts->ram[facts->ram_count++]);
    }
}

static void read_places(const struct json_value *list, struct board_mcu *facts)
{
    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        if (facts->dbgmcu_place_count == BOARD_MAX_PLACES) {
            json_complain(at, "more than %d places", BOARD_MAX_PLACES);
            return;
        }
        (void)json_get_u32(at, 0, UINT32_MAX, &facts->dbgmcu_places[facts->dbgmcu_place_count++]);
    }
}

static void read_debug(const struct json_value *debug, struct board_mcu *facts)
{
    static const struct json_key keys[] = {{"dev_id", true}, {"idcode", true}, {"dpidr", true},
        {"core_ap", true}, {"debug_ap", false}, {"dbgmcu_at", false}, {"ap_status", false},
        {"halt_at", true}, {"ap_open_timeout_ms", true}, {"uid", true}, {"flash_size", true},
        {"watchdog_key", true}, {NULL, false}};
    static const char *const halts[] = {"program", "reset", NULL};
    size_t halt = 0;
    uint32_t number = 0;

    if (debug == NULL || !json_check_object(debug, keys)) {
        return;
    }
    if (json_take_u32(debug, "dev_id", 0, 0xFFF, &number)) {
        facts->dev_id = (uint16_t)number;
    }
    (void)json_take_u32(debug, "idcode", 0, UINT32_MAX, &facts->idcode_addr);
    (void)json_take_u32(debug, "dpidr", 0, UINT32_MAX, &facts->dpidr);
    if (json_take_u32(debug, "core_ap", 0, 255, &number)) {
        facts->core_ap = (uint8_t)number;
    }
    facts->debug_ap = 0xFF;
    if (json_take_u32(debug, "debug_ap", 0, 254, &number)) {
        facts->debug_ap = (uint8_t)number;
    }
    read_places(json_member(debug, "dbgmcu_at"), facts);
    (void)json_take_bool(debug, "ap_status", &facts->has_ap_status);
    facts->catches_reset = json_take_choice(debug, "halt_at", halts, &halt) && halt == 1;
    (void)json_take_u32(debug, "ap_open_timeout_ms", 1, 60000, &facts->ap_open_timeout_ms);
    (void)json_take_u32(debug, "uid", 0, UINT32_MAX, &facts->uid_addr);
    (void)json_take_u32(debug, "flash_size", 0, UINT32_MAX, &facts->flash_size_addr);
    (void)json_take_u32(debug, "watchdog_key", 0, UINT32_MAX, &facts->watchdog_addr);
}

static void read_flash(const struct json_value *flash, struct board_internal_flash *out)
{
    static const struct json_key keys[] = {{"driver", true}, {"addr", true}, {"size", true},
        {"sector", true}, {"granule", true}, {"regs", true}, {"erase_max_ms", true},
        {"program_max_us", true}, {NULL, false}};

    if (flash == NULL || !json_check_object(flash, keys)) {
        return;
    }
    (void)json_take_text(flash, "driver", out->driver, sizeof out->driver);
    (void)json_take_u32(flash, "addr", 0, UINT32_MAX, &out->addr);
    (void)json_take_u32(flash, "size", 1, UINT32_MAX, &out->size_bytes);
    (void)json_take_u32(flash, "sector", 1, UINT32_MAX, &out->sector_bytes);
    (void)json_take_u32(flash, "granule", 1, 256, &out->granule_bytes);
    (void)json_take_u32(flash, "regs", 0, UINT32_MAX, &out->regs_addr);
    (void)json_take_u32(flash, "erase_max_ms", 1, 600000, &out->erase_max_ms);
    (void)json_take_u32(flash, "program_max_us", 1, 10000000, &out->program_max_us);
}

static void read_supplies(
    const struct json_value *registers, const struct json_value *table, struct mcu *mcu)
{
    if (table == NULL || !json_check_kind(table, JSON_OBJECT)) {
        return;
    }
    for (const struct json_value *at = json_first(table); at != NULL; at = json_next(at)) {
        struct mcu_supply *supply = &mcu->supplies[mcu->supply_count];

        if (mcu->supply_count == MCU_MAX_SUPPLIES) {
            json_complain(at, "more than %d supplies", MCU_MAX_SUPPLIES);
            return;
        }
        mcu->supply_count++;
        (void)snprintf(supply->name, sizeof supply->name, "%s", json_key_of(at));
        (void)mcu_script_get(registers, at, &supply->script);
    }
}

/* Undone by clearing the same fields, so that nothing but fields may be set. */
static void read_wake(const struct json_value *list, const struct board_mcu *facts)
{
    if (list == NULL) {
        return;
    }
    if (facts->debug_ap == 0xFF || facts->dbgmcu_place_count == 0) {
        json_complain(list, "needs $.debug.debug_ap and $.debug.dbgmcu_at: what it goes through");
    }
    for (size_t i = 0; i < facts->debug_wake.count; i++) {
        if (facts->debug_wake.steps[i].kind != ABI_REG_MODIFY) {
            json_complain(list, "takes only steps that set fields of registers");
            return;
        }
    }
}

static void read_file(const struct json_value *root, struct board_mcu *facts, struct mcu *mcu)
{
    static const struct json_key keys[] = {{"mcu", true}, {"family", true}, {"debug", true},
        {"ram", true}, {"internal_flash", true}, {"clocks", true}, {"registers", true},
        {"known_state", true}, {"debug_setup", true}, {"debug_clear", true}, {"debug_wake", false},
        {"supplies", false}, {"controllers", true}, {"gpio", true}, {"pins", true}, {NULL, false}};
    const struct json_value *registers = json_member(root, "registers");

    if ((!json_check_object(root, keys) && registers == NULL) ||
        !json_check_kind(registers, JSON_OBJECT)) {
        return;
    }
    (void)json_take_text(root, "mcu", facts->name, sizeof facts->name);
    (void)json_take_text(root, "family", facts->family, sizeof facts->family);
    read_debug(json_member(root, "debug"), facts);
    read_ram(json_member(root, "ram"), facts);
    read_flash(json_member(root, "internal_flash"), &facts->flash);
    (void)mcu_script_get(registers, json_member(root, "known_state"), &facts->known_state);
    (void)mcu_script_get(registers, json_member(root, "debug_setup"), &facts->debug_setup);
    (void)mcu_script_get(registers, json_member(root, "debug_clear"), &facts->debug_clear);
    (void)mcu_script_get(registers, json_member(root, "debug_wake"), &facts->debug_wake);
    read_wake(json_member(root, "debug_wake"), facts);
    read_supplies(registers, json_member(root, "supplies"), mcu);
    mcu_read_clocks(registers, json_member(root, "clocks"), mcu);
    mcu_read_controllers(registers, json_member(root, "controllers"), mcu);
    mcu_read_gpios(registers, json_member(root, "gpio"), mcu);
    mcu_read_pins(json_member(root, "pins"), mcu);
}

bool mcu_load(const char *path, struct board_mcu *facts, struct mcu *mcu, struct error *err)
{
    struct json *json = NULL;
    bool good = false;

    memset(facts, 0, sizeof *facts);
    memset(mcu, 0, sizeof *mcu);
    if (!json_load(path, ERROR_BOARD_BAD, &json, err)) {
        return false;
    }
    read_file(json_root(json), facts, mcu);
    good = json_finish(json, err);
    json_free(json);
    return good;
}

void mcu_free(struct board_mcu *facts, struct mcu *mcu)
{
    free(facts->debug_setup.steps);
    free(facts->debug_clear.steps);
    free(facts->debug_wake.steps);
    free(facts->known_state.steps);
    free(mcu->fast.steps);
    for (size_t i = 0; i < mcu->supply_count; i++) {
        free(mcu->supplies[i].script.steps);
    }
    for (size_t i = 0; i < mcu->gpio_count; i++) {
        free(mcu->gpios[i].power.steps);
    }
    for (size_t i = 0; i < mcu->controller_count; i++) {
        for (size_t k = 0; k < mcu->controllers[i].port_count; k++) {
            free(mcu->controllers[i].ports[k].route.steps);
        }
    }
    free(mcu->pins);
}

const struct mcu_controller *mcu_controller_find(const struct mcu *mcu, const char *name)
{
    for (size_t i = 0; i < mcu->controller_count; i++) {
        if (strcmp(mcu->controllers[i].name, name) == 0) {
            return &mcu->controllers[i];
        }
    }
    return NULL;
}
