#include "host/flash/geometry.h"

#include <stdio.h>

static void get_internal(const struct board_mcu *mcu, struct flash_geometry *geometry)
{
    uint32_t erase_us = mcu->flash.erase_max_ms * 1000;

    (void)snprintf(geometry->name, sizeof geometry->name, "internal");
    geometry->addr = mcu->flash.addr;
    geometry->size_bytes = mcu->flash.size_bytes;
    geometry->page_bytes = mcu->flash.granule_bytes;
    geometry->granule_bytes = mcu->flash.granule_bytes;
    geometry->erase[0] = (struct part_erase){mcu->flash.sector_bytes, erase_us, erase_us};
    geometry->erase_count = 1;
    geometry->program_typical_us = mcu->flash.program_max_us;
    geometry->program_max_us = mcu->flash.program_max_us;
}

static bool get_external(
    const struct board_memory *memory, struct flash_geometry *geometry, struct error *err)
{
    const struct part *part = &memory->part;
    size_t i = 0;

    (void)snprintf(geometry->name, sizeof geometry->name, "%s", memory->name);
    if (memory->kind != BOARD_MEMORY_NOR) {
        return error_set(
            err, ERROR_USAGE, "the memory %s is RAM: it is not programmed as flash", memory->name);
    }
    if (part->size_bytes == 0 || part->erase_count == 0) {
        (void)error_set(err, ERROR_BOARD_UNKNOWN,
            "which part the memory %s is can be known only from the chip", memory->name);
        error_set_hint(err, "use --dry-run=target, or name the part in the board file");
        return false;
    }
    geometry->addr = memory->window_addr;
    geometry->size_bytes =
        part->size_bytes < memory->window_bytes ? part->size_bytes : memory->window_bytes;
    geometry->page_bytes = part->page_bytes;
    geometry->granule_bytes = part->ecc_unit_bytes > 0 ? part->ecc_unit_bytes : 1;
    for (i = 0; i < part->erase_count; i++) {
        geometry->erase[i] = part->erase[i];
    }
    geometry->erase_count = part->erase_count;
    geometry->program_typical_us = part->program_typical_us;
    geometry->program_max_us = part->program_max_us;
    geometry->chip_erase_typical_us = part->chip_erase_typical_us;
    geometry->chip_erase_max_us = part->chip_erase_max_us;
    return true;
}

bool flash_geometry_get(
    const struct board *board, size_t memory, struct flash_geometry *geometry, struct error *err)
{
    *geometry = (struct flash_geometry){.memory = memory};
    if (memory == FLASH_MEMORY_INTERNAL) {
        get_internal(&board->mcu, geometry);
        return true;
    }
    if (memory >= board->memory_count) {
        return error_set(err, ERROR_INTERNAL, "there is no memory number %zu", memory);
    }
    return get_external(&board->memories[memory], geometry, err);
}

uint32_t flash_geometry_sector_bytes(const struct flash_geometry *geometry)
{
    return geometry->erase[0].size_bytes;
}

struct board_range flash_memory_range(const struct board *board, size_t memory)
{
    const struct board_memory *external = NULL;
    uint32_t size_bytes = 0;

    if (memory == FLASH_MEMORY_INTERNAL) {
        return (struct board_range){board->mcu.flash.addr, board->mcu.flash.size_bytes};
    }
    external = &board->memories[memory];
    size_bytes = external->window_bytes;
    if (external->part.size_bytes > 0 && external->part.size_bytes < size_bytes) {
        size_bytes = external->part.size_bytes;
    }
    return (struct board_range){external->window_addr, size_bytes};
}

const char *flash_memory_name(const struct board *board, size_t memory)
{
    return memory < board->memory_count ? board->memories[memory].name : "internal";
}

static bool is_inside(const struct board *board, size_t memory, uint32_t addr)
{
    struct board_range range = flash_memory_range(board, memory);

    return addr - range.addr < range.size_bytes;
}

size_t flash_memory_at(const struct board *board, uint32_t addr)
{
    size_t memory = 0;

    while (memory < board->memory_count && !is_inside(board, memory, addr)) {
        memory++;
    }
    if (memory < board->memory_count) {
        return memory;
    }
    return is_inside(board, FLASH_MEMORY_INTERNAL, addr) ? FLASH_MEMORY_INTERNAL
                                                         : FLASH_MEMORY_COUNT;
}
