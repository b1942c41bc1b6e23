/* A memory chip on the bus, as a controller drives it: chip select, then phases of clocks.
 *
 * The chip sees lanes and edges, not intentions: a phase in the wrong width or rate is what the
 * wires carry, and the chip decodes it as silicon would. */
#ifndef SIM_CHIP_H
#define SIM_CHIP_H

#include "sim/env.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How one phase is driven. lanes: 1, 2, 4, 8, 16. */
struct sim_phase {
    uint8_t lanes;
    bool dtr;
    bool dqs;          /* the controller samples with the strobe (reads) */
    uint32_t clock_hz; /* of the bus clock */
};

struct sim_chip;
struct sim_read_config;

/* All members are mandatory. Between select and deselect the controller calls send for everything
 * it drives (opcode, address, alternate bytes, write data: the chip cannot tell them apart), idle
 * for dummy clocks, receive for read data. wired_lanes: a bit per IO line that reaches the chip; a
 * line that does not reads as 1 (pull-up). */
struct sim_chip_ops {
    void (*power)(struct sim_chip *chip, bool on);
    void (*hardware_reset)(struct sim_chip *chip); /* RESET# pin */
    void (*select)(struct sim_chip *chip, uint16_t wired_lanes);
    void (*send)(
        struct sim_chip *chip, const struct sim_phase *phase, const uint8_t *bytes, size_t count);
    void (*idle)(struct sim_chip *chip, const struct sim_phase *phase, uint32_t clocks);
    void (*receive)(
        struct sim_chip *chip, const struct sim_phase *phase, uint8_t *bytes, size_t count);
    void (*deselect)(struct sim_chip *chip);
    /* When the chip is in a state in which a read with this configuration returns its array bytes
     * truthfully: the array; else NULL. Used for mapped execution. */
    const uint8_t *(*direct)(struct sim_chip *chip, const struct sim_read_config *config);
    uint32_t (*generation)(struct sim_chip *chip); /* changes when direct() may have changed */
    /* When a status read will next answer differently by itself: the end of the operation that
     * runs now, SIM_NEVER when the chip is idle or stuck. Lets a controller skip useless polls. */
    uint64_t (*busy_until_ps)(struct sim_chip *chip);
};

/* A mapped read as the controller would clock it out. */
struct sim_read_config {
    uint16_t opcode;
    uint8_t opcode_bytes;
    struct sim_phase opcode_phase;
    uint8_t addr_bytes;
    struct sim_phase addr_phase;
    uint8_t alternate_bytes; /* 0: none */
    uint8_t dummy_clocks;
    struct sim_phase data_phase;
    bool byte_swapped; /* the controller swaps byte pairs in DTR (MTYP Macronix) */
    uint16_t wired_lanes;
};

struct sim_chip {
    const struct sim_chip_ops *ops;
    const char *name; /* as in the netlist: "flash" */
    uint32_t size_bytes;
};

/* Storage of a NOR chip, kept in files by the machine. Sizes by the part's description. */
struct sim_nor_storage {
    uint8_t *bytes; /* the array, page-aligned: mapped straight from <memory>.bin */
    uint8_t *cells; /* one byte per ECC unit or sector: weak, programmed (model's own format) */
    size_t cells_bytes;
    uint8_t *registers; /* non-volatile registers, model's own format */
    size_t registers_bytes;
};

struct sim_nor_part; /* a row of the table of parts in sim/chips/ */
const struct sim_nor_part *sim_nor_part_find(const char *part_number);
uint32_t sim_nor_part_size_bytes(const struct sim_nor_part *part);
size_t sim_nor_part_cells_bytes(const struct sim_nor_part *part);
size_t sim_nor_part_registers_bytes(const struct sim_nor_part *part);
/* Fills storage as from the factory: array FF, registers at their defaults. */
void sim_nor_part_factory(const struct sim_nor_part *part, const struct sim_nor_storage *storage);

struct sim_chip *sim_nor_create(const struct sim_env *env, const char *name,
    const struct sim_nor_part *part, const struct sim_nor_storage *storage);
void sim_nor_free(struct sim_chip *chip);
/* `xflash-vboard set`: mode=1S|8S|8D|dpd|suspended|erasing, id=C28139, wel, p_fail rule knobs,
 * bp=N. False: *why says what was expected. The keys it knows are listed by sim_nor_set_help(). */
bool sim_nor_set(struct sim_chip *chip, const char *key, const char *value, const char **why);
const char *sim_nor_set_help(void);
/* Virtual time scale of erase and program: 1000 = typical. */
void sim_nor_set_time_scale(struct sim_chip *chip, uint32_t per_mille);

#endif
