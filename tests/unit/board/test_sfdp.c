/* Every published dump of tests/data/sfdp against values decoded independently (expected.json). */
#include "host/base/os.h"
#include "host/board/json.h"
#include "host/board/sfdp.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER XFLASH_SOURCE_DIR "/tests/data/sfdp/"

enum { MAX_DUMP_BYTES = 2048 };

static unsigned digit(int c)
{
    return c <= '9' ? (unsigned)c - '0' : (unsigned)c - 'a' + 10;
}

static size_t read_dump(const char *name, uint8_t *bytes)
{
    char path[512];
    uint8_t *text = NULL;
    size_t text_bytes = 0;
    size_t count = 0;
    struct error err = {0};

    (void)snprintf(path, sizeof path, FOLDER "%s.hex", name);
    cr_assert(os_read_file(path, 8192, ERROR_HOST_IO, &text, &text_bytes, &err), "%s", path);
    for (size_t i = 0; i + 1 < text_bytes;) {
        if (text[i] == '\n') {
            i++;
            continue;
        }
        bytes[count++] = (uint8_t)(digit(text[i]) << 4 | digit(text[i + 1]));
        i += 2;
    }
    free(text);
    return count;
}

/* Some sources publish the basic table alone: a header is put in front. */
static size_t wrap_basic_table(uint8_t *bytes, size_t count)
{
    const uint8_t header[16] = {
        'S', 'F', 'D', 'P', 8, 1, 0, 0xFF, 0x00, 8, 1, (uint8_t)(count / 4), 16, 0, 0, 0xFF};

    memmove(bytes + sizeof header, bytes, count);
    memcpy(bytes, header, sizeof header);
    return count + sizeof header;
}

static struct json *load_expected(void)
{
    struct json *json = NULL;
    struct error err = {0};

    cr_assert(json_load(FOLDER "expected.json", ERROR_BOARD_BAD, &json, &err), "%s", err.message);
    return json;
}

static uint32_t number_at(const struct json_value *list, size_t index)
{
    const struct json_value *at = json_first(list);
    uint32_t number = 0;

    while (index > 0) {
        at = json_next(at);
        index--;
    }
    cr_assert(json_get_u32(at, 0, UINT32_MAX, &number));
    return number;
}

static uint32_t number_of(const struct json_value *object, const char *key)
{
    uint32_t number = 0;

    cr_assert(json_take_u32(object, key, 0, UINT32_MAX, &number), "%s", key);
    return number;
}

static void check_erase(const char *name, const struct json_value *list, const struct sfdp *sfdp)
{
    size_t i = 0;

    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at), i++) {
        cr_assert_eq(sfdp->erase[i].size_bytes, number_of(at, "size"), "%s type %zu", name, i);
        cr_assert_eq(sfdp->erase[i].opcode, number_of(at, "opcode"), "%s type %zu", name, i);
        cr_assert_eq(
            sfdp->erase[i].typical_us, number_of(at, "typical_ms") * 1000, "%s type %zu", name, i);
        cr_assert_eq(sfdp->erase[i].max_us, number_of(at, "max_ms") * 1000, "%s type %zu", name, i);
    }
}

static void check_dump(const struct json_value *expected, const struct sfdp *sfdp)
{
    const char *name = json_key_of(expected);
    const struct json_value *program = json_member(expected, "program_us");
    const struct json_value *chip = json_member(expected, "chip_erase_ms");
    bool swaps = false;
    bool four_byte = false;

    cr_assert(json_take_bool(expected, "swaps", &swaps));
    cr_assert(json_take_bool(expected, "four_byte", &four_byte));
    cr_assert_eq(sfdp->access_protocol, number_of(expected, "access"), "%s", name);
    cr_assert_eq(sfdp->size_bytes, number_of(expected, "size"), "%s", name);
    cr_assert_eq(sfdp->page_bytes, number_of(expected, "page"), "%s", name);
    check_erase(name, json_member(expected, "erase"), sfdp);
    cr_assert_eq(sfdp->program_typical_us, number_at(program, 0), "%s", name);
    cr_assert_eq(sfdp->program_max_us, number_at(program, 1), "%s", name);
    cr_assert_eq(sfdp->chip_erase_typical_us, number_at(chip, 0) * UINT64_C(1000), "%s", name);
    cr_assert_eq(sfdp->chip_erase_max_us, number_at(chip, 1) * UINT64_C(1000), "%s", name);
    cr_assert_eq(sfdp->quad_enable, number_of(expected, "quad_enable"), "%s", name);
    cr_assert_eq(sfdp->command_extension, number_of(expected, "extension"), "%s", name);
    cr_assert_eq(sfdp->swaps_bytes_8d, swaps, "%s", name);
    cr_assert_eq(sfdp->max_hz_8s, number_of(expected, "hz_8s"), "%s", name);
    cr_assert_eq(sfdp->max_hz_8d, number_of(expected, "hz_8d"), "%s", name);
    cr_assert_eq(sfdp->octal_read_opcode, number_of(expected, "octal_read"), "%s", name);
    cr_assert_eq(sfdp->has_four_byte_table, four_byte, "%s", name);
}

