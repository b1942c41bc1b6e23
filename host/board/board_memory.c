/* The `memories` of a board file: controller, part, pins. */
#include "host/board/board_details.h"
#include "host/board/files.h"
#include "host/board/part_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pins ---- */

/* The alternate function that gives pin the signal. */
static bool pin_has_signal(const struct mcu_pin *pin, const char *signal, uint8_t *alternate)
{
    for (size_t i = 0; i < pin->function_count; i++) {
        if (strcmp(pin->functions[i].signal, signal) == 0) {
            *alternate = pin->functions[i].alternate;
            return true;
        }
    }
    return false;
}

/* The same for any of the signals that a port has for a role; *choice: which one. */
static bool pin_has_role(const struct mcu_pin *pin, const struct mcu_port *port, size_t role,
    size_t *choice, uint8_t *alternate)
{
    for (size_t i = 0; i < MCU_SIGNAL_CHOICES; i++) {
        if (port->signals[role][i][0] != '\0' &&
            pin_has_signal(pin, port->signals[role][i], alternate)) {
            *choice = i;
            return true;
        }
    }
    return false;
}

/* The port of the controller that most of the pins belong to. */
static const struct mcu_port *find_port(
    const struct mcu_controller *controller, const struct mcu_pin *const pins[MCU_ROLES])
{
    const struct mcu_port *best = NULL;
    size_t best_count = 0;

    for (size_t p = 0; p < controller->port_count; p++) {
        size_t count = 0;

        for (size_t role = 0; role < MCU_ROLES; role++) {
            size_t choice = 0;
            uint8_t alternate = 0;

            count += pins[role] != NULL &&
                     pin_has_role(pins[role], &controller->ports[p], role, &choice, &alternate);
        }
        if (best == NULL || count > best_count) {
            best = &controller->ports[p];
            best_count = count;
        }
    }
    return best;
}

/* A pin that could take the role, for a message; NULL when the package has none. */
static const char *suggest_pin(const struct mcu *mcu, const struct mcu_port *port, size_t role)
{
    for (size_t i = 0; i < mcu->pin_count; i++) {
        size_t choice = 0;
        uint8_t alternate = 0;

        if (pin_has_role(&mcu->pins[i], port, role, &choice, &alternate)) {
            return mcu->pins[i].name;
        }
    }
    return NULL;
}

static void complain_about_role(const struct json_value *at, const struct mcu *mcu,
    const struct board_memory_details *memory, size_t role)
{
    const struct mcu_pin *pin = memory->pins[role];
    const char *other = suggest_pin(mcu, memory->port, role);
    char has[100] = "no line of a memory";
    size_t used = 0;

    for (size_t i = 0; i < pin->function_count; i++) {
        used += (size_t)snprintf(has + used, used < sizeof has ? sizeof has - used : 0, "%s%s",
            i == 0 ? "" : ", ", pin->functions[i].signal);
    }
    json_complain(at, "%s cannot be %s of %s on its port %s: it has %s%s%s%s", pin->name,
        mcu_role_names[role], memory->controller->name, memory->port->name, has,
        other != NULL ? "; " : "", other != NULL ? other : "", other != NULL ? " can" : "");
}

static void resolve_pins(
    const struct json_value *table, struct board *board, struct board_memory_details *memory)
{
    memory->port = find_port(memory->controller, memory->pins);
    for (size_t role = 0; memory->port != NULL && role < MCU_ROLES; role++) {
        size_t choice = 0;

        if (memory->pins[role] == NULL) {
            continue;
        }
        if (!pin_has_role(
                memory->pins[role], memory->port, role, &choice, &memory->alternates[role])) {
            complain_about_role(
                json_member(table, mcu_role_names[role]), &board->details->mcu, memory, role);
            memory->pins_are_good = false;
        } else if (role == MCU_NCS) {
            memory->second_select = choice == 1;
        }
    }
}

/* One line of the table; its key has been checked. */
static void read_pin(const struct json_value *value, struct board *board,
    const struct board_memory *facts, struct board_memory_details *memory)
{
    char user[48];

    (void)snprintf(user, sizeof user, "%s of %s", json_key_of(value), facts->name);
    for (size_t role = 0; role < MCU_ROLES; role++) {
        if (strcmp(mcu_role_names[role], json_key_of(value)) == 0) {
            memory->pins[role] = board_use_pin(board, value, user);
            memory->pins_are_good = memory->pins_are_good && memory->pins[role] != NULL;
        }
    }
}

static void read_pins(const struct json_value *table, struct board *board,
    const struct board_memory *facts, struct board_memory_details *memory)
{
    struct json_key keys[MCU_ROLES + 1] = {{NULL, false}};

    for (size_t role = 0; role < MCU_ROLES; role++) {
        keys[role].name = mcu_role_names[role];
        keys[role].required =
            role == MCU_CLK || role == MCU_NCS || role == MCU_IO0 || role == MCU_IO0 + 1;
    }
    if (table == NULL || !json_check_object(table, keys)) {
        return;
    }
    memory->pins_are_good = true;
    for (const struct json_value *at = json_first(table); at != NULL; at = json_next(at)) {
        read_pin(at, board, facts, memory);
    }
    if (memory->controller != NULL) {
        resolve_pins(table, board, memory);
    }
}

