#include "host/flash/journal.h"

#include "common/crc32.h"
#include "common/le.h"
#include "host/base/bytes.h"
#include "host/base/os.h"
#include "host/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file, little-endian: a header of 128 bytes (magic, version, size of the file, CRC-32 of the
 * file with this member zero, number of entries, size of the memory, MCU, memory, time), then the
 * entries: kind, offset, size, and for a KEEP entry its bytes. */
#define JOURNAL_MAGIC 0x314A4658u /* "XFJ1" */

enum {
    JOURNAL_VERSION = 1,
    HEADER_BYTES = 128,
    ENTRY_BYTES = 12,
    KIND_WORK = 1,
    KIND_KEEP = 2,
    FILE_MAX_BYTES = 512 * 1024 * 1024,
    /* Offsets in the header. */
    AT_VERSION = 4,
    AT_SIZE = 8,
    AT_CRC = 12,
    AT_COUNT = 16,
    AT_MEMORY_BYTES = 20,
    AT_UNIQUE_ID = 24,
    AT_MEMORY = 56,
    AT_WHEN = 88,
    NAME_BYTES = 32,
    WHEN_BYTES = 24
};

void flash_journal_init(
    struct flash_journal *journal, const char *unique_id, const char *memory, uint32_t memory_bytes)
{
    memset(journal, 0, sizeof *journal);
    (void)snprintf(journal->unique_id, sizeof journal->unique_id, "%s", unique_id);
    (void)snprintf(journal->memory, sizeof journal->memory, "%s", memory);
    journal->memory_bytes = memory_bytes;
}

void flash_journal_clear(struct flash_journal *journal)
{
    free(journal->keeps);
    free(journal->works);
    free(journal->storage);
    journal->keeps = NULL;
    journal->works = NULL;
    journal->storage = NULL;
    journal->keep_count = 0;
    journal->work_count = 0;
}

bool flash_journal_add_keep(
    struct flash_journal *journal, uint32_t offset, uint32_t size_bytes, const uint8_t *bytes)
{
    struct flash_journal_keep *grown =
        realloc(journal->keeps, (journal->keep_count + 1) * sizeof *grown);

    if (grown == NULL) {
        return false;
    }
    journal->keeps = grown;
    grown[journal->keep_count++] =
        (struct flash_journal_keep){.offset = offset, .size_bytes = size_bytes, .bytes = bytes};
    return true;
}

bool flash_journal_add_work(struct flash_journal *journal, uint32_t offset, uint32_t size_bytes)
{
    struct flash_journal_range *last =
        journal->work_count > 0 ? &journal->works[journal->work_count - 1] : NULL;
    struct flash_journal_range *grown = NULL;

    if (last != NULL && offset - last->offset == last->size_bytes) {
        last->size_bytes += size_bytes;
        return true;
    }
    grown = realloc(journal->works, (journal->work_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    journal->works = grown;
    grown[journal->work_count++] = (struct flash_journal_range){offset, size_bytes};
    return true;
}

bool flash_journal_drop_work(struct flash_journal *journal, uint32_t offset, uint32_t size_bytes)
{
    uint64_t end = (uint64_t)offset + size_bytes;
    struct flash_journal left = {0};
    bool ok = true;
    size_t i = 0;

    for (i = 0; i < journal->work_count && ok; i++) {
        struct flash_journal_range work = journal->works[i];
        uint64_t work_end = (uint64_t)work.offset + work.size_bytes;

        if (end <= work.offset || offset >= work_end) {
            ok = flash_journal_add_work(&left, work.offset, work.size_bytes);
            continue;
        }
        if (work.offset < offset) {
            ok = flash_journal_add_work(&left, work.offset, offset - work.offset);
        }
        if (ok && work_end > end) {
            ok = flash_journal_add_work(&left, (uint32_t)end, (uint32_t)(work_end - end));
        }
    }
    if (!ok) {
        free(left.works);
        return false;
    }
    free(journal->works);
    journal->works = left.works;
    journal->work_count = left.work_count;
    return true;
}

/* ---- the file ---- */

char *flash_journal_directory(void)
{
    char *state = os_state_directory();
    char *directory = state == NULL ? NULL : text_format("%s/journal", state);

    free(state);
    return directory;
}

/* Names come from a board file: only harmless characters reach the file system. */
static char *make_path(const char *directory, const struct flash_journal *journal)
{
    char *path = text_format("%s/%s-%s.journal", directory, journal->unique_id, journal->memory);
    char *next = path == NULL ? NULL : path + strlen(directory) + 1;

    for (; next != NULL && *next != '\0'; next++) {
        if (*next == '/' || (unsigned char)*next <= ' ') {
            *next = '_';
        }
    }
    return path;
}

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_JOURNAL_IO, "no memory for the journal");
}

