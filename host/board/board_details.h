/* What host/board alone knows of a board: pins, clocks, overrides. */
#ifndef HOST_BOARD_BOARD_DETAILS_H
#define HOST_BOARD_BOARD_DETAILS_H

#include "host/board/board.h"
#include "host/board/json.h"
#include "host/board/mcu.h"

enum { BOARD_MAX_GPIO_STEPS = 8, BOARD_MAX_OVERRIDES = 16, BOARD_MAX_USED_PINS = 64 };

enum board_drive { BOARD_DRIVE_LOW, BOARD_DRIVE_HIGH, BOARD_DRIVE_FLOAT };

/* A pin to be driven before the memory is talked to: power enable, reset, write protect. */
struct board_gpio_step {
    const struct mcu_pin *pin;
    enum board_drive drive;
    uint32_t wait_us;
};

enum board_quirk {
    BOARD_QUIRK_PULL_UP_DATA = 1 << 0, /* lines without resistors: internal pull-ups on IO */
    BOARD_QUIRK_NO_RELEASE = 1 << 1    /* the chip must not see AB: left out of the recovery */
};

/* One value of "overrides": {"modes": ...}. */
struct board_override {
    char mode[16];
    char op[24]; /* empty: of the mode itself */
    uint16_t opcode;
    uint8_t opcode_bytes; /* 0: opcode not overridden */
    bool has_dummy;
    uint8_t dummy_cycles;
    uint32_t max_hz;         /* 0: not overridden */
    uint32_t command_max_hz; /* 0: not overridden */
};

struct board_overrides {
    uint32_t max_hz; /* 0: none */
    bool sample_shift;
    struct board_override modes[BOARD_MAX_OVERRIDES];
    size_t mode_count;
    uint32_t program_max_us; /* this and the following: 0 not overridden */
    uint32_t chip_erase_max_us;
    uint32_t reset_max_us;
    uint32_t erase_size_bytes[PART_MAX_ERASE];
    uint32_t erase_max_us[PART_MAX_ERASE];
    size_t erase_count;
};

struct board_memory_details {
    const struct mcu_controller *controller;
    const struct mcu_port *port;
    const struct mcu_pin *pins[MCU_ROLES]; /* NULL: not wired */
    uint8_t alternates[MCU_ROLES];
    bool pins_are_good;
    bool second_select;   /* NCS2 of the port */
    char program_bus[16]; /* mode name or "auto" */
    char run_bus[16];
    struct board_overrides overrides;
    struct board_gpio_step gpio[BOARD_MAX_GPIO_STEPS];
    size_t gpio_count;
    uint32_t quirks; /* enum board_quirk */
};

struct board_details {
    char *folder; /* of the board file */
    struct mcu mcu;
    const struct mcu_supply *supply; /* NULL: kept */
    char supply_name[16];
    bool caches;
    bool mpu_window; /* hand over with the MPU on: the window ends where the chip ends */
    struct board_memory_details memories[BOARD_MAX_MEMORIES];
    const struct mcu_pin *leds[BOARD_MAX_LEDS];
    struct {
        const struct mcu_pin *pin;
        char user[48]; /* "IO0 of flash" */
    } used[BOARD_MAX_USED_PINS];
    size_t used_count;
};

/* ---- sections of the board file; each notes its mistakes ---- */
void board_read_memories(const struct json_value *list, struct board *board, struct error *err);
void board_read_overrides(const struct json_value *value, struct board_overrides *overrides);
void board_read_partitions(const struct json_value *list, struct board *board);
void board_read_boot(const struct json_value *value, struct board *board);

/* The pin named by value, noted as used by `user`; NULL after a complaint. */
const struct mcu_pin *board_use_pin(
    struct board *board, const struct json_value *value, const char *user);

/* Applies overrides to a part; complains at `at` (may be NULL: then *err is filled in). */
bool board_apply_overrides(const struct board_overrides *overrides, const struct json_value *at,
    struct part *part, struct error *err);

/* One sentence about the first partition that does not fit, with its index; true when all do. */
bool board_check_partition(const struct board *board, size_t index, char *text, size_t capacity);

/* Lanes wired: 1, 2, 4 or 8. */
unsigned board_wired_lines(const struct board_memory_details *memory);
/* NULL when the mode works on this board, else why not. */
const char *board_mode_obstacle(
    const struct board_memory_details *memory, const struct part_mode *mode);
/* The mode that a name ("auto" too) means for this board; NULL when none works. */
const struct part_mode *board_pick_mode(
    const struct board_memory_details *details, const struct part *part, const char *name);

#endif