unsigned board_wired_lines(const struct board_memory_details *memory)
{
    unsigned lines = 0;

    while (lines < 8 && memory->pins[MCU_IO0 + lines] != NULL) {
        lines++;
    }
    if (memory->controller != NULL && lines > memory->controller->lines) {
        lines = memory->controller->lines;
    }
    return lines == 8 ? 8 : lines >= 4 ? 4 : lines >= 2 ? 2 : 1;
}

/* ---- GPIO steps and quirks ---- */

static void read_gpio_step(
    const struct json_value *value, struct board *board, struct board_memory_details *memory)
{
    static const struct json_key keys[] = {
        {"pin", true}, {"drive", true}, {"wait_us", false}, {NULL, false}};
    static const char *const drives[] = {"low", "high", "float", NULL};
    struct board_gpio_step *step = &memory->gpio[memory->gpio_count];
    const struct json_value *pin = json_member(value, "pin");
    size_t drive = 0;

    if (!json_check_object(value, keys)) {
        return;
    }
    /* A reset pulse names its pin several times: low, wait, high. */
    for (size_t i = 0; i < memory->gpio_count && step->pin == NULL; i++) {
        const char *name = json_kind_of(pin) == JSON_STRING ? json_get_string(pin) : "";

        if (strcmp(memory->gpio[i].pin->name, name) == 0) {
            step->pin = memory->gpio[i].pin;
        }
    }
    if (step->pin == NULL) {
        step->pin = board_use_pin(board, pin, "a GPIO step");
    }
    if (json_take_choice(value, "drive", drives, &drive)) {
        step->drive = (enum board_drive)drive;
    }
    (void)json_take_u32(value, "wait_us", 1, 1000000, &step->wait_us);
    memory->gpio_count += step->pin != NULL;
}

static void read_gpio(
    const struct json_value *list, struct board *board, struct board_memory_details *memory)
{
    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        if (memory->gpio_count == BOARD_MAX_GPIO_STEPS) {
            json_complain(at, "more than %d steps", BOARD_MAX_GPIO_STEPS);
            return;
        }
        read_gpio_step(at, board, memory);
    }
}

static void read_quirks(const struct json_value *list, struct board_memory_details *memory)
{
    static const char *const names[] = {"pull-up-data", "no-release", NULL};
    size_t index = 0;

    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        if (json_get_choice(at, names, &index)) {
            memory->quirks |= UINT32_C(1) << index;
        }
    }
}

/* ---- controller and part ---- */

static void read_controller(const struct json_value *value, struct board *board,
    struct board_memory *memory, struct board_memory_details *details)
{
    const struct mcu *mcu = &board->details->mcu;
    const char *names[MCU_MAX_CONTROLLERS + 1] = {NULL};
    size_t index = 0;

    for (size_t i = 0; i < mcu->controller_count; i++) {
        names[i] = mcu->controllers[i].name;
    }
    if (value == NULL || mcu->controller_count == 0 || !json_get_choice(value, names, &index)) {
        return;
    }
    for (size_t i = 0; i < board->memory_count; i++) {
        if (board->details->memories[i].controller == &mcu->controllers[index]) {
            json_complain(
                value, "%s already has the memory \"%s\"", names[index], board->memories[i].name);
        }
    }
    details->controller = &mcu->controllers[index];
    (void)snprintf(memory->controller, sizeof memory->controller, "%s", names[index]);
    memory->window_addr = details->controller->window_addr;
    memory->window_bytes = details->controller->window_bytes;
}

static void read_part(const struct json_value *value, const struct board *board,
    struct board_memory *memory, struct error *err)
{
    char *path = NULL;

