#include "common/crc32.h"
#include "tests/unit/targetdriver/blob_maker.h"
#include "tests/unit/targetdriver/chip_model.h"
#include "tests/unit/targetdriver/machine.h"

#include <string.h>

struct maker {
    uint8_t *bytes;
    uint32_t used_bytes;
};

static struct abi_blob_section append(
    struct maker *maker, const void *entries, uint32_t entry_bytes, uint32_t count)
{
    struct abi_blob_section section = {maker->used_bytes, count};

    memcpy(maker->bytes + maker->used_bytes, entries, (size_t)entry_bytes * count);
    maker->used_bytes += entry_bytes * count;
    return section;
}

static struct abi_bus_step exec_step(enum chip_opcode opcode, bool dtr)
{
    return (struct abi_bus_step){.kind = ABI_STEP_EXEC, .op = chip_op(opcode, dtr)};
}

static struct abi_bus_step expect_id(bool dtr)
{
    struct abi_bus_step step = {.kind = ABI_STEP_EXPECT,
        .data_count = 3,
        .op = chip_op(CHIP_RDID, dtr),
        .data = {0xC2, 0x81, 0x39}};

    step.op.data_bytes = 3;
    return step;
}

static struct abi_bus_step mode_step(bool from_dtr, uint8_t value)
{
    struct abi_bus_step step = exec_step(CHIP_MODE_8D, from_dtr);

    step.data[0] = value;
    return step;
}

void *blob_section(struct abi_blob *blob, const struct abi_blob_section *section)
{
    return (uint8_t *)blob + section->offset;
}

void blob_seal(struct abi_blob *blob)
{
    blob->crc32 = 0;
    blob->crc32 = crc32_update(0, blob, blob->size_bytes);
}

static void add_lists(struct maker *maker, struct abi_blob *blob)
{
    const struct abi_bus_step recover[] = {
        exec_step(CHIP_RESET_ENABLE, false),
        exec_step(CHIP_RESET, false),
        exec_step(CHIP_RESET_ENABLE, true),
        exec_step(CHIP_RESET, true),
        {.kind = ABI_STEP_WAIT, .timeout_us = CHIP_RESET_BUSY_US + 1000},
        expect_id(false),
    };
    const struct abi_bus_step enter_program[] = {
        exec_step(CHIP_WREN, false),
        mode_step(false, 2),
        expect_id(true),
    };
    const struct abi_bus_step enter_run[] = {
        exec_step(CHIP_WREN, false),
        mode_step(false, 2),
    };
    const struct abi_bus_step leave_program[] = {
        exec_step(CHIP_WREN, true),
        mode_step(true, 0),
    };

    blob->recover = append(maker, recover, sizeof recover[0], 6);
    blob->enter_program = append(maker, enter_program, sizeof enter_program[0], 3);
    blob->enter_run = append(maker, enter_run, sizeof enter_run[0], 2);
    blob->leave_program = append(maker, leave_program, sizeof leave_program[0], 2);
}

static void add_setups(struct maker *maker, struct abi_blob *blob)
{
    struct abi_ctrl_setup setups[ABI_CTRL_COUNT];

    for (uint16_t i = 0; i < ABI_CTRL_COUNT; i++) {
        setups[i] = (struct abi_ctrl_setup){
            .family = ABI_CTRL_XSPI,
            .size_log2 = 17,
            .cs_high_cycles = 2,
            .prescaler = (uint16_t)(i + 1), /* tells them apart */
            .regs_addr = 0x5200A000U,
            .window_addr = MACHINE_WINDOW_ADDR,
            .bus_hz = 16000000,
        };
    }
    blob->ctrl = append(maker, setups, sizeof setups[0], ABI_CTRL_COUNT);
}

struct abi_blob *blob_make(uint32_t *words)
{
    static const struct abi_reg_step program_regs[] = {
        {ABI_REG_WRITE, 4, 0, BLOB_REG_ADDR, 0, 1, 0},
        {ABI_REG_WAIT, 4, 0, BLOB_REG_ADDR, 1, 1, 1000},
    };
    static const struct abi_reg_step run_regs[] = {
        {ABI_REG_WRITE, 4, 0, BLOB_REG_ADDR, 0, 2, 0},
    };
    const struct abi_memory memory = chip_memory();
    const struct abi_boot_config boot = {
        .flags = ABI_BOOT_CHECK_CRC,
        .entry_addr = BLOB_ENTRY_ADDR,
        .partition_bytes = BLOB_PARTITION_BYTES,
        .record_addr = BLOB_RECORD_ADDR,
        .reason_addr = BLOB_REASON_ADDR,
        .debug_wait_ms = 50,
        .boot_max_ms = 2000,
        .ram_count = 1,
        /* The last word of the blob is not 0: a blob cut short by a word shows. */
        .ram = {{BLOB_RAM_ADDR, BLOB_RAM_BYTES}, [ABI_RAM_RANGES - 1] = {0, 1}},
    };
    struct abi_blob *blob = (struct abi_blob *)words;
    struct maker maker = {(uint8_t *)words, sizeof *blob};

    memset(words, 0, ABI_BLOB_MAX_BYTES);
    blob->magic = ABI_BLOB_MAGIC;
    blob->version = ABI_BLOB_VERSION;
    blob->header_bytes = sizeof *blob;
    blob->core_hz_program = 64000000;
    blob->core_hz_run = 64000000;
    blob->window_bytes = 0x10000000;
    blob->watchdog_addr = MACHINE_KR_ADDR;
    blob->program_regs = append(&maker, program_regs, sizeof program_regs[0], 2);
    blob->run_regs = append(&maker, run_regs, sizeof run_regs[0], 1);
    add_setups(&maker, blob);
    add_lists(&maker, blob);
    blob->memory = append(&maker, &memory, sizeof memory, 1);
    blob->boot = append(&maker, &boot, sizeof boot, 1);
    blob->size_bytes = maker.used_bytes;
    blob_seal(blob);
    return blob;
}
