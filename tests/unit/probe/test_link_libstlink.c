/* The link that libstlink opens: what it takes from the library, and that the probe then hears the
 * same as through the native link. The library is the one below. */
#include "host/base/os.h"
#include "host/probe/link_libstlink.h"
#include "tests/unit/probe/link_usb_script.h"

enum { HELLO_LINES = 2, MAX_LINES = 128, HOT_PLUG = 0 };

/* The beginning of libstlink's handles, as its public headers have it. */
static struct {
    void *context;
    void *handle;
} library_usb;
static struct {
    void *backend;
    void *backend_data;
} library_handle;

static struct {
    char serial[25];
    char place[32];
    int connect;
    int verbosity;
    bool fails;
    unsigned opened;
    unsigned closed;
    bool *forgets; /* set to false when the library opens the probe; NULL: nothing */
} library;

void *stlink_open_usb(int verbosity, int connect, char *serial, int freq_khz);
void stlink_close(void *handle);

void *stlink_open_usb(int verbosity, int connect, char *serial, int freq_khz)
{
    const char *place = os_environment("STLINK_DEVICE");

    cr_assert_gt(freq_khz, 0);
    library.opened++;
    if (library.forgets != NULL) {
        *library.forgets = false;
    }
    library.verbosity = verbosity;
    library.connect = connect;
    (void)snprintf(library.serial, sizeof library.serial, "%s", serial);
    (void)snprintf(library.place, sizeof library.place, "%s", place != NULL ? place : "");
    library_handle.backend_data = &library_usb;
    return library.fails ? NULL : &library_handle;
}

void stlink_close(void *handle)
{
    cr_assert_eq(handle, (void *)&library_handle);
    library.closed++;
}

/* A probe that libstlink knows. */
static void make_device(struct usb_device *device)
{
    size_t i = 0;

    device->vid = 0x0483;
    device->pid = 0x374E;
    device->bus = 3;
    device->address = 17;
    device->out_endpoint = 0x01;
    device->in_endpoint = 0x81;
    device->raw_serial_bytes = 48;
    for (i = 0; i < 24; i++) {
        device->raw_serial[2 * i] = (uint8_t)('0' + i % 10);
        device->raw_serial[2 * i + 1] = 0;
    }
}

/* The native conversation with one command in it: the link's own question, then the debug mode
 * that libstlink entered is left, then everything as ever. */
static size_t with_leave(
    const struct fake_usb_line *native, size_t count, struct fake_usb_line *lines)
{
    static const struct fake_usb_line leave = SAY_AND_WAIT("F2 21");

    memcpy(lines, native, HELLO_LINES * sizeof *lines);
    lines[HELLO_LINES] = leave;
    memcpy(lines + HELLO_LINES + 1, native + HELLO_LINES, (count - HELLO_LINES) * sizeof *lines);
    return count + 1;
}

static struct probe *open_by_libstlink(struct fake_usb *fake)
{
    struct probe_config config = {.log = &test_log};
    struct probe *probe = NULL;
    struct link *link = NULL;
    struct error err;

    memset(&library, 0, sizeof library);
    make_device(&fake->device);
    cr_assert(link_libstlink_open(&fake->device, &test_log, &link, &err), "%s", err.message);
    cr_assert(stlink_open(link, &config, &probe, &err), "%s", err.message);
    return probe;
}

static void write_and_read(struct probe *probe)
{
    static uint8_t image[BLOCK_BYTES];
    uint8_t back[8];
    struct error err;

    attach(probe);
    cr_assert(probe_write_mem(probe, 1, RAM, image, sizeof image, &err), "%s", err.message);
    cr_assert(probe_read_mem(probe, 1, RAM, back, sizeof back, &err), "%s", err.message);
}

/* One conversation, played through both links. */
Test(link_libstlink, says_what_the_native_link_says)
{
    static const struct fake_usb_line native[] = {OPEN_V3, ATTACH,
        SAY("F2 08 00 00 02 24 00 18 01 00 00 AA"), {FAKE_USB_OUT, BLOCK_BYTES, "", NULL, false},
        ALL_IS_WELL, SAY("F2 07 00 00 02 24 08 00 01 00 00 AA"), GET(8, "01"), ALL_IS_WELL, LEAVE};
    struct fake_usb_line lines[MAX_LINES];
    struct fake_usb *fake = fake_usb_play(native, COUNT(native));
    struct probe *probe = open_script(fake);

    write_and_read(probe);
    close_script(fake, probe);
    fake = fake_usb_play(lines, with_leave(native, COUNT(native), lines));
    probe = open_by_libstlink(fake);
    write_and_read(probe);
    close_script(fake, probe);
    cr_assert_eq(library.opened, 1);
    cr_assert_eq(library.closed, 1);
}

