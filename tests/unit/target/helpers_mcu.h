/* An STM32H7R/S as the board files describe it, cut down to what target needs. */
#ifndef TESTS_UNIT_TARGET_HELPERS_MCU_H
#define TESTS_UNIT_TARGET_HELPERS_MCU_H

#include "host/target/target.h"
#include "tests/unit/fakes/fake_core.h"

enum { CLOCK_REG = 0x58024410, DEBUG_REG = 0x5C001004 };

/* Scripts: known_state clears CLOCK_REG, debug_setup sets DEBUG_REG to 7, debug_clear to 0. */
void mcu_init(struct board_mcu *mcu);
/* core initialised with the registers of the scripts; connected by auto. */
struct target *connect_or_fail(struct fake_core *core, const struct board_mcu *mcu);

#endif
