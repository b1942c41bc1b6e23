/* `board show`, `board lint`, and the applications' view of a board. */
#include "host/board/board.h"
#include "host/board/board_app.h"
#include "host/board/board_details.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct board *load(void)
{
    struct board *board = NULL;
    struct error err = {0};

    cr_assert(board_load("nucleo-h7s3l8", NULL, &board, &err), "%s", err.message);
    return board;
}

static void collect(void *context, enum log_level level, const char *code, const char *text)
{
    char *all = context;
    size_t used = strlen(all);

    if (level == LOG_WARNING) {
        (void)snprintf(all + used, 1000 - used, "[%s] %s\n", code, text);
    }
}

static bool lint(const struct board *board, char *findings, struct error *err)
{
    struct log log = {.write = collect, .context = findings, .max_level = LOG_INFO};

    findings[0] = '\0';
    return board_lint(board, &log, err);
}

Test(board_text, shows_the_board)
{
    struct board *board = load();
    struct error err = {0};
    char *text = NULL;
    const char *second_line = NULL;

    cr_assert(board_describe(board, &text, &err), "%s", err.message);
    second_line = strchr(text, '\n') + 1;
    cr_assert_str_eq(second_line,
        "MCU STM32H7S3L8, DEV_ID 0x485, supply keep, probe at most 24000 kHz, connect auto\n"
        "memory flash: MX25UW25645G, 32 MiB, JEDEC ID C2 81 39\n"
        "    XSPI2 on port P2, mapped at 0x70000000, supply 1800 mV\n"
        "    pins         CLK=PN6(AF9) NCS=PN1(AF9) DQS=PN0(AF9) IO0=PN2(AF9) IO1=PN3(AF9) "
        "IO2=PN4(AF9) IO3=PN5(AF9) IO4=PN8(AF9) IO5=PN9(AF9) IO6=PN10(AF9) IO7=PN11(AF9)\n"
        "    detection    1S-1S-1S at 16000 kHz\n"
        "    programming  8D-8D-8D at 32000 kHz\n"
        "    running      8D-8D-8D at 64000 kHz with HSLV off\n"
        "    blob         3500 bytes\n"
        "partition app: flash+0x0, 4 MiB\n"
        "boot: xflash bootloader starts \"app\", checked by CRC-32, caches off\n"
        "LED LD1: PD10, active high\n");
    free(text);
    board_free(board);
}

Test(board_lint, finds_nothing_on_the_first_board)
{
    struct board *board = load();
    struct error err = {0};
    char findings[1000];

    cr_assert(lint(board, findings, &err));
    cr_assert_str_eq(findings, "");
    board_free(board);
}

Test(board_lint, warns_of_hslv_at_a_high_supply)
{
    struct board *board = load();
    struct error err = {0};
    char findings[1000];

    board->memories[0].run_khz_wanted = 100000;
    board->memories[0].supply_mv = 3300;
    cr_assert(lint(board, findings, &err));
    cr_assert_not_null(strstr(findings,
        "[hslv-supply] \"flash\": a run clock above 64000 kHz needs HSLV, which damages the pads "
        "at 3300 mV: never set that option bit on this board\n"));
    board->memories[0].supply_mv = 0;
    cr_assert(lint(board, findings, &err));
    cr_assert_not_null(strstr(findings, "[supply-unknown]"));
    board_free(board);
}

Test(board_lint, names_modes_that_the_wiring_rules_out)
{
    struct board *board = load();
    struct error err = {0};
    char findings[1000];

    board->details->memories[0].pins[MCU_DQS] = NULL;
    (void)snprintf(board->details->memories[0].run_bus, 16, "auto");
    cr_assert(lint(board, findings, &err));
    cr_assert_str_eq(
        findings, "[mode-not-wired] \"flash\": 8D-8D-8D cannot be used: it needs the DQS pin\n");
    board->details->memories[0].pins[MCU_IO7] = NULL;
    cr_assert(lint(board, findings, &err));
    cr_assert_not_null(strstr(
        findings, "[wiring] \"flash\": 7 data lines are named, but only IO0 to IO3 can be used"));
    board_free(board);
}