static void put_entry(uint8_t *bytes, uint32_t kind, uint32_t offset, uint32_t size_bytes)
{
    le_put32(bytes, kind);
    le_put32(bytes + 4, offset);
    le_put32(bytes + 8, size_bytes);
}

static void encode(const struct flash_journal *journal, uint8_t *bytes, size_t size_bytes)
{
    size_t position = HEADER_BYTES;
    size_t i = 0;

    memset(bytes, 0, HEADER_BYTES);
    le_put32(bytes, JOURNAL_MAGIC);
    le_put32(bytes + AT_VERSION, JOURNAL_VERSION);
    le_put32(bytes + AT_SIZE, (uint32_t)size_bytes);
    le_put32(bytes + AT_COUNT, (uint32_t)(journal->keep_count + journal->work_count));
    le_put32(bytes + AT_MEMORY_BYTES, journal->memory_bytes);
    memcpy(bytes + AT_UNIQUE_ID, journal->unique_id, strlen(journal->unique_id));
    memcpy(bytes + AT_MEMORY, journal->memory, strlen(journal->memory));
    os_wall_clock_text((char *)bytes + AT_WHEN);
    for (i = 0; i < journal->work_count; i++) {
        put_entry(
            bytes + position, KIND_WORK, journal->works[i].offset, journal->works[i].size_bytes);
        position += ENTRY_BYTES;
    }
    for (i = 0; i < journal->keep_count; i++) {
        const struct flash_journal_keep *keep = &journal->keeps[i];

        put_entry(bytes + position, KIND_KEEP, keep->offset, keep->size_bytes);
        position += ENTRY_BYTES;
        memcpy(bytes + position, keep->bytes, keep->size_bytes);
        position += keep->size_bytes;
    }
    le_put32(bytes + AT_CRC, crc32_update(0, bytes, size_bytes));
}

static bool store_bytes(
    const char *directory, const char *path, const struct flash_journal *journal, struct error *err)
{
    size_t size_bytes =
        HEADER_BYTES + (journal->work_count + journal->keep_count) * (size_t)ENTRY_BYTES;
    uint8_t *bytes = NULL;
    bool ok = false;
    size_t i = 0;

    for (i = 0; i < journal->keep_count; i++) {
        size_bytes += journal->keeps[i].size_bytes;
    }
    bytes = size_bytes <= FILE_MAX_BYTES ? malloc(size_bytes) : NULL;
    if (bytes == NULL) {
        return no_memory(err);
    }
    encode(journal, bytes, size_bytes);
    ok = os_make_directories(directory, err) && os_write_file(path, bytes, size_bytes, err);
    free(bytes);
    if (!ok) {
        err->code = ERROR_JOURNAL_IO;
        (void)error_add_context(err, "writing the journal %s", path);
        error_set_hint(err, "nothing more is erased without a journal: make room or set "
                            "XDG_STATE_HOME to a folder that can be written");
    }
    return ok;
}

