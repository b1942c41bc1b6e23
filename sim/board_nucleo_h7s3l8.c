/* NUCLEO-H7S3L8: STM32H7S3L8 and MX25UW25645G on XSPIM port 2 (reference mcu.md 5, row a). */
#include "sim/board.h"

enum { PORT_B = 1, PORT_D = 3, PORT_N = 13, XSPIM_AF = 9 };

static const struct sim_gpio_led leds[] = {
    {"LD1", PORT_D, 10, true},
    {"LD2", PORT_D, 13, true},
    {"LD3", PORT_B, 7, true},
};

/* RESET# of the chip is not wired to NRST as far as is known (mcu.md 11, doubt 6): no row here, so
 * a reset of the MCU leaves the chip in its mode. */
static const struct sim_xspi_wire wires[] = {
    {2, "CLK", PORT_N, 6, XSPIM_AF, "CLK"},
    {2, "NCS1", PORT_N, 1, XSPIM_AF, "CS"},
    {2, "DQS0", PORT_N, 0, XSPIM_AF, "DQS"},
    {2, "IO0", PORT_N, 2, XSPIM_AF, "IO0"},
    {2, "IO1", PORT_N, 3, XSPIM_AF, "IO1"},
    {2, "IO2", PORT_N, 4, XSPIM_AF, "IO2"},
    {2, "IO3", PORT_N, 5, XSPIM_AF, "IO3"},
    {2, "IO4", PORT_N, 8, XSPIM_AF, "IO4"},
    {2, "IO5", PORT_N, 9, XSPIM_AF, "IO5"},
    {2, "IO6", PORT_N, 10, XSPIM_AF, "IO6"},
    {2, "IO7", PORT_N, 11, XSPIM_AF, "IO7"},
};

const struct sim_board sim_board_nucleo_h7s3l8 = {
    .name = "nucleo-h7s3l8",
    .mcu = "STM32H7S3L8",
    .soc = &sim_soc_h7s3l8,
    .probe_board_id = "0000", /* the real one stands in no source at hand */
    .leds = leds,
    .led_count = sizeof leds / sizeof leds[0],
    .wires = wires,
    .wire_count = sizeof wires / sizeof wires[0],
    .memory_name = "flash",
    .memory_part = "MX25UW25645G",
    .memory_port = 2,
    .memory_addr = 0x70000000, /* XSPI2 (mcu.md 1) */
    .memory_bytes = 32U << 20,
    .hse_hz = 24000000, /* mcu.md 4.1 item 6 */
    .target_mv = 3300,
};