Test(sfdp, decodes_every_published_dump)
{
    struct json *json = load_expected();
    size_t dumps = 0;

    for (const struct json_value *at = json_first(json_root(json)); at != NULL;
         at = json_next(at)) {
        const struct json_value *tables = json_member(at, "tables");
        uint8_t bytes[MAX_DUMP_BYTES];
        size_t count = read_dump(json_key_of(at), bytes);
        struct sfdp sfdp;
        struct error err = {0};

        if (json_member(at, "basic_only") != NULL) {
            count = wrap_basic_table(bytes, count);
        }
        cr_assert(sfdp_decode(bytes, count, &sfdp, &err), "%s: %s", json_key_of(at), err.message);
        for (size_t i = 0; i < json_count(tables); i++) {
            cr_assert_eq(sfdp.tables[i].id, number_at(tables, i), "%s", json_key_of(at));
        }
        check_dump(at, &sfdp);
        dumps++;
    }
    cr_assert_eq(dumps, 37);
    json_free(json);
}

Test(sfdp, knows_how_far_to_read)
{
    uint8_t bytes[MAX_DUMP_BYTES];
    size_t count = read_dump("macronix_mx25uw25645g", bytes);
    size_t extent = 0;
    struct error err = {0};

    cr_assert_eq(count, 316);
    cr_assert(sfdp_extent(bytes, 8 + 8 * 5, &extent, &err), "%s", err.message);
    cr_assert_eq(extent, 316);
    cr_assert_not(sfdp_extent(bytes, 20, &extent, &err));
    cr_assert_str_eq(err.message, "SFDP: 5 tables announced, but the data end after 20 bytes");
}

static void refuse(const uint8_t *bytes, size_t count, const char *message)
{
    struct sfdp sfdp;
    struct error err = {0};

    cr_assert_not(sfdp_decode(bytes, count, &sfdp, &err));
    cr_assert_str_eq(err.message, message);
}

Test(sfdp, says_what_is_wrong)
{
    uint8_t bytes[MAX_DUMP_BYTES];
    uint8_t blank[16];

    (void)read_dump("macronix_mx25uw25645g", bytes);
    memset(blank, 0xFF, sizeof blank);
    refuse(blank, sizeof blank, "SFDP: the memory answers only FF");
    memset(blank, 0, sizeof blank);
    refuse(blank, sizeof blank, "SFDP: the memory answers only 00");
    refuse(bytes, 4, "SFDP: 4 bytes are too few for a header");
    refuse(bytes, 100, "SFDP: there is no basic table");
    bytes[0] = 'F';
    bytes[1] = 'S';
    refuse(bytes, 316, "SFDP: signature 46 53 44 50 instead of 53 46 44 50");
}

Test(sfdp, refuses_a_density_that_makes_no_sense)
{
    uint8_t bytes[MAX_DUMP_BYTES];

    (void)read_dump("macronix_mx25uw25645g", bytes);
    memset(bytes + 0x40 + 4, 0, 4);
    refuse(bytes, 316, "SFDP: density word 0x00000000 makes no sense");
    memset(bytes + 0x40 + 4, 0xFF, 4);
    refuse(bytes, 316, "SFDP: density word 0xFFFFFFFF makes no sense");
}

/* ---- parts ---- */

static struct part part_of(const char *name, const uint8_t id[3])
{
    uint8_t bytes[MAX_DUMP_BYTES];
    size_t count = read_dump(name, bytes);
    struct sfdp sfdp;
    struct part part;
    struct error err = {0};

    cr_assert(sfdp_decode(bytes, count, &sfdp, &err), "%s", err.message);
    cr_assert(sfdp_to_part(&sfdp, id, 3, &part, &err), "%s: %s", name, err.message);
    return part;
}

