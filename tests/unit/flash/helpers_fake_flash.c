#include "common/crc32.h"
#include "common/wyhash32.h"
#include "common/xxh32.h"
#include "host/base/os.h"
#include "host/flash/plan.h"
#include "tests/unit/flash/fake_flash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake_flash *from_base(struct flash_device *device)
{
    return (struct fake_flash *)device;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return *state >> 8;
}

void fake_fill_random(uint8_t *bytes, size_t count, uint32_t seed)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        bytes[i] = (uint8_t)next_random(&seed);
    }
}

static bool no_power(struct error *err)
{
    return error_set(err, ERROR_USB_LOST, "injected: the power is gone");
}

static bool violate(struct fake_flash *fake, struct error *err, const char *what)
{
    fake->violations++;
    return error_set(err, ERROR_INTERNAL, "violation: %s", what);
}

static bool is_in_chip(const struct fake_flash *fake, uint32_t offset, uint32_t size_bytes)
{
    return offset <= fake->base.geometry.size_bytes &&
           size_bytes <= fake->base.geometry.size_bytes - offset;
}

/* Counts an operation; true when power fails inside it. */
static bool is_cut(struct fake_flash *fake)
{
    fake->operations++;
    if (fake->operations == fake->cut_at) {
        fake->has_power = false;
    }
    return !fake->has_power;
}

static bool check_writable(
    struct flash_device *base, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    struct fake_flash *fake = from_base(base);

    if (!is_in_chip(fake, offset, size_bytes)) {
        return violate(fake, err, "check outside the chip");
    }
    return !fake->is_protected || error_set(err, ERROR_MEMORY_PROTECTED, "injected: protected");
}

/* Torn: every sector of the unit is half erased and weak. */
static void tear_erase(struct fake_flash *fake, uint32_t offset, uint32_t size_bytes)
{
    uint32_t i = 0;

    for (i = 0; i < size_bytes; i++) {
        fake->cells[offset + i] |= (uint8_t)next_random(&fake->random);
        fake->used[(offset + i) / FAKE_GRANULE] = 1;
        fake->weak[(offset + i) / fake->sector_bytes] = 1;
    }
}

static bool erase_unit(
    struct fake_flash *fake, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    if (is_cut(fake)) {
        tear_erase(fake, offset, size_bytes);
        return no_power(err);
    }
    memset(fake->cells + offset, 0xFF, size_bytes);
    memset(fake->used + offset / FAKE_GRANULE, 0, size_bytes / FAKE_GRANULE);
    memset(fake->weak + offset / fake->sector_bytes, 0, size_bytes / fake->sector_bytes);
    memset(fake->in_work + offset / fake->sector_bytes, 0, size_bytes / fake->sector_bytes);
    fake->erases++;
    fake->erased_bytes += size_bytes;
    fake->time_ns += 25000000;
    return true;
}

static bool erase(struct flash_device *base, uint8_t erase_type, uint32_t offset,
    uint32_t size_bytes, uint32_t *ticket, struct error *err)
{
    struct fake_flash *fake = from_base(base);
    uint32_t unit_bytes = fake->base.geometry.size_bytes;
    uint32_t done = 0;

    if (!fake->has_power) {
        return no_power(err);
    }
    if (erase_type != FLASH_ERASE_TYPE_CHIP) {
        if (erase_type >= base->geometry.erase_count) {
            return violate(fake, err, "no such erase type");
        }
        unit_bytes = base->geometry.erase[erase_type].size_bytes;
    }
    if (!is_in_chip(fake, offset, size_bytes) || offset % unit_bytes != 0 ||
        size_bytes % unit_bytes != 0 || size_bytes == 0) {
        return violate(fake, err, "erase of something else than whole units");
    }
    for (done = 0; done < size_bytes; done += unit_bytes) {
        if (!erase_unit(fake, offset + done, unit_bytes, err)) {
            return false;
        }
    }
    *ticket = ++fake->tickets;
    return true;
}

