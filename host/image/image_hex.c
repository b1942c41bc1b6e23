/* Intel HEX (Intel, Hexadecimal Object File Format Specification, revision A, 1988). */
#include "host/image/image_formats.h"
#include "host/image/image_text.h"

#include <inttypes.h>

enum record_type {
    RECORD_DATA = 0,
    RECORD_END = 1,
    RECORD_SEGMENT_BASE = 2,
    RECORD_SEGMENT_START = 3,
    RECORD_LINEAR_BASE = 4,
    RECORD_LINEAR_START = 5,
    RECORD_TYPES = 6
};

/* Number of data bytes that a type must have; -1: any. */
static const int record_sizes[RECORD_TYPES] = {[RECORD_DATA] = -1,
    [RECORD_END] = 0,
    [RECORD_SEGMENT_BASE] = 2,
    [RECORD_SEGMENT_START] = 4,
    [RECORD_LINEAR_BASE] = 2,
    [RECORD_LINEAR_START] = 4};

struct record {
    uint8_t count;
    uint16_t addr;
    uint8_t type;
    uint8_t data[IMAGE_RECORD_BYTES];
};

struct reader {
    struct image_text text;
    struct image *image;
    struct image_builder *builder;
    uint32_t base_addr;
    bool is_segmented;
    bool has_ended;
};

bool image_hex_looks(const uint8_t *bytes, size_t size_bytes)
{
    struct image_text text;
    struct error ignored;
    uint8_t value = 0;
    unsigned i = 0;

    image_text_init(&text, "", bytes, size_bytes);
    if (!image_text_next_line(&text) || image_text_peek(&text) != ':') {
        return false;
    }
    image_text_skip(&text);
    for (i = 0; i < 4; i++) {
        if (!image_text_byte(&text, &value, &ignored)) {
            return false;
        }
    }
    return value < RECORD_TYPES;
}

/* ":", count, address, type, data, checksum: all bytes together are 0 modulo 256. */
static bool read_record(struct image_text *text, struct record *record, struct error *err)
{
    uint8_t head[4] = {0};
    uint8_t sum = 0;
    uint8_t checksum = 0;
    unsigned i = 0;

    if (image_text_peek(text) != ':') {
        return image_text_fail(text, err, "a record starts with ':'");
    }
    image_text_skip(text);
    for (i = 0; i < sizeof head; i++) {
        if (!image_text_byte(text, &head[i], err)) {
            return false;
        }
        sum = (uint8_t)(sum + head[i]);
    }
    record->count = head[0];
    record->addr = (uint16_t)(head[1] << 8 | head[2]);
    record->type = head[3];
    for (i = 0; i < record->count; i++) {
        if (!image_text_byte(text, &record->data[i], err)) {
            return false;
        }
        sum = (uint8_t)(sum + record->data[i]);
    }
    if (!image_text_byte(text, &checksum, err)) {
        return false;
    }
    if ((uint8_t)(sum + checksum) != 0) {
        return image_text_fail(
            text, err, "the checksum is %02X where %02X is right", checksum, (uint8_t)(0 - sum));
    }
    return image_text_end_line(text, err);
}

static uint32_t number(const uint8_t *bytes, unsigned count)
{
    uint32_t value = 0;
    unsigned i = 0;

    for (i = 0; i < count; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static void set_entry(struct image *image, uint32_t addr)
{
    image->has_entry = true;
    image->entry_addr = addr;
}

/* Inside a segment (types 02) the address wraps after 64 KB by the specification, while common
 * tools go on: such a record means two things, so it is refused. */
static bool add_data(struct reader *reader, const struct record *record, struct error *err)
{
    if (reader->is_segmented && record->count > 0x10000U - record->addr) {
        return image_text_fail(
            &reader->text, err, "the record runs past the end of its 64 KB segment");
    }
    if (record->count > UINT64_C(0x100000000) - reader->base_addr - record->addr) {
        return image_text_fail(&reader->text, err, "the record runs past the 32-bit address space");
    }
    return image_builder_add(reader->builder, reader->base_addr + record->addr, record->data,
        record->count, reader->text.line, err);
}

static bool take_record(struct reader *reader, const struct record *record, struct error *err)
{
    if (record->type >= RECORD_TYPES) {
        return image_text_fail(&reader->text, err, "record type %02X is unknown", record->type);
    }
    if (record_sizes[record->type] >= 0 && record->count != record_sizes[record->type]) {
        return image_text_fail(&reader->text, err,
            "a record of type %02X has %d data bytes, not %u", record->type,
            record_sizes[record->type], record->count);
    }
    switch ((enum record_type)record->type) {
    case RECORD_DATA:
        return add_data(reader, record, err);
    case RECORD_END:
        reader->has_ended = true;
        break;
    case RECORD_SEGMENT_BASE:
        reader->base_addr = number(record->data, 2) << 4;
        reader->is_segmented = true;
        break;
    case RECORD_LINEAR_BASE:
        reader->base_addr = number(record->data, 2) << 16;
        reader->is_segmented = false;
        break;
    case RECORD_SEGMENT_START:
        set_entry(reader->image, (number(record->data, 2) << 4) + number(record->data + 2, 2));
        break;
    case RECORD_LINEAR_START:
        set_entry(reader->image, number(record->data, 4));
        break;
    case RECORD_TYPES:
        break;
    }
    return true;
}

bool image_hex_parse(const struct image_source *source, struct image *image,
    struct image_builder *builder, struct error *err)
{
    struct reader reader = {.image = image, .builder = builder};
    struct record record = {0};

    image_text_init(&reader.text, source->path, source->bytes, source->size_bytes);
    while (image_text_next_line(&reader.text)) {
        if (reader.has_ended) {
            return image_text_fail(&reader.text, err, "data after the end record");
        }
        if (!read_record(&reader.text, &record, err) || !take_record(&reader, &record, err)) {
            return false;
        }
    }
    if (!reader.has_ended) {
        return image_text_fail(
            &reader.text, err, "the end record (:00000001FF) is missing: the file is cut short");
    }
    return true;
}