Test(link_libstlink, tells_the_library_exactly_which_probe)
{
    static const struct fake_usb_line native[] = {OPEN_V3};
    struct fake_usb_line lines[MAX_LINES];
    struct fake_usb *fake = fake_usb_play(lines, with_leave(native, COUNT(native), lines));
    struct probe *probe = NULL;

    /* Of the user's shell, for another probe. */
    os_environment_set("STLINK_DEVICE", "001:002");
    probe = open_by_libstlink(fake);
    cr_assert_str_eq(library.place, "3:17");
    cr_assert_str_eq(library.serial, "012345678901234567890123");
    cr_assert_eq(library.connect, HOT_PLUG);
    cr_assert_eq(library.verbosity, 0);
    cr_assert_null(os_environment("STLINK_DEVICE"), "else the library's next use fails");
    close_script(fake, probe);
}

Test(link_libstlink, finds_the_reason_that_the_library_does_not_tell)
{
    static const enum error_code codes[] = {
        ERROR_PROBE_BUSY, ERROR_PROBE_PERMISSION, ERROR_NO_PROBE};
    struct fake_usb *fake = NULL;
    struct link *link = NULL;
    struct error err;
    size_t i = 0;

    for (i = 0; i < COUNT(codes); i++) {
        memset(&library, 0, sizeof library);
        fake = fake_usb_play(NULL, 0);
        make_device(&fake->device);
        fake->open_fails = codes[i];
        cr_assert_not(link_libstlink_open(&fake->device, NULL, &link, &err));
        cr_assert_null(link);
        cr_assert_eq(err.code, codes[i]);
        cr_assert_eq(library.opened, 0, "the library would print to standard output");
    }
    fake = fake_usb_play(NULL, 0);
    make_device(&fake->device);
    library.fails = true;
    cr_assert_not(link_libstlink_open(&fake->device, NULL, &link, &err));
    cr_assert_eq(err.code, ERROR_USB_PROTOCOL);
    cr_assert_eq(library.closed, 0);
}

Test(link_libstlink, gives_the_library_its_handle_back_after_a_failure)
{
    static const struct fake_usb_line silence[] = {ASK("F1", 6, "30 00 83 04 4E 37")};
    struct fake_usb *fake = fake_usb_play(silence, COUNT(silence));
    struct link *link = NULL;
    struct error err;

    memset(&library, 0, sizeof library);
    make_device(&fake->device);
    fake->never_answers = true;
    library.forgets = &fake->is_closed; /* the pipe of the look before */
    cr_assert_not(link_libstlink_open(&fake->device, NULL, &link, &err));
    cr_assert_null(link);
    cr_assert_eq(library.opened, 1);
    cr_assert_eq(library.closed, 1);
    cr_assert(fake->is_closed);
}

Test(link_libstlink, knows_where_the_library_ends)
{
    static const struct {
        uint16_t pid;
        uint8_t out_endpoint;
        uint8_t serial_bytes;
        bool is_fit;
    } rows[] = {
        {0x3744, 2, 48, false}, /* V1 */
        {0x3748, 2, 48, true},
        {0x3748, 2, 24, true}, /* an old serial number, binary */
        {0x3748, 1, 48, false},
        {0x374A, 1, 48, true},
        {0x374B, 1, 48, true},
        {0x374B, 2, 48, false},
        {0x374D, 1, 48, false}, /* bootloader */
        {0x374E, 1, 48, true},
        {0x374E, 1, 46, false},
        {0x374E, 1, 0, false},
        {0x374F, 1, 48, true},
        {0x3752, 1, 48, true},
        {0x3753, 1, 48, true},
        {0x3742, 1, 48, false},
        {0x3754, 1, 48, false},
        {0x3755, 1, 48, false},
        {0x3757, 1, 48, false},
    };
    size_t i = 0;

    for (i = 0; i < COUNT(rows); i++) {
        struct usb_device device = {0};

        make_device(&device);
        device.pid = rows[i].pid;
        device.out_endpoint = rows[i].out_endpoint;
        device.raw_serial_bytes = rows[i].serial_bytes;
        if (rows[i].serial_bytes == 24) {
            memset(device.raw_serial, 0x91, sizeof device.raw_serial);
        }
        cr_assert_eq(link_libstlink_obstacle(&device) == NULL, rows[i].is_fit, "row %zu: %s", i,
            link_libstlink_obstacle(&device));
    }
    cr_assert_str_eq(link_libstlink_obstacle(&(struct usb_device){.vid = 0x0483, .pid = 0x3754}),
        "libstlink does not know product ID 3754");
}

Test(link_libstlink, refuses_serial_numbers_that_are_no_text_and_other_vendors)
{
    struct usb_device device = {0};

    make_device(&device);
    device.raw_serial[10] = 0x07;
    cr_assert_not_null(link_libstlink_obstacle(&device));
    make_device(&device);
    device.vid = 0x0D28;
    cr_assert_not_null(link_libstlink_obstacle(&device));
    make_device(&device);
    device.interface_number = 1;
    cr_assert_not_null(link_libstlink_obstacle(&device));
}
