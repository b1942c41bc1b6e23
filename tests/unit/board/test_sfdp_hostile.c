/* SFDP tables that lie: nothing is read past the end, and nothing impossible is believed. */
#include "sfdp_dumps.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

Test(sfdp_hostile, survives_every_truncation)
{
    uint8_t bytes[MAX_DUMP_BYTES];
    size_t count = read_dump("infineon_s28hs02gt", bytes);

    for (size_t length = 0; length < count; length++) {
        (void)decode_copy(bytes, length);
    }
}

Test(sfdp_hostile, survives_mutated_tables)
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

/* ---- tables made by hand ---- */

enum { BASIC_AT = 0x80, MADE_BYTES = 1024 };

static void put32(uint8_t *bytes, size_t offset, uint32_t value)
{
    for (size_t i = 0; i < 4; i++) {
        bytes[offset + i] = (uint8_t)(value >> 8 * i);
    }
}

struct made_table {
    uint16_t id;
    uint8_t minor;
    uint8_t dwords;
    uint32_t offset;
};

static void put_header(uint8_t *bytes, const struct made_table *tables, size_t count)
{
    memset(bytes, 0xFF, MADE_BYTES);
    memcpy(bytes, "SFDP\x08\x01", 6);
    bytes[6] = (uint8_t)(count - 1);
    for (size_t i = 0; i < count; i++) {
        uint8_t *header = bytes + 8 + 8 * i;

        put32(header, 4, tables[i].offset);
        header[0] = (uint8_t)tables[i].id;
        header[1] = tables[i].minor;
        header[2] = 1;
        header[3] = tables[i].dwords;
        header[7] = (uint8_t)(tables[i].id >> 8);
    }
}

/* A basic table of 1 MiB with 4 KiB and 64 KiB erases. */
static void put_basic(uint8_t *bytes, size_t offset, size_t dwords)
{
    memset(bytes + offset, 0, dwords * 4);
    put32(bytes, offset + 4, 0x007FFFFF);
    put32(bytes, offset + 28, 0xD810200C);
}

static bool decode(const uint8_t *bytes, struct sfdp *sfdp)
{
    struct error err = {0};

    return sfdp_decode(bytes, MADE_BYTES, sfdp, &err);
}

Test(sfdp_hostile, takes_the_newest_basic_table_that_is_there)
{
    const struct made_table tables[] = {{0xFF00, 0, 9, 0x80}, {0xFF00, 6, 16, 0x100},
        {0xFF00, 7, 4, 0x180}, {0xFF00, 8, 20, MADE_BYTES - 40}, {0xFF00, 9, 20, 0xFFFFF0}};
    uint8_t bytes[MADE_BYTES];
    struct sfdp sfdp;

    put_header(bytes, tables, 5);
    put_basic(bytes, 0x80, 9);
    put_basic(bytes, 0x100, 16);
    put32(bytes, 0x104, 0x00FFFFFF); /* 2 MiB: to tell them apart */
    cr_assert(decode(bytes, &sfdp));
    cr_assert_eq(sfdp.size_bytes, 2u << 20);
    cr_assert_eq(sfdp.basic_minor, 6);
    cr_assert_eq(sfdp.basic_dwords, 16);
    bytes[8 + 8 + 2] = 2; /* a major revision that is not known */
    cr_assert(decode(bytes, &sfdp));
    cr_assert_eq(sfdp.size_bytes, 1u << 20);
    put_header(bytes, tables + 2, 3);
    cr_assert_not(decode(bytes, &sfdp));
}

Test(sfdp_hostile, takes_the_longest_of_two_equally_new_tables)
{
    const struct made_table tables[] = {
        {0xFF00, 6, 9, 0x80}, {0xFF00, 6, 16, 0x100}, {0xFF00, 6, 10, 0x180}};
    uint8_t bytes[MADE_BYTES];
    struct sfdp sfdp;

    put_header(bytes, tables, 3);
    put_basic(bytes, 0x80, 9);
    put_basic(bytes, 0x100, 16);
    put_basic(bytes, 0x180, 10);
    cr_assert(decode(bytes, &sfdp));
    cr_assert_eq(sfdp.basic_dwords, 16);
}

Test(sfdp_hostile, refuses_a_major_revision_that_is_unknown)
{
    const struct made_table table = {0xFF00, 6, 9, BASIC_AT};
    uint8_t bytes[MADE_BYTES];
    struct sfdp sfdp;
    struct error err = {0};
    size_t extent = 0;

    put_header(bytes, &table, 1);
    put_basic(bytes, BASIC_AT, 9);
    bytes[5] = 2;
    cr_assert_not(sfdp_decode(bytes, MADE_BYTES, &sfdp, &err));
    cr_assert_str_eq(err.message, "SFDP: major revision 2 is unknown");
    cr_assert_not(sfdp_extent(bytes, MADE_BYTES, &extent, &err));
    cr_assert_eq(extent, 0);
}

