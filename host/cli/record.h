/* One JSON object under construction: the records of --json and --report. */
#ifndef HOST_CLI_RECORD_H
#define HOST_CLI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record {
    char *text; /* owned; zero-terminated once finished */
    size_t used;
    size_t capacity;
    bool needs_comma;
    bool failed; /* out of memory: the record is dropped */
};

/* Every name is a key of the object that is open; NULL inside an array. */
void record_begin(struct record *record, const char *type);
void record_text(struct record *record, const char *name, const char *value);
void record_text_count(struct record *record, const char *name, const char *value, size_t count);
void record_u64(struct record *record, const char *name, uint64_t value);
void record_i64(struct record *record, const char *name, int64_t value);
/* value in thousandths, written with up to three decimals. */
void record_milli(struct record *record, const char *name, uint64_t value);
void record_bool(struct record *record, const char *name, bool value);
void record_hex(struct record *record, const char *name, const uint8_t *bytes, size_t count);
void record_open_array(struct record *record, const char *name);
void record_close_array(struct record *record);
void record_open_object(struct record *record, const char *name);
void record_close_object(struct record *record);
/* Ends the object with a line feed. NULL when memory ran out. */
const char *record_finish(struct record *record);
void record_free(struct record *record);

#endif
