/* boot install | check | show | seal */
#include "host/cli/command.h"
#include "host/cli/consent.h"
#include "host/cli/plan_view.h"
#include "host/cli/work.h"
#include "host/flash/boot.h"
#include "host/target/internal_flash.h"

#include <inttypes.h>
#include <string.h>

struct boot {
    struct cli *cli;
    struct work work;
    struct flash_bootloader bootloader;
    enum flash_boot_state state;
};

static bool inspect(struct boot *boot, struct error *err)
{
    struct flash_engine_options options;
    struct flash_device *internal = NULL;

    work_engine_options(&boot->work, boot->cli, &options);
    return work_select(&boot->work, boot->cli, FLASH_MEMORY_INTERNAL, &internal, err) &&
           flash_boot_make(boot->work.connection.board, flash_session_hslv(boot->work.session),
               &boot->cli->output.log, &boot->bootloader, err) &&
           flash_boot_inspect(internal, &boot->bootloader, &options, &boot->state, err);
}

static bool write_bootloader(
    struct boot *boot, struct flash_engine_result *result, struct error *err)
{
    struct cli *cli = boot->cli;
    struct flash_plan_options plan_options = {.consent = true};
    struct flash_engine_options options;
    struct flash_request request = {0};
    struct flash_plan plan = {0};
    struct image *image = NULL;
    bool ok = false;

    if (!flash_boot_image(boot->work.connection.board, &boot->bootloader, &image, err)) {
        return false;
    }
    request.image = image;
    work_engine_options(&boot->work, cli, &options);
    options.dry_run = options_text(&cli->options, OPTION_DRY_RUN) != NULL;
    ok = flash_plan_make(boot->work.connection.board, &request, 1, &plan_options, &plan, err) &&
         flash_engine_run(&plan, flash_session_source(boot->work.session), &options, result, err) &&
         plan_view_show(cli, boot->work.connection.board, &plan, 0, options.dry_run, err);
    flash_plan_free(&plan);
    image_free(image);
    return ok;
}

static bool install(struct boot *boot, struct error *err)
{
    struct cli *cli = boot->cli;
    struct flash_engine_result result = {0};
    bool consent = options_flag(&cli->options, OPTION_YES);

    if (!work_open(&boot->work, cli, err) || !inspect(boot, err)) {
        return false;
    }
    if (!flash_boot_check_consent(boot->state, consent, err) && !consent_is_given(cli, err)) {
        return false;
    }
    if (!write_bootloader(boot, &result, err)) {
        return error_add_context(err, "installing the bootloader");
    }
    output_progress_end(&cli->output);
    if (options_text(&cli->options, OPTION_DRY_RUN) != NULL) {
        return true;
    }
    cli->verified = true;
    cli->boot = flash_boot_state_name(FLASH_BOOT_OK);
    output_result(&cli->output, "bootloader %s: %zu bytes with the blob of %s",
        result.changed ? "installed and verified" : "already there, verified",
        boot->bootloader.size_bytes, boot->work.connection.board->name);
    return true;
}

/* No stub: the reason lies in RAM that the stub would use. */
static bool check(struct boot *boot, struct error *err)
{
    struct cli *cli = boot->cli;
    struct flash_boot_report report = {0};
    uint32_t hslv = 0;
    bool ok = false;

    if (!connection_open(&boot->work.connection, cli, TARGET_CONNECT_AUTO, err) ||
        !internal_flash_read_hslv(boot->work.connection.target, &hslv, err) ||
        !flash_boot_make(
            boot->work.connection.board, hslv, &cli->output.log, &boot->bootloader, err)) {
        return false;
    }
    ok = flash_boot_check(boot->work.connection.target, &boot->bootloader, &report, err);
    if (ok) {
        cli->boot = flash_boot_state_name(FLASH_BOOT_OK);
        output_result(&cli->output, "boot ok: %s", report.text);
    }
    return ok;
}

static void show_image(struct cli *cli, const struct flash_boot_image_info *info)
{
    struct output *output = &cli->output;

    if (info->record_state == FLASH_RECORD_ABSENT) {
        output_result(output, "boot record: none");
    } else if (info->record_state == FLASH_RECORD_INVALID) {
        output_result(output, "boot record: damaged");
    } else {
        output_result(output, "boot record: %s%s%s, %" PRIu32 " bytes, CRC-32 0x%08" PRIx32 ": %s",
            info->record.name, info->record.image_version[0] != '\0' ? " " : "",
            info->record.image_version, info->record.image_bytes, info->record.image_crc32,
            info->crc_matches ? "the image matches" : "image changed by another tool");
    }
    output_result(output, "entry: stack 0x%08" PRIx32 ", reset vector 0x%08" PRIx32 "%s%s",
        info->stack_addr, info->reset_addr, info->vectors_ok ? "" : ": ",
        info->vectors_ok ? "" : info->vectors_text);
}

static bool show(struct boot *boot, struct error *err)
{
    struct cli *cli = boot->cli;
    struct flash_boot_image_info info = {0};
    struct flash_device *device = NULL;
    struct flash_boot_place place;

    boot->work.stops_program = true;
    if (!work_open(&boot->work, cli, err) || !inspect(boot, err)) {
        return false;
    }
    cli->boot = flash_boot_state_name(boot->state);
    output_result(&cli->output, "bootloader: %s", cli->boot);
    if (!flash_boot_has_record(boot->work.connection.board)) {
        output_result(&cli->output, "boot record: this board asks for none");
        return true;
    }
    if (!flash_boot_place(boot->work.connection.board, &place, err) ||
        !work_select(&boot->work, cli, place.memory, &device, err) ||
        !flash_boot_show(device, boot->work.connection.board, &info, err)) {
        return false;
    }
    show_image(cli, &info);
    return true;
}

static bool seal(struct boot *boot, struct error *err)
{
    struct cli *cli = boot->cli;
    struct flash_engine_options options;
    struct abi_boot_record record = {0};
    struct flash_device *device = NULL;
    struct flash_boot_place place;

    if (!connection_need_board(&boot->work.connection, cli, err) ||
        !flash_boot_place(boot->work.connection.board, &place, err) ||
        !work_open(&boot->work, cli, err) ||
        !work_select(&boot->work, cli, place.memory, &device, err)) {
        return false;
    }
    work_engine_options(&boot->work, cli, &options);
    if (!flash_boot_seal(device, boot->work.connection.board, &options, &record, err)) {
        return error_add_context(err, "sealing the image in the chip");
    }
    cli->verified = true;
    output_result(&cli->output, "sealed: %" PRIu32 " bytes, CRC-32 0x%08" PRIx32,
        record.image_bytes, record.image_crc32);
    return true;
}

bool command_boot(struct cli *cli, struct error *err)
{
    static const struct {
        const char *name;
        bool (*run)(struct boot *boot, struct error *err);
    } verbs[] = {{"install", install}, {"check", check}, {"show", show}, {"seal", seal}};
    const char *verb = cli->options.argument_count == 1 ? cli->options.arguments[0] : "";
    struct boot boot = {.cli = cli};

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verb, verbs[i].name) == 0) {
            bool ok = verbs[i].run(&boot, err);

            ok = work_close(&boot.work, cli, ok, err);
            flash_boot_free(&boot.bootloader);
            return ok;
        }
    }
    return error_set(err, ERROR_USAGE, "xflash boot: expected %s", cli->command->arguments);
}
