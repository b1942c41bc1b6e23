/* `board show`: a board as a page of text. */
#include "host/board/board_details.h"
#include "host/board/text_buffer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void add_size(struct text_buffer *text, uint32_t size_bytes)
{
    bool mega = size_bytes >= 1 << 20 && size_bytes % (1 << 20) == 0;

    if (size_bytes % 1024 != 0) {
        text_buffer_add(text, "%" PRIu32 " bytes", size_bytes);
    } else {
        text_buffer_add(text, "%" PRIu32 " %s", mega ? size_bytes >> 20 : size_bytes >> 10,
            mega ? "MiB" : "KiB");
    }
}

/* The clocks are read out of the blob: what is printed is what will be done. */
static bool add_clocks(
    const struct board *board, size_t index, struct text_buffer *text, struct error *err)
{
    const struct board_memory_details *details = &board->details->memories[index];
    const struct board_memory *memory = &board->memories[index];
    uint8_t *bytes = malloc(ABI_BLOB_MAX_BYTES);
    struct abi_ctrl_setup ctrl[ABI_CTRL_COUNT];
    struct abi_blob blob;
    size_t size_bytes = 0;
    bool good = false;

    if (bytes == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    good = board_blob_make(board, index, 0, NULL, bytes, ABI_BLOB_MAX_BYTES, &size_bytes, err);
    if (good) {
        memcpy(&blob, bytes, sizeof blob);
        memcpy(ctrl, bytes + blob.ctrl.offset, sizeof ctrl);
        text_buffer_add(text, "    detection    1S-1S-1S at %" PRIu32 " kHz\n",
            ctrl[ABI_CTRL_DETECT].bus_hz / 1000);
    }
    if (good && memory->part.mode_count > 0) {
        const struct part_mode *program =
            board_pick_mode(details, &memory->part, details->program_bus);
        const struct part_mode *run = board_pick_mode(details, &memory->part, details->run_bus);

        text_buffer_add(text,
            "    programming  %s at %" PRIu32 " kHz\n    running      %s at %" PRIu32
            " kHz with HSLV off\n",
            program->name, ctrl[ABI_CTRL_PROGRAM].bus_hz / 1000, run->name,
            ctrl[ABI_CTRL_RUN].bus_hz / 1000);
    }
    if (good) {
        text_buffer_add(text, "    blob         %zu bytes\n", size_bytes);
    }
    free(bytes);
    return good;
}

static bool add_memory(
    const struct board *board, size_t index, struct text_buffer *text, struct error *err)
{
    const struct board_memory *memory = &board->memories[index];
    const struct board_memory_details *details = &board->details->memories[index];

    text_buffer_add(text, "memory %s: %s", memory->name,
        memory->part_is_auto ? "part asked from the chip (SFDP)" : memory->part_name);
    if (memory->part.size_bytes != 0) {
        text_buffer_add(text, ", ");
        add_size(text, memory->part.size_bytes);
        text_buffer_add(text, ", JEDEC ID");
        for (size_t i = 0; i < memory->part.id_bytes; i++) {
            text_buffer_add(text, " %02X", memory->part.id[i]);
        }
    }
    text_buffer_add(text, "\n    %s on port %s, mapped at 0x%08" PRIX32 ", supply ",
        memory->controller, details->port->name, memory->window_addr);
    if (memory->supply_mv == 0) {
        text_buffer_add(text, "not named\n    pins        ");
    } else {
        text_buffer_add(text, "%" PRIu32 " mV\n    pins        ", memory->supply_mv);
    }
    for (size_t role = 0; role < MCU_ROLES; role++) {
        if (details->pins[role] != NULL) {
            text_buffer_add(text, " %s=%s(AF%u)", mcu_role_names[role], details->pins[role]->name,
                details->alternates[role]);
        }
    }
    text_buffer_add(text, "\n");
    return add_clocks(board, index, text, err);
}

static void add_partitions(const struct board *board, struct text_buffer *text)
{
    for (size_t i = 0; i < board->partition_count; i++) {
        const struct board_partition *partition = &board->partitions[i];

        text_buffer_add(text, "partition %s: %s+0x%" PRIX32 ", ", partition->name,
            board->memories[partition->memory_index].name, partition->offset);
        add_size(text, partition->size_bytes);
        text_buffer_add(text, "%s\n", partition->keep ? ", kept" : "");
    }
}

static void add_boot(const struct board *board, struct text_buffer *text)
{
    switch (board->boot_kind) {
    case BOARD_BOOT_NONE:
        text_buffer_add(text, "boot: none\n");
        break;
    case BOARD_BOOT_OWN:
        text_buffer_add(text, "boot: by a program of its own\n");
        break;
    case BOARD_BOOT_XFLASH:
        text_buffer_add(text, "boot: xflash bootloader starts \"%s\", %s, caches %s\n",
            board->partitions[board->boot_partition].name,
            board->boot_check_crc ? "checked by CRC-32" : "not checked",
            board->details->caches ? "on" : "off");
        break;
    }
}

bool board_describe(const struct board *board, char **out, struct error *err)
{
    struct text_buffer text = {0};

    *out = NULL;
    text_buffer_add(&text, "board %s (%s)\n", board->name, board->path);
    text_buffer_add(&text,
        "MCU %s, DEV_ID 0x%03X, supply %s, probe at most %" PRIu32 " kHz, connect %s\n",
        board->mcu.name, board->mcu.dev_id, board->details->supply_name, board->debug_max_khz,
        board->connect);
    for (size_t i = 0; i < board->stlink_id_count; i++) {
        text_buffer_add(&text, "%s%s%s", i == 0 ? "recognised by the ST-LINK identifier " : ", ",
            board->stlink_ids[i], i + 1 == board->stlink_id_count ? "\n" : "");
    }
    for (size_t i = 0; i < board->memory_count; i++) {
        if (!add_memory(board, i, &text, err)) {
            free(text.chars);
            return false;
        }
    }
    if (board->memory_count == 0) {
        text_buffer_add(&text, "no external memory\n");
    }
    add_partitions(board, &text);
    add_boot(board, &text);
    for (size_t i = 0; i < board->led_count; i++) {
        text_buffer_add(&text, "LED %s: %s, active %s\n", board->leds[i].name, board->leds[i].pin,
            board->leds[i].active_high ? "high" : "low");
    }
    return text_buffer_finish(&text, out, err);
}
