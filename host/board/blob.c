/* Board -> blob: what stub and bootloader interpret. The same board gives the same bytes. */
#include "common/crc32.h"
#include "host/board/blob_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DETECT_HZ = 16000000,  /* silicon rule 11 */
    DETECT_SIZE_LOG2 = 28, /* of a chip not known yet: the whole window */
    DEBUG_WAIT_MS = 50,    /* silicon rule 5 */
    BOOT_MARGIN_MS = 100,
    SWITCH_US = 10 /* a kernel clock multiplexer follows within a few clocks */
};

/* Everything on its way into the blob. */
struct build {
    const struct board *board;
    const struct board_memory *memory;
    const struct board_memory_details *details;
    const struct part *part;         /* NULL: not known yet */
    const struct part_mode *program; /* NULL then, as the following */
    const struct part_mode *run;
    const struct part_dummy *program_dummy;
    const struct part_dummy *run_dummy;
    struct blob_clock detect_clock;
    struct blob_clock program_clock;
    struct blob_clock run_clock;
    struct blob_clock run_setup_clock;
    bool needs_hslv;
    struct blob_regs program_regs;
    struct blob_regs run_regs;
    struct blob_steps recover;
    struct blob_steps enter_program;
    struct blob_steps enter_run;
    struct blob_steps leave_program;
    struct abi_ctrl_setup ctrl[ABI_CTRL_COUNT];
};

/* ---- choosing ---- */

static bool pick_mode(const struct build *build, const char *name, const char *which,
    const struct part_mode **mode, struct error *err)
{
    *mode = board_pick_mode(build->details, build->part, name);
    if (*mode != NULL) {
        return true;
    }
    return error_set(err, ERROR_BOARD_BAD, "%s: memory \"%s\": %s \"%s\" is not possible with %s",
        build->board->path, build->memory->name, which, name, build->part->name);
}

static void warn_about_run_clock(const struct build *build, const char *why, struct log *log)
{
    bool hslv = strstr(why, "HSLV") != NULL;

    log_write(log, LOG_WARNING, hslv ? "hslv-off" : "run-clock-lowered",
        "the run clock of \"%s\" is %" PRIu32 " kHz instead of %" PRIu32 " kHz: %s",
        build->memory->name, build->run_clock.bus_hz / 1000, build->memory->run_khz_wanted, why);
}

static bool choose_run(struct build *build, uint32_t hslv, struct log *log, struct error *err)
{
    const struct mcu *mcu = &build->board->details->mcu;
    bool has_hslv = (hslv & build->details->port->hslv_bit) != 0;
    struct blob_limits limits;
    const char *why = NULL;
    uint32_t limit_hz = 0;

    blob_limits_get(build->memory, build->details, build->part, build->run, &limits);
    limit_hz = blob_run_limit(build->memory, &limits, has_hslv, &build->needs_hslv, &why);
    if (!blob_clock_run(mcu, build->details->controller, limit_hz, &build->run_clock)) {
        return error_set(err, ERROR_BOARD_BAD,
            "%s: no PLL setting gives \"%s\" a run clock of at most %" PRIu32 " kHz",
            build->board->path, build->memory->name, limit_hz / 1000);
    }
    build->run_dummy = blob_pick_dummy(build->part, build->run, build->run_clock.bus_hz);
    blob_clock_divide(build->run_clock.kernel_hz, DETECT_HZ, &build->run_setup_clock);
    if (why != NULL) {
        warn_about_run_clock(build, why, log);
    }
    return true;
}

static bool choose(struct build *build, uint32_t hslv, struct log *log, struct error *err)
{
    uint32_t kernel_hz = build->board->details->mcu.kernel_hz;
    struct blob_limits limits;

    blob_clock_divide(kernel_hz, DETECT_HZ, &build->detect_clock);
    if (build->part == NULL) {
        return true;
    }
    if (!pick_mode(build, build->details->program_bus, "program_bus", &build->program, err) ||
        !pick_mode(build, build->details->run_bus, "run_bus", &build->run, err)) {
        return false;
    }
    blob_limits_get(build->memory, build->details, build->part, build->program, &limits);
    blob_clock_divide(kernel_hz, limits.command_hz, &build->program_clock);
    build->program_dummy =
        blob_pick_dummy(build->part, build->program, build->program_clock.bus_hz);
    return choose_run(build, hslv, log, err);
}

