/* What a virtual probe tells the host; layouts after USB 2.0, chapter 9, and HID 1.11. */
#include "sim/usb_descriptors.h"
#include "sim/usb_sysfs.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

static const char serial[] = "0F3A00112233445566778899";

static void make(struct sim_usb_identity *identity, const char *model)
{
    sim_usb_identity_make(identity, sim_probe_model_find(model), "board#0", serial);
}

static int get(const struct sim_usb_identity *identity, uint8_t type, uint8_t index, uint8_t *data,
    uint32_t length_bytes)
{
    const uint8_t setup[8] = {0x80, 6, index, type, 0x09, 0x04, (uint8_t)length_bytes, 0};

    return sim_usb_control(identity, setup, data, length_bytes);
}

Test(usb_descriptors, describe_the_device)
{
    struct sim_usb_identity identity;
    const uint8_t expected[18] = {
        18, 1, 0, 2, 0, 0, 0, 64, 0x83, 0x04, 0x4E, 0x37, 0, 1, 1, 2, 3, 1};
    uint8_t data[64] = {0};

    make(&identity, "v3");
    cr_assert_eq(get(&identity, 1, 0, data, sizeof data), 18);
    cr_assert_arr_eq(data, expected, 12);
    cr_assert_arr_eq(&data[14], &expected[14], 4);
    cr_assert_eq(get(&identity, 1, 0, data, 8), 8, "no more than asked for");
}

Test(usb_descriptors, list_the_endpoints_of_a_bulk_probe_in_order)
{
    struct sim_usb_identity identity;
    uint8_t data[64] = {0};
    int length = 0;

    make(&identity, "v2");
    length = get(&identity, 2, 0, data, sizeof data);
    cr_assert_eq(length, 9 + 9 + 3 * 7);
    cr_assert_eq(data[2] | data[3] << 8, length, "total length");
    cr_assert_eq(data[13], 3, "endpoints");
    cr_assert_eq(data[14], 0xFF);
    cr_assert_eq(data[18 + 2], 0x02);
    cr_assert_eq(data[18 + 3], 2, "bulk");
    cr_assert_eq(data[18 + 4], 64);
    cr_assert_eq(data[25 + 2], 0x81);
    cr_assert_eq(data[32 + 2], 0x83);
    cr_assert_eq(get(&identity, 2, 1, data, sizeof data), SIM_USB_CONTROL_STALL);
}

Test(usb_descriptors, make_a_hid_of_cmsis_dap_1)
{
    struct sim_usb_identity identity;
    uint8_t data[64] = {0};
    const uint8_t setup[8] = {0x81, 6, 0, 0x22, 0, 0, 64, 0};
    int length = 0;

    make(&identity, "dap1");
    cr_assert(identity.is_hid);
    length = get(&identity, 2, 0, data, sizeof data);
    cr_assert_eq(data[18 + 1], 0x21);
    cr_assert_eq(data[27 + 3], 3, "interrupt");
    cr_assert_eq(length, 9 + 9 + 9 + 7 * data[13]);
    length = sim_usb_control(&identity, setup, data, sizeof data);
    cr_assert_eq(length, identity.report_bytes);
    cr_assert_eq(data[0], 0x06, "usage page");
    cr_assert_eq(data[length - 1], 0xC0, "end of the collection");
    /* two reports of 64 bytes */
    cr_assert_arr_eq(&data[15 - 1], ((const uint8_t[]){0x96, 64, 0}), 3);
}

Test(usb_descriptors, give_strings_and_stall_at_others)
{
    struct sim_usb_identity identity;
    uint8_t data[128] = {0};
    char text[64];

    make(&identity, "v3");
    cr_assert_eq(get(&identity, 3, 0, data, sizeof data), 4);
    cr_assert_arr_eq(data, ((const uint8_t[]){4, 3, 0x09, 0x04}), 4);
    cr_assert_eq(get(&identity, 3, SIM_USB_STRING_SERIAL, data, sizeof data), 50);
    for (size_t i = 0; i < 24; i++) {
        cr_assert_eq(data[2 + 2 * i], (uint8_t)serial[i]);
        cr_assert_eq(data[3 + 2 * i], 0);
    }
    cr_assert_eq(get(&identity, 3, 9, data, sizeof data), SIM_USB_CONTROL_STALL);
    sim_usb_string_text(&identity, SIM_USB_STRING_SERIAL, text, sizeof text);
    cr_assert_str_eq(text, serial);
}

Test(usb_descriptors, pack_the_serial_number_of_an_old_v2)
{
    struct sim_usb_identity identity;
    const uint8_t *string = identity.strings[SIM_USB_STRING_SERIAL];
    char text[64];

    make(&identity, "v2-j24");
    cr_assert_eq(string[0], 26);
    cr_assert_eq(string[2], 0x0F);
    cr_assert_eq(string[3], 0);
    cr_assert_eq(string[4], 0x3A);
    cr_assert_eq(string[24], 0x99);
    sim_usb_string_text(&identity, SIM_USB_STRING_SERIAL, text, sizeof text);
    cr_assert_eq((uint8_t)text[0], 0x0F);
}

Test(usb_descriptors, know_the_other_speed_of_a_fast_device_only)
{
    struct sim_usb_identity identity;
    uint8_t data[64] = {0};

    make(&identity, "v3");
    cr_assert_eq(get(&identity, 6, 0, data, sizeof data), 10);
    make(&identity, "v2");
    cr_assert_eq(get(&identity, 6, 0, data, sizeof data), SIM_USB_CONTROL_STALL);
}

Test(usb_descriptors, forward_output_reports_of_a_hid_only)
{
    struct sim_usb_identity identity;
    uint8_t data[64] = {0};
    const uint8_t set_report[8] = {0x21, 9, 0, 2, 0, 0, 64, 0};
    const uint8_t vendor[8] = {0xC0, 1, 0, 0, 0, 0, 8, 0};

    make(&identity, "dap1");
    cr_assert_eq(
        sim_usb_control(&identity, set_report, data, sizeof data), SIM_USB_CONTROL_FORWARD);
    cr_assert_eq(sim_usb_control(&identity, vendor, data, sizeof data), SIM_USB_CONTROL_STALL);
    make(&identity, "v3");
    cr_assert_eq(sim_usb_control(&identity, set_report, data, sizeof data), SIM_USB_CONTROL_STALL);
}

Test(usb_descriptors, every_model_fits)
{
    const struct sim_probe_model *model = NULL;

    for (size_t i = 0; (model = sim_probe_model_at(i)) != NULL; i++) {
        struct sim_usb_identity identity;
        struct sim_usb_place place = {.port = 3, .address = 7, .hidraw_number = 2};
        struct sim_usb_paths paths;
        char text[SIM_USB_SYSFS_TEXT_BYTES];
        char line[64];

        make(&identity, model->name);
        sim_usb_sysfs_describe(&identity, &place, &paths, text);
        (void)snprintf(line, sizeof line, "A: idProduct=%04x\\n\n", model->pid);
        cr_assert_not_null(strstr(text, line), "%s", model->name);
        cr_assert_not_null(
            strstr(text, model->is_high_speed ? "speed=480" : "speed=12"), "%s", model->name);
        cr_assert_str_eq(paths.usb_node, "bus/usb/001/007");
        cr_assert_str_eq(paths.hidraw_node, identity.is_hid ? "hidraw2" : "");
        cr_assert_eq(paths.count, identity.is_hid ? 4U : 2U);
    }
}
