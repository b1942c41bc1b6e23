#include "host/flash/locate.h"

#include "host/flash/geometry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PART_TEXT_BYTES = 64, MAX_PARTS = 3 };

/* ---- numbers ---- */

static int digit_value(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    return character >= 'A' && character <= 'F' ? character - 'A' + 10 : 16;
}

/* 1, 1024 or 1024 * 1024 for what stands behind the digits; 0: something else. */
static uint64_t unit_of(const char *suffix)
{
    static const struct {
        const char *text;
        uint64_t factor;
    } units[] = {{"", 1}, {"K", 1024}, {"k", 1024}, {"KB", 1024}, {"KiB", 1024}, {"M", 1048576},
        {"m", 1048576}, {"MB", 1048576}, {"MiB", 1048576}};
    size_t i = 0;

    for (i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(suffix, units[i].text) == 0) {
            return units[i].factor;
        }
    }
    return 0;
}

/* False when text is not a number; *value beyond 32 bits stays beyond. */
static bool parse_number(const char *text, uint64_t *value)
{
    int base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
    const char *next = base == 16 ? text + 2 : text;
    uint64_t result = 0;
    uint64_t unit = 0;
    bool has_digits = false;

    for (; digit_value(*next) < base; next++) {
        has_digits = true;
        if (result <= UINT32_MAX) {
            result = result * (uint64_t)base + (uint64_t)digit_value(*next);
        }
    }
    unit = unit_of(next);
    *value = result * unit;
    return has_digits && unit != 0;
}

bool flash_locate_number(const char *text, uint32_t *value, struct error *err)
{
    uint64_t number = 0;

    if (!parse_number(text, &number)) {
        (void)error_set(err, ERROR_USAGE, "\"%s\" is not a number", text);
        error_set_hint(err, "write 4096, 0x1000, 4K or 1M");
        return false;
    }
    if (number > UINT32_MAX) {
        return error_set(err, ERROR_USAGE, "%s does not fit into 32 bits", text);
    }
    *value = (uint32_t)number;
    return true;
}

static bool is_number(const char *text)
{
    uint64_t ignored = 0;

    return parse_number(text, &ignored);
}

/* ---- names ---- */

/* A partition, a memory or "internal". */
static bool find_name(const struct board *board, const char *name, struct flash_place *place)
{
    struct board_range memory_range;
    size_t i = 0;

    for (i = 0; i < board->partition_count; i++) {
        const struct board_partition *partition = &board->partitions[i];

        if (strcmp(partition->name, name) == 0) {
            memory_range = flash_memory_range(board, partition->memory_index);
            *place = (struct flash_place){.memory = partition->memory_index,
                .partition = i,
                .addr = memory_range.addr + partition->offset,
                .offset = partition->offset,
                .room_bytes = partition->size_bytes,
                .is_named = true};
            return true;
        }
    }
    for (i = 0; i < FLASH_MEMORY_COUNT; i++) {
        if ((i < board->memory_count || i == FLASH_MEMORY_INTERNAL) &&
            strcmp(flash_memory_name(board, i), name) == 0) {
            memory_range = flash_memory_range(board, i);
            *place = (struct flash_place){.memory = i,
                .partition = FLASH_NO_PARTITION,
                .addr = memory_range.addr,
                .room_bytes = memory_range.size_bytes,
                .is_named = true};
            return true;
        }
    }
    return false;
}

/* "partitions app, data; memories flash, internal" for messages. */
static void list_names(const struct board *board, char *text, size_t text_bytes)
{
    size_t used = 0;
    size_t i = 0;

    text[0] = '\0';
    for (i = 0; i < board->partition_count && used < text_bytes; i++) {
        used += (size_t)snprintf(text + used, text_bytes - used, "%s, ", board->partitions[i].name);
    }
    for (i = 0; i < board->memory_count && used < text_bytes; i++) {
        used += (size_t)snprintf(text + used, text_bytes - used, "%s, ", board->memories[i].name);
    }
    if (used < text_bytes) {
        (void)snprintf(text + used, text_bytes - used, "internal");
    }
}

static bool unknown_name(const struct board *board, const char *name, struct error *err)
{
    char names[256];

    list_names(board, names, sizeof names);
    (void)error_set(err, ERROR_USAGE,
        "\"%s\" is neither a number nor a memory or partition of board %s", name, board->name);
    error_set_hint(err, "known names: %s", names);
    return false;
}

/* ---- addresses ---- */