/* ---- register scripts ---- */

/* First the locks that a run set-up before may have left: the script can be run again. */
static void make_program_regs(struct build *build)
{
    const struct board_details *details = build->board->details;
    const struct board_memory_details *memory = build->details;
    const struct mcu_controller *controller = memory->controller;
    struct blob_regs *regs = &build->program_regs;
    const struct mcu_pin *pins[MCU_ROLES + BOARD_MAX_GPIO_STEPS] = {NULL};

    blob_regs_field(regs, &controller->run_protect, 0);
    blob_regs_field(regs, &controller->kernel, controller->kernel_reset_value);
    if (details->supply != NULL) {
        blob_regs_script(regs, &details->supply->script);
    }
    memcpy(pins, memory->pins, sizeof memory->pins);
    for (size_t i = 0; i < memory->gpio_count; i++) {
        pins[MCU_ROLES + i] = memory->gpio[i].pin;
    }
    blob_pins_ports(regs, &details->mcu, pins, sizeof pins / sizeof pins[0]);
    for (size_t i = 0; i < memory->gpio_count; i++) {
        blob_pins_output(regs, &details->mcu, memory->gpio[i].pin, memory->gpio[i].drive);
        if (memory->gpio[i].wait_us != 0) {
            blob_regs_delay(regs, memory->gpio[i].wait_us);
        }
    }
    blob_regs_gate(regs, &controller->clock_enable);
    blob_regs_field(regs, &controller->reset, controller->reset.mask >> controller->reset.shift);
    blob_regs_field(regs, &controller->reset, 0);
    blob_regs_script(regs, &memory->port->route);
    blob_pins_memory(regs, &details->mcu, memory);
}

static void set_up_pll(struct blob_regs *regs, const struct blob_clock *clock)
{
    const struct mcu_pll *pll = clock->pll;

    blob_regs_field(regs, &pll->on, 0);
    blob_regs_wait(regs, &pll->ready, 0, pll->lock_us);
    blob_regs_field(regs, &pll->source, pll->source_value);
    blob_regs_field(regs, &pll->m, clock->m);
    blob_regs_field(regs, &pll->clear, 0);
    blob_regs_field(regs, &pll->range, clock->range);
    blob_regs_field(regs, &pll->n, clock->n - 1);
    blob_regs_field(regs, &pll->divider, clock->divider - 1);
    blob_regs_field(regs, &pll->enable, 1);
    blob_regs_field(regs, &pll->on, 1);
    blob_regs_wait(regs, &pll->ready, 1, pll->lock_us);
}

static void make_run_regs(struct build *build)
{
    const struct mcu_controller *controller = build->details->controller;
    const struct mcu_port *port = build->details->port;
    struct blob_regs *regs = &build->run_regs;

    blob_regs_field(regs, &controller->run_protect, 0);
    blob_regs_field(regs, &controller->kernel, controller->kernel_reset_value);
    if (build->run_clock.pll != NULL) {
        set_up_pll(regs, &build->run_clock);
    }
    if (build->needs_hslv) {
        /* Only where the owner has set the option bit and the board file names a low supply. */
        blob_regs_gate(regs, &port->hslv_clock);
        blob_regs_field(regs, &port->hslv, 1);
    }
    if (build->run_clock.pll != NULL) {
        blob_regs_field(regs, &controller->kernel, controller->run_kernel_value);
        blob_regs_delay(regs, SWITCH_US);
    }
    blob_regs_field(regs, &controller->run_protect, 1);
}

/* ---- controller set-ups ---- */

