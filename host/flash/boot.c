/* The bootloader in internal flash. */
#include "host/flash/boot.h"

#include "common/le.h"
#include "host/flash/restore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOB_ALIGN_BYTES = 32,
    HEADER_END = ABI_BOOT_HEADER_OFFSET + sizeof(struct abi_boot_header)
};

/* ---- assembling ---- */

static bool check_program(
    const struct flash_boot_program *program, uint32_t *blob_offset, struct error *err)
{
    const uint8_t *header = program->bytes + ABI_BOOT_HEADER_OFFSET;
    size_t program_bytes = program->size_bytes;

    if (program_bytes < HEADER_END || le_get32(header) != ABI_BOOT_MAGIC ||
        le_get32(header + 4) != ABI_BOOT_VERSION) {
        return error_set(err, ERROR_INTERNAL, "the bootloader of xflash has no valid header");
    }
    *blob_offset = le_get32(header + 12);
    if (*blob_offset % BLOB_ALIGN_BYTES != 0 || *blob_offset < le_get32(header + 8) ||
        program_bytes > *blob_offset) {
        return error_set(err, ERROR_INTERNAL,
            "the bootloader of xflash wants its blob at 0x%" PRIx32 ", behind %zu bytes",
            *blob_offset, program_bytes);
    }
    return true;
}

/* What the bootloader is told about times and places; from the blob it will read. */
static bool read_config(
    const uint8_t *blob, size_t blob_bytes, struct flash_bootloader *bootloader, struct error *err)
{
    struct abi_boot_config config;
    uint32_t offset = 0;

    if (blob_bytes < sizeof(struct abi_blob)) {
        return error_set(err, ERROR_INTERNAL, "the board blob is too short");
    }
    offset = le_get32(blob + offsetof(struct abi_blob, boot));
    if (le_get32(blob + offsetof(struct abi_blob, boot) + 4) == 0 || offset > blob_bytes ||
        blob_bytes - offset < sizeof config) {
        return error_set(err, ERROR_INTERNAL, "the board blob has no boot section");
    }
    memcpy(&config, blob + offset, sizeof config);
    bootloader->boot_max_ms = config.boot_max_ms;
    bootloader->reason_addr = config.reason_addr;
    return true;
}

