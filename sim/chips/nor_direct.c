/* When may a mapped window show the array itself? Only when every read with this configuration
 * would come back right. */
#include "sim/chips/nor.h"

static bool phases_match(const struct nor *nor, const struct sim_read_config *config)
{
    uint16_t lanes = nor_mode_lanes(nor->mode);

    return nor_mode_matches(nor->mode, &config->opcode_phase) &&
           nor_mode_matches(nor->mode, &config->addr_phase) &&
           nor_mode_matches(nor->mode, &config->data_phase) &&
           (config->wired_lanes & lanes) == lanes;
}

static const struct nor_command *find_command(
    const struct nor *nor, const struct sim_read_config *config)
{
    uint16_t opcode = config->opcode;

    if (nor->mode == NOR_1S) {
        return config->opcode_bytes == 1 ? nor_command_find(nor->part, nor->mode, (uint8_t)opcode)
                                         : NULL;
    }
    if (config->opcode_bytes != 2 || ((opcode >> 8) ^ (opcode & 0xFF)) != 0xFF) {
        return NULL;
    }
    return nor_command_find(nor->part, nor->mode, (uint8_t)(opcode >> 8));
}

static bool is_listening(const struct nor *nor)
{
    return nor->powered && !nor->power_down && !nor->otp && nor->job.state == NOR_JOB_NONE &&
           nor_now_ps(nor) >= nor->deaf_until_ps;
}

static uint32_t fastest_hz(const struct sim_read_config *config)
{
    uint32_t hz = config->opcode_phase.clock_hz;

    hz = config->addr_phase.clock_hz > hz ? config->addr_phase.clock_hz : hz;
    return config->data_phase.clock_hz > hz ? config->data_phase.clock_hz : hz;
}

static bool command_fits(
    const struct nor *nor, const struct nor_command *command, const struct sim_read_config *config)
{
    uint8_t addr_bytes = nor_command_addr_bytes(nor, command);

    return command->action == NOR_ACTION_READ_ARRAY && config->addr_bytes == addr_bytes &&
           config->alternate_bytes == 0 &&
           config->dummy_clocks == nor_command_dummy(nor, command) &&
           fastest_hz(config) <= nor_command_max_hz(nor, command) &&
           /* three address bytes do not reach the whole of a larger chip */
           (addr_bytes == 4 || nor->part->size_bytes <= 1U << 24);
}

const uint8_t *nor_direct(struct sim_chip *chip, const struct sim_read_config *config)
{
    struct nor *nor = (struct nor *)(void *)chip; /* base is the first member */
    const struct nor_command *command = NULL;

    nor_job_sync(nor);
    if (!is_listening(nor) || !phases_match(nor, config)) {
        return NULL;
    }
    command = find_command(nor, config);
    if (command == NULL || !command_fits(nor, command, config)) {
        return NULL;
    }
    if ((config->data_phase.dqs && !nor_drives_dqs(nor)) ||
        (nor->mode == NOR_8D && !config->byte_swapped)) {
        return NULL;
    }
    /* Weak pages must not forbid to run the sound rest of the array. Their unstable bits take new
     * values each time the window is looked up, so they still differ from one mapping to the
     * next. */
    if (nor->weak_count > 0) {
        nor_cells_disturb_all(nor);
    }
    return nor->storage.bytes;
}