static uint8_t log2_of(uint32_t size_bytes)
{
    uint8_t log2 = 0;

    while (log2 < 31 && UINT32_C(1) << (log2 + 1) <= size_bytes) {
        log2++;
    }
    return log2;
}

static void make_ctrl(struct build *build, enum abi_ctrl_index index,
    const struct blob_clock *clock, const struct part_mode *mode)
{
    const struct mcu_controller *controller = build->details->controller;
    struct abi_ctrl_setup *ctrl = &build->ctrl[index];

    ctrl->family = controller->family;
    ctrl->mtyp = controller->mtyp;
    ctrl->flags = (uint8_t)((build->details->overrides.sample_shift ? ABI_CTRL_SAMPLE_SHIFT : 0) |
                            (controller->family == ABI_CTRL_OCTOSPI ? ABI_CTRL_DELAY_BYPASS : 0) |
                            (build->details->second_select ? ABI_CTRL_CS_2 : 0) |
                            (mode != NULL && mode->swaps_bytes ? ABI_CTRL_SWAP_DTR : 0));
    ctrl->size_log2 = build->part == NULL ? DETECT_SIZE_LOG2 : log2_of(build->part->size_bytes);
    ctrl->cs_high_cycles = build->part == NULL ? 2 : build->part->cs_high_cycles;
    ctrl->prescaler = (uint16_t)clock->prescaler;
    ctrl->regs_addr = controller->regs_addr;
    ctrl->window_addr = controller->window_addr;
    ctrl->bus_hz = clock->bus_hz;
}

static void make_ctrls(struct build *build)
{
    bool known = build->part != NULL;
    const struct blob_clock *detect = &build->detect_clock;

    make_ctrl(build, ABI_CTRL_DETECT, detect, NULL);
    make_ctrl(build, ABI_CTRL_PROGRAM, known ? &build->program_clock : detect, build->program);
    make_ctrl(build, ABI_CTRL_RUN, known ? &build->run_clock : detect, build->run);
    make_ctrl(build, ABI_CTRL_RUN_SETUP, known ? &build->run_setup_clock : detect, build->run);
}

static void make_steps(struct build *build)
{
    if (build->part == NULL || build->part->recover_count == 0) {
        blob_steps_recover_any(&build->recover, build->details);
    } else {
        blob_steps_recover(&build->recover, build->part, build->details);
    }
    if (build->part == NULL) {
        return;
    }
    blob_steps_enter_program(
        &build->enter_program, build->part, build->program, build->program_dummy);
    blob_steps_leave_program(&build->leave_program, build->part, build->program);
    blob_steps_enter_run(&build->enter_run, build->part, build->run, build->run_dummy);
}

/* ---- memory and boot ---- */

static void make_memory(const struct build *build, struct abi_memory *memory)
{
    const struct part *part = build->part;
    const struct part_mode *mode = build->program;

    memset(memory, 0, sizeof *memory);
    memory->size_bytes = part->size_bytes;
    memory->page_bytes = part->page_bytes;
    memory->ecc_unit_bytes = part->ecc_unit_bytes;
    memory->flags = (mode->even ? ABI_MEMORY_EVEN : 0U) |
                    (mode->read_fail.opcode_bytes != 0 ? ABI_MEMORY_HAS_FAIL : 0U) |
                    (build->memory->kind == BOARD_MEMORY_PSRAM ? ABI_MEMORY_PSRAM : 0U);
    memory->program_typical_us = part->program_typical_us;
    memory->program_max_us = part->program_max_us;
    memory->chip_erase_typical_us = part->chip_erase_typical_us;
    memory->chip_erase_max_us = part->chip_erase_max_us;
    memory->reset_max_us = part->reset_max_us;
    memory->busy_mask = part->busy_mask;
    memory->busy_value = part->busy_value;
    memory->wel_mask = part->wel_mask;
    memory->program_fail_mask = part->program_fail_mask;
    memory->erase_fail_mask = part->erase_fail_mask;
    memory->read = mode->read;
    memory->program = mode->program;
    memory->write_enable = mode->write_enable;
    memory->write_disable = mode->write_disable;
    memory->read_status = mode->read_status;
    memory->read_fail = mode->read_fail;
    memory->chip_erase = mode->chip_erase;
    memory->run_read = build->run->read;
    if (build->program_dummy != NULL) {
        memory->read.dummy_cycles = build->program_dummy->cycles;
    }
    if (build->run_dummy != NULL) {
        memory->run_read.dummy_cycles = build->run_dummy->cycles;
    }
    for (size_t i = 0; i < part->erase_count && i < ABI_ERASE_TYPES; i++) {
        memory->erase[i].size_bytes = part->erase[i].size_bytes;
        memory->erase[i].typical_us = part->erase[i].typical_us;
        memory->erase[i].max_us = part->erase[i].max_us;
        memory->erase[i].op = mode->erase[i];
    }
}

