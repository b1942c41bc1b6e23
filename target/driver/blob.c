#include "target/driver/blob.h"

#include "common/crc32.h"

#include <stddef.h>

static bool header_ok(const struct abi_blob *blob, uint32_t room_bytes)
{
    return room_bytes >= sizeof *blob && blob->magic == ABI_BLOB_MAGIC &&
           blob->version == ABI_BLOB_VERSION && blob->header_bytes == sizeof *blob &&
           blob->size_bytes >= sizeof *blob && blob->size_bytes <= room_bytes &&
           blob->size_bytes <= ABI_BLOB_MAX_BYTES && blob->size_bytes % 4 == 0;
}

static bool checksum_ok(const struct abi_blob *blob)
{
    static const uint8_t zero[sizeof blob->crc32] = {0};
    const uint8_t *bytes = (const uint8_t *)blob;
    uint32_t behind = offsetof(struct abi_blob, crc32) + sizeof blob->crc32;
    uint32_t crc = crc32_update(0, bytes, offsetof(struct abi_blob, crc32));

    crc = crc32_update(crc, zero, sizeof zero);
    crc = crc32_update(crc, bytes + behind, blob->size_bytes - behind);
    return crc == blob->crc32;
}

static bool section_ok(
    const struct abi_blob *blob, const struct abi_blob_section *section, uint32_t entry_bytes)
{
    if (section->count == 0) {
        return true;
    }
    return section->offset % 4 == 0 && section->offset >= sizeof *blob &&
           section->offset <= blob->size_bytes &&
           section->count <= (blob->size_bytes - section->offset) / entry_bytes;
}

static bool sections_ok(const struct abi_blob *blob)
{
    return section_ok(blob, &blob->program_regs, sizeof(struct abi_reg_step)) &&
           section_ok(blob, &blob->run_regs, sizeof(struct abi_reg_step)) &&
           section_ok(blob, &blob->ctrl, sizeof(struct abi_ctrl_setup)) &&
           section_ok(blob, &blob->recover, sizeof(struct abi_bus_step)) &&
           section_ok(blob, &blob->enter_program, sizeof(struct abi_bus_step)) &&
           section_ok(blob, &blob->enter_run, sizeof(struct abi_bus_step)) &&
           section_ok(blob, &blob->leave_program, sizeof(struct abi_bus_step)) &&
           section_ok(blob, &blob->memory, sizeof(struct abi_memory)) &&
           section_ok(blob, &blob->boot, sizeof(struct abi_boot_config)) &&
           blob->ctrl.count == ABI_CTRL_COUNT && blob->memory.count <= 1 &&
           blob->boot.count <= blob->memory.count;
}

static bool reg_steps_ok(const struct abi_blob *blob, const struct abi_blob_section *section)
{
    const struct abi_reg_step *steps = blob_reg_steps(blob, section);

    for (uint32_t i = 0; i < section->count; i++) {
        uint32_t bytes = steps[i].bytes;

        if (steps[i].kind < ABI_REG_WRITE || steps[i].kind > ABI_REG_DELAY) {
            return false;
        }
        if (steps[i].kind == ABI_REG_DELAY) {
            continue;
        }
        if ((bytes != 1 && bytes != 2 && bytes != 4) || steps[i].addr % bytes != 0) {
            return false;
        }
    }
    return true;
}

static bool bus_steps_ok(const struct abi_blob *blob, const struct abi_blob_section *section)
{
    const struct abi_bus_step *steps = blob_bus_steps(blob, section);

    for (uint32_t i = 0; i < section->count; i++) {
        if (steps[i].kind < ABI_STEP_EXEC || steps[i].kind > ABI_STEP_QUIET ||
            steps[i].data_count > sizeof steps[i].data || steps[i].index >= ABI_CTRL_COUNT) {
            return false;
        }
    }
    return true;
}

static bool setups_ok(const struct abi_blob *blob)
{
    const struct abi_ctrl_setup *setups = blob_ctrl_setups(blob);

    for (uint32_t i = 0; i < ABI_CTRL_COUNT; i++) {
        const struct abi_ctrl_setup *setup = &setups[i];

        if (setup->size_log2 < 8 || setup->size_log2 > 32 || setup->prescaler == 0 ||
            setup->prescaler > 256 || setup->cs_high_cycles > 64 || setup->mtyp > 7 ||
            setup->cs_boundary_log2 > 31 || setup->regs_addr % 4 != 0) {
            return false;
        }
    }
    return true;
}

static bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static bool memory_ok(const struct abi_blob *blob)
{
    const struct abi_memory *memory = blob_memory(blob);

    if (memory == NULL) {
        return true; /* for detection only */
    }
    if (memory->size_bytes == 0) {
        return false;
    }
    if ((memory->flags & ABI_MEMORY_PSRAM) != 0) {
        return true;
    }
    return is_power_of_two(memory->page_bytes) &&
           (memory->ecc_unit_bytes == 0 || (is_power_of_two(memory->ecc_unit_bytes) &&
                                               memory->ecc_unit_bytes <= memory->page_bytes));
}

static bool boot_ok(const struct abi_blob *blob)
{
    const struct abi_boot_config *config = blob_boot_config(blob);

    return config == NULL || (config->ram_count <= ABI_RAM_RANGES && config->entry_addr % 4 == 0 &&
                                 config->record_addr % 4 == 0 && config->reason_addr % 8 == 0 &&
                                 config->boot_max_ms != 0);
}

bool blob_check(const struct abi_blob *blob, uint32_t room_bytes)
{
    return header_ok(blob, room_bytes) && checksum_ok(blob) && sections_ok(blob) &&
           reg_steps_ok(blob, &blob->program_regs) && reg_steps_ok(blob, &blob->run_regs) &&
           bus_steps_ok(blob, &blob->recover) && bus_steps_ok(blob, &blob->enter_program) &&
           bus_steps_ok(blob, &blob->enter_run) && bus_steps_ok(blob, &blob->leave_program) &&
           setups_ok(blob) && memory_ok(blob) && boot_ok(blob);
}

static const void *at(const struct abi_blob *blob, const struct abi_blob_section *section)
{
    return (const uint8_t *)blob + section->offset;
}

const struct abi_reg_step *blob_reg_steps(
    const struct abi_blob *blob, const struct abi_blob_section *section)
{
    return at(blob, section);
}

const struct abi_bus_step *blob_bus_steps(
    const struct abi_blob *blob, const struct abi_blob_section *section)
{
    return at(blob, section);
}

const struct abi_ctrl_setup *blob_ctrl_setups(const struct abi_blob *blob)
{
    return at(blob, &blob->ctrl);
}

const struct abi_memory *blob_memory(const struct abi_blob *blob)
{
    return blob->memory.count == 0 ? NULL : at(blob, &blob->memory);
}

const struct abi_boot_config *blob_boot_config(const struct abi_blob *blob)
{
    return blob->boot.count == 0 ? NULL : at(blob, &blob->boot);
}
