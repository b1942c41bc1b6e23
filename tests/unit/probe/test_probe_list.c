/* Which interfaces on the bus are probes, how each is named, and which one a selector means. */
#include "host/probe/probe_list.h"
#include "host/probe/probe_sysfs.h"
#include "tests/unit/fakes/fake_usb_list.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V3_SERIAL "003800313137510C39383538"
#define V2_SERIAL "52FF6E064975555223251787"

static void clear_bus(void)
{
    memset(&fake_usb_list, 0, sizeof fake_usb_list);
}

TestSuite(probe_list, .init = clear_bus);

static struct probe_list *read_list(void)
{
    struct probe_list *list = NULL;
    struct error err;

    cr_assert(probe_list_read(&list, &err), "%s", err.message);
    return list;
}

/* ---- what is a probe ---- */

Test(probe_list, knows_every_st_link_by_its_product_id)
{
    static const struct {
        uint16_t pid;
        enum probe_state state;
    } known[] = {{0x3742, PROBE_STATE_FREE}, {0x3744, PROBE_STATE_UNSUPPORTED},
        {0x3748, PROBE_STATE_FREE}, {0x374A, PROBE_STATE_FREE}, {0x374B, PROBE_STATE_FREE},
        {0x374D, PROBE_STATE_BOOTLOADER}, {0x374E, PROBE_STATE_FREE}, {0x374F, PROBE_STATE_FREE},
        {0x3752, PROBE_STATE_FREE}, {0x3753, PROBE_STATE_FREE}, {0x3754, PROBE_STATE_FREE},
        {0x3755, PROBE_STATE_BOOTLOADER}, {0x3757, PROBE_STATE_FREE}};
    struct probe_list *list = NULL;
    size_t count = sizeof known / sizeof known[0];
    size_t i = 0;

    for (i = 0; i < count; i++) {
        char path[16];
        char serial[16];

        (void)snprintf(path, sizeof path, "1-%zu", i + 1);
        (void)snprintf(serial, sizeof serial, "S%zu", i);
        (void)fake_usb_add(0x0483, known[i].pid, path, serial);
    }
    list = read_list();
    cr_assert_eq(list->count, count);
    for (i = 0; i < count; i++) {
        cr_assert_eq(list->entries[i].device.pid, known[i].pid);
        cr_assert_eq(list->entries[i].state, known[i].state, "%04x", known[i].pid);
        cr_assert_eq(strncmp(list->entries[i].kind, "ST-LINK V", 9), 0);
    }
    cr_assert_null(probe_list_model(count));
    free(list);
}

Test(probe_list, opens_only_what_may_be_a_probe)
{
    struct usb_device *device = NULL;
    struct probe_list *list = NULL;

    (void)fake_usb_add(0x0483, 0x5740, "1-1", "A"); /* a serial port of ST: class FF to be mean */
    fake_usb_list.usb[0].interface_subclass = 2;
    device = fake_usb_add(0x0483, 0x374B, "1-2", "B"); /* mass storage beside an ST-LINK */
    device->interface_number = 1;
    device = fake_usb_add(0x1234, 0x0001, "1-3", "C"); /* a keyboard */
    device->interface_class = 3;
    device = fake_usb_add(0x1234, 0x0002, "1-4", "D"); /* no endpoints */
    device->out_endpoint = 0;
    list = read_list();
    cr_assert_eq(list->count, 0);
    cr_assert_eq(fake_usb_list.strings_read, 0);
    free(list);
    device = fake_usb_add(0x1234, 0x0003, "1-5", "E"); /* might be, but its name says no */
    list = read_list();
    cr_assert_eq(list->count, 0);
    cr_assert_eq(fake_usb_list.strings_read, 1);
    free(list);
}

Test(probe_list, finds_cmsis_dap_and_takes_the_faster_interface)
{
    struct usb_device *device = fake_usb_add(0x0D28, 0x0204, "1-2", "DAP2");
    struct probe_list *list = NULL;

    (void)snprintf(device->interface, sizeof device->interface, "A CMSIS-DAP v2 of sorts");
    (void)fake_hid_add(0x0D28, 0x0204, "1-2", "DAP2"); /* the same probe */
    (void)fake_hid_add(0xC251, 0xF001, "1-3", "DAP1");
    list = read_list();
    cr_assert_eq(list->count, 2);
    cr_assert_eq(list->entries[0].family, PROBE_FAMILY_DAP_BULK);
    cr_assert_str_eq(list->entries[0].kind, "CMSIS-DAP v2");
    cr_assert_not(list->entries[0].shares_serial);
    cr_assert_eq(list->entries[1].family, PROBE_FAMILY_DAP_HID);
    cr_assert_str_eq(list->entries[1].serial, "DAP1");
    free(list);
}

