/* Bus operations as part files write them. */
#include "host/board/part_read.h"

#include <stdlib.h>
#include <string.h>

const char *const part_op_names[] = {"read", "program", "write_enable", "write_disable",
    "read_status", "read_fail", "read_id", "chip_erase", NULL};

struct abi_bus_op *part_mode_op(struct part_mode *mode, const char *name)
{
    struct abi_bus_op *const members[] = {&mode->read, &mode->program, &mode->write_enable,
        &mode->write_disable, &mode->read_status, &mode->read_fail, &mode->read_id,
        &mode->chip_erase};

    for (size_t i = 0; part_op_names[i] != NULL; i++) {
        if (strcmp(part_op_names[i], name) == 0) {
            return members[i];
        }
    }
    return NULL;
}

bool part_parse_bus(const char *name, uint8_t bus[3])
{
    for (size_t i = 0; i < 3; i++) {
        if (strchr("1248", name[0]) == NULL || name[0] == '\0' ||
            (name[1] != 'S' && name[1] != 'D') || name[2] != (i < 2 ? '-' : '\0')) {
            return false;
        }
        bus[i] = (uint8_t)((unsigned)(name[0] - '0') | (name[1] == 'D' ? ABI_BUS_DTR : 0U));
        name += 3;
    }
    return true;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *found = c == '\0' ? NULL : strchr(digits, c);

    return found == NULL ? -1 : (int)((found - digits) % 16);
}

bool part_get_bytes(const struct json_value *value, uint8_t *bytes, size_t capacity, size_t *count)
{
    const char *text = json_get_string(value);

    *count = 0;
    while (text != NULL && *text != '\0') {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);

        if (low < 0 || *count == capacity) {
            json_complain(
                value, "expected at most %zu bytes in hexadecimal, such as \"C2 81\"", capacity);
            return false;
        }
        bytes[(*count)++] = (uint8_t)(high << 4 | low);
        text += 2;
        text += strspn(text, " ");
    }
    return text != NULL;
}

static bool get_opcode(const struct json_value *value, struct abi_bus_op *op)
{
    uint8_t bytes[2] = {0, 0};
    size_t count = 0;

    if (!part_get_bytes(value, bytes, sizeof bytes, &count)) {
        return false;
    }
    if (count == 0) {
        json_complain(value, "expected an opcode of one or two bytes");
        return false;
    }
    op->opcode_bytes = (uint8_t)count;
    op->opcode = count == 1 ? bytes[0] : (uint16_t)((uint32_t)bytes[0] << 8 | bytes[1]);
    return true;
}

static void read_alternate(const struct json_value *value, uint8_t bus, struct abi_bus_op *op)
{
    uint8_t bytes[4];
    size_t count = 0;

    if (value == NULL || !part_get_bytes(value, bytes, sizeof bytes, &count)) {
        return;
    }
    op->alternate_bytes = (uint8_t)count;
    op->alternate_bus = bus;
    for (size_t i = 0; i < count; i++) {
        op->alternate = op->alternate << 8 | bytes[i];
    }
}

static void read_dummy(
    const struct json_value *value, struct part_mode *mode, struct abi_bus_op *op)
{
    uint32_t cycles = 0;

    if (value == NULL) {
        return;
    }
    if (json_kind_of(value) == JSON_STRING && strcmp(json_get_string(value), "code") == 0 &&
        op == &mode->read) {
        mode->dummy_by_code = true;
    } else if (json_get_u32(value, 0, 31, &cycles)) {
        op->dummy_cycles = (uint8_t)cycles;
    }
}

static void read_data(const struct json_value *value, const uint8_t bus[3], struct abi_bus_op *op)
{
    static const char *const directions[] = {"read", "write", NULL};
    size_t direction = 0;
    bool flag = false;

    if (json_take_choice(value, "data", directions, &direction)) {
        op->data_bus = bus[2];
        op->flags = direction == 1 ? ABI_OP_WRITE : 0;
        op->data_bytes = 1;
    }
    (void)json_take_u32(value, "bytes", 1, 256, &op->data_bytes);
    if (json_take_bool(value, "dqs", &flag) && flag) {
        op->flags |= ABI_OP_DQS;
    }
    flag = false;
    if (json_take_bool(value, "doubled", &flag) && flag) {
        op->flags |= ABI_OP_DOUBLED;
    }
}

bool part_read_op(const struct json_value *value, const uint8_t bus[3], struct part_mode *mode,
    struct abi_bus_op *op)
{
    static const struct json_key keys[] = {{"opcode", true}, {"bus", false}, {"address", false},
        {"at", false}, {"alternate", false}, {"dummy", false}, {"data", false}, {"bytes", false},
        {"dqs", false}, {"doubled", false}, {NULL, false}};
    const struct json_value *own_bus = json_member(value, "bus");
    uint8_t lanes[3] = {bus[0], bus[1], bus[2]};
    char name[16];
    uint32_t addr_bytes = 0;