static bool program_granule(
    struct fake_flash *fake, uint32_t offset, const uint8_t *bytes, struct error *err)
{
    uint32_t i = 0;
    bool is_blank = true;

    for (i = 0; i < FAKE_GRANULE; i++) {
        is_blank = is_blank && bytes[i] == 0xFF;
    }
    if (is_blank) {
        return true; /* never sent */
    }
    if (fake->used[offset / FAKE_GRANULE] != 0) {
        return violate(fake, err, "granule programmed twice");
    }
    if (fake->weak[offset / fake->sector_bytes] != 0) {
        return violate(fake, err, "programming in a weak sector");
    }
    fake->used[offset / FAKE_GRANULE] = 1;
    for (i = 0;
         i < FAKE_GRANULE && !fake->lies && offset / fake->sector_bytes != fake->lies_in_sector;
         i++) {
        fake->cells[offset + i] &= bytes[i];
    }
    return true;
}

/* One page: torn in the middle when power fails. */
static bool program_page(struct fake_flash *fake, uint32_t offset, const uint8_t *bytes,
    uint32_t size_bytes, struct error *err)
{
    bool cut = is_cut(fake);
    uint32_t done = 0;

    fake->pages++;
    fake->time_ns += 152000;
    for (done = 0; done < (cut ? size_bytes / 2 : size_bytes); done += FAKE_GRANULE) {
        if (!program_granule(fake, offset + done, bytes + done, err)) {
            return false;
        }
    }
    if (cut) {
        fake->weak[offset / fake->sector_bytes] = 1;
        fake->cells[offset + size_bytes / 2] &= (uint8_t)next_random(&fake->random);
        fake->used[(offset + size_bytes / 2) / FAKE_GRANULE] = 1;
        return no_power(err);
    }
    return true;
}

static bool program(struct flash_device *base, uint32_t offset, const uint8_t *bytes,
    uint32_t size_bytes, uint32_t *ticket, struct error *err)
{
    struct fake_flash *fake = from_base(base);
    uint32_t done = 0;
    uint32_t count = 0;

    if (!fake->has_power) {
        return no_power(err);
    }
    if (!is_in_chip(fake, offset, size_bytes) || offset % FAKE_GRANULE != 0 ||
        size_bytes % FAKE_GRANULE != 0 || size_bytes > base->chunk_bytes || size_bytes == 0) {
        return violate(fake, err, "programming something else than whole granules");
    }
    for (done = 0; done < size_bytes; done += count) {
        count = FAKE_PAGE - (offset + done) % FAKE_PAGE;
        count = count < size_bytes - done ? count : size_bytes - done;
        if (!program_page(fake, offset + done, bytes + done, count, err)) {
            return false;
        }
    }
    *ticket = ++fake->tickets;
    return true;
}

static bool finish(struct flash_device *base, struct error *err)
{
    return from_base(base)->has_power || no_power(err);
}

static uint32_t completed(struct flash_device *base)
{
    return from_base(base)->tickets;
}

/* A weak sector reads differently each time. */
static bool read(struct flash_device *base, uint32_t offset, uint8_t *dst, uint32_t size_bytes,
    struct error *err)
{
    struct fake_flash *fake = from_base(base);
    uint32_t i = 0;

    if (!fake->has_power) {
        return no_power(err);
    }
    if (!is_in_chip(fake, offset, size_bytes)) {
        return violate(fake, err, "reading outside the chip");
    }
    memcpy(dst, fake->cells + offset, size_bytes);
    for (i = 0; i < size_bytes; i++) {
        if (fake->weak[(offset + i) / fake->sector_bytes] != 0 &&
            next_random(&fake->random) % 64 == 0) {
            dst[i] ^= (uint8_t)(1u << next_random(&fake->random) % 8);
        }
    }
    fake->time_ns += size_bytes;
    return true;
}

