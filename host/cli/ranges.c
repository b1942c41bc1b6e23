#include "host/cli/ranges.h"

#include <inttypes.h>
#include <stdlib.h>

bool ranges_parse(
    struct ranges *ranges, struct cli *cli, const struct board *board, struct error *err)
{
    size_t count = cli->options.argument_count;

    *ranges = (struct ranges){0};
    if (count == 0) {
        return error_set(err, ERROR_USAGE, "xflash %s needs a range: %s", cli->command->name,
            cli->command->arguments);
    }
    ranges->ranges = calloc(count, sizeof *ranges->ranges);
    if (ranges->ranges == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        struct flash_range *range = &ranges->ranges[i];

        if (!flash_locate_range(board, cli->options.arguments[i], range, err)) {
            return false;
        }
        if (range->looks_inclusive) {
            output_warning(&cli->output, "range-end",
                "%s ends before its last address: it is %" PRIu32 " bytes long",
                cli->options.arguments[i], range->size_bytes);
        }
        ranges->count++;
    }
    return true;
}

void ranges_free(struct ranges *ranges)
{
    free(ranges->ranges);
    *ranges = (struct ranges){0};
}