    if (value == NULL || !json_get_text(value, memory->part_name, sizeof memory->part_name)) {
        return;
    }
    memory->part_is_auto = strcmp(memory->part_name, "auto") == 0;
    if (memory->part_is_auto) {
        return;
    }
    path = files_find(board->details->folder, "memories", memory->part_name);
    if (path == NULL) {
        char **names = files_names("memories");
        const char *nearest =
            names == NULL ? NULL : json_nearest(memory->part_name, (const char *const *)names);

        json_complain(value, "memory part \"%s\" is not known; %s%s%s", memory->part_name,
            nearest != NULL ? "did you mean \"" : "\"auto\" asks the chip",
            nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
        files_free_names(names);
    } else if (!part_load_beside(board->details->folder, memory->part_name, &memory->part, err)) {
        (void)error_add_context(err, "reading the part of memory \"%s\"", memory->name);
    }
    free(path);
}

/* ---- buses ---- */

const char *board_mode_obstacle(
    const struct board_memory_details *memory, const struct part_mode *mode)
{
    uint8_t bus[3] = {1, 1, 1};
    unsigned lines = 1;

    (void)part_parse_bus(mode->name, bus);
    for (size_t i = 0; i < 3; i++) {
        unsigned needs = bus[i] & ABI_BUS_LINES_MASK;

        lines = needs > lines ? needs : lines;
    }
    if (lines > board_wired_lines(memory)) {
        return "needs more data lines than are wired";
    }
    if (mode->needs_dqs && memory->pins[MCU_DQS] == NULL) {
        return "needs the DQS pin";
    }
    return NULL;
}

/* Bits moved per clock in the data phase. */
static unsigned mode_width(const struct part_mode *mode)
{
    uint8_t bus[3] = {1, 1, 1};

    (void)part_parse_bus(mode->name, bus);
    return (bus[2] & ABI_BUS_LINES_MASK) * ((bus[2] & ABI_BUS_DTR) != 0 ? 2 : 1);
}

const struct part_mode *board_pick_mode(
    const struct board_memory_details *details, const struct part *part, const char *name)
{
    const struct part_mode *best = NULL;

    for (size_t i = 0; i < part->mode_count; i++) {
        const struct part_mode *mode = &part->modes[i];

        if (board_mode_obstacle(details, mode) != NULL) {
            continue;
        }
        if (strcmp(name, mode->name) == 0) {
            return mode;
        }
        if (best == NULL || mode_width(mode) > mode_width(best)) {
            best = mode;
        }
    }
    return strcmp(name, "auto") == 0 ? best : NULL;
}

static void read_bus(const struct json_value *value, const struct board_memory *memory,
    const struct board_memory_details *details, char name[16])
{
    const char *names[PART_MAX_MODES + 2] = {"auto"};
    const struct part_mode *mode = NULL;
    size_t choice = 0;

    (void)snprintf(name, 16, "auto");
    if (value == NULL) {
        return;
    }
    for (size_t i = 0; i < memory->part.mode_count; i++) {
        names[i + 1] = memory->part.modes[i].name;
    }
    if (memory->part_is_auto || memory->part.mode_count == 0) {
        uint8_t bus[3];

        if (json_get_text(value, name, 16) && strcmp(name, "auto") != 0 &&
            !part_parse_bus(name, bus)) {
            json_complain(value, "expected \"auto\" or a mode such as \"8D-8D-8D\"");
        }
        return;
    }
    if (!json_get_choice(value, names, &choice)) {
        return;
    }
    (void)snprintf(name, 16, "%s", names[choice]);
    mode = choice == 0 ? NULL : &memory->part.modes[choice - 1];
    if (mode != NULL && details->controller != NULL && details->pins_are_good &&
        board_mode_obstacle(details, mode) != NULL) {
        json_complain(value, "%s %s", mode->name, board_mode_obstacle(details, mode));
    }
}

static void read_memory(const struct json_value *value, struct board *board, struct error *err)
{
    static const struct json_key keys[] = {{"name", true}, {"kind", true}, {"controller", true},
        {"part", true}, {"pins", true}, {"program_bus", false}, {"run_bus", false},
        {"supply_mv", false}, {"overrides", false}, {"gpio", false}, {"quirks", false},
        {NULL, false}};
    static const char *const kinds[] = {"nor", "psram", NULL};
    struct board_memory *memory = &board->memories[board->memory_count];
    struct board_memory_details *details = &board->details->memories[board->memory_count];
    const struct json_value *name = json_member(value, "name");
    size_t kind = 0;

    if (!json_check_object(value, keys) && json_kind_of(value) != JSON_OBJECT) {
        return;
    }
    if (name != NULL && json_get_text(name, memory->name, sizeof memory->name) &&
        (strcmp(memory->name, "internal") == 0 || board_memory_find(board, memory->name) != NULL)) {
        json_complain(name, "the name \"%s\" is taken", memory->name);
    }
    (void)json_take_choice(value, "kind", kinds, &kind);
    memory->kind = kind == 0 ? BOARD_MEMORY_NOR : BOARD_MEMORY_PSRAM;
    read_controller(json_member(value, "controller"), board, memory, details);
    read_part(json_member(value, "part"), board, memory, err);
    read_pins(json_member(value, "pins"), board, memory, details);
    read_bus(json_member(value, "program_bus"), memory, details, details->program_bus);
    read_bus(json_member(value, "run_bus"), memory, details, details->run_bus);
    (void)json_take_u32(value, "supply_mv", 1000, 5500, &memory->supply_mv);
    board_read_overrides(json_member(value, "overrides"), &details->overrides);
    if (!memory->part_is_auto && memory->part.mode_count > 0) {
        (void)board_apply_overrides(
            &details->overrides, json_member(value, "overrides"), &memory->part, err);
    }
    read_gpio(json_member(value, "gpio"), board, details);
    read_quirks(json_member(value, "quirks"), details);
    board->memory_count++;
}

void board_read_memories(const struct json_value *list, struct board *board, struct error *err)
{
    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        if (board->memory_count == BOARD_MAX_MEMORIES) {
            json_complain(at, "more than %d memories", BOARD_MAX_MEMORIES);
            return;
        }
        read_memory(at, board, err);
        if (err->code != ERROR_NONE) {
            return;
        }
    }
}