static bool hash(struct flash_device *base, const struct flash_range *range, uint32_t block_bytes,
    bool mapped, struct abi_block_hash *hashes, struct error *err)
{
    struct fake_flash *fake = from_base(base);
    uint8_t *bytes = malloc(range->size_bytes);
    uint32_t done = 0;

    (void)mapped;
    if (range->offset % FLASH_ALIGN_BYTES != 0 || range->size_bytes % FLASH_ALIGN_BYTES != 0 ||
        range->size_bytes == 0) {
        free(bytes);
        return violate(fake, err, "hashing something that is not aligned");
    }
    if (bytes == NULL || !read(base, range->offset, bytes, range->size_bytes, err)) {
        free(bytes);
        return false;
    }
    for (done = 0; done < range->size_bytes; done += block_bytes) {
        uint32_t left = range->size_bytes - done;
        uint32_t count = left < block_bytes ? left : block_bytes;

        hashes[done / block_bytes] =
            (struct abi_block_hash){.xxh32 = xxh32_hash(bytes + done, count),
                .wyhash32 = wyhash32_hash(bytes + done, count)};
    }
    for (done = 0; done < range->size_bytes; done += block_bytes) {
        if ((range->offset + done) / fake->sector_bytes == fake->unstable_sector) {
            hashes[done / block_bytes].wyhash32 ^= 1;
        }
    }
    fake->hashed_bytes += range->size_bytes;
    free(bytes);
    return true;
}

static bool crc32(
    struct flash_device *base, const struct flash_range *range, uint32_t *value, struct error *err)
{
    struct fake_flash *fake = from_base(base);
    uint8_t *bytes = malloc(range->size_bytes);
    bool ok = false;

    if (range->offset % FLASH_ALIGN_BYTES != 0 || range->size_bytes % FLASH_ALIGN_BYTES != 0 ||
        range->size_bytes == 0) {
        free(bytes);
        return violate(fake, err, "checksumming something that is not aligned");
    }
    ok = bytes != NULL && read(base, range->offset, bytes, range->size_bytes, err);
    if (ok) {
        *value = crc32_update(0, bytes, range->size_bytes);
        fake->hashed_bytes += range->size_bytes;
    }
    free(bytes);
    return ok;
}

static bool compare(struct flash_device *base, uint32_t offset, const uint8_t *expected,
    uint32_t size_bytes, struct flash_difference *difference, struct error *err)
{
    struct fake_flash *fake = from_base(base);
    uint8_t found[2][8192];
    uint32_t i = 0;

    *difference = (struct flash_difference){.first_offset = UINT32_MAX};
    if (offset % FLASH_ALIGN_BYTES != 0 || size_bytes > sizeof found[0]) {
        return violate(fake, err, "comparing something that is not aligned");
    }
    if (!read(base, offset, found[0], size_bytes, err) ||
        !read(base, offset, found[1], size_bytes, err)) {
        return false;
    }
    for (i = size_bytes; i-- > 0;) {
        if (found[0][i] != expected[i]) {
            difference->first_offset = offset + i;
            difference->count++;
            difference->expected = expected[i];
            difference->found = found[0][i];
            difference->found_again = found[1][i];
            difference->bits |= found[0][i] ^ expected[i];
        }
    }
    return true;
}

static uint64_t now_ns(struct flash_device *base)
{
    return from_base(base)->time_ns;
}

static const struct flash_device_driver driver = {.check_writable = check_writable,
    .erase = erase,
    .program = program,
    .finish = finish,
    .completed = completed,
    .read = read,
    .hash = hash,
    .crc32 = crc32,
    .compare = compare,
    .now_ns = now_ns};

void fake_flash_init(struct fake_flash *fake, const struct flash_geometry *geometry)
{
    memset(fake, 0, sizeof *fake);
    fake->base = (struct flash_device){
        .driver = &driver, .geometry = *geometry, .chunk_bytes = 16384, .can_map = true};
    fake->sector_bytes = geometry->erase[0].size_bytes;
    fake->cells = malloc(geometry->size_bytes);
    fake->used = calloc(geometry->size_bytes / FAKE_GRANULE, 1);
    fake->weak = calloc(geometry->size_bytes / fake->sector_bytes, 1);
    fake->in_work = calloc(geometry->size_bytes / fake->sector_bytes, 1);
    fake->unstable_sector = SIZE_MAX;
    fake->lies_in_sector = SIZE_MAX;
    memset(fake->cells, 0xFF, geometry->size_bytes);
    fake->random = 1;
    fake->has_power = true;
}