    memset(op, 0, sizeof *op);
    if (!json_check_object(value, keys) || !get_opcode(json_member(value, "opcode"), op)) {
        return false;
    }
    if (own_bus != NULL && json_get_text(own_bus, name, sizeof name) &&
        !part_parse_bus(name, lanes)) {
        json_complain(own_bus, "expected lanes such as \"1S-4S-4S\", found \"%s\"", name);
    }
    op->opcode_bus = lanes[0];
    if (json_take_u32(value, "address", 3, 4, &addr_bytes)) {
        op->addr_bytes = (uint8_t)addr_bytes;
        op->addr_bus = lanes[1];
    }
    (void)json_take_u32(value, "at", 0, UINT32_MAX, &op->addr);
    read_alternate(json_member(value, "alternate"), lanes[1], op);
    read_dummy(json_member(value, "dummy"), mode, op);
    read_data(value, lanes, op);
    return true;
}

/* ---- steps ---- */

/* Index of the mode whose name is the first `length` bytes of text, or part->mode_count. */
static size_t find_mode(const struct part *part, const char *text, size_t length)
{
    size_t index = 0;

    while (index < part->mode_count && (strlen(part->modes[index].name) != length ||
                                           memcmp(part->modes[index].name, text, length) != 0)) {
        index++;
    }
    return index;
}

bool part_find_op(
    const struct json_value *value, const struct part_source *source, struct abi_bus_op *op)
{
    const char *text = json_get_string(value);
    size_t length = text == NULL ? 0 : strcspn(text, " ");
    size_t index = 0;

    if (text == NULL) {
        return false;
    }
    index = find_mode(source->part, text, length);
    for (size_t i = 0;
         index < source->part->mode_count && text[length] == ' ' && i < source->tables[index].count;
         i++) {
        if (strcmp(source->tables[index].ops[i].name, text + length + 1) == 0) {
            *op = source->tables[index].ops[i].op;
            return true;
        }
    }
    json_complain(value, "expected a mode and one of its operations, found \"%s\"", text);
    return false;
}

static void read_step_data(const struct json_value *value, struct abi_bus_step *step, bool *is_code)
{
    size_t count = 0;

    if (value == NULL) {
        return;
    }
    if (json_kind_of(value) == JSON_STRING && strcmp(json_get_string(value), "dummy code") == 0) {
        *is_code = true;
        step->data_count = 1;
    } else if (part_get_bytes(value, step->data, sizeof step->data, &count)) {
        step->data_count = (uint8_t)count;
    }
    step->op.data_bytes = step->data_count;
}

static void read_poll(const struct json_value *value, struct abi_bus_step *step)
{
    uint32_t number = 0;

    if (json_take_u32(value, "mask", 1, 255, &number)) {
        step->mask = (uint8_t)number;
    }
    if (json_take_u32(value, "match", 0, 255, &number)) {
        step->match = (uint8_t)number;
    }
    (void)json_take_u32(value, "timeout_us", 1, 600000000, &step->timeout_us);
}

static void read_wait(const struct json_value *value, struct abi_bus_step *step)
{
    step->kind = ABI_STEP_WAIT;
    if (json_kind_of(value) != JSON_STRING || strcmp(json_get_string(value), "reset") != 0) {
        (void)json_get_u32(value, 1, 10000000, &step->timeout_us);
    }
}

static void read_step(const struct json_value *value, const struct part_source *source,
    struct abi_bus_step *step, bool *is_code)
{
    static const struct json_key keys[] = {{"exec", false}, {"quiet", false}, {"poll", false},
        {"expect", false}, {"wait_us", false}, {"switch", false}, {"at", false}, {"data", false},
        {"mask", false}, {"match", false}, {"timeout_us", false}, {NULL, false}};
    static const struct {
        const char *key;
        enum abi_bus_step_kind kind;
    } kinds[] = {{"exec", ABI_STEP_EXEC}, {"quiet", ABI_STEP_QUIET}, {"poll", ABI_STEP_POLL},
        {"expect", ABI_STEP_EXPECT}};
    bool on = false;

    if (!json_check_object(value, keys)) {
        return;
    }
    if (json_take_bool(value, "switch", &on)) {
        step->kind = ABI_STEP_CTRL;
        step->index = PART_CTRL_OF_MODE;
        return;
    }
    if (json_member(value, "wait_us") != NULL) {
        read_wait(json_member(value, "wait_us"), step);
        return;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct json_value *name = json_member(value, kinds[i].key);

        if (name != NULL && part_find_op(name, source, &step->op)) {
            step->kind = (uint8_t)kinds[i].kind;
        }
    }
    if (step->kind == 0) {
        json_complain(value,
            "expected one of \"exec\", \"quiet\", \"poll\", \"expect\", \"wait_us\", "
            "\"switch\"");
        return;
    }
    (void)json_take_u32(value, "at", 0, UINT32_MAX, &step->op.addr);
    read_step_data(json_member(value, "data"), step, is_code);
    read_poll(value, step);
}

void part_read_steps(const struct json_value *list, const struct part_source *source,
    struct abi_bus_step *steps, size_t capacity, size_t *count, uint16_t *dummy_steps)
{
    *count = 0;
    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        bool is_code = false;

        if (*count == capacity) {
            json_complain(at, "more than %zu steps", capacity);
            return;
        }
        read_step(at, source, &steps[*count], &is_code);
        if (is_code && dummy_steps == NULL) {
            json_complain(at, "the dummy code is not known here");
        } else if (is_code) {
            *dummy_steps = (uint16_t)(*dummy_steps | 1U << *count);
        }
        (*count)++;
    }
}