static uint64_t sum_of_waits(const struct build *build)
{
    const struct blob_regs *regs[] = {&build->program_regs, &build->run_regs};
    const struct blob_steps *steps[] = {&build->recover, &build->enter_run};
    uint64_t sum_us = 0;

    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < regs[i]->count; k++) {
            sum_us += regs[i]->steps[k].timeout_us;
        }
        for (size_t k = 0; k < steps[i]->count; k++) {
            sum_us += steps[i]->steps[k].timeout_us;
        }
    }
    return sum_us;
}

static bool make_boot(const struct build *build, struct abi_boot_config *boot, struct error *err)
{
    const struct board *board = build->board;
    const struct board_partition *entry = &board->partitions[board->boot_partition];
    uint64_t crc_ms = 0;
    uint32_t offset = 0;
    uint32_t unit_bytes = 0;

    memset(boot, 0, sizeof *boot);
    boot->entry_addr = build->memory->window_addr + entry->offset;
    boot->partition_bytes = entry->size_bytes;
    boot->reason_addr = board->mcu.reason_addr;
    boot->debug_wait_ms = DEBUG_WAIT_MS;
    boot->flags = (board->details->caches ? ABI_BOOT_CACHES : 0U) |
                  (board->details->mpu_window ? 0U : ABI_BOOT_MPU_OFF);
    if (board->boot_check_crc) {
        if (!board_boot_record_place(board, &offset, &unit_bytes, err)) {
            return false;
        }
        boot->flags |= ABI_BOOT_CHECK_CRC;
        boot->record_addr = build->memory->window_addr + offset;
        crc_ms = (uint64_t)entry->size_bytes * 1000 / board->details->mcu.crc_bytes_per_s;
    }
    boot->boot_max_ms =
        (uint32_t)(DEBUG_WAIT_MS + sum_of_waits(build) / 1000 + crc_ms + BOOT_MARGIN_MS);
    boot->ram_count = (uint32_t)board->mcu.ram_count;
    for (size_t i = 0; i < board->mcu.ram_count; i++) {
        boot->ram[i].addr = board->mcu.ram[i].addr;
        boot->ram[i].size_bytes = board->mcu.ram[i].size_bytes;
    }
    return true;
}

/* ---- writing ---- */

struct writer {
    uint8_t *bytes;
    size_t capacity;
    size_t used;
    bool overflow;
};

static void put_section(struct writer *writer, struct abi_blob_section *section,
    const void *entries, size_t count, size_t entry_bytes)
{
    section->offset = (uint32_t)writer->used;
    section->count = (uint32_t)count;
    if (count * entry_bytes > writer->capacity - writer->used) {
        writer->overflow = true;
        return;
    }
    if (count > 0) {
        memcpy(writer->bytes + writer->used, entries, count * entry_bytes);
    }
    writer->used += count * entry_bytes;
}

