/* The published SFDP dumps of tests/data/sfdp. */
#ifndef TESTS_UNIT_BOARD_SFDP_DUMPS_H
#define TESTS_UNIT_BOARD_SFDP_DUMPS_H

#include "host/board/json.h"
#include "host/board/sfdp.h"

#include <stddef.h>
#include <stdint.h>

enum { MAX_DUMP_BYTES = 2048 };

/* The bytes of NAME.hex; how many. */
size_t read_dump(const char *name, uint8_t *bytes);
/* Some sources publish the basic table alone: puts a header in front. */
size_t wrap_basic_table(uint8_t *bytes, size_t count);
/* decoded.json: the values of every dump from an independent decoder. */
struct json *load_expected(void);
/* The decoded dump; errors end the test. */
struct sfdp sfdp_of(const char *name);
/* sfdp_to_part() of a dump, with an ID of three bytes. */
struct part part_of(const char *name, const uint8_t id[3]);

#endif