Test(probe_list, is_ordered_by_place)
{
    static const char *const places[] = {"1-10", "1-2.3", "2-1", "1-2", "1-9"};
    static const char *const ordered[] = {"1-2", "1-2.3", "1-9", "1-10", "2-1"};
    struct probe_list *list = NULL;
    size_t i = 0;

    for (i = 0; i < 5; i++) {
        (void)fake_usb_add(0x0483, 0x3748, places[i], places[i]);
    }
    list = read_list();
    for (i = 0; i < 5; i++) {
        cr_assert_str_eq(list->entries[i].device.path, ordered[i]);
    }
    free(list);
}

Test(probe_list, never_prints_what_a_terminal_would_obey)
{
    struct usb_device *device = fake_usb_add(0x0483, 0x3748, "1-1", "A\033[2J");
    struct probe_list *list = NULL;

    (void)snprintf(device->vendor, sizeof device->vendor, "ST\033]0;x\a");
    (void)snprintf(device->product, sizeof device->product, "a\nb");
    list = read_list();
    cr_assert_str_eq(list->entries[0].vendor, "ST\\x1B]0;x\\x07");
    cr_assert_str_eq(list->entries[0].product, "a\\x0Ab");
    cr_assert_str_eq(list->entries[0].serial, "411B5B324A");
    cr_assert_str_eq(list->entries[0].select, "411B5B324A");
    free(list);
}

Test(probe_list, names_each_probe_by_what_is_its_own)
{
    struct probe_list *list = NULL;

    (void)fake_usb_add(0x0483, 0x374E, "1-1", V3_SERIAL);
    (void)fake_usb_add(0x0483, 0x3748, "1-2", V2_SERIAL);
    (void)fake_usb_add(0x0483, 0x3748, "1-3", V2_SERIAL);
    (void)fake_usb_add(0x0483, 0x3748, "1-4", "");
    (void)fake_usb_add(0x0483, 0x3748, "1-5", "a b;c");
    list = read_list();
    cr_assert_str_eq(list->entries[0].select, V3_SERIAL);
    cr_assert_str_eq(list->entries[0].lock_key, "usb-" V3_SERIAL);
    cr_assert_str_eq(list->entries[0].name, "ST-LINK V3E " V3_SERIAL " (usb:1-1)");
    cr_assert(list->entries[1].shares_serial);
    cr_assert_str_eq(list->entries[1].select, "usb:1-2");
    cr_assert_str_eq(list->entries[1].lock_key, "usb-path-1-2");
    cr_assert_str_eq(list->entries[2].select, "usb:1-3");
    cr_assert_str_eq(list->entries[3].select, "usb:1-4");
    cr_assert_str_eq(list->entries[3].lock_key, "usb-path-1-4");
    cr_assert_str_eq(list->entries[3].name, "ST-LINK V2 (usb:1-4)");
    cr_assert_str_eq(list->entries[4].select, "usb:1-5", "nothing a shell would take apart");
    free(list);
}

Test(probe_list, says_why_the_bus_cannot_be_looked_at)
{
    struct probe_list *list = NULL;
    struct error err;

    fake_usb_list.usb_fails = true;
    cr_assert_not(probe_list_read(&list, &err));
    cr_assert_null(list);
    cr_assert_str_eq(err.message, "no USB here\n  while looking for probes on USB");
}

Test(probe_list, reads_what_the_kernel_knows_of_a_device_that_may_not_be_opened)
{
    static const char *const files[][2] = {{"1-4/product", "Probe\n"}, {"1-4/manufacturer", "M\n"},
        {"1-4/serial", "0123\n"}, {"1-4:1.2/interface", "CMSIS-DAP v2\n"}};
    struct usb_device device = {.path = "1-4", .interface_number = 2};
    struct error err;
    char root[64];
    char path[160];
    size_t i = 0;

    (void)snprintf(root, sizeof root, "/tmp/xflash-sysfs-%u", os_process_id());
    (void)snprintf(path, sizeof path, "%s/1-4", root);
    cr_assert(os_make_directories(path, &err));
    (void)snprintf(path, sizeof path, "%s/1-4:1.2", root);
    cr_assert(os_make_directories(path, &err));
    for (i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", root, files[i][0]);
        cr_assert(os_write_file(path, files[i][1], strlen(files[i][1]), &err));
    }
    probe_sysfs_fill(root, &device);
    cr_assert_str_eq(device.product, "Probe");
    cr_assert_str_eq(device.vendor, "M");
    cr_assert_str_eq(device.interface, "CMSIS-DAP v2");
    cr_assert_eq(device.raw_serial_bytes, 8);
    cr_assert_eq(device.raw_serial[6], '3');
    (void)snprintf(path, sizeof path, "%s/1-4/serial", root);
    cr_assert(os_write_file(path, "0\xC3\xBF", 3, &err));
    device.raw_serial_bytes = 0;
    probe_sysfs_fill(root, &device);
    cr_assert_eq(device.raw_serial_bytes, 0, "the kernel's text of a binary serial is no serial");
    for (i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", root, files[i][0]);
        (void)os_remove_file(path);
    }
    (void)snprintf(path, sizeof path, "%s/1-4", root);
    (void)remove(path);
    (void)snprintf(path, sizeof path, "%s/1-4:1.2", root);
    (void)remove(path);
    (void)remove(root);
}

