/* sim/registers.csv against the running models: every register named there is answered. */
#include "helpers_soc_bench.h"
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    char peripheral[16];
    char name[24];
    uint32_t addr;
    uint32_t mask; /* of the field; 0 for the row of the whole register */
};

static struct soc_bench bench;
static FILE *list;

static void open_bench(void)
{
    soc_bench_open(&bench);
    list = fopen(XFLASH_SOURCE_DIR "/sim/registers.csv", "r");
    cr_assert_not_null(list);
    soc_bench_write(&bench, RCC_BASE + RCC_AHB4ENR, 0x1008F0FF);
    soc_bench_write(&bench, RCC_BASE + RCC_APB4ENR, 0x00010002);
    soc_bench_write(&bench, RCC_BASE + RCC_APB1ENR1, 1 << 11);
}

static void close_bench(void)
{
    cr_assert_eq(fclose(list), 0);
    soc_bench_close(&bench);
}

TestSuite(registers, .init = open_bench, .fini = close_bench);

/* The next row of the list; false at its end. */
static bool next_row(struct row *row)
{
    char line[128];

    while (fgets(line, sizeof line, list) != NULL) {
        char addr[16] = "";
        char field[24] = "";
        unsigned bit = 0;
        unsigned width = 0;

        *row = (struct row){0};
        if (line[0] == '#' || sscanf(line, "%15[^,],%23[^,],0x%15[0-9A-F],%23[^,],%u,%u",
                                  row->peripheral, row->name, addr, field, &bit, &width) < 3) {
            continue;
        }
        row->addr = (uint32_t)strtoul(addr, NULL, 16);
        if (width > 0) {
            row->mask = (width == 32 ? UINT32_MAX : SIM_BIT(width) - 1) << bit;
        }
        return true;
    }
    return false;
}

static bool is_key(const struct row *row)
{
    return strcmp(row->name, "KEYR") == 0 || strcmp(row->name, "OPTKEYR") == 0;
}

Test(registers, each_is_answered_by_its_block_and_may_be_written_with_what_it_reads)
{
    struct row row;
    unsigned count = 0;

    while (next_row(&row)) {
        const struct sim_periph *periph = sim_bus_periph_at(bench.bus, row.addr);

        if (row.mask != 0 || is_key(&row)) {
            continue;
        }
        cr_assert_not_null(periph, "%s_%s", row.peripheral, row.name);
        cr_assert_str_eq(periph->name, row.peripheral);
        soc_bench_write(&bench, row.addr, soc_bench_read(&bench, row.addr));
        cr_assert_eq(soc_bench_violations(&bench, "unmodelled-register"), 0, "%s_%s",
            row.peripheral, row.name);
        cr_assert_eq(
            soc_bench_violations(&bench, "reserved-bit"), 0, "%s_%s", row.peripheral, row.name);
        count++;
    }
    cr_assert_gt(count, 300);
    cr_assert_eq(soc_bench_violations(&bench, "unclocked-access"), 0);
}

Test(registers, fields_of_the_rcc_lie_in_bits_that_the_model_has)
{
    struct row row;
    unsigned count = 0;

    while (next_row(&row)) {
        if (strcmp(row.peripheral, "RCC") == 0 && row.mask != 0) {
            const struct sim_register *known = sim_rcc_register(&sim_rcc_h7rs, row.addr - RCC_BASE);

            cr_assert_not_null(known, "%s", row.name);
            cr_assert_eq(known->writable & row.mask, row.mask, "%s", row.name);
            count++;
        }
    }
    cr_assert_gt(count, 150);
}
