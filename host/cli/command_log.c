#include "host/cli/command.h"
#include "host/cli/connection.h"
#include "host/cli/log_view.h"
#include "host/image/image.h"

bool command_log(struct cli *cli, struct error *err)
{
    struct connection connection = {0};
    const char *elf = options_text(&cli->options, OPTION_ELF);
    struct image *image = NULL;
    bool ok = false;

    if (cli->options.argument_count != 0) {
        return error_set(err, ERROR_USAGE,
            "log takes no image; xflash run IMAGE programs first, "
            "--elf FILE names the program that runs");
    }
    if (!log_view_check(cli, err)) {
        return false;
    }
    if (elf != NULL && !image_load(elf, IMAGE_ELF, 0, &image, err)) {
        return false;
    }
    ok = connection_open(&connection, cli, TARGET_CONNECT_ATTACH, err) &&
         log_view_run(
             cli, connection.target, image != NULL && image->has_rtt ? image->rtt_addr : 0, err);
    connection_close(&connection, cli);
    image_free(image);
    return ok;
}
