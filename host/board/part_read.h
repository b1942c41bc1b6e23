/* Reading of memory-part files; shared by part.c and the overrides of board files. */
#ifndef HOST_BOARD_PART_READ_H
#define HOST_BOARD_PART_READ_H

#include "host/board/json.h"
#include "host/board/part.h"

/* Lanes of a mode name such as "1S-4S-4S": number of lines with ABI_BUS_DTR, for opcode, address
 * and data. False when it is no such name. */
bool part_parse_bus(const char *name, uint8_t bus[3]);

/* A transaction by name. */
struct part_named_op {
    char name[24];
    struct abi_bus_op op;
};

enum { PART_MAX_OPS = 24 };

/* All transactions of a mode: those of struct part_mode and those that only its steps use. */
struct part_mode_ops {
    struct part_named_op ops[PART_MAX_OPS];
    size_t count;
};

/* Names of the operations of struct part_mode, NULL at the end. */
extern const char *const part_op_names[];
/* Where such an operation lies in a mode; NULL for other names. */
struct abi_bus_op *part_mode_op(struct part_mode *mode, const char *name);

/* An object of `ops`. defaults: lanes. part: for "dummy": "code". */
bool part_read_op(const struct json_value *value, const uint8_t bus[3], struct part_mode *mode,
    struct abi_bus_op *op);

/* Where steps find the operations that they name. */
struct part_source {
    const struct part *part;
    const struct part_mode_ops *tables; /* of every mode of the part, in its order */
};

/* "8D-8D-8D read_status": the operation of that name in that mode. */
bool part_find_op(
    const struct json_value *value, const struct part_source *source, struct abi_bus_op *op);
/* A list of steps. dummy_steps may be NULL where the dummy code is not known. */
void part_read_steps(const struct json_value *list, const struct part_source *source,
    struct abi_bus_step *steps, size_t capacity, size_t *count, uint16_t *dummy_steps);

/* Bytes such as "C2 81 39". */
bool part_get_bytes(const struct json_value *value, uint8_t *bytes, size_t capacity, size_t *count);

/* part_load() that looks beside a board file first. beside may be NULL. */
MUST_USE bool part_load_beside(
    const char *beside, const char *name, struct part *part, struct error *err);

#endif
