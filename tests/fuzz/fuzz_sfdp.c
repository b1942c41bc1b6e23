/* SFDP from a chip that says anything: an ID of four bytes, then the table. Besides what the
 * sanitizers find, everything that is believed of such a table must be usable: a part made from it
 * never erases or programs by numbers that do not fit the chip. */
#include "host/board/sfdp_errata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_BYTES = 4 };

static struct sfdp_errata *errata;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void require(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "not true: %s\n", what);
        abort();
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct error err = {0};

    (void)argc;
    (void)argv;
    require(sfdp_errata_load_file(XFLASH_SOURCE_DIR "/boards/sfdp/errata.json", &errata, &err),
        err.message);
    return 0;
}

static void check_steps(const struct abi_bus_step *steps, size_t count)
{
    require(count <= PART_MAX_STEPS, "steps fit");
    for (size_t i = 0; i < count; i++) {
        require(steps[i].kind == ABI_STEP_EXEC && steps[i].op.opcode_bytes == 1, "a command");
        require(steps[i].data_count <= sizeof steps[i].data, "data of a step fit");
    }
}

static void check_part(const struct sfdp *sfdp, const struct part *part)
{
    const struct part_mode *mode = &part->modes[0];
    uint64_t reach = mode->program.addr_bytes == 3 ? UINT64_C(1) << 24 : UINT64_C(1) << 32;

    require(part->size_bytes == sfdp->size_bytes && part->size_bytes >= 65536, "size");
    require(part->size_bytes <= reach, "every byte can be addressed");
    require(part->page_bytes > 0 && part->page_bytes <= 256, "page");
    require(part->ecc_unit_bytes > 0 && part->page_bytes % part->ecc_unit_bytes == 0, "unit");
    require(part->program_typical_us > 0 && part->program_max_us >= part->program_typical_us,
        "program time");
    require(
        part->chip_erase_typical_us > 0 && part->chip_erase_max_us >= part->chip_erase_typical_us,
        "chip erase time");
    require(part->erase_count > 0 && part->erase_count <= PART_MAX_ERASE, "erase types");
    for (size_t i = 0; i < part->erase_count; i++) {
        const struct part_erase *erase = &part->erase[i];

        require(erase->size_bytes >= 4096 && part->size_bytes % erase->size_bytes == 0,
            "an erase type divides the chip");
        require(i == 0 || erase->size_bytes > part->erase[i - 1].size_bytes, "smallest first");
        require(erase->typical_us > 0 && erase->max_us >= erase->typical_us, "erase time");
        require(mode->erase[i].opcode != 0, "erase opcode");
        for (size_t k = 0; k < i; k++) {
            require(mode->erase[i].opcode != mode->erase[k].opcode, "one size for an opcode");
        }
    }
    check_steps(mode->enter, mode->enter_count);
    check_steps(mode->leave, mode->leave_count);
}

static void check_sequence(const struct sfdp *sfdp)
{
    struct sfdp_command steps[SFDP_MAX_SEQUENCE];
    size_t count = sfdp_safe_sequence(sfdp, steps);

    require(count <= sfdp->sequence_count, "nothing is added to a sequence");
    for (size_t i = 0; i < count; i++) {
        require(steps[i].bytes[0] == 0x06 || steps[i].count >= 5, "write enables and registers");
    }
}

static void check_map(const struct sfdp *sfdp)
{
    const struct sfdp_sector_map *table = &sfdp->sector_map;

    for (size_t i = 0; table->complete && i < table->map_count; i++) {
        const struct sfdp_map *map = sfdp_map_find(sfdp, table->maps[i].number);
        uint64_t sum_bytes = 0;

        require(map != NULL, "a map of that number");
        for (size_t k = 0; k < map->region_count; k++) {
            sum_bytes += map->regions[k].size_bytes;
        }
        require(sum_bytes == sfdp->size_bytes, "regions are the chip");
    }
}

static void use(const uint8_t *id, struct sfdp *sfdp)
{
    struct part part;
    struct error err = {0};
    char *text = NULL;
    uint8_t code = 0;

    require(sfdp_describe(sfdp, &text, &err), "a description");
    free(text);
    for (unsigned cycles = 0; cycles < 40; cycles++) {
        (void)sfdp_dummy_code(sfdp, cycles, &code);
    }
    for (int mode = 0; mode < SFDP_READ_MODES; mode++) {
        (void)sfdp_four_byte_read(sfdp, (enum sfdp_read_mode)mode);
    }
    check_sequence(sfdp);
    check_map(sfdp);
    if (sfdp_make_part(sfdp, id, ID_BYTES, &part, &err)) {
        check_part(sfdp, &part);
    }
    (void)sfdp_errata_apply(errata, id, ID_BYTES, sfdp);
    check_sequence(sfdp);
    if (sfdp_make_part(sfdp, id, ID_BYTES, &part, &err)) {
        check_part(sfdp, &part);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    struct sfdp sfdp;
    struct error err = {0};
    size_t extent_bytes = 0;

    if (count < ID_BYTES) {
        return 0;
    }
    if (sfdp_extent(data + ID_BYTES, count - ID_BYTES, &extent_bytes, &err)) {
        require(extent_bytes >= 16 && extent_bytes <= 8192, "extent");
    }
    if (sfdp_decode(data + ID_BYTES, count - ID_BYTES, &sfdp, &err)) {
        use(data, &sfdp);
    }
    return 0;
}