/* The shortest table that is decoded says nothing of any field, and offers no dummy codes. */
Test(sfdp_hostile, finds_no_fields_in_a_short_register_table)
{
    const struct made_table tables[] = {{0xFF00, 6, 9, BASIC_AT}, {0xFF87, 0, 4, 0x200}};
    uint8_t bytes[MADE_BYTES];
    struct sfdp sfdp;
    uint8_t code = 0;

    put_header(bytes, tables, 2);
    put_basic(bytes, BASIC_AT, 9);
    cr_assert(decode(bytes, &sfdp));
    cr_assert(sfdp.registers.present);
    for (size_t i = 0; i < SFDP_FIELDS; i++) {
        cr_assert_not(sfdp.registers.fields[i].valid, "%zu", i);
    }
    cr_assert_not(sfdp_dummy_code(&sfdp, 20, &code));
    cr_assert(sfdp.busy_by_status && !sfdp.busy_by_flags, "what every chip has");
}

Test(sfdp_hostile, lists_tables_that_are_not_there_without_decoding_them)
{
    const struct made_table tables[] = {{0xFF00, 6, 9, BASIC_AT}, {0xFF84, 0, 255, 0xFFFFFC},
        {0xFF05, 0, 5, MADE_BYTES - 16}, {0xFF87, 0, 28, 0xFFFFFF}, {0xFF81, 0, 200, 0x380},
        {0xFF0A, 0, 1, BASIC_AT}};
    uint8_t bytes[MADE_BYTES];
    struct sfdp sfdp;
    size_t extent = 0;
    struct error err = {0};

    put_header(bytes, tables, 6);
    put_basic(bytes, BASIC_AT, 9);
    cr_assert(decode(bytes, &sfdp));
    cr_assert_eq(sfdp.table_count, 6);
    cr_assert_eq(sfdp.four_byte_ops, 0);
    cr_assert_not(sfdp.xspi.present);
    cr_assert_not(sfdp.registers.present);
    cr_assert_eq(sfdp.sequence_count, 0);
    cr_assert(sfdp.sector_map.present && !sfdp.sector_map.complete, "known to be missing");
    cr_assert(sfdp_extent(bytes, MADE_BYTES, &extent, &err));
    cr_assert_eq(extent, 0x380 + 800, "wild pointers cost nothing");
}

Test(sfdp_hostile, has_no_more_tables_than_it_can_list)
{
    struct made_table tables[40];
    uint8_t bytes[MADE_BYTES];
    struct sfdp sfdp;

    for (size_t i = 0; i < 40; i++) {
        tables[i] = (struct made_table){0xFF00, 0, 9, 0x200};
    }
    put_header(bytes, tables, 40);
    put_basic(bytes, 0x200, 9);
    bytes[6] = 0xFF;
    cr_assert(decode(bytes, &sfdp));
    cr_assert_eq(sfdp.table_count, SFDP_TABLE_LIMIT);
}

Test(sfdp_hostile, refuses_erase_types_that_cannot_be)
{
    const struct made_table table = {0xFF00, 6, 9, BASIC_AT};
    uint8_t bytes[MADE_BYTES];
    struct sfdp sfdp;
    struct error err = {0};

    put_header(bytes, &table, 1);
    put_basic(bytes, BASIC_AT, 9);
    put32(bytes, BASIC_AT + 28, 0xD8202020);
    cr_assert_not(sfdp_decode(bytes, MADE_BYTES, &sfdp, &err));
    cr_assert_str_eq(err.message, "SFDP: erase type 1 has the size 2^32");
    put32(bytes, BASIC_AT + 28, 0);
    cr_assert(decode(bytes, &sfdp), "no erase type at all");
    cr_assert_eq(sfdp.erase[0].size_bytes, 0);
    put32(bytes, BASIC_AT + 28, 0xD81F201E); /* 1 and 2 GiB in a chip of 1 MiB */
    cr_assert(decode(bytes, &sfdp));
    cr_assert_not(sfdp_make_part(&sfdp, bytes, 3, &(struct part){0}, &err));
}

