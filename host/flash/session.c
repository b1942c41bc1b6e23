#include "host/flash/session.h"

#include "host/flash/device_internal.h"
#include "host/flash/device_stub.h"
#include "host/target/internal_flash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEQUENCE_TIMEOUT_MS = 5000, NONE_SELECTED = FLASH_MEMORY_COUNT, UNKNOWN_ID_BYTES = 3 };

struct flash_session {
    struct flash_device_source source; /* first: the engine's view */
    struct target *target;
    struct board *board;
    struct log *log;
    struct stub_client *stub;
    uint32_t hslv;
    struct flash_memory_info infos[BOARD_MAX_MEMORIES];
    size_t selected;                      /* external memory in program mode, or NONE_SELECTED */
    bool is_touched;                      /* some chip has been set up and not been left yet */
    struct flash_device *device;          /* of the selected memory */
    struct flash_device *internal_device; /* NULL until asked for */
};

/* ---- one memory ---- */

struct blob {
    uint8_t bytes[ABI_BLOB_MAX_BYTES];
    size_t size_bytes;
};

/* Compiles the blob and runs its set-up. When that fails the ID is read nevertheless: "no chip" is
 * a better answer than a poll that timed out. */
static bool set_up(
    struct flash_session *session, size_t memory, struct blob *blob, struct error *err)
{
    const struct board_memory *external = &session->board->memories[memory];
    struct error second = {0};
    uint8_t id[FLASH_ID_BYTES];
    bool knows_id = external->part.id_bytes > 0;

    if (!board_blob_make(session->board, memory, session->hslv, session->log, blob->bytes,
            sizeof blob->bytes, &blob->size_bytes, err)) {
        return false;
    }
    session->is_touched = stub_client_setup(session->stub, blob->bytes, blob->size_bytes, 0, err);
    if (session->is_touched) {
        return true;
    }
    if (err->code == ERROR_MEMORY_BUS_CORRUPT && flash_detect_read_id(session->stub, id, &second) &&
        !flash_detect_judge(external->name, id, knows_id ? external->part.id : NULL,
            knows_id ? external->part.id_bytes : UNKNOWN_ID_BYTES, &second)) {
        *err = second;
    }
    return false;
}

static bool read_id(struct flash_session *session, size_t memory, struct error *err)
{
    const struct board_memory *external = &session->board->memories[memory];
    struct flash_memory_info *info = &session->infos[memory];
    bool knows_id = external->part.id_bytes > 0;

    info->id_bytes = knows_id ? external->part.id_bytes : UNKNOWN_ID_BYTES;
    if (!flash_detect_read_id(session->stub, info->id, err)) {
        return false;
    }
    info->has_id = true;
    return flash_detect_judge(
        external->name, info->id, knows_id ? external->part.id : NULL, info->id_bytes, err);
}

/* A chip with a known ID may go without SFDP; one with another size than its part file says is not
 * that part. */
static bool read_sfdp(struct flash_session *session, size_t memory, struct error *err)
{
    const struct board_memory *external = &session->board->memories[memory];
    struct flash_memory_info *info = &session->infos[memory];

    info->has_sfdp =
        flash_detect_sfdp(session->stub, info->sfdp_bytes, &info->sfdp_count, &info->sfdp, err);
    if (!info->has_sfdp) {
        if (external->part_is_auto || err->code == ERROR_MEMORY_BUS_CORRUPT) {
            return false;
        }
        log_write(session->log, LOG_INFO, NULL, "no SFDP table: %s", err->message);
        return true;
    }
    if (!external->part_is_auto && info->sfdp.size_bytes != external->part.size_bytes) {
        return error_set(err, ERROR_MEMORY_WRONG_ID,
            "memory %s says in its SFDP table that it has %" PRIu64 " bytes; its part file %s says "
            "%" PRIu32,
            external->name, info->sfdp.size_bytes, external->part.name, external->part.size_bytes);
    }
    return true;
}

/* "part": "auto": the part is what the chip says. */
static bool find_part(struct flash_session *session, size_t memory, struct error *err)
{
    struct flash_memory_info *info = &session->infos[memory];
    struct part *part = NULL;
    bool ok = false;

    if (session->board->memories[memory].part.size_bytes > 0) {
        info->has_part = true;
        return true;
    }
    part = calloc(1, sizeof *part);
    if (part == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a part");
    }
    ok = sfdp_to_part(&info->sfdp, info->id, info->id_bytes, part, err) &&
         board_set_part(session->board, memory, part, err);
    info->has_part = ok;
    free(part);
    return ok;
}

