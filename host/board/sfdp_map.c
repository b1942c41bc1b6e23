/* The sector map of SFDP: where which erase types work. Facts: memories.md 4.7. */
#include "host/board/sfdp_tables.h"

enum { LENGTH_IN_USE = 0xFF };

static bool decode_detection(const struct sfdp_view *view, size_t at, struct sfdp_sector_map *map)
{
    static const uint8_t addr_bytes[] = {0, 3, 4, LENGTH_IN_USE};
    struct sfdp_detection *detection = &map->detections[map->detection_count];
    uint32_t word = sfdp_dword(view, at);

    if (map->detection_count == SFDP_MAX_DETECTIONS || at + 1 > view->dwords) {
        return false;
    }
    detection->opcode = (uint8_t)sfdp_bits(word, 15, 8);
    detection->dummy_cycles = (uint8_t)sfdp_bits(word, 19, 16);
    if (detection->dummy_cycles == 0xF) {
        detection->dummy_cycles = SFDP_NO_DUMMY;
    }
    detection->addr_bytes = addr_bytes[sfdp_bits(word, 23, 22)];
    detection->mask = (uint8_t)sfdp_bits(word, 31, 24);
    detection->addr = sfdp_dword(view, at + 1);
    map->detection_count++;
    return true;
}

/* Every region names only erase types that exist. */
static bool has_types(const struct sfdp *sfdp, uint8_t types)
{
    for (unsigned i = 0; i < SFDP_ERASE_TYPES; i++) {
        if (sfdp_bit(types, i) && sfdp->erase[i].size_bytes == 0) {
            return false;
        }
    }
    return types != 0;
}

static bool decode_map(const struct sfdp_view *view, size_t at, struct sfdp *sfdp)
{
    struct sfdp_sector_map *table = &sfdp->sector_map;
    struct sfdp_map *map = &table->maps[table->map_count];
    uint32_t word = sfdp_dword(view, at);
    size_t count = sfdp_bits(word, 23, 16) + 1;
    uint64_t sum_bytes = 0;

    if (table->map_count == SFDP_MAX_MAPS || count > SFDP_MAX_REGIONS ||
        at + count > view->dwords) {
        return false;
    }
    map->number = (uint8_t)sfdp_bits(word, 15, 8);
    map->region_count = count;
    for (size_t i = 0; i < count; i++) {
        uint32_t region = sfdp_dword(view, at + 1 + i);

        map->regions[i].size_bytes = ((uint64_t)sfdp_bits(region, 31, 8) + 1) * 256;
        map->regions[i].erase_types = (uint8_t)sfdp_bits(region, 3, 0);
        sum_bytes += map->regions[i].size_bytes;
        if (!has_types(sfdp, map->regions[i].erase_types)) {
            return false;
        }
    }
    table->map_count++;
    return sum_bytes == sfdp->size_bytes;
}

/* Descriptors follow one another: detections, then maps; the last map is marked. Each takes at
 * least one dword, so the walk ends. */
void sfdp_map_decode(const struct sfdp_view *view, struct sfdp *sfdp)
{
    struct sfdp_sector_map *map = &sfdp->sector_map;
    size_t at = 1;

    while (at <= view->dwords) {
        uint32_t word = sfdp_dword(view, at);
        bool is_map = sfdp_bit(word, 1);

        if (is_map ? !decode_map(view, at, sfdp) : !decode_detection(view, at, map)) {
            return;
        }
        if (is_map && sfdp_bit(word, 0)) {
            map->complete = true;
            return;
        }
        at += is_map ? 1 + map->maps[map->map_count - 1].region_count : 2;
    }
}

const struct sfdp_map *sfdp_map_find(const struct sfdp *sfdp, uint8_t number)
{
    for (size_t i = 0; sfdp->sector_map.complete && i < sfdp->sector_map.map_count; i++) {
        if (sfdp->sector_map.maps[i].number == number) {
            return &sfdp->sector_map.maps[i];
        }
    }
    return NULL;
}