void fake_flash_free(struct fake_flash *fake)
{
    free(fake->cells);
    free(fake->used);
    free(fake->weak);
    free(fake->in_work);
}

void fake_flash_load(struct fake_flash *fake, uint32_t offset, const void *bytes, uint32_t count)
{
    uint32_t i = 0;

    memcpy(fake->cells + offset, bytes, count);
    for (i = 0; i < count; i++) {
        if (fake->cells[offset + i] != 0xFF) {
            fake->used[(offset + i) / FAKE_GRANULE] = 1;
        }
    }
}

void fake_flash_power_on(struct fake_flash *fake)
{
    fake->has_power = true;
    fake->cut_at = 0;
    fake->operations = 0;
}

void fake_flash_be_lucky(struct fake_flash *fake)
{
    uint32_t count = fake->base.geometry.size_bytes / fake->sector_bytes;

    memcpy(fake->in_work, fake->weak, count);
    memset(fake->weak, 0, count);
}

size_t fake_flash_in_work(const struct fake_flash *fake)
{
    uint32_t count = fake->base.geometry.size_bytes / fake->sector_bytes;
    size_t in_work = 0;
    uint32_t i = 0;

    for (i = 0; i < count; i++) {
        in_work += fake->in_work[i];
    }
    return in_work;
}

/* ---- the board ---- */

static bool source_select(struct flash_device_source *source, size_t memory,
    struct flash_device **device, struct error *err)
{
    struct fake_board *fake =
        (struct fake_board *)(void *)((char *)source - offsetof(struct fake_board, source));

    if (memory != 0 && memory != FLASH_MEMORY_INTERNAL) {
        return error_set(err, ERROR_INTERNAL, "no memory %zu", memory);
    }
    *device = memory == 0 ? &fake->flash.base : &fake->internal.base;
    return true;
}

static void set_part(struct part *part)
{
    (void)snprintf(part->name, sizeof part->name, "FAKE");
    part->size_bytes = FAKE_BYTES;
    part->page_bytes = FAKE_PAGE;
    part->ecc_unit_bytes = FAKE_GRANULE;
    part->erase[0] = (struct part_erase){FAKE_SECTOR, 25000, 500000};
    part->erase[1] = (struct part_erase){FAKE_BLOCK, 256000, 5120000};
    part->erase_count = 2;
    part->program_typical_us = 152;
    part->program_max_us = 4256;
    part->chip_erase_typical_us = 1000000;
    part->chip_erase_max_us = 20000000;
}

static void add_partition(
    struct board *board, const char *name, uint32_t offset, uint32_t size_bytes, bool keep)
{
    struct board_partition *partition = &board->partitions[board->partition_count++];

    (void)snprintf(partition->name, sizeof partition->name, "%s", name);
    partition->offset = offset;
    partition->size_bytes = size_bytes;
    partition->keep = keep;
}

