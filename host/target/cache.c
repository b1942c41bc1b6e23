/* The Cortex-M7's caches over the debug port: what the program left in the data cache must reach
 * the RAM before the stub is loaded there (silicon rule 1). */
#include "host/target/target_internal.h"

#include <inttypes.h>

enum {
    CCR_DATA_CACHE = 1 << 16,
    CCR_INSTRUCTION_CACHE = 1 << 17,
    SET_WAY_BATCH = 256,
    MAX_LINES = 65536 /* far above any Cortex-M7; a wild CCSIDR must not cost minutes */
};

struct geometry {
    uint32_t sets;
    uint32_t ways;
    unsigned set_shift;
    unsigned way_shift;
};

/* CCSIDR: line size 2:0 (log2 of words, less 2), ways 12:3 less 1, sets 27:13 less 1. */
static struct geometry parse_geometry(uint32_t ccsidr)
{
    struct geometry geometry = {
        .sets = (ccsidr >> 13 & 0x7FFF) + 1,
        .ways = (ccsidr >> 3 & 0x3FF) + 1,
        .set_shift = (ccsidr & 7) + 4,
        .way_shift = 32,
    };
    uint32_t ways = geometry.ways - 1;

    /* The way stands in the top bits, as many as the number of ways needs. */
    while (ways > 0) {
        geometry.way_shift--;
        ways >>= 1;
    }
    return geometry;
}

static uint32_t set_way(const struct geometry *geometry, uint32_t line)
{
    uint32_t way = line / geometry->sets;
    uint32_t set = line % geometry->sets;

    return (geometry->way_shift < 32 ? way << geometry->way_shift : 0) | set << geometry->set_shift;
}

/* operation: the register that takes a set and way. */
static bool for_all_lines(struct target *target, uint32_t operation, struct error *err)
{
    struct probe_word batch[SET_WAY_BATCH];
    struct geometry geometry = {0};
    uint32_t ccsidr = 0;
    uint32_t line = 0;
    uint32_t lines = 0;

    if (!target_write_word(target, CORE_CSSELR, 0, err) ||
        !target_read_word(target, CORE_CCSIDR, &ccsidr, err)) {
        return false;
    }
    geometry = parse_geometry(ccsidr);
    lines = geometry.sets * geometry.ways;
    if (lines > MAX_LINES) {
        return error_set(
            err, ERROR_TARGET_STATE, "the data cache describes itself as 0x%08" PRIx32, ccsidr);
    }
    while (line < lines) {
        size_t count = 0;

        while (count < SET_WAY_BATCH && line < lines) {
            batch[count++] = (struct probe_word){
                .addr = operation, .value = set_way(&geometry, line++), .is_write = true};
        }
        if (!probe_transfer_words(target->probe, target->mcu->core_ap, batch, count, err)) {
            return false;
        }
    }
    return true;
}

bool target_clean_caches(struct target *target, struct error *err)
{
    uint32_t both = CCR_DATA_CACHE | CCR_INSTRUCTION_CACHE;
    uint32_t ccr = 0;
    uint32_t after = 0;
    bool was_on = false;

    if (!target_read_word(target, CORE_CCR, &ccr, err)) {
        return false;
    }
    was_on = (ccr & CCR_DATA_CACHE) != 0;
    /* Off first, so that nothing gets dirty behind the loop. A cache that was off may hold
     * anything, after power-on also lines that look dirty: cleaning would write them to RAM. */
    if (!target_write_word(target, CORE_CCR, ccr & ~both, err) ||
        !for_all_lines(target, was_on ? CORE_DCCISW : CORE_DCISW, err) ||
        !target_write_word(target, CORE_ICIALLU, 0, err) ||
        !target_read_word(target, CORE_CCR, &after, err)) {
        return false;
    }
    if ((after & both) != 0) {
        return error_set(
            err, ERROR_TARGET_STATE, "the caches cannot be turned off: CCR is 0x%08" PRIx32, after);
    }
    return true;
}