static bool outside(const struct board *board, uint32_t addr, struct error *err)
{
    char known[256] = "";
    size_t used = 0;
    size_t i = 0;

    for (i = 0; i < FLASH_MEMORY_COUNT && used < sizeof known; i++) {
        if (i < board->memory_count || i == FLASH_MEMORY_INTERNAL) {
            struct board_range range = flash_memory_range(board, i);

            used += (size_t)snprintf(known + used, sizeof known - used,
                "%s%s 0x%08" PRIx32 "+0x%" PRIx32, used > 0 ? ", " : "",
                flash_memory_name(board, i), range.addr, range.size_bytes);
        }
    }
    (void)error_set(err, ERROR_IMAGE_OUT_OF_RANGE,
        "the address 0x%08" PRIx32 " lies in no memory of board %s", addr, board->name);
    error_set_hint(err, "memories: %s", known);
    error_set_addr(err, addr);
    return false;
}

static bool place_address(
    const struct board *board, uint32_t addr, struct flash_place *place, struct error *err)
{
    struct board_range range = {0};
    size_t memory = flash_memory_at(board, addr);

    if (memory == FLASH_MEMORY_COUNT) {
        return outside(board, addr, err);
    }
    range = flash_memory_range(board, memory);
    *place = (struct flash_place){.memory = memory,
        .partition = FLASH_NO_PARTITION,
        .addr = addr,
        .offset = addr - range.addr,
        .room_bytes = range.size_bytes - (addr - range.addr)};
    return true;
}

/* Moves a place forward. */
static bool advance(const char *text, uint32_t count, struct flash_place *place, struct error *err)
{
    if (count >= place->room_bytes) {
        return error_set(err, ERROR_IMAGE_OUT_OF_RANGE,
            "%s: the offset 0x%" PRIx32 " is past the end: there are 0x%" PRIx32 " bytes", text,
            count, place->room_bytes);
    }
    place->addr += count;
    place->offset += count;
    place->room_bytes -= count;
    return true;
}

/* Cuts text at '+'. Returns the number of parts, 0 when there are too many or one is too long. */
static size_t split_parts(const char *text, char parts[MAX_PARTS][PART_TEXT_BYTES])
{
    size_t count = 0;

    for (;;) {
        const char *end = strchr(text, '+');
        size_t length = end == NULL ? strlen(text) : (size_t)(end - text);

        if (count == MAX_PARTS || length >= PART_TEXT_BYTES) {
            return 0;
        }
        memcpy(parts[count], text, length);
        parts[count][length] = '\0';
        count++;
        if (end == NULL) {
            return count;
        }
        text = end + 1;
    }
}

bool flash_locate_where(
    const struct board *board, const char *text, struct flash_place *place, struct error *err)
{
    char parts[MAX_PARTS][PART_TEXT_BYTES];
    size_t count = split_parts(text, parts);
    uint32_t number = 0;

    if (count == 0 || count > 2) {
        (void)error_set(err, ERROR_USAGE, "\"%s\" is not a place", text);
        error_set_hint(err, "write an address, a name, or NAME+OFFSET");
        return false;
    }
    if (find_name(board, parts[0], place)) {
        return count == 1 ||
               (flash_locate_number(parts[1], &number, err) && advance(text, number, place, err));
    }
    if (!is_number(parts[0])) {
        return unknown_name(board, parts[0], err);
    }
    if (!flash_locate_number(parts[0], &number, err) || !place_address(board, number, place, err)) {
        return false;
    }
    return count == 1 ||
           (flash_locate_number(parts[1], &number, err) && advance(text, number, place, err));
}

/* ---- ranges ---- */

static bool set_range(const char *text, const struct flash_place *place, uint32_t size_bytes,
    struct flash_range *range, struct error *err)
{
    if (size_bytes == 0) {
        return error_set(err, ERROR_USAGE, "\"%s\" is an empty range", text);
    }
    if (size_bytes > place->room_bytes) {
        (void)error_set(err, ERROR_IMAGE_OUT_OF_RANGE,
            "the range %s is 0x%" PRIx32 " bytes long; from 0x%08" PRIx32
            " there are only 0x%" PRIx32,
            text, size_bytes, place->addr, place->room_bytes);
        error_set_addr(err, place->addr);
        return false;
    }
    *range = (struct flash_range){.memory = place->memory,
        .partition = FLASH_NO_PARTITION,
        .addr = place->addr,
        .offset = place->offset,
        .size_bytes = size_bytes};
    return true;
}

/* "A-B" with two numbers; *is_such is false for anything else. */
static bool parse_from_to(const struct board *board, const char *text, bool *is_such,
    struct flash_range *range, struct error *err)
{
    const char *dash = strchr(text, '-');
    char first[PART_TEXT_BYTES];
    struct flash_place place = {0};
    uint32_t start_addr = 0;
    uint32_t end_addr = 0;
    uint64_t end = 0;