static size_t round_up(size_t value, size_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static bool check_board(const struct board *board, struct error *err)
{
    if (board->boot_kind == BOARD_BOOT_XFLASH) {
        return true;
    }
    (void)error_set(err, ERROR_USAGE, "board %s does not boot with the bootloader of xflash: %s",
        board->name,
        board->boot_kind == BOARD_BOOT_OWN ? "its \"boot\" is of kind \"own\""
                                           : "its board file has no \"boot\"");
    error_set_hint(err, "write \"boot\": { \"entry\": PARTITION } into the board file");
    return false;
}

bool flash_boot_assemble(const struct board *board, const struct flash_boot_program *program,
    uint32_t hslv, struct log *log, struct flash_bootloader *bootloader, struct error *err)
{
    const struct board_internal_flash *flash = &board->mcu.flash;
    uint32_t blob_offset = 0;
    size_t capacity = 0;
    size_t blob_bytes = 0;
    size_t memory = 0;

    memset(bootloader, 0, sizeof *bootloader);
    if (!check_board(board, err) || !check_program(program, &blob_offset, err)) {
        return false;
    }
    memory = board->partitions[board->boot_partition].memory_index;
    capacity = round_up(blob_offset + ABI_BLOB_MAX_BYTES, flash->granule_bytes);
    bootloader->bytes = malloc(capacity);
    if (bootloader->bytes == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for the bootloader");
    }
    memset(bootloader->bytes, 0xFF, capacity);
    memcpy(bootloader->bytes, program->bytes, program->size_bytes);
    if (!board_blob_make(board, memory, hslv, log, bootloader->bytes + blob_offset,
            ABI_BLOB_MAX_BYTES, &blob_bytes, err) ||
        !read_config(bootloader->bytes + blob_offset, blob_bytes, bootloader, err)) {
        flash_boot_free(bootloader);
        return error_add_context(err, "preparing the bootloader for board %s", board->name);
    }
    bootloader->size_bytes = round_up(blob_offset + blob_bytes, flash->granule_bytes);
    /* What board_blob_make() left behind the blob is not ours to trust. */
    memset(bootloader->bytes + blob_offset + blob_bytes, 0xFF,
        bootloader->size_bytes - blob_offset - blob_bytes);
    if (bootloader->size_bytes > flash->size_bytes) {
        (void)error_set(err, ERROR_IMAGE_OUT_OF_RANGE,
            "the bootloader has %zu bytes, internal flash only %" PRIu32, bootloader->size_bytes,
            flash->size_bytes);
        flash_boot_free(bootloader);
        return false;
    }
    return true;
}

void flash_boot_free(struct flash_bootloader *bootloader)
{
    free(bootloader->bytes);
    memset(bootloader, 0, sizeof *bootloader);
}

bool flash_boot_image(const struct board *board, const struct flash_bootloader *bootloader,
    struct image **image, struct error *err)
{
    const struct image_input input = {.bytes = bootloader->bytes,
        .size_bytes = bootloader->size_bytes,
        .format = IMAGE_BIN,
        .bin_addr = board->mcu.flash.addr};

    return image_parse("bootloader", &input, image, err);
}

/* ---- what is installed ---- */

const char *flash_boot_state_name(enum flash_boot_state state)
{
    static const char *const names[] = {
        [FLASH_BOOT_OK] = "ok",
        [FLASH_BOOT_MISSING] = "missing",
        [FLASH_BOOT_STALE] = "stale",
        [FLASH_BOOT_FOREIGN] = "foreign",
    };

    return names[state];
}

enum flash_boot_state flash_boot_classify(
    const uint8_t *found, const uint8_t *wanted, size_t size_bytes)
{
    size_t i = 0;

    if (memcmp(found, wanted, size_bytes) == 0) {
        return FLASH_BOOT_OK;
    }
    while (i < size_bytes && found[i] == 0xFF) {
        i++;
    }
    if (i == size_bytes) {
        return FLASH_BOOT_MISSING;
    }
    return size_bytes >= HEADER_END && le_get32(found + ABI_BOOT_HEADER_OFFSET) == ABI_BOOT_MAGIC
               ? FLASH_BOOT_STALE
               : FLASH_BOOT_FOREIGN;
}

/* Was an install of ours cut off? */
static bool was_in_work(struct flash_device *internal, const struct flash_engine_options *options,
    bool *in_work, struct error *err)
{
    struct flash_journal journal;
    bool ok = false;

    flash_journal_init(
        &journal, options->unique_id, internal->geometry.name, internal->geometry.size_bytes);
    ok = flash_journal_load(options->journal_directory, &journal, err);
    *in_work = ok && (journal.work_count > 0 || journal.keep_count > 0);
    flash_journal_clear(&journal);
    return ok;
}

bool flash_boot_inspect(struct flash_device *internal, const struct flash_bootloader *bootloader,
    const struct flash_engine_options *options, enum flash_boot_state *state, struct error *err)
{
    uint8_t *found = malloc(bootloader->size_bytes);
    bool in_work = false;
    bool ok = false;

    if (found == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to read the bootloader");
    }
    ok = was_in_work(internal, options, &in_work, err) &&
         internal->driver->read(internal, 0, found, (uint32_t)bootloader->size_bytes, err);
    if (ok) {
        *state = flash_boot_classify(found, bootloader->bytes, bootloader->size_bytes);
        if (in_work) {
            *state = FLASH_BOOT_STALE;
        }
    }
    free(found);
    return ok || error_add_context(err, "looking for the bootloader in internal flash");
}

bool flash_boot_check_consent(enum flash_boot_state state, bool consent, struct error *err)
{
    if (state != FLASH_BOOT_FOREIGN || consent) {
        return true;
    }
    (void)error_set(err, ERROR_CONSENT_NEEDED,
        "internal flash holds a program that is not the bootloader of xflash");
    error_set_hint(err, "--yes overwrites it; xflash read internal -o FILE saves it first");
    return false;
}
