/* The decoded bus log and the waveform. */
#include "nor_rig.h"
#include "sim/trace.h"

#include <stdio.h>
#include <unistd.h>

static struct nor_rig rig;
static char text_path[512];
static char vcd_path[512];

/* Each test is a process of its own. */
static void make_path(char *path, size_t size, const char *kind)
{
    (void)snprintf(path, size, "%s/tests/trace-%ld.%s", XFLASH_BUILD_DIR, (long)getpid(), kind);
}

static void setup(void)
{
    nor_rig_init(&rig);
    make_path(text_path, sizeof text_path, "txt");
    make_path(vcd_path, sizeof vcd_path, "vcd");
    rig.env.trace = sim_trace_open(&rig.clock, text_path, vcd_path, 16);
    cr_assert_not_null(rig.env.trace);
}

static void teardown(void)
{
    nor_rig_free(&rig);
    (void)unlink(text_path);
    (void)unlink(vcd_path);
}

TestSuite(trace, .init = setup, .fini = teardown);

static void close_and_read(const char *path, char *text, size_t size)
{
    sim_trace_close(rig.env.trace);
    rig.env.trace = NULL;
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    size_t count = fread(text, 1, size - 1, file);
    text[count] = '\0';
    (void)fclose(file);
}

Test(trace, tells_each_transaction_in_one_line)
{
    char text[1000];

    (void)nor_rig_read_1s(&rig, 0x9F);
    nor_rig_enter(&rig, 2);
    sim_clock_spend(&rig.clock, 500000);
    SEND(&rig, PHASE_8D, 0x06, 0xF9);
    SEND(&rig, PHASE_8D, 0x12, 0xED, 0, 0, 1, 0, 0xAA, 0xBB);
    close_and_read(text_path, text, sizeof text);
    cr_assert_str_eq(text,
        "10.000000000 ms  flash  1S: 9F  <1S: C2  RDID\n"
        "10.000000000 ms  flash  1S: 06  WREN\n"
        "10.000000000 ms  flash  1S: 72 00 00 00 00 02  CR2 0x00000000 = 0x02\n"
        "10.000500000 ms  flash  8D: 06 F9  WREN\n"
        "10.000500000 ms  flash  8D: 12 ED 00 00 01 00 AA BB  page program 0x00000100, 2 bytes\n");
}

Test(trace, shortens_long_data_and_counts_it)
{
    uint8_t bytes[20];
    char text[1000];

    nor_rig_read_array_1s(&rig, 0, bytes, sizeof bytes);
    close_and_read(text_path, text, sizeof text);
    cr_assert_str_eq(text,
        "10.000000000 ms  flash  1S: 0C 00 00 00 00  +8 dummy"
        "  <1S: FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF ... (20 bytes)  FAST_READ4B\n");
}

Test(trace, draws_select_clock_and_lines)
{
    char text[4000];
    unsigned clocks = 0;

    (void)nor_rig_read_1s(&rig, 0x9F);
    close_and_read(vcd_path, text, sizeof text);
    cr_assert_not_null(strstr(text, "$var wire 1 c CLK $end"));
    cr_assert_not_null(strstr(text, "#10000000000\n0s\n"), "selected at 10 ms");
    cr_assert_not_null(strstr(text, "b00000010 d\n"), "a one on IO1: C2 begins with it");
    for (const char *at = text; (at = strstr(at, "1c\n")) != NULL; at++) {
        clocks++;
    }
    cr_assert_eq(clocks, 16);
    cr_assert_not_null(strstr(text, "#10001000000\n"), "16 clocks of 62.5 ns");
}

Test(trace, cannot_be_opened_where_no_file_can_be)
{
    cr_assert_null(sim_trace_open(&rig.clock, "/nonexistent/trace", NULL, 16));
    sim_trace_close(rig.env.trace);
    rig.env.trace = NULL;
}