/* The mode that the blob programs in: the one with its read operation. */
static const struct part_mode *find_program_mode(
    const struct part *part, const struct blob *blob, struct flash_memory_info *info)
{
    const struct abi_blob *header = (const struct abi_blob *)(const void *)blob->bytes;
    struct abi_memory memory;
    struct abi_ctrl_setup setups[ABI_CTRL_COUNT] = {0};
    size_t i = 0;

    if (header->memory.count == 0 || header->ctrl.count < ABI_CTRL_COUNT) {
        return NULL;
    }
    memcpy(&memory, blob->bytes + header->memory.offset, sizeof memory);
    memcpy(setups, blob->bytes + header->ctrl.offset, sizeof setups);
    info->program_hz = setups[ABI_CTRL_PROGRAM].bus_hz;
    info->run_hz = setups[ABI_CTRL_RUN].bus_hz;
    for (i = 0; i < part->mode_count; i++) {
        const struct part_mode *mode = &part->modes[i];

        if (mode->read.opcode == memory.read.opcode &&
            mode->read.opcode_bus == memory.read.opcode_bus &&
            mode->read.data_bus == memory.read.data_bus) {
            return mode;
        }
    }
    return NULL;
}

/* The sequence checks the ID in the new width itself; what it saw instead names the symptom. */
static bool enter_program(struct flash_session *session, size_t memory, struct error *err)
{
    const struct board_memory *external = &session->board->memories[memory];
    const struct abi_command command = {
        .kind = ABI_COMMAND_SEQUENCE, .arg0 = ABI_SEQUENCE_ENTER_PROGRAM};
    struct abi_result result = {0};
    uint8_t found[4];
    size_t count = external->part.id_bytes < sizeof found ? external->part.id_bytes : sizeof found;
    size_t i = 0;

    if (stub_client_call(session->stub, &command, SEQUENCE_TIMEOUT_MS, &result, err)) {
        return true;
    }
    for (i = 0; i < sizeof found; i++) {
        found[i] = (uint8_t)(result.value[0] >> (8 * i));
    }
    if (result.status == ABI_STATUS_UNEXPECTED && memcmp(found, external->part.id, count) != 0) {
        char symptom[FLASH_SYMPTOM_BYTES];

        flash_detect_symptom(found, external->part.id, count, symptom);
        (void)error_set(err, ERROR_MEMORY_BUS_CORRUPT,
            "the program bus of memory %s does not carry data: %s: its ID reads %02X %02X %02X, "
            "expected %02X %02X %02X",
            external->name, symptom[0] != '\0' ? symptom : "garbled", found[0], found[1], found[2],
            external->part.id[0], external->part.id[1], external->part.id[2]);
        error_set_hint(err, "one line works, so check the other data lines and the strobe against "
                            "the board file, or choose a narrower \"program_bus\"");
    }
    return error_add_context(err, "switching memory %s to the program bus", external->name);
}

/* One register read in program mode. */
static bool read_register(struct flash_session *session, const struct abi_bus_op *op,
    uint32_t data_bytes, uint8_t *bytes, struct error *err)
{
    struct abi_bus_step step = {.kind = ABI_STEP_EXEC, .op = *op};
    size_t count = 0;

    step.op.data_bytes = data_bytes;
    return stub_client_steps(session->stub, &step, 1, bytes, data_bytes, &count, err) &&
           (count == data_bytes || error_set(err, ERROR_STUB_REFUSED,
                                       "the stub read %zu bytes of %" PRIu32, count, data_bytes));
}

static bool look_in_program_mode(
    struct flash_session *session, size_t memory, const struct part_mode *mode, struct error *err)
{
    const struct board_memory *external = &session->board->memories[memory];
    struct flash_memory_info *info = &session->infos[memory];
    uint8_t id[FLASH_ID_BYTES] = {0};

    if (!read_register(session, &mode->read_id, (uint32_t)info->id_bytes, id, err) ||
        !flash_detect_judge(external->name, id, info->id, info->id_bytes, err)) {
        return error_add_context(err, "reading the ID in %s", mode->name);
    }
    if (!read_register(session, &mode->read_status, 1, &info->status, err)) {
        return error_add_context(err, "reading the status register in %s", mode->name);
    }
    info->has_status = true;
    info->protect_bits = info->status & external->part.protect_mask;
    (void)snprintf(info->program_mode, sizeof info->program_mode, "%s", mode->name);
    return true;
}

static bool open_device(struct flash_session *session, size_t memory, struct error *err)
{
    struct device_stub_config config = {.stub = session->stub,
        .probe = target_probe(session->target),
        .status = session->infos[memory].status,
        .protect_mask = session->board->memories[memory].part.protect_mask};

    return flash_geometry_get(session->board, memory, &config.geometry, err) &&
           device_stub_open(&config, &session->device, err);
}

static bool detect(
    struct flash_session *session, size_t memory, struct blob *blob, struct error *err)
{
    bool was_unknown = session->board->memories[memory].part.size_bytes == 0;