Test(sfdp_hostile, reads_densities_up_to_a_bound)
{
    static const struct {
        uint32_t word;
        uint64_t size_bytes; /* 0: refused */
    } cases[] = {{0x0007FFFF, 65536}, {0x0007FFFE, 0}, {0x7FFFFFFF, UINT64_C(1) << 28},
        {0x80000013, 65536}, {0x80000012, 0}, {0x80000023, UINT64_C(1) << 32}, {0x80000024, 0},
        {0x80000027, 0}, {0x80000028, 0}, {0x80000040, 0}, {0xFFFFFFFF, 0}};
    const struct made_table table = {0xFF00, 6, 9, BASIC_AT};
    uint8_t bytes[MADE_BYTES];

    put_header(bytes, &table, 1);
    put_basic(bytes, BASIC_AT, 9);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sfdp sfdp;

        put32(bytes, BASIC_AT + 4, cases[i].word);
        cr_assert_eq(decode(bytes, &sfdp), cases[i].size_bytes != 0, "0x%08X", cases[i].word);
        cr_assert(cases[i].size_bytes == 0 || sfdp.size_bytes == cases[i].size_bytes, "0x%08X",
            cases[i].word);
    }
}

Test(sfdp_hostile, reads_the_longest_basic_table)
{
    const struct made_table table = {0xFF00, 9, 23, BASIC_AT};
    uint8_t bytes[MADE_BYTES];
    struct sfdp sfdp;

    put_header(bytes, &table, 1);
    put_basic(bytes, BASIC_AT, 23);
    put32(bytes, BASIC_AT + 4 * 20, 0xB);        /* 1S-1D-1D, 1S-2D-2D, 4S-4D-4D */
    put32(bytes, BASIC_AT + 4 * 21, 0xBD440D08); /* 1S-2D-2D, 1S-1D-1D */
    put32(bytes, BASIC_AT + 4 * 22, 0xED47ED46); /* 4S-4D-4D, 1S-4D-4D */
    cr_assert(decode(bytes, &sfdp));
    cr_assert_eq(sfdp.reads[SFDP_1S_1D_1D].opcode, 0x0D);
    cr_assert_eq(sfdp.reads[SFDP_1S_1D_1D].mode_clocks, 0);
    cr_assert_eq(sfdp.reads[SFDP_1S_1D_1D].wait_clocks, 8);
    cr_assert_eq(sfdp.reads[SFDP_1S_2D_2D].opcode, 0xBD);
    cr_assert_eq(sfdp.reads[SFDP_1S_2D_2D].mode_clocks, 2);
    cr_assert_eq(sfdp.reads[SFDP_1S_2D_2D].wait_clocks, 4);
    cr_assert_eq(sfdp.reads[SFDP_1S_4D_4D].opcode, 0, "its bit is not set");
    cr_assert_eq(sfdp.reads[SFDP_4S_4D_4D].opcode, 0xED);
    cr_assert_eq(sfdp.reads[SFDP_4S_4D_4D].wait_clocks, 7);
    cr_assert_eq(sfdp.reads[SFDP_1S_8S_8S].opcode, 0);
    cr_assert_eq(sfdp.suspend.erase_gap_us, 64);
    cr_assert(sfdp.busy_by_status, "a table that names neither register means 05h");
}

Test(sfdp_hostile, takes_no_opcode_of_zeros_or_ones)
{
    const struct made_table tables[] = {{0xFF00, 6, 16, BASIC_AT}, {0xFF84, 0, 2, 0x200}};
    uint8_t bytes[MADE_BYTES];
    struct sfdp sfdp;

    put_header(bytes, tables, 2);
    put_basic(bytes, BASIC_AT, 16);
    put32(bytes, BASIC_AT, 0x00710000);      /* 1S-1S-2S, 1S-2S-2S, 1S-4S-4S, 1S-1S-4S */
    put32(bytes, BASIC_AT + 8, 0x6B08FF44);  /* 1S-1S-4S, 1S-4S-4S */
    put32(bytes, BASIC_AT + 12, 0x00443B08); /* 1S-2S-2S, 1S-1S-2S */
    put32(bytes, 0x200, 0x00000642);         /* 0C, 12, erase types 1 and 2 */
    put32(bytes, 0x204, 0xDCDCFF21);
    cr_assert(decode(bytes, &sfdp));
    cr_assert_eq(sfdp.reads[SFDP_1S_1S_4S].opcode, 0x6B);
    cr_assert_eq(sfdp.reads[SFDP_1S_1S_2S].opcode, 0x3B);
    cr_assert_eq(sfdp.reads[SFDP_1S_4S_4S].opcode, 0);
    cr_assert_eq(sfdp.reads[SFDP_1S_2S_2S].opcode, 0);
    cr_assert_eq(sfdp.reads[SFDP_1S_2S_2S].wait_clocks, 0);
    cr_assert_eq(sfdp.four_byte_erase[0], 0x21);
    cr_assert_eq(sfdp.four_byte_erase[1], 0);
    cr_assert_eq(sfdp.four_byte_erase[2], 0, "its bit is not set");
}

