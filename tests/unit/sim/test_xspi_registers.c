/* Every register and bit of sim/registers_xspi.csv is really there in the model. */
#include "xspi_rig.h"

#include <stdio.h>

static struct xspi_rig rig;

static void setup(void)
{
    rig_init(&rig);
    soc_bench_modify(&rig.bench, AHB5ENR, 0, 1 << 5); /* XSPI1 */
    wr(&rig, CR, 0);
}

static void teardown(void)
{
    rig_free(&rig);
}

TestSuite(xspi_registers, .init = setup, .fini = teardown);

struct row {
    char peripheral[16];
    char name[16];
    unsigned addr;
    char field[24];
    unsigned bit;
    unsigned width;
};

/* Flags, the data register and ABORT do not read back what was written. */
static bool reads_back(const struct row *row)
{
    static const char *const others[] = {"SR", "FCR", "DR", "CALFCR"};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(row->name, others[i]) == 0) {
            return false;
        }
    }
    return strcmp(row->field, "ABORT") != 0;
}

static void check_row(const struct row *row)
{
    uint32_t mask = row->width == 32 ? UINT32_MAX : ((UINT32_C(1) << row->width) - 1) << row->bit;

    soc_bench_write(&rig.bench, row->addr, mask);
    pass_ps(&rig, SIM_PS_PER_MS); /* a calibration */
    cr_assert_eq(soc_bench_read(&rig.bench, row->addr), mask, "%s_%s.%s", row->peripheral,
        row->name, row->field);
    soc_bench_write(&rig.bench, row->addr, 0);
    pass_ps(&rig, SIM_PS_PER_MS);
}

Test(xspi_registers, keep_each_field_of_the_list_and_nothing_beside_it)
{
    FILE *file = fopen(XFLASH_SOURCE_DIR "/sim/registers_xspi.csv", "r");
    char line[200];
    unsigned checked = 0;

    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        struct row row;

        if (sscanf(line, "%15[^,],%15[^,],%x,%23[^,],%u,%u", row.peripheral, row.name, &row.addr,
                row.field, &row.bit, &row.width) == 6 &&
            reads_back(&row)) {
            check_row(&row);
            checked++;
        }
    }
    (void)fclose(file);
    cr_assert_eq(checked, 186, "%u fields read back", checked);
}

Test(xspi_registers, may_be_reached_in_bytes_and_halves)
{
    uint32_t value = 0;

    wr(&rig, DLR, 0x11223344);
    cr_assert_eq(rd8(&rig, DLR + 1), 0x33);
    wr8(&rig, DLR + 3, 0xAA);
    cr_assert(sim_bus_read(rig.bench.bus, SIM_MASTER_CPU, DLR + 2, 2, &value));
    cr_assert_eq(value, 0xAA22);
}

Test(xspi_registers, are_zero_after_reset)
{
    soc_bench_modify(&rig.bench, RCC + 0x7C, 0, 1 << 12);
    soc_bench_modify(&rig.bench, RCC + 0x7C, 1 << 12, 0);
    for (uint32_t offset = 0; offset < 0x230; offset += 4) {
        cr_assert_eq(rd(&rig, XSPI + offset), 0, "+0x%03x", (unsigned)offset);
    }
}