bool flash_journal_store(
    const char *directory, const struct flash_journal *journal, struct error *err)
{
    char *path = make_path(directory, journal);
    bool ok = false;

    if (path == NULL) {
        return no_memory(err);
    }
    if (journal->keep_count > 0 || journal->work_count > 0) {
        ok = store_bytes(directory, path, journal, err);
    } else {
        ok = os_remove_file(path) ||
             error_set(err, ERROR_JOURNAL_IO, "the journal %s cannot be removed", path);
    }
    free(path);
    return ok;
}

/* One entry, its range inside the memory. */
static bool decode_entry(struct bytes *cursor, struct flash_journal *journal)
{
    const uint8_t *entry = bytes_take(cursor, ENTRY_BYTES);
    const uint8_t *data = NULL;
    uint32_t offset = 0;
    uint32_t size_bytes = 0;

    if (entry == NULL) {
        return false;
    }
    offset = le_get32(entry + 4);
    size_bytes = le_get32(entry + 8);
    if (offset >= journal->memory_bytes || size_bytes > journal->memory_bytes - offset) {
        return false;
    }
    if (le_get32(entry) == KIND_WORK) {
        return flash_journal_add_work(journal, offset, size_bytes);
    }
    data = le_get32(entry) == KIND_KEEP ? bytes_take(cursor, size_bytes) : NULL;
    return data != NULL && flash_journal_add_keep(journal, offset, size_bytes, data);
}

static bool decode_entries(struct bytes *cursor, uint32_t count, struct flash_journal *journal)
{
    uint32_t i = 0;

    for (i = 0; i < count; i++) {
        if (!decode_entry(cursor, journal)) {
            return false;
        }
    }
    return bytes_left(cursor) == 0;
}

/* Checks size and checksum, then that it is about this memory. */
static bool decode(struct flash_journal *journal, uint8_t *bytes, size_t size_bytes)
{
    struct bytes cursor = {.data = bytes, .size_bytes = size_bytes, .position = HEADER_BYTES};
    uint32_t crc = 0;

    if (size_bytes < HEADER_BYTES || le_get32(bytes) != JOURNAL_MAGIC ||
        le_get32(bytes + AT_VERSION) != JOURNAL_VERSION ||
        le_get32(bytes + AT_SIZE) != size_bytes) {
        return false;
    }
    crc = le_get32(bytes + AT_CRC);
    le_put32(bytes + AT_CRC, 0);
    if (crc32_update(0, bytes, size_bytes) != crc ||
        le_get32(bytes + AT_MEMORY_BYTES) != journal->memory_bytes ||
        strncmp((const char *)bytes + AT_UNIQUE_ID, journal->unique_id, NAME_BYTES) != 0 ||
        strncmp((const char *)bytes + AT_MEMORY, journal->memory, NAME_BYTES) != 0) {
        return false;
    }
    memcpy(journal->when, bytes + AT_WHEN, WHEN_BYTES);
    journal->when[WHEN_BYTES - 1] = '\0';
    return decode_entries(&cursor, le_get32(bytes + AT_COUNT), journal);
}

bool flash_journal_load(const char *directory, struct flash_journal *journal, struct error *err)
{
    char *path = make_path(directory, journal);
    size_t size_bytes = 0;
    bool ok = false;

    if (path == NULL) {
        return no_memory(err);
    }
    if (!os_file_exists(path)) {
        ok = true;
        goto free_path;
    }
    if (!os_read_file(
            path, FILE_MAX_BYTES, ERROR_JOURNAL_IO, &journal->storage, &size_bytes, err)) {
        goto free_path;
    }
    ok = decode(journal, journal->storage, size_bytes);
    if (!ok) {
        flash_journal_clear(journal);
        (void)error_set(err, ERROR_JOURNAL_IO,
            "the journal %s is damaged or of another version: the bytes it kept are not known",
            path);
        error_set_hint(err, "remove it to go on without them");
    }

free_path:
    free(path);
    return ok;
}