    if (!set_up(session, memory, blob, err) || !read_id(session, memory, err) ||
        !read_sfdp(session, memory, err) || !find_part(session, memory, err)) {
        return false;
    }
    return !was_unknown || set_up(session, memory, blob, err); /* now with the part's sections */
}

static bool bring_up(struct flash_session *session, size_t memory, struct error *err)
{
    struct flash_memory_info *info = &session->infos[memory];
    const struct part_mode *mode = NULL;
    struct blob *blob = calloc(1, sizeof *blob);
    bool ok = false;

    if (blob == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a board blob");
    }
    memset(info, 0, sizeof *info);
    if (!detect(session, memory, blob, err) || !enter_program(session, memory, err)) {
        goto free_blob;
    }
    mode = find_program_mode(&session->board->memories[memory].part, blob, info);
    if (mode == NULL) {
        (void)error_set(err, ERROR_INTERNAL, "the program bus of memory %s is in none of its modes",
            session->board->memories[memory].name);
        goto free_blob;
    }
    ok = look_in_program_mode(session, memory, mode, err) && open_device(session, memory, err);
    info->is_ready = ok;

free_blob:
    free(blob);
    return ok ||
           error_add_context(err, "setting up memory %s", session->board->memories[memory].name);
}

/* ---- the session ---- */

/* After a failure or an abort the chip may be in any mode: then the recovery list brings it back.
 */
static void leave_chip(struct flash_session *session)
{
    struct error err = {0};

    device_stub_close(session->device);
    session->device = NULL;
    if (!session->is_touched) {
        return;
    }
    session->is_touched = false;
    if (session->selected != NONE_SELECTED &&
        stub_client_sequence(
            session->stub, ABI_SEQUENCE_LEAVE_PROGRAM, SEQUENCE_TIMEOUT_MS, &err)) {
        session->selected = NONE_SELECTED;
        return;
    }
    session->selected = NONE_SELECTED;
    if (!stub_client_sequence(session->stub, ABI_SEQUENCE_RECOVER, SEQUENCE_TIMEOUT_MS, &err)) {
        log_write(session->log, LOG_INFO, NULL, "the memory could not be left in one-line mode: %s",
            err.message);
    }
}

static bool select_internal(
    struct flash_session *session, struct flash_device **device, struct error *err)
{
    struct flash_geometry geometry;

    if (session->internal_device == NULL &&
        (!flash_geometry_get(session->board, FLASH_MEMORY_INTERNAL, &geometry, err) ||
            !device_internal_open(session->target, &geometry, &session->internal_device, err))) {
        return false;
    }
    *device = session->internal_device;
    return true;
}

bool flash_session_select(
    struct flash_session *session, size_t memory, struct flash_device **device, struct error *err)
{
    *device = NULL;
    if (memory == FLASH_MEMORY_INTERNAL) {
        return select_internal(session, device, err);
    }
    if (memory >= session->board->memory_count) {
        return error_set(err, ERROR_INTERNAL, "there is no memory number %zu", memory);
    }
    if (session->selected != memory) {
        leave_chip(session);
        if (!bring_up(session, memory, err)) {
            return false;
        }
        session->selected = memory;
    }
    *device = session->device;
    return true;
}

static bool source_select(struct flash_device_source *source, size_t memory,
    struct flash_device **device, struct error *err)
{
    return flash_session_select((struct flash_session *)source, memory, device, err);
}

bool flash_session_open(struct target *target, struct board *board, struct log *log,
    struct flash_session **out, struct error *err)
{
    struct flash_session *session = calloc(1, sizeof *session);

    *out = NULL;
    if (session == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a session");
    }
    session->source.select = source_select;
    session->target = target;
    session->board = board;
    session->log = log;
    session->selected = NONE_SELECTED;
    if (!target_prepare(target, err) || !internal_flash_read_hslv(target, &session->hslv, err) ||
        !stub_client_open(target, log, &session->stub, err)) {
        free(session);
        return false;
    }
    *out = session;
    return true;
}

void flash_session_close(struct flash_session *session)
{
    if (session != NULL) {
        leave_chip(session);
        device_internal_close(session->internal_device);
        stub_client_close(session->stub);
        free(session);
    }
}

struct flash_device_source *flash_session_source(struct flash_session *session)
{
    return &session->source;
}

const struct flash_memory_info *flash_session_info(
    const struct flash_session *session, size_t memory)
{
    return memory < BOARD_MAX_MEMORIES ? &session->infos[memory] : NULL;
}

struct stub_client *flash_session_stub(struct flash_session *session)
{
    return session->stub;
}

struct target *flash_session_target(struct flash_session *session)
{
    return session->target;
}

struct board *flash_session_board(struct flash_session *session)
{
    return session->board;
}

struct log *flash_session_log(struct flash_session *session)
{
    return session->log;
}

uint32_t flash_session_hslv(const struct flash_session *session)
{
    return session->hslv;
}
