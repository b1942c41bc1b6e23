/* bench: how fast the link is and whether it carries data right; what a memory adds to that. */
#include "host/cli/work.h"
#include "host/flash/locate.h"
#include "host/target/link_test.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_RAM_BYTES = 256 * 1024,
    RAM_UNIT_BYTES = 8,
    FLASH_READ_BYTES = 64 * 1024,
    FLASH_HASH_BYTES = 1024 * 1024,
    HASH_BLOCK_BYTES = 64 * 1024,
    HASH_COUNT = FLASH_HASH_BYTES / HASH_BLOCK_BYTES
};

struct bench {
    struct cli *cli;
    struct work work;
    uint32_t ram_bytes;
};

/* One line of the table and one record. count: transfers that waited for their answer; 0: blocks,
 * of which only the sum matters. */
struct row {
    const char *what;
    const char *memory; /* NULL: RAM */
    uint32_t addr;
    uint64_t size_bytes;
    unsigned count;
    uint64_t took_ns;
};

static uint64_t bytes_per_s(const struct row *row)
{
    return row->took_ns != 0 ? (uint64_t)((double)row->size_bytes * 1e9 / (double)row->took_ns) : 0;
}

static void show_row(struct cli *cli, const struct row *row)
{
    const char *clock = cli->output.is_modelled ? " (modelled)" : "";
    struct record record;

    if (row->count > 0) {
        output_result(&cli->output, "  %-11s %9.1f us each, %u times%s", row->what,
            (double)row->took_ns / 1e3 / row->count, row->count, clock);
    } else {
        output_result(&cli->output, "  %-11s %9.2f ms for %7" PRIu64 " bytes, %6" PRIu64 " KB/s%s",
            row->what, (double)row->took_ns / 1e6, row->size_bytes, bytes_per_s(row) / 1000, clock);
    }
    if (!output_wants_records(&cli->output)) {
        return;
    }
    output_begin_record(&cli->output, &record, "bench");
    record_text(&record, "what", row->what);
    record_text(&record, "memory", row->memory != NULL ? row->memory : "ram");
    record_u64(&record, "addr", row->addr);
    record_u64(&record, "size", row->size_bytes);
    if (row->count > 0) {
        record_u64(&record, "count", row->count);
    }
    record_milli(&record, "ms", row->took_ns / 1000);
    record_u64(&record, "bps", bytes_per_s(row));
    record_text(&record, "clock", cli->output.is_modelled ? "modelled" : "host");
    output_record(&cli->output, &record);
}

/* ---- the link ---- */

static void show_progress(void *context, uint64_t done_bytes)
{
    struct bench *bench = context;

    output_progress(&bench->cli->output, "ram", done_bytes, 4 * (uint64_t)bench->ram_bytes);
}

static bool choose_size(struct bench *bench, const struct board_mcu *mcu, struct error *err)
{
    const char *text = options_text(&bench->cli->options, OPTION_SIZE);
    uint32_t room_bytes = mcu->ring_ram.size_bytes;

    bench->ram_bytes = room_bytes < DEFAULT_RAM_BYTES ? room_bytes : DEFAULT_RAM_BYTES;
    if (text == NULL) {
        return true;
    }
    if (!flash_locate_number(text, &bench->ram_bytes, err)) {
        return error_add_context(err, "reading --size");
    }
    if (bench->ram_bytes == 0 || bench->ram_bytes % RAM_UNIT_BYTES != 0 ||
        bench->ram_bytes > room_bytes) {
        return error_set(err, ERROR_USAGE,
            "--size %s: the %s lends %" PRIu32 " bytes of RAM at 0x%08" PRIx32
            ", in whole units of %d",
            text, mcu->name, room_bytes, mcu->ring_ram.addr, RAM_UNIT_BYTES);
    }
    return true;
}

static bool bench_link(struct bench *bench, struct error *err)
{
    struct cli *cli = bench->cli;
    struct target *target = bench->work.connection.target;
    const struct board_mcu *mcu = target_mcu(target);
    const struct target_link_listener listener = {show_progress, bench};
    struct target_link_speed speed;
    bool ok = false;

    bench->work.owes_reset = true;
    ok = target_prepare(target, err) &&
         target_measure_link(target, mcu->ring_ram.addr, bench->ram_bytes, &listener, &speed, err);
    output_progress_end(&cli->output);
    if (!ok) {
        return false;
    }
    cli->verified = true;
    output_result(&cli->output,
        "RAM at 0x%08" PRIx32 ", %" PRIu32 " bytes written and read back twice: equal", speed.addr,
        speed.size_bytes);
    show_row(cli, &(struct row){.what = "write",
                      .addr = speed.addr,
                      .size_bytes = 2 * (uint64_t)speed.size_bytes,
                      .took_ns = speed.write_ns});
    show_row(cli, &(struct row){.what = "read",
                      .addr = speed.addr,
                      .size_bytes = 2 * (uint64_t)speed.size_bytes,
                      .took_ns = speed.read_ns});
    show_row(cli, &(struct row){.what = "word-write",
                      .addr = speed.addr,
                      .size_bytes = 4 * (uint64_t)speed.word_count,
                      .count = speed.word_count,
                      .took_ns = speed.word_write_ns});
    show_row(cli, &(struct row){.what = "word-read",
                      .addr = speed.addr,
                      .size_bytes = 4 * (uint64_t)speed.word_count,
                      .count = speed.word_count,
                      .took_ns = speed.word_read_ns});
    return true;
}