    *is_such = false;
    if (dash == NULL || (size_t)(dash - text) >= sizeof first) {
        return true;
    }
    memcpy(first, text, (size_t)(dash - text));
    first[dash - text] = '\0';
    if (!is_number(first) || !parse_number(dash + 1, &end)) {
        return true;
    }
    *is_such = true;
    if (!flash_locate_number(first, &start_addr, err) ||
        !flash_locate_number(dash + 1, &end_addr, err) ||
        !place_address(board, start_addr, &place, err)) {
        return false;
    }
    if (end_addr <= start_addr) {
        (void)error_set(err, ERROR_USAGE, "the range %s ends before it starts", text);
        error_set_hint(err, "ADDRESS-END: END is the first address not meant; or ADDRESS+LENGTH");
        return false;
    }
    if (!set_range(text, &place, end_addr - start_addr, range, err)) {
        return false;
    }
    range->looks_inclusive = (end_addr & 0xFF) == 0xFF;
    return true;
}

static bool parse_parts(
    const struct board *board, const char *text, struct flash_range *range, struct error *err)
{
    char parts[MAX_PARTS][PART_TEXT_BYTES];
    size_t count = split_parts(text, parts);
    struct flash_place place = {0};
    uint32_t offset = 0;
    uint32_t size_bytes = 0;

    if (count > 0 && find_name(board, parts[0], &place)) {
        if (count == 2) {
            (void)error_set(err, ERROR_USAGE, "\"%s\": offset or length?", text);
            error_set_hint(err, "write %s+OFFSET+LENGTH", parts[0]);
            return false;
        }
        if (count == 1) {
            size_t partition = place.partition;
            bool ok = set_range(text, &place, place.room_bytes, range, err);

            range->partition = partition;
            return ok;
        }
        return flash_locate_number(parts[1], &offset, err) && advance(text, offset, &place, err) &&
               flash_locate_number(parts[2], &size_bytes, err) &&
               set_range(text, &place, size_bytes, range, err);
    }
    if (count != 2 || !is_number(parts[0])) {
        if (count > 0 && !is_number(parts[0])) {
            return unknown_name(board, parts[0], err);
        }
        (void)error_set(err, ERROR_USAGE, "\"%s\" is not a range", text);
        error_set_hint(err, "write ADDRESS-END, ADDRESS+LENGTH, a name, or NAME+OFFSET+LENGTH");
        return false;
    }
    return flash_locate_number(parts[0], &offset, err) &&
           place_address(board, offset, &place, err) &&
           flash_locate_number(parts[1], &size_bytes, err) &&
           set_range(text, &place, size_bytes, range, err);
}

bool flash_locate_range(
    const struct board *board, const char *text, struct flash_range *range, struct error *err)
{
    bool is_from_to = false;

    if (!parse_from_to(board, text, &is_from_to, range, err)) {
        return false;
    }
    return is_from_to || parse_parts(board, text, range, err);
}

bool flash_locate_entry(const struct board *board, struct flash_place *place, struct error *err)
{
    if (board->boot_kind != BOARD_BOOT_XFLASH) {
        (void)error_set(err, ERROR_USAGE,
            "board %s names no boot entry partition: where the image goes must be given",
            board->name);
        error_set_hint(err, "write IMAGE@ADDRESS or IMAGE@PARTITION");
        return false;
    }
    return find_name(board, board->partitions[board->boot_partition].name, place) ||
           error_set(err, ERROR_INTERNAL, "the boot partition has no place");
}

bool flash_locate_memory(
    const struct board *board, const char *name, struct flash_range *range, struct error *err)
{
    struct flash_place place = {0};
    char names[256];

    if (name == NULL || name[0] == '\0') {
        if (board->memory_count != 1) {
            list_names(board, names, sizeof names);
            (void)error_set(err, ERROR_USAGE,
                "board %s has %zu external memories: one must be named", board->name,
                board->memory_count);
            error_set_hint(err, "known names: %s", names);
            return false;
        }
        name = board->memories[0].name;
    }
    if (!find_name(board, name, &place)) {
        return unknown_name(board, name, err);
    }
    if (place.partition != FLASH_NO_PARTITION) {
        (void)error_set(err, ERROR_USAGE, "\"%s\" is a partition, not a memory", name);
        error_set_hint(err, "without --all: xflash erase %s", name);
        return false;
    }
    return set_range(name, &place, place.room_bytes, range, err);
}

size_t flash_locate_split(const char *argument, const char **where)
{
    const char *at = strrchr(argument, '@');

    *where = at == NULL ? NULL : at + 1;
    return at == NULL ? strlen(argument) : (size_t)(at - argument);
}