/* ---- choosing ---- */

static struct error refusal;

/* The place of the probe that text means; NULL and `refusal` when it means none. */
static const char *choose(const char *text)
{
    static char place[64];
    struct probe_list *list = read_list();
    const struct probe_entry *entry = NULL;
    struct selector selector;
    bool is_chosen = false;

    memset(&refusal, 0, sizeof refusal);
    cr_assert(selector_parse(text, &selector, &refusal), "%s", refusal.message);
    is_chosen = probe_list_choose(list, &selector, text, &entry, &refusal);
    cr_assert_eq(is_chosen, entry != NULL);
    if (is_chosen) {
        (void)snprintf(place, sizeof place, "%s", entry->device.path);
    }
    free(list);
    return is_chosen ? place : NULL;
}

static void plug_three(void)
{
    (void)fake_usb_add(0x0483, 0x374E, "1-1", V3_SERIAL);
    (void)fake_usb_add(0x0483, 0x3748, "1-2", V2_SERIAL);
    (void)fake_usb_add(0x0483, 0x374B, "1-4.2", "066FFF485550755187121538");
}

Test(probe_list, takes_the_only_one)
{
    (void)fake_usb_add(0x0483, 0x374E, "1-1", V3_SERIAL);
    cr_assert_str_eq(choose(NULL), "1-1");
    cr_assert_str_eq(choose("libstlink:"), "1-1");
}

Test(probe_list, takes_the_only_one_that_can_be_used)
{
    (void)fake_usb_add(0x0483, 0x3744, "1-1", "");
    (void)fake_usb_add(0x0483, 0x374E, "1-2", V3_SERIAL);
    cr_assert_str_eq(choose(NULL), "1-2");
    cr_assert_null(choose("0483:3744"), "who names it means it");
    cr_assert_eq(refusal.code, ERROR_PROBE_ABILITY);
}

Test(probe_list, matches_the_end_of_a_serial_in_either_case)
{
    plug_three();
    cr_assert_str_eq(choose("9383538"), "1-1");
    cr_assert_str_eq(choose("0c39383538"), "1-1");
    cr_assert_str_eq(choose(V2_SERIAL), "1-2");
    cr_assert_str_eq(choose("52ff6e064975555223251787"), "1-2");
    cr_assert_null(choose("00380031"), "the beginning is not the end");
    cr_assert_null(choose("X" V2_SERIAL), "longer than any");
    cr_assert_null(choose("538 "));
}

Test(probe_list, prefers_a_whole_serial_to_the_end_of_another)
{
    (void)fake_usb_add(0x0483, 0x3748, "1-1", "AB12");
    (void)fake_usb_add(0x0483, 0x3748, "1-2", "12");
    cr_assert_str_eq(choose("12"), "1-2");
    cr_assert_null(choose("2"));
    cr_assert_eq(refusal.code, ERROR_SEVERAL_PROBES);
}

Test(probe_list, matches_ids_and_places)
{
    plug_three();
    cr_assert_str_eq(choose("0483:3748"), "1-2");
    cr_assert_str_eq(choose("0483:374B:538"), "1-4.2");
    cr_assert_null(choose("0483:374b:787"));
    cr_assert_str_eq(choose("usb:1-4.2"), "1-4.2");
    cr_assert_null(choose("usb:1-4"), "a hub on the way is another place");
    cr_assert_eq(refusal.code, ERROR_NO_PROBE);
}