/* ---- memories: what changes nothing ---- */

static bool bench_read(
    struct bench *bench, struct flash_device *device, struct row *row, struct error *err)
{
    uint8_t *bytes = NULL;
    uint64_t start_ns = 0;
    bool ok = false;

    row->what = "read";
    if (row->size_bytes > FLASH_READ_BYTES) {
        row->size_bytes = FLASH_READ_BYTES;
    }
    bytes = malloc((size_t)row->size_bytes);
    if (bytes == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for %" PRIu64 " bytes", row->size_bytes);
    }
    start_ns = device->driver->now_ns(device);
    ok = device->driver->read(device, 0, bytes, (uint32_t)row->size_bytes, err);
    row->took_ns = device->driver->now_ns(device) - start_ns;
    free(bytes);
    if (ok) {
        show_row(bench->cli, row);
    }
    return ok;
}

static bool bench_hash(
    struct bench *bench, struct flash_device *device, struct row *row, struct error *err)
{
    struct abi_block_hash hashes[HASH_COUNT];
    struct flash_range range = {.memory = device->geometry.memory, .addr = row->addr};
    uint64_t start_ns = 0;

    row->what = "hash";
    if (row->size_bytes > FLASH_HASH_BYTES) {
        row->size_bytes = FLASH_HASH_BYTES;
    }
    range.size_bytes = (uint32_t)row->size_bytes;
    start_ns = device->driver->now_ns(device);
    if (!device->driver->hash(device, &range, HASH_BLOCK_BYTES, false, hashes, err)) {
        return false;
    }
    row->took_ns = device->driver->now_ns(device) - start_ns;
    show_row(bench->cli, row);
    return true;
}

static bool bench_memory(struct bench *bench, size_t memory, struct error *err)
{
    const struct board_memory *board_memory = &bench->work.connection.board->memories[memory];
    struct flash_device *device = NULL;
    struct row row = {.memory = board_memory->name, .addr = board_memory->window_addr};

    if (!work_select(&bench->work, bench->cli, memory, &device, err)) {
        return false;
    }
    output_result(&bench->cli->output, "memory %s, from its start", board_memory->name);
    row.size_bytes = board_memory->part.size_bytes;
    if (!bench_read(bench, device, &row, err)) {
        return error_add_context(err, "measuring memory %s", board_memory->name);
    }
    row.size_bytes = board_memory->part.size_bytes;
    if (!bench_hash(bench, device, &row, err)) {
        return error_add_context(err, "measuring memory %s", board_memory->name);
    }
    return true;
}

static bool bench_memories(struct bench *bench, struct error *err)
{
    size_t count = bench->work.connection.board->memory_count;

    if (count == 0) {
        return true;
    }
    if (!work_open(&bench->work, bench->cli, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!bench_memory(bench, i, err)) {
            return false;
        }
    }
    return true;
}

/* ---- */

static bool check_input(struct bench *bench, struct error *err)
{
    struct connection *connection = &bench->work.connection;

    if (options_flag(&bench->cli->options, OPTION_FLASH)) {
        (void)error_set(err, ERROR_USAGE,
            "bench --flash (erase and program speeds) is not in this version: bench measures what "
            "changes nothing, RAM, flash read and flash hash");
        error_set_hint(
            err, "xflash test measures erase and program on a range whose contents it restores");
        return false;
    }
    return connection_choose_board(connection, bench->cli, err) &&
           (connection->board == NULL || choose_size(bench, &connection->board->mcu, err));
}

bool command_bench(struct cli *cli, struct error *err)
{
    struct bench bench = {.cli = cli, .work = {.stops_program = true}};
    bool ok = check_input(&bench, err) &&
              connection_open(&bench.work.connection, cli, TARGET_CONNECT_AUTO, err) &&
              choose_size(&bench, &bench.work.connection.board->mcu, err) &&
              bench_link(&bench, err) && bench_memories(&bench, err);

    return work_close(&bench.work, cli, ok, err);
}