static void put_lists(struct writer *writer, const struct build *build, struct abi_blob *blob)
{
    put_section(writer, &blob->program_regs, build->program_regs.steps, build->program_regs.count,
        sizeof(struct abi_reg_step));
    put_section(writer, &blob->run_regs, build->run_regs.steps, build->run_regs.count,
        sizeof(struct abi_reg_step));
    put_section(writer, &blob->ctrl, build->ctrl, ABI_CTRL_COUNT, sizeof(struct abi_ctrl_setup));
    put_section(writer, &blob->recover, build->recover.steps, build->recover.count,
        sizeof(struct abi_bus_step));
    put_section(writer, &blob->enter_program, build->enter_program.steps,
        build->enter_program.count, sizeof(struct abi_bus_step));
    put_section(writer, &blob->enter_run, build->enter_run.steps, build->enter_run.count,
        sizeof(struct abi_bus_step));
    put_section(writer, &blob->leave_program, build->leave_program.steps,
        build->leave_program.count, sizeof(struct abi_bus_step));
}

static bool has_overflow(const struct build *build)
{
    return build->program_regs.overflow || build->run_regs.overflow || build->recover.overflow ||
           build->enter_program.overflow || build->enter_run.overflow ||
           build->leave_program.overflow;
}

static bool write_blob(const struct build *build, uint8_t *bytes, size_t capacity,
    size_t *size_bytes, struct error *err)
{
    const struct board *board = build->board;
    struct writer writer = {.bytes = bytes, .capacity = capacity, .used = sizeof(struct abi_blob)};
    struct abi_blob blob = {.magic = ABI_BLOB_MAGIC,
        .version = ABI_BLOB_VERSION,
        .header_bytes = sizeof(struct abi_blob),
        .core_hz_program = board->details->mcu.core_hz,
        .core_hz_run = board->details->mcu.core_hz,
        .window_bytes = build->memory->window_bytes,
        .watchdog_addr = board->mcu.watchdog_addr};
    struct abi_memory memory;
    struct abi_boot_config boot;
    bool has_boot =
        build->part != NULL && board->boot_kind == BOARD_BOOT_XFLASH &&
        &board->memories[board->partitions[board->boot_partition].memory_index] == build->memory;

    memset(bytes, 0, capacity);
    (void)snprintf(blob.board, sizeof blob.board, "%s", board->name);
    put_lists(&writer, build, &blob);
    if (build->part != NULL) {
        make_memory(build, &memory);
    }
    put_section(&writer, &blob.memory, &memory, build->part != NULL, sizeof memory);
    if (has_boot && !make_boot(build, &boot, err)) {
        return false;
    }
    put_section(&writer, &blob.boot, &boot, has_boot, sizeof boot);
    if (writer.overflow || has_overflow(build)) {
        return error_set(err, ERROR_BOARD_BAD,
            "%s: the set-up of memory \"%s\" takes more than %zu bytes", board->path,
            build->memory->name, capacity);
    }
    blob.size_bytes = (uint32_t)writer.used;
    memcpy(bytes, &blob, sizeof blob);
    blob.crc32 = crc32_update(0, bytes, writer.used);
    memcpy(bytes, &blob, sizeof blob);
    *size_bytes = writer.used;
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are an agreed interface */
bool board_blob_make(const struct board *board, size_t memory_index, uint32_t hslv, struct log *log,
    uint8_t *blob, size_t capacity, size_t *size_bytes, struct error *err)
{
    struct build *build = calloc(1, sizeof *build);
    bool good = false;

    *size_bytes = 0;
    if (build == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    if (memory_index >= board->memory_count || capacity < sizeof(struct abi_blob)) {
        error_set(err, ERROR_INTERNAL, "board_blob_make: no memory %zu", memory_index);
        goto done;
    }
    build->board = board;
    build->memory = &board->memories[memory_index];
    build->details = &board->details->memories[memory_index];
    build->part = build->memory->part.mode_count > 0 ? &build->memory->part : NULL;
    if (choose(build, hslv, log, err)) {
        make_program_regs(build);
        if (build->part != NULL) {
            make_run_regs(build);
        }
        make_ctrls(build);
        make_steps(build);
        good = write_blob(build, blob, capacity, size_bytes, err);
    }
done:
    free(build);
    return good;
}
