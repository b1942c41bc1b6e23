/* target/registers.csv, which tools/check_registers.py joins to the reference, says what the code
 * says: each row is looked up in the headers. */
#include <criterion/criterion.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 32768, XSPI2_BASE = 0x5200A000, LINE_BYTES = 128 };

static char headers[TEXT_BYTES];

static void append_file(const char *path)
{
    size_t used = strlen(headers);
    FILE *file = fopen(path, "r");

    cr_assert_not_null(file, "%s", path);
    used += fread(headers + used, 1, sizeof headers - 1 - used, file);
    headers[used] = '\0';
    (void)fclose(file);
}

/* The text behind a name, its blanks, and "=" in an enum; NULL when the name is not there. */
static const char *value_of(const char *name)
{
    size_t length = strlen(name);

    for (const char *at = strstr(headers, name); at != NULL; at = strstr(at + 1, name)) {
        const char *behind = at + length;

        if (at[-1] == ' ' && *behind == ' ') {
            return behind + strspn(behind, " =");
        }
    }
    return NULL;
}

struct row {
    const char *peripheral; /* into the line */
    const char *reg;
    uint32_t addr;
    const char *field;
    uint32_t bit;
    uint32_t width;
};

static bool parse_row(char *line, struct row *row)
{
    char *cells[6] = {line};

    for (int i = 1; i < 6; i++) {
        cells[i] = strchr(cells[i - 1], ',');
        if (cells[i] == NULL) {
            return false;
        }
        *cells[i]++ = '\0';
    }
    row->peripheral = cells[0];
    row->reg = cells[1];
    row->field = cells[3];
    row->addr = (uint32_t)strtoul(cells[2], NULL, 16);
    row->bit = (uint32_t)strtoul(cells[4], NULL, 10);
    row->width = (uint32_t)strtoul(cells[5], NULL, 10);
    return true;
}

static const char *prefix_of(const struct row *row)
{
    if (strcmp(row->peripheral, "XSPI2") == 0) {
        return "XSPI";
    }
    return strcmp(row->peripheral, "DEBUG") == 0 ? "DCB" : row->peripheral;
}

static void check_register(const struct row *row)
{
    bool based = strcmp(row->peripheral, "XSPI2") == 0;
    const char *suffix = strcmp(row->peripheral, "NVIC") == 0 ? "0" : "";
    char name[LINE_BYTES * 2];
    const char *value = NULL;

    (void)snprintf(name, sizeof name, "%s_%s%s", prefix_of(row), row->reg, suffix);
    value = value_of(name);
    cr_assert_not_null(value, "%s is in no header", name);
    cr_assert_eq(strtoul(value, NULL, 16) + (based ? (unsigned long)XSPI2_BASE : 0ul), row->addr,
        "%s", name);
}

static void check_field(const struct row *row)
{
    char name[LINE_BYTES * 2];
    char expected[32];
    const char *value = NULL;

    (void)snprintf(name, sizeof name, "%s_%s_%s%s", prefix_of(row), row->reg, row->field,
        row->width > 1 ? "_POS" : "");
    (void)snprintf(expected, sizeof expected, row->width > 1 ? "%u\n" : "(1u << %u)", row->bit);
    value = value_of(name);
    cr_assert_not_null(value, "%s is in no header", name);
    cr_assert_eq(strncmp(value, expected, strlen(expected)), 0, "%s: expected %s", name, expected);
}

Test(registers, stand_in_the_list_as_in_the_headers)
{
    FILE *file = fopen(XFLASH_SOURCE_DIR "/target/registers.csv", "r");
    char line[LINE_BYTES];
    unsigned checked = 0;

    append_file(XFLASH_SOURCE_DIR "/target/driver/xspi_regs.h");
    append_file(XFLASH_SOURCE_DIR "/target/driver/core_regs.h");
    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        struct row row;

        if (line[0] == '#' || strncmp(line, "peripheral,", 11) == 0) {
            continue;
        }
        cr_assert(parse_row(line, &row), "%s", line);
        if (row.field[0] == '\0') {
            check_register(&row);
        } else {
            check_field(&row);
        }
        checked++;
    }
    (void)fclose(file);
    cr_assert_gt(checked, 90, "%u rows", checked);
}