Test(sfdp, makes_a_part_with_four_byte_opcodes)
{
    static const uint8_t id[3] = {0xC2, 0x81, 0x39};
    struct part part = part_of("macronix_mx25uw25645g", id);
    const struct part_mode *mode = part_mode_find(&part, "1S-1S-1S");

    cr_assert_str_eq(part.name, "SFDP C2 81 39");
    cr_assert_eq(part.size_bytes, 32u << 20);
    cr_assert_eq(part.erase_count, 2);
    cr_assert_eq(part.erase[0].size_bytes, 4096);
    cr_assert_eq(part.erase[0].max_us, 500000);
    cr_assert_not_null(mode);
    cr_assert_eq(mode->read.opcode, 0x0C);
    cr_assert_eq(mode->read.addr_bytes, 4);
    cr_assert_eq(mode->read.dummy_cycles, 8);
    cr_assert_eq(mode->program.opcode, 0x12);
    cr_assert_eq(mode->erase[0].opcode, 0x21);
    cr_assert_eq(mode->erase[1].opcode, 0xDC);
    cr_assert_eq(mode->enter_count, 0);
}

Test(sfdp, makes_a_part_with_three_byte_addresses)
{
    static const uint8_t id[3] = {0xEF, 0x40, 0x18};
    struct part part = part_of("winbond_w25q128jv", id);
    const struct part_mode *mode = &part.modes[0];

    cr_assert_eq(part.size_bytes, 16u << 20);
    cr_assert_eq(part.erase_count, 3);
    cr_assert_eq(mode->read.opcode, 0x0B);
    cr_assert_eq(mode->read.addr_bytes, 3);
    cr_assert_eq(mode->program.opcode, 0x02);
    cr_assert_eq(mode->erase[1].opcode, 0x52);
    cr_assert_eq(part.erase[2].size_bytes, 65536);
}

Test(sfdp, sorts_erase_types_and_drops_those_without_a_four_byte_opcode)
{
    static const uint8_t id[3] = {0x20, 0xBB, 0x20};
    struct part part = part_of("micron_mt25qu512a", id);

    cr_assert_eq(part.erase_count, 2, "%zu", part.erase_count);
    cr_assert_eq(part.erase[0].size_bytes, 4096);
    cr_assert_eq(part.modes[0].erase[0].opcode, 0x21);
    cr_assert_eq(part.erase[1].size_bytes, 65536);
    cr_assert_eq(part.modes[0].erase[1].opcode, 0xDC);
}

/* Two sizes for one opcode: the larger claim can only leave too little erased, which is found out;
 * the smaller could erase a neighbour's bytes. */
Test(sfdp, takes_the_larger_of_two_sizes_with_one_opcode)
{
    static const uint8_t id[3] = {0x34, 0x2B, 0x19};
    struct part part = part_of("infineon_s25fs256t", id);

    cr_assert_eq(part.erase_count, 1);
    cr_assert_eq(part.erase[0].size_bytes, 131072);
    cr_assert_eq(part.page_bytes, 128);
}

Test(sfdp, uses_only_the_largest_unit_of_a_part_with_a_sector_map)
{
    static const uint8_t id[3] = {0x34, 0x5B, 0x1C};
    struct part part = part_of("infineon_s28hs02gt", id);

    cr_assert_eq(part.erase_count, 1);
    cr_assert_eq(part.erase[0].size_bytes, 262144);
    cr_assert_eq(part.modes[0].erase[0].opcode, 0xDC);
}

Test(sfdp, bounds_times_that_an_old_table_does_not_have)
{
    static const uint8_t id[3] = {0xC2, 0x20, 0x18};
    struct part part = part_of("macronix_mx25l12835f", id);

    cr_assert_eq(part.program_max_us, 10000);
    cr_assert_eq(part.erase[0].max_us, 8000000);
    cr_assert_eq(part.chip_erase_max_us, 650000000);
}

Test(sfdp, refuses_a_large_part_without_a_way_to_address_it)
{
    static const uint8_t id[3] = {0xC2, 0x20, 0x19};
    uint8_t bytes[MAX_DUMP_BYTES];
    size_t count = read_dump("qemu_mx25l25635e", bytes);
    struct sfdp sfdp;
    struct part part;
    struct error err = {0};

    cr_assert(sfdp_decode(bytes, count, &sfdp, &err), "%s", err.message);
    cr_assert_not(sfdp_to_part(&sfdp, id, 3, &part, &err));
    cr_assert_eq(err.code, ERROR_MEMORY_WRONG_ID);
    cr_assert_str_eq(err.message,
        "SFDP names no way to address more than 16 MiB of this memory: it needs a part file");
}

