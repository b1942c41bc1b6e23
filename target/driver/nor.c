#include "target/driver/nor.h"

#include "target/driver/ff.h"

#include <stddef.h>

enum {
    POLL_SHARE = 32, /* polls during a typical operation: a delay of about 3 % at most */
    INTERVAL_MIN_US = 2,
    INTERVAL_MAX_US = 2000
};

enum abi_stub_status nor_check_range(const struct nor *nor, uint32_t offset, uint32_t size_bytes)
{
    uint32_t chip_bytes = nor->memory->size_bytes;

    if (size_bytes == 0 || offset >= chip_bytes || size_bytes > chip_bytes - offset) {
        return ABI_STATUS_BAD_COMMAND;
    }
    return ABI_STATUS_OK;
}

static enum abi_stub_status read_byte(struct nor *nor, const struct abi_bus_op *op, uint8_t *byte)
{
    return nor->ctrl->driver->exec(nor->ctrl, op, NULL, byte);
}

/* A chip that lost the command (wrong mode, write protection by pin, a line that does not make
 * contact) would ignore what follows, so WEL is looked at each time. */
static enum abi_stub_status enable_write(struct nor *nor)
{
    const struct abi_memory *memory = nor->memory;
    uint8_t found = 0;
    enum abi_stub_status status =
        nor->ctrl->driver->exec(nor->ctrl, &memory->write_enable, NULL, NULL);

    if (status == ABI_STATUS_OK) {
        status = read_byte(nor, &memory->read_status, &found);
    }
    if (status == ABI_STATUS_OK && (found & memory->wel_mask) != memory->wel_mask) {
        nor->ctrl->detail->value[0] = found;
        return ABI_STATUS_NO_WRITE_ENABLE;
    }
    return status;
}

/* Three quarters of the typical time pass without a look at the chip, then the controller polls. */
static enum abi_stub_status wait_ready(struct nor *nor, uint32_t typical_us, uint32_t max_us)
{
    const struct abi_memory *memory = nor->memory;
    uint32_t interval_us = typical_us / POLL_SHARE;
    struct ctrl_poll poll = {
        .mask = memory->busy_mask,
        .match = (uint8_t)~memory->busy_value & memory->busy_mask,
        /* Not equal to busy_value: with several bits, any of them may differ. */
        .any = (memory->busy_mask & (memory->busy_mask - 1)) != 0,
        .timeout_us = max_us,
    };
    enum abi_stub_status status = clock_wait_us(nor->ctrl->clock, typical_us - typical_us / 4);

    interval_us = interval_us < INTERVAL_MIN_US ? INTERVAL_MIN_US : interval_us;
    poll.interval_us = interval_us > INTERVAL_MAX_US ? INTERVAL_MAX_US : interval_us;
    if (status != ABI_STATUS_OK) {
        return status;
    }
    return nor->ctrl->driver->poll(nor->ctrl, &memory->read_status, &poll);
}

/* What an erase or program ends with: statuses and the bit of the fail byte. */
struct verdict {
    enum abi_stub_status timeout;
    enum abi_stub_status failed;
    uint8_t fail_mask;
};

static enum abi_stub_status finish(struct nor *nor, uint32_t offset, uint32_t typical_us,
    uint32_t max_us, const struct verdict *verdict)
{
    struct detail *detail = nor->ctrl->detail;
    uint8_t byte = 0;
    enum abi_stub_status status = wait_ready(nor, typical_us, max_us);

    if (status == ABI_STATUS_POLL_TIMEOUT) {
        (void)read_byte(nor, &nor->memory->read_status, &byte);
        detail->value[0] = offset;
        detail->value[1] = byte;
        return verdict->timeout;
    }
    if (status != ABI_STATUS_OK || (nor->memory->flags & ABI_MEMORY_HAS_FAIL) == 0) {
        return status;
    }
    status = read_byte(nor, &nor->memory->read_fail, &byte);
    if (status == ABI_STATUS_OK && (byte & verdict->fail_mask) != 0) {
        detail->value[0] = offset;
        detail->value[1] = byte;
        return verdict->failed;
    }
    return status;
}

static enum abi_stub_status start_unit(struct nor *nor, uint32_t offset)
{
    enum abi_stub_status status = clock_pace(nor->ctrl->clock);

    *nor->running_offset = offset;
    return status == ABI_STATUS_OK ? enable_write(nor) : status;
}

static enum abi_stub_status erase_unit(
    struct nor *nor, const struct abi_erase_type *type, uint32_t offset)
{
    struct verdict verdict = {
        ABI_STATUS_ERASE_TIMEOUT, ABI_STATUS_ERASE_FAILED, nor->memory->erase_fail_mask};
    struct abi_bus_op op = type->op;
    enum abi_stub_status status = start_unit(nor, offset);

    op.addr = offset;
    if (status == ABI_STATUS_OK) {
        status = nor->ctrl->driver->exec(nor->ctrl, &op, NULL, NULL);
    }
    if (status == ABI_STATUS_OK) {
        status = finish(nor, offset, type->typical_us, type->max_us, &verdict);
    }
    return status;
}