Test(probe_list, says_how_to_choose_one_of_several)
{
    plug_three();
    fake_usb_list.usb[1].access = USB_ACCESS_BUSY;
    cr_assert_null(choose(NULL));
    cr_assert_eq(refusal.code, ERROR_SEVERAL_PROBES);
    cr_assert_str_eq(refusal.message, "there are 3 debug probes: choose one\n"
                                      "  -p 003800313137510C39383538   ST-LINK V3E, usb:1-1\n"
                                      "  -p 52FF6E064975555223251787   ST-LINK V2, usb:1-2, busy\n"
                                      "  -p 066FFF485550755187121538   ST-LINK V2-1, usb:1-4.2");
    cr_assert_str_eq(refusal.hint, "-p 003800313137510C39383538");
    cr_assert_null(choose("538"));
    cr_assert_eq(refusal.code, ERROR_SEVERAL_PROBES);
    cr_assert_str_eq(refusal.message, "2 probes match -p 538: choose one\n"
                                      "  -p 003800313137510C39383538   ST-LINK V3E, usb:1-1\n"
                                      "  -p 066FFF485550755187121538   ST-LINK V2-1, usb:1-4.2");
}

Test(probe_list, tells_twins_apart_by_their_place)
{
    (void)fake_usb_add(0x0483, 0x3748, "1-2", V2_SERIAL);
    (void)fake_usb_add(0x0483, 0x3748, "1-3", V2_SERIAL);
    cr_assert_null(choose(V2_SERIAL));
    cr_assert_eq(refusal.code, ERROR_SEVERAL_PROBES);
    cr_assert_str_eq(refusal.message,
        "2 probes match -p 52FF6E064975555223251787: choose one\n"
        "  -p usb:1-2                    ST-LINK V2, usb:1-2\n"
        "  -p usb:1-3                    ST-LINK V2, usb:1-3\n"
        "  (probes with the same serial number are told apart by their place on USB)");
    cr_assert_str_eq(choose("usb:1-3"), "1-3");
}

Test(probe_list, without_a_probe_says_what_else_there_is)
{
    cr_assert_null(choose(NULL));
    cr_assert_eq(refusal.code, ERROR_NO_PROBE);
    cr_assert_str_eq(refusal.message, "no debug probe found on USB");
    cr_assert_str_eq(refusal.hint, "plug one in (`xflash list` shows what there is); -p sim:NAME "
                                   "is a virtual board, -p tcp:HOST:PORT an ST-LINK server");
    (void)fake_usb_add(0x0483, 0x374E, "1-1", V3_SERIAL);
    cr_assert_null(choose("1234"));
    cr_assert_eq(refusal.code, ERROR_NO_PROBE);
    cr_assert_str_eq(refusal.message, "no probe matches -p 1234; there is\n"
                                      "  -p 003800313137510C39383538   ST-LINK V3E, usb:1-1");
}

Test(probe_list, names_the_rule_that_gives_permission)
{
    fake_usb_add(0x0483, 0x374E, "1-1", V3_SERIAL)->access = USB_ACCESS_NO_PERMISSION;
    cr_assert_null(choose(NULL));
    cr_assert_eq(refusal.code, ERROR_PROBE_PERMISSION);
    cr_assert_not_null(strstr(refusal.hint, "ATTRS{idProduct}==\"374e\""));
}

Test(probe_list, refuses_a_probe_in_its_bootloader)
{
    (void)fake_usb_add(0x0483, 0x374D, "1-1", V3_SERIAL);
    cr_assert_null(choose(NULL));
    cr_assert_eq(refusal.code, ERROR_PROBE_ABILITY);
    cr_assert_str_eq(refusal.message, "the probe ST-LINK V3 loader " V3_SERIAL
                                      " (usb:1-1) is in its bootloader, waiting for new firmware");
}

Test(probe_list, gives_back_a_busy_probe_so_that_its_lock_can_be_waited_for)
{
    fake_usb_add(0x0483, 0x374E, "1-1", V3_SERIAL)->access = USB_ACCESS_BUSY;
    cr_assert_str_eq(choose(NULL), "1-1");
}

Test(probe_list, has_room_for_as_many_as_it_can_list)
{
    struct probe_list *list = NULL;
    size_t i = 0;

    for (i = 0; i < USB_MAX_DEVICES; i++) {
        char text[16];

        (void)snprintf(text, sizeof text, "1-%zu", i + 1);
        (void)fake_usb_add(0x0483, 0x3748, text, text);
    }
    (void)fake_hid_add(0xC251, 0xF001, "2-1", "one too many");
    list = read_list();
    cr_assert_eq(list->count, PROBE_LIST_MAX);
    free(list);
    cr_assert_null(choose(NULL));
    cr_assert_eq(refusal.code, ERROR_SEVERAL_PROBES);
}
