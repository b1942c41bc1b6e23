#include "helpers_board.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

static void create_memory(struct board_test *test)
{
    const struct sim_nor_part *part = sim_nor_part_find(test->board->memory_part);

    test->storage.memory = (struct sim_nor_storage){
        .bytes = aligned_alloc(PAGE, sim_nor_part_size_bytes(part)),
        .cells = calloc(1, sim_nor_part_cells_bytes(part)),
        .cells_bytes = sim_nor_part_cells_bytes(part),
        .registers = calloc(1, sim_nor_part_registers_bytes(part)),
        .registers_bytes = sim_nor_part_registers_bytes(part),
    };
    sim_nor_part_factory(part, &test->storage.memory);
}

void board_create(struct board_test *test)
{
    board_create_as(test, "nucleo-h7s3l8");
}

void board_create_as(struct board_test *test, const char *name)
{
    const struct sim_flash_layout *flash = NULL;

    memset(test, 0, sizeof *test);
    test->board = sim_board_find(name);
    flash = test->board->soc->flash;
    test->core_ap = test->board->soc->aps[0].is_core ? 0 : 1;
    test->storage.internal = (struct sim_flash_storage){
        .bytes = aligned_alloc(PAGE, sim_flash_array_bytes(flash)),
        .granules = calloc(1, sim_flash_array_bytes(flash) / sim_flash_granule_bytes(flash)),
        .options = calloc(1, 256),
    };
    sim_flash_factory(flash, &test->storage.internal);
    if (test->board->memory_part != NULL) {
        create_memory(test);
    }
}

/* A program at the start of internal flash: MSP, PC, then code. */
void board_put_program(struct board_test *test, const uint16_t *code, size_t count)
{
    const uint32_t vectors[] = {0x20010000, 0x08000009};

    memcpy(test->storage.internal.bytes, vectors, sizeof vectors);
    memcpy(test->storage.internal.bytes + sizeof vectors, code, 2 * count);
    memset(test->storage.internal.granules, 1, 2);
}

void board_power_up(struct board_test *test)
{
    test->machine = sim_machine_create(test->board, &test->storage);
    (void)sim_dap_write_dp(&test->machine->dap, 4, 0, 0x50000000);
}

void board_free(struct board_test *test)
{
    sim_machine_free(test->machine);
    free(test->storage.memory.bytes);
    free(test->storage.memory.cells);
    free(test->storage.memory.registers);
    free(test->storage.internal.bytes);
    free(test->storage.internal.granules);
    free(test->storage.internal.options);
}

enum sim_ack board_read(struct board_test *test, uint32_t addr, uint32_t *value)
{
    struct sim_dap_transfer transfer = {
        .ap = test->core_ap, .csw = 0x23000000, .addr = addr, .unit_bytes = 4, .length_bytes = 4};
    uint8_t bytes[4] = {0};
    enum sim_ack ack = sim_dap_read_mem(&test->machine->dap, &transfer, bytes);

    memcpy(value, bytes, sizeof bytes);
    return ack;
}

enum sim_ack board_write(struct board_test *test, uint32_t addr, uint32_t value)
{
    struct sim_dap_transfer transfer = {
        .ap = test->core_ap, .csw = 0x23000000, .addr = addr, .unit_bytes = 4, .length_bytes = 4};
    uint8_t bytes[4];

    memcpy(bytes, &value, sizeof bytes);
    return sim_dap_write_mem(&test->machine->dap, &transfer, bytes);
}

void board_clear_errors(struct board_test *test)
{
    (void)sim_dap_write_dp(&test->machine->dap, 0, 0, 0x1E);
}

void board_advance_us(struct board_test *test, uint64_t duration_us)
{
    sim_machine_advance(test->machine, duration_us * SIM_PS_PER_US);
}