static enum abi_stub_status erase_chip(struct nor *nor)
{
    const struct abi_memory *memory = nor->memory;
    struct abi_erase_type whole = {
        .size_bytes = memory->size_bytes,
        .typical_us = memory->chip_erase_typical_us,
        .max_us = memory->chip_erase_max_us,
        .op = memory->chip_erase,
    };
    enum abi_stub_status status = ABI_STATUS_BAD_COMMAND;

    if (memory->chip_erase.opcode_bytes != 0) {
        status = erase_unit(nor, &whole, 0);
    }
    if (status == ABI_STATUS_OK) {
        *nor->progress_bytes = memory->size_bytes;
    }
    return status;
}

enum abi_stub_status nor_erase(struct nor *nor, uint32_t type, uint32_t offset, uint32_t size_bytes)
{
    const struct abi_erase_type *unit = NULL;

    if (type == ABI_ERASE_CHIP) {
        return erase_chip(nor);
    }
    if (type >= ABI_ERASE_TYPES || nor->memory->erase[type].size_bytes == 0) {
        return ABI_STATUS_BAD_COMMAND;
    }
    unit = &nor->memory->erase[type];
    if (offset % unit->size_bytes != 0 || size_bytes % unit->size_bytes != 0 ||
        nor_check_range(nor, offset, size_bytes) != ABI_STATUS_OK) {
        return ABI_STATUS_BAD_COMMAND;
    }
    for (uint32_t done = 0; done < size_bytes; done += unit->size_bytes) {
        enum abi_stub_status status = erase_unit(nor, unit, offset + done);

        if (status != ABI_STATUS_OK) {
            return status;
        }
        *nor->progress_bytes = done + unit->size_bytes;
    }
    return ABI_STATUS_OK;
}

/* One program operation, inside a page. */
static enum abi_stub_status program_run(
    struct nor *nor, uint32_t offset, const uint8_t *bytes, uint32_t size_bytes)
{
    const struct abi_memory *memory = nor->memory;
    struct verdict verdict = {
        ABI_STATUS_PROGRAM_TIMEOUT, ABI_STATUS_PROGRAM_FAILED, memory->program_fail_mask};
    struct abi_bus_op op = memory->program;
    enum abi_stub_status status = start_unit(nor, offset);

    op.addr = offset;
    op.data_bytes = size_bytes;
    if (status == ABI_STATUS_OK) {
        status = nor->ctrl->driver->exec(nor->ctrl, &op, bytes, NULL);
    }
    if (status == ABI_STATUS_OK) {
        status = finish(nor, offset, memory->program_typical_us, memory->program_max_us, &verdict);
    }
    return status;
}

/* Programming FF would use up a unit without changing it, so only runs of units that carry
 * something are sent. Without ECC a page is one unit. */
static enum abi_stub_status program_page(
    struct nor *nor, uint32_t offset, const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t unit_bytes =
        nor->memory->ecc_unit_bytes > 1 ? nor->memory->ecc_unit_bytes : size_bytes;
    uint32_t done = 0;

    while (done < size_bytes) {
        uint32_t run_bytes = 0;
        enum abi_stub_status status = ABI_STATUS_OK;

        done += ff_count_alike(bytes + done, size_bytes - done, unit_bytes, true);
        run_bytes = ff_count_alike(bytes + done, size_bytes - done, unit_bytes, false);
        if (run_bytes != 0) {
            status = program_run(nor, offset + done, bytes + done, run_bytes);
        }
        if (status != ABI_STATUS_OK) {
            return status;
        }
        done += run_bytes;
    }
    return ABI_STATUS_OK;
}

static bool program_aligned(const struct abi_memory *memory, uint32_t offset, uint32_t size_bytes)
{
    uint32_t unit_bytes = memory->ecc_unit_bytes == 0 ? 1 : memory->ecc_unit_bytes;

    if ((memory->flags & ABI_MEMORY_EVEN) != 0 && ((offset | size_bytes) & 1U) != 0) {
        return false;
    }
    return memory->page_bytes != 0 && offset % unit_bytes == 0 && size_bytes % unit_bytes == 0;
}

enum abi_stub_status nor_program(
    struct nor *nor, uint32_t offset, const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t page_bytes = nor->memory->page_bytes;
    uint32_t done = 0;

    if (nor_check_range(nor, offset, size_bytes) != ABI_STATUS_OK ||
        !program_aligned(nor->memory, offset, size_bytes)) {
        return ABI_STATUS_BAD_COMMAND;
    }
    while (done < size_bytes) {
        uint32_t room_bytes = page_bytes - (offset + done) % page_bytes;
        uint32_t left_bytes = size_bytes - done;
        uint32_t step_bytes = left_bytes < room_bytes ? left_bytes : room_bytes;
        enum abi_stub_status status = program_page(nor, offset + done, bytes + done, step_bytes);

        if (status != ABI_STATUS_OK) {
            return status;
        }
        done += step_bytes;
        *nor->progress_bytes = done;
        if (done % NOR_BUFFER_BYTES == 0) {
            (void)clock_look(nor->ctrl->clock); /* pages of FF take time too */
        }
    }
    return ABI_STATUS_OK;
}
