/* Motorola S-records (M68000 family: S-record format, in srec(5)). */
#include "host/image/image_formats.h"
#include "host/image/image_text.h"

#include <inttypes.h>

enum record_use { USE_NONE, USE_HEADER, USE_DATA, USE_COUNT, USE_START };

struct record_kind {
    enum record_use use;
    unsigned addr_bytes;
};

static const struct record_kind kinds[10] = {
    [0] = {USE_HEADER, 2},
    [1] = {USE_DATA, 2},
    [2] = {USE_DATA, 3},
    [3] = {USE_DATA, 4},
    [4] = {USE_NONE, 0}, /* reserved */
    [5] = {USE_COUNT, 2},
    [6] = {USE_COUNT, 3},
    [7] = {USE_START, 4},
    [8] = {USE_START, 3},
    [9] = {USE_START, 2},
};

struct record {
    const struct record_kind *kind;
    uint32_t addr;
    uint8_t data[IMAGE_RECORD_BYTES];
    uint8_t count;
};

struct reader {
    struct image_text text;
    struct image *image;
    struct image_builder *builder;
    uint32_t data_records;
    bool has_ended;
};

bool image_srec_looks(const uint8_t *bytes, size_t size_bytes)
{
    struct image_text text;
    struct error ignored;
    uint8_t value = 0;
    unsigned i = 0;

    image_text_init(&text, "", bytes, size_bytes);
    if (!image_text_next_line(&text) || image_text_peek(&text) != 'S') {
        return false;
    }
    image_text_skip(&text);
    if (image_text_peek(&text) < '0' || image_text_peek(&text) > '9') {
        return false;
    }
    image_text_skip(&text);
    for (i = 0; i < 4; i++) { /* count, address, checksum: every record has at least these */
        if (!image_text_byte(&text, &value, &ignored)) {
            return false;
        }
    }
    return true;
}

static bool read_kind(struct image_text *text, struct record *record, struct error *err)
{
    int digit = 0;

    if (image_text_peek(text) != 'S') {
        (void)image_text_fail(text, err, "a record starts with 'S'");
        return false;
    }
    image_text_skip(text);
    digit = image_text_peek(text);
    if (digit < '0' || digit > '9' || kinds[digit - '0'].use == USE_NONE) {
        (void)image_text_fail(text, err, "there is no such record type");
        return false;
    }
    image_text_skip(text);
    record->kind = &kinds[digit - '0'];
    return true;
}

/* Count, address, data, checksum: the ones' complement of the sum of all bytes before. */
static bool read_record(struct image_text *text, struct record *record, struct error *err)
{
    uint8_t left = 0;
    uint8_t sum = 0;
    uint8_t value = 0;
    unsigned addr_bytes = 0;
    unsigned i = 0;

    if (!read_kind(text, record, err) || !image_text_byte(text, &left, err)) {
        return false;
    }
    addr_bytes = record->kind->addr_bytes;
    if (left < addr_bytes + 1) {
        return image_text_fail(text, err, "a count of %u is too small for this record", left);
    }
    sum = left;
    record->addr = 0;
    record->count = (uint8_t)(left - addr_bytes - 1);
    for (i = 0; i < addr_bytes; i++) {
        if (!image_text_byte(text, &value, err)) {
            return false;
        }
        record->addr = record->addr << 8 | value;
        sum = (uint8_t)(sum + value);
    }
    for (i = 0; i < record->count; i++) {
        if (!image_text_byte(text, &record->data[i], err)) {
            return false;
        }
        sum = (uint8_t)(sum + record->data[i]);
    }
    if (!image_text_byte(text, &value, err)) {
        return false;
    }
    sum = (uint8_t)~sum;
    if (value != sum) {
        return image_text_fail(text, err, "the checksum is %02X where %02X is right", value, sum);
    }
    return image_text_end_line(text, err);
}

static bool take_record(struct reader *reader, const struct record *record, struct error *err)
{
    switch (record->kind->use) {
    case USE_DATA:
        reader->data_records++;
        if (record->count > UINT64_C(0x100000000) - record->addr) {
            return image_text_fail(
                &reader->text, err, "the record runs past the 32-bit address space");
        }
        return image_builder_add(
            reader->builder, record->addr, record->data, record->count, reader->text.line, err);
    case USE_COUNT:
        if (record->addr != reader->data_records) {
            return image_text_fail(&reader->text, err,
                "the file announces %" PRIu32 " data records and has %" PRIu32, record->addr,
                reader->data_records);
        }
        break;
    case USE_START:
        reader->image->has_entry = record->addr != 0;
        reader->image->entry_addr = record->addr;
        reader->has_ended = true;
        break;
    case USE_HEADER:
    case USE_NONE:
        break;
    }
    return true;
}

bool image_srec_parse(const struct image_source *source, struct image *image,
    struct image_builder *builder, struct error *err)
{
    struct reader reader = {.image = image, .builder = builder};
    struct record record = {0};

    image_text_init(&reader.text, source->path, source->bytes, source->size_bytes);
    while (image_text_next_line(&reader.text)) {
        if (reader.has_ended) {
            return image_text_fail(&reader.text, err, "data after the last record");
        }
        if (!read_record(&reader.text, &record, err) || !take_record(&reader, &record, err)) {
            return false;
        }
    }
    if (!reader.has_ended) {
        return image_text_fail(
            &reader.text, err, "the last record (S7, S8 or S9) is missing: the file is cut short");
    }
    return true;
}
