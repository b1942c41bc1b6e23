/* Everything that can be known about probe, MCU and memories; on a failure, what came before it. */
#include "host/cli/work.h"
#include "host/target/internal_flash.h"

#include <inttypes.h>
#include <stdlib.h>

static void show_probe_and_target(struct cli *cli, const struct connection *connection)
{
    const struct probe_info *probe = probe_info(connection->probe);
    const struct target_identity *target = target_identity(connection->target);
    struct output *output = &cli->output;

    output_result(output,
        "probe\n  %s, firmware %s, serial %s\n  %s\n  SWD %" PRIu32 " kHz, target "
        "%u.%02u V",
        probe->kind, probe->firmware, probe->serial, probe->link, probe->freq_hz / 1000,
        probe->target_mv / 1000, probe->target_mv % 1000 / 10);
    output_result(output,
        "MCU\n  %s, DEV_ID 0x%03x, revision 0x%04x, CPUID 0x%08" PRIx32 ", DPIDR 0x%08" PRIx32
        "\n  unique ID %s, internal flash %" PRIu32 " KB",
        connection->board->mcu.name, target->dev_id, target->rev_id, target->cpuid, target->dpidr,
        target->unique_id_text, target->flash_kb);
}

static bool show_protection(struct cli *cli, struct target *target, struct error *err)
{
    char text[256];

    if (!internal_flash_describe_protection(target, text, sizeof text, err)) {
        return false;
    }
    output_result(&cli->output, "  %s", text);
    return true;
}

static bool show_sfdp(struct cli *cli, const struct flash_memory_info *info, struct error *err)
{
    char *text = NULL;

    if (!info->has_sfdp) {
        output_result(&cli->output, "  SFDP: none");
        return true;
    }
    if (!sfdp_describe(&info->sfdp, &text, err)) {
        return false;
    }
    output_result(&cli->output, "%s", text);
    free(text);
    return true;
}

static void show_id(struct cli *cli, const struct flash_memory_info *info)
{
    char text[3 * FLASH_ID_BYTES + 1] = "";

    for (size_t i = 0; i < info->id_bytes; i++) {
        (void)snprintf(text + 3 * i, sizeof text - 3 * i, " %02X", info->id[i]);
    }
    output_result(&cli->output, "  JEDEC ID%s", text);
}

/* Shows what is known, whether or not selecting succeeded. */
static bool show_memory(struct cli *cli, struct work *work, size_t memory, struct error *err)
{
    const struct board_memory *board_memory = &work->connection.board->memories[memory];
    const struct flash_memory_info *info = flash_session_info(work->session, memory);
    struct output *output = &cli->output;

    output_result(output, "memory %s\n  on %s, mapped at 0x%08" PRIx32, board_memory->name,
        board_memory->controller, board_memory->window_addr);
    if (info == NULL || !info->has_id) {
        return true;
    }
    show_id(cli, info);
    if (info->has_part) {
        output_result(output, "  part %s, %" PRIu32 " KB", board_memory->part.name,
            board_memory->part.size_bytes / 1024);
    }
    if (info->is_ready) {
        output_result(output,
            "  bus %s at %" PRIu32 ".%u MHz while programming, run clock %" PRIu32 ".%u MHz",
            info->program_mode, info->program_hz / 1000000,
            (unsigned)(info->program_hz / 100000 % 10), info->run_hz / 1000000,
            (unsigned)(info->run_hz / 100000 % 10));
    }
    if (info->has_status) {
        output_result(output, "  status register 0x%02x%s", info->status,
            info->protect_bits != 0 ? ", block protection on" : ", no block protection");
    }
    return show_sfdp(cli, info, err);
}

static bool show_memories(struct cli *cli, struct work *work, struct error *err)
{
    for (size_t i = 0; i < work->connection.board->memory_count; i++) {
        struct flash_device *device = NULL;
        struct error ignored = {0};
        bool ok = work_select(work, cli, i, &device, err);

        if (!ok) {
            (void)show_memory(cli, work, i, &ignored);
            return false;
        }
        if (!show_memory(cli, work, i, err)) {
            return false;
        }
    }
    return true;
}

/* Without a memory there is nothing to ask a stub about, and the program goes on afterwards. */
static bool open_board(struct work *work, struct cli *cli, struct error *err)
{
    if (!connection_open(&work->connection, cli, TARGET_CONNECT_AUTO, err)) {
        return false;
    }
    return work->connection.board->memory_count == 0 || work_open(work, cli, err);
}

bool command_info(struct cli *cli, struct error *err)
{
    struct work work = {.stops_program = true, .connection.shows_protection = true};
    bool ok = false;

    ok = open_board(&work, cli, err);
    if (work.connection.target != NULL) {
        struct error protection = {0};

        show_probe_and_target(cli, &work.connection);
        if (!show_protection(cli, work.connection.target, &protection) && ok) {
            *err = protection;
            ok = false;
        }
    }
    ok = ok && show_memories(cli, &work, err);
    return work_close(&work, cli, ok, err);
}