Test(sfdp, describes_itself)
{
    uint8_t bytes[MAX_DUMP_BYTES];
    size_t count = read_dump("macronix_mx25uw25645g", bytes);
    struct sfdp sfdp;
    struct error err = {0};
    char *text = NULL;

    cr_assert(sfdp_decode(bytes, count, &sfdp, &err));
    cr_assert(sfdp_describe(&sfdp, &text, &err));
    cr_assert_str_eq(text,
        "SFDP 1.8, access protocol FDh, 5 tables:\n"
        "  FF00 1.7, 20 dwords at 0x40: basic\n"
        "  FF87 1.1, 28 dwords at 0x90: status and control registers\n"
        "  FF0A 1.0, 8 dwords at 0x100: sequence to 8D-8D-8D\n"
        "  FF05 1.0, 5 dwords at 0x120: xSPI profile 1\n"
        "  FF84 1.0, 2 dwords at 0x134: 4-byte addresses\n"
        "size 32768 KiB, page 256 bytes\n"
        "erase 4 KiB: 20h, typically 25 ms, at most 500 ms\n"
        "erase 64 KiB: D8h, typically 256 ms, at most 5120 ms\n"
        "chip erase: typically 76000 ms, at most 1520000 ms\n"
        "page program: typically 152 us, at most 4256 us\n"
        "octal: 8S up to 200 MHz, 8D up to 200 MHz, 8D read EEh, second opcode byte inverted, "
        "byte pairs swapped in 8D\n");
    free(text);
}

/* ---- hostile input ---- */

/* A repeatable random number (xorshift); only its spread matters. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* In a buffer of exactly its size, so that a sanitizer sees one byte too many. */
static bool decode_copy(const uint8_t *bytes, size_t count)
{
    uint8_t *copy = malloc(count > 0 ? count : 1);
    struct sfdp sfdp;
    struct part part;
    struct error err = {0};
    size_t extent = 0;
    char *text = NULL;
    bool good = false;

    cr_assert_not_null(copy);
    memcpy(copy, bytes, count);
    good = sfdp_decode(copy, count, &sfdp, &err);
    if (sfdp_extent(copy, count, &extent, &err)) {
        cr_assert_leq(extent, 8192);
    }
    if (good) {
        cr_assert(sfdp_describe(&sfdp, &text, &err));
        free(text);
        if (sfdp_to_part(&sfdp, bytes, 3, &part, &err)) {
            cr_assert_leq(part.erase_count, PART_MAX_ERASE);
            for (size_t i = 0; i < part.erase_count; i++) {
                cr_assert_leq(part.erase[i].size_bytes, part.size_bytes);
                cr_assert_gt(part.erase[i].max_us, 0);
            }
        }
    }
    free(copy);
    return good;
}

Test(sfdp, survives_every_truncation)
{
    uint8_t bytes[MAX_DUMP_BYTES];
    size_t count = read_dump("infineon_s28hs02gt", bytes);

    for (size_t length = 0; length < count; length++) {
        (void)decode_copy(bytes, length);
    }
}

Test(sfdp, survives_mutated_tables)
{
    static const char *const names[] = {"macronix_mx25uw25645g", "infineon_s28hs02gt",
        "micron_mt25qu512a", "clone_zetta_zd25q128c", "infineon_s25fs256t"};
    uint32_t state = 4711;
    size_t accepted = 0;

    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        uint8_t original[MAX_DUMP_BYTES];
        size_t count = read_dump(names[n], original);

        for (int round = 0; round < 10000; round++) {
            uint8_t bytes[MAX_DUMP_BYTES];
            uint32_t changes = 1 + next_random(&state) % 8;

            memcpy(bytes, original, count);
            for (uint32_t i = 0; i < changes; i++) {
                size_t at = next_random(&state) % (i % 2 == 0 ? 64 : count);

                bytes[at] = (uint8_t)next_random(&state);
            }
            accepted += decode_copy(bytes, count - next_random(&state) % 9);
        }
    }
    cr_assert_gt(accepted, 1000);
}