Test(board_lint, fails_when_a_bus_is_impossible)
{
    struct board *board = load();
    struct error err = {0};
    char findings[1000];

    board->details->memories[0].pins[MCU_DQS] = NULL;
    cr_assert_not(lint(board, findings, &err));
    cr_assert_eq(err.code, ERROR_BOARD_BAD);
    cr_assert_not_null(strstr(
        err.message, "memory \"flash\": run_bus \"8D-8D-8D\" is not possible with MX25UW25645G"));
    board_free(board);
}

Test(board_lint, warns_where_the_run_clock_follows_the_bus_clock)
{
    struct board *board = load();
    struct error err = {0};
    char findings[1000];
    struct mcu_controller controller = *board->details->memories[0].controller;

    controller.run_pll = MCU_MAX_PLLS;
    board->details->memories[0].controller = &controller;
    cr_assert(lint(board, findings, &err));
    cr_assert_str_eq(findings,
        "[bus-clock] \"flash\": XSPI2 runs from the bus clock; the prescaler allows for 300 MHz, "
        "the highest one\n");
    board_free(board);
}

Test(board_app, gives_scripts_and_places_to_applications)
{
    struct board *board = load();
    struct board_app app;
    struct error err = {0};

    cr_assert(board_app_make(board, &app, &err));
    cr_assert_str_eq(app.led_name, "LD1");
    cr_assert_eq(app.core_hz, 64000000);
    cr_assert_eq(app.fast_core_hz, 600000000);
    cr_assert_eq(app.flash.addr, 0x70000000);
    cr_assert_eq(app.flash.size_bytes, 0x3FF000);
    cr_assert_eq(app.ram.addr, 0x24020000);
    cr_assert_eq(app.led_on.count, 1);
    cr_assert_eq(app.led_on.steps[0].addr, 0x58020C18, "GPIOD_BSRR");
    cr_assert_eq(app.led_on.steps[0].value, 1u << 10);
    cr_assert_eq(app.led_off.steps[0].value, 1u << 26);
    cr_assert_eq(app.led_setup.steps[0].addr, 0x58024540, "RCC_AHB4ENR");
    cr_assert_eq(app.led_setup.steps[0].mask, 1u << 3);
    board_app_free(&app);
    board_free(board);
}

/* Order matters: PLL off only after SYSCLK and the memory's clock have left it; HSIDIV last. */
Test(board_mcu, reaches_the_known_state_in_a_safe_order)
{
    static const struct {
        uint8_t kind;
        uint32_t addr, mask, value;
    } order[] = {
        {ABI_REG_MODIFY, 0x58024500, 0x3, 0},                                       /* CKPROTR */
        {ABI_REG_MODIFY, 0x5802447C, 0x0008513B, 0x0008513B},                       /* AHB5RSTR */
        {ABI_REG_MODIFY, 0x58024400, 0x1, 0x1},                                     /* HSION */
        {ABI_REG_WAIT, 0x58024400, 0x4, 0x4}, {ABI_REG_MODIFY, 0x58024410, 0x7, 0}, /* SW */
        {ABI_REG_WAIT, 0x58024410, 0x38, 0},                                        /* SWS */
        {ABI_REG_MODIFY, 0x58024418, 0xF, 0},                                       /* CPRE */
        {ABI_REG_MODIFY, 0x5802441C, 0xF, 0},                                       /* BMPRE */
        {ABI_REG_MODIFY, 0x5802444C, 0xF0, 0}, /* XSPI1SEL, XSPI2SEL */
        {ABI_REG_MODIFY, 0x58024400, 0x15000000, 0}, {ABI_REG_WAIT, 0x58024400, 0x2A000000, 0},
        {ABI_REG_MODIFY, 0x58024400, 0x18, 0}, /* HSIDIV */
    };
    struct board *board = load();
    const struct board_script *script = &board->mcu.known_state;
    size_t next = 0;

    for (size_t i = 0; i < script->count && next < sizeof order / sizeof order[0]; i++) {
        const struct abi_reg_step *step = &script->steps[i];

        next += step->kind == order[next].kind && step->addr == order[next].addr &&
                step->mask == order[next].mask && step->value == order[next].value;
    }
    cr_assert_eq(next, sizeof order / sizeof order[0], "step %zu is missing or late", next);
    board_free(board);
}