/* ---- sector maps ---- */

static struct sfdp_sector_map map_of(const uint32_t *words, uint8_t count)
{
    const struct made_table tables[] = {
        {0xFF00, 6, 9, BASIC_AT}, {0xFF81, 0, count, MADE_BYTES - 4U * count}};
    uint8_t bytes[MADE_BYTES];
    struct sfdp sfdp;

    put_header(bytes, tables, 2);
    put_basic(bytes, BASIC_AT, 9);
    for (size_t i = 0; i < count; i++) {
        put32(bytes, tables[1].offset + 4 * i, words[i]);
    }
    cr_assert(decode(bytes, &sfdp));
    cr_assert(sfdp.sector_map.present);
    return sfdp.sector_map;
}

Test(sfdp_hostile, believes_only_maps_that_cover_the_chip)
{
    /* a detection, then one map of 128 KiB of 4 KiB units and the rest of 64 KiB ones */
    const uint32_t good[] = {0x08C06501, 4, 0x00010203, 0x0001FF01, 0x000DFF02};
    const uint32_t too_short[] = {0x00010203, 0x0001FF01, 0x000DFE02};
    const uint32_t no_such_type[] = {0x00010203, 0x0001FF01, 0x000DFF04};
    const uint32_t no_type[] = {0x00010203, 0x0001FF01, 0x000DFF00};
    const uint32_t no_end[] = {0x00010202, 0x0001FF01, 0x000DFF02};
    const uint32_t past_the_end[] = {0x00FF0203, 0x0001FF01, 0x000DFF02};
    const uint32_t cut_detection[] = {0x00010202, 0x0001FF01, 0x000DFF02, 0x08C06501};
    struct sfdp_sector_map map = map_of(good, 5);

    cr_assert(map.complete);
    cr_assert_eq(map.map_count, 1);
    cr_assert_eq(map.maps[0].number, 2);
    cr_assert_eq(map.maps[0].regions[0].size_bytes, 131072);
    cr_assert_eq(map.maps[0].regions[1].erase_types, 2);
    cr_assert_eq(map.detections[0].addr_bytes, 0xFF);
    cr_assert_eq(map.detections[0].dummy_cycles, 0);
    cr_assert_not(map_of(too_short, 3).complete);
    cr_assert_not(map_of(no_such_type, 3).complete);
    cr_assert_not(map_of(no_type, 3).complete);
    cr_assert_not(map_of(no_end, 3).complete);
    cr_assert_not(map_of(past_the_end, 3).complete);
    cr_assert_not(map_of(cut_detection, 4).complete);
    cr_assert_null(sfdp_map_find(&(struct sfdp){.sector_map = map_of(no_end, 3)}, 2));
    cr_assert_not_null(sfdp_map_find(&(struct sfdp){.sector_map = map}, 2));
}

Test(sfdp_hostile, has_no_more_detections_and_maps_than_it_can_hold)
{
    uint32_t words[120];
    size_t i = 0;

    for (i = 0; i < 40; i += 2) {
        words[i] = 0x08C06500;
        words[i + 1] = 4;
    }
    cr_assert_eq(map_of(words, 40).detection_count, SFDP_MAX_DETECTIONS);
    for (i = 0; i < 120; i += 2) {
        words[i] = 0x00000002;
        words[i + 1] = 0x000FFF03;
    }
    cr_assert_eq(map_of(words, 120).map_count, SFDP_MAX_MAPS);
    cr_assert_not(map_of(words, 120).complete);
}

/* ---- sequences ---- */

Test(sfdp_hostile, ends_a_sequence_at_an_impossible_length)
{
    const struct made_table tables[] = {{0xFF00, 6, 9, BASIC_AT}, {0xFF0A, 0, 41, 0x200}};
    uint8_t bytes[MADE_BYTES];
    struct sfdp sfdp;

    put_header(bytes, tables, 2);
    put_basic(bytes, BASIC_AT, 9);
    for (size_t i = 0; i < 20; i++) {
        put32(bytes, 0x200 + 8 * i, 0x07010203);
        put32(bytes, 0x204 + 8 * i, 0x04050607);
    }
    cr_assert(decode(bytes, &sfdp));
    cr_assert_eq(sfdp.sequence_count, SFDP_MAX_SEQUENCE, "as many as there is room for");
    cr_assert_eq(sfdp.sequence[7].bytes[6], 7);
    put32(bytes, 0x208, 0x08010203);
    cr_assert(decode(bytes, &sfdp));
    cr_assert_eq(sfdp.sequence_count, 1);
    put32(bytes, 0x200, 0x00010203);
    cr_assert(decode(bytes, &sfdp));
    cr_assert_eq(sfdp.sequence_count, 0);
}