static void set_board(struct board *board)
{
    memset(board, 0, sizeof *board);
    (void)snprintf(board->name, sizeof board->name, "fake");
    (void)snprintf(board->mcu.name, sizeof board->mcu.name, "FAKEMCU");
    board->mcu.flash.addr = FAKE_INTERNAL_ADDR;
    board->mcu.flash.size_bytes = FAKE_INTERNAL_BYTES;
    board->mcu.flash.sector_bytes = FAKE_INTERNAL_SECTOR;
    board->mcu.flash.granule_bytes = FAKE_GRANULE;
    board->mcu.flash.erase_max_ms = 10;
    board->mcu.flash.program_max_us = 100;
    board->mcu.ram[0] = (struct board_range){0x20000000, 0x10000};
    board->mcu.ram[1] = (struct board_range){0x24000000, 0x20000};
    board->mcu.ram_count = 2;
    (void)snprintf(board->memories[0].name, sizeof board->memories[0].name, "flash");
    board->memories[0].kind = BOARD_MEMORY_NOR;
    board->memories[0].window_addr = FAKE_ADDR;
    board->memories[0].window_bytes = 0x10000000;
    set_part(&board->memories[0].part);
    board->memory_count = 1;
    add_partition(board, "app", 0, 256 * 1024, false);
    add_partition(board, "data", 256 * 1024, 128 * 1024, true);
    add_partition(board, "scratch", 448 * 1024, 64 * 1024, false);
    board->boot_kind = BOARD_BOOT_XFLASH;
    board->boot_partition = 0;
    board->boot_check_crc = true;
}

void fake_board_init(struct fake_board *fake)
{
    struct flash_geometry geometry;
    struct error err;

    memset(fake, 0, sizeof *fake);
    set_board(&fake->board);
    fake->source.select = source_select;
    if (!flash_geometry_get(&fake->board, 0, &geometry, &err)) {
        abort();
    }
    fake_flash_init(&fake->flash, &geometry);
    if (!flash_geometry_get(&fake->board, FLASH_MEMORY_INTERNAL, &geometry, &err)) {
        abort();
    }
    fake_flash_init(&fake->internal, &geometry);
    (void)snprintf(fake->journal, sizeof fake->journal, "/tmp/xflash-test-%u-%llx", os_process_id(),
        (unsigned long long)os_monotonic_ns());
    fake->options = (struct flash_engine_options){.compare = true,
        .verify = true,
        .journal_directory = fake->journal,
        .unique_id = "0011223344556677"};
}

void fake_board_free(struct fake_board *fake)
{
    char **names = NULL;
    size_t count = 0;
    size_t i = 0;

    if (os_list_directory(fake->journal, &names, &count, &fake->err)) {
        for (i = 0; i < count; i++) {
            char path[512];

            (void)snprintf(path, sizeof path, "%s/%s", fake->journal, names[i]);
            (void)os_remove_file(path);
        }
        os_free_names(names, count);
    }
    (void)remove(fake->journal);
    fake_flash_free(&fake->flash);
    fake_flash_free(&fake->internal);
}

size_t fake_board_journals(const struct fake_board *fake)
{
    char **names = NULL;
    size_t count = 0;
    struct error err;

    if (!os_list_directory(fake->journal, &names, &count, &err)) {
        abort();
    }
    os_free_names(names, count);
    return count;
}

struct image *fake_image(const char *name, uint32_t addr, const uint8_t *bytes, size_t size_bytes)
{
    struct image *image = NULL;
    struct error err;

    if (!image_parse(
            name, &(struct image_input){bytes, size_bytes, IMAGE_BIN, addr}, &image, &err)) {
        abort();
    }
    return image;
}

struct flash_request fake_request(const struct image *image)
{
    return (struct flash_request){.image = image};
}

struct flash_request fake_erase_request(uint32_t offset, uint32_t size_bytes)
{
    return (struct flash_request){.range = {.memory = 0,
                                      .partition = FLASH_NO_PARTITION,
                                      .addr = FAKE_ADDR + offset,
                                      .offset = offset,
                                      .size_bytes = size_bytes}};
}

bool fake_board_program(struct fake_board *fake, const struct flash_request *requests,
    size_t request_count, const struct flash_plan_options *options)
{
    struct flash_plan plan;
    bool ok = false;

    memset(&fake->err, 0, sizeof fake->err);
    if (!flash_plan_make(&fake->board, requests, request_count, options, &plan, &fake->err)) {
        return false;
    }
    ok = flash_engine_run(&plan, &fake->source, &fake->options, &fake->result, &fake->err);
    flash_plan_free(&plan);
    return ok;
}
