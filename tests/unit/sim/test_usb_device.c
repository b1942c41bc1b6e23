/* usbfs and hidraw as programs see them; the board is the other end of a socket pair. */
#include "sim/usb_device.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* First member of what host functions get back. */
struct rig {
    struct sim_usb_device device;
    int board_fd;
    struct sim_usb_client first;
    struct sim_usb_client second;
    bool is_ready[2];
    int finished;
    int freed;
    struct sim_usb_message seen; /* by the board */
    uint8_t data[64];
};

static void set_ready(struct sim_usb_device *device, bool is_hidraw, bool is_ready)
{
    ((struct rig *)device)->is_ready[is_hidraw] = is_ready;
}

static void finish(struct sim_usb_client *client, void *waiting, int status)
{
    struct rig *rig = (struct rig *)client->device;

    cr_assert_eq(waiting, rig);
    rig->finished = status;
}

static void free_urb(struct sim_usb_urb *urb)
{
    int *freed = (int *)urb->address;

    (*freed)++;
}

static const struct sim_usb_host host = {set_ready, finish, free_urb};

static void begin(struct rig *rig, const char *model)
{
    int ends[2];

    memset(rig, 0, sizeof *rig);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    rig->device.host = &host;
    rig->device.board_fd = ends[0];
    rig->device.address = 5;
    rig->board_fd = ends[1];
    rig->finished = 1;
    sim_usb_identity_make(
        &rig->device.identity, sim_probe_model_find(model), "board#0", "0F3A00112233445566778899");
    sim_usb_device_open(&rig->device, &rig->first);
    sim_usb_device_open(&rig->device, &rig->second);
}

static void end(struct rig *rig)
{
    (void)close(rig->device.board_fd);
    (void)close(rig->board_fd);
}

/* Kind of the next message that the board gets; 0: none. */
static uint32_t hear(struct rig *rig)
{
    ssize_t bytes = sim_usb_receive(rig->board_fd, &rig->seen, rig->data, sizeof rig->data);

    return bytes == SIM_USB_EMPTY ? 0 : rig->seen.kind;
}

static void claim(struct rig *rig, struct sim_usb_client *client)
{
    struct sim_usb_message answer = {.kind = SIM_USB_SAY_CLAIMED};

    cr_assert_eq(sim_usb_device_claim(client, 0, rig), -EINPROGRESS);
    cr_assert_eq(hear(rig), SIM_USB_SAY_CLAIM);
    answer.id = rig->seen.id;
    sim_usb_device_claimed(&rig->device, &answer);
    cr_assert_eq(rig->finished, 0);
}

static struct sim_usb_urb make_urb(struct rig *rig, uint8_t endpoint, uint8_t *bytes, uint32_t size)
{
    return (struct sim_usb_urb){.endpoint = endpoint,
        .bytes = bytes,
        .size_bytes = size,
        .address = (uintptr_t)&rig->freed};
}

static void complete(struct rig *rig, uint32_t id, int32_t status, const void *data, uint32_t bytes)
{
    struct sim_usb_message message = {
        .kind = SIM_USB_SAY_COMPLETE, .id = id, .status = status, .value = bytes};

    sim_usb_device_complete(&rig->device, &message, data, bytes);
}

Test(usb_device, a_claim_is_asked_of_the_board_and_keeps_others_out)
{
    struct rig rig;

    begin(&rig, "v3");
    cr_assert_eq(sim_usb_device_claim(&rig.first, 1, &rig), -ENOENT);
    claim(&rig, &rig.first);
    cr_assert_eq(sim_usb_device_claim(&rig.first, 0, &rig), 0, "twice is once");
    cr_assert_eq(sim_usb_device_claim(&rig.second, 0, &rig), -EBUSY);
    cr_assert_eq(sim_usb_device_release(&rig.second, 0), -EINVAL);
    cr_assert_eq(sim_usb_device_release(&rig.first, 0), 0);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_RELEASE);
    claim(&rig, &rig.second);
    end(&rig);
}

Test(usb_device, a_claim_that_the_board_refuses_is_nobodys)
{
    struct rig rig;
    struct sim_usb_message answer = {.kind = SIM_USB_SAY_CLAIMED, .status = -EBUSY};

    begin(&rig, "v3");
    cr_assert_eq(sim_usb_device_claim(&rig.first, 0, &rig), -EINPROGRESS);
    cr_assert_eq(sim_usb_device_claim(&rig.second, 0, &rig), -EBUSY, "one question at a time");
    (void)hear(&rig);
    answer.id = rig.seen.id;
    sim_usb_device_claimed(&rig.device, &answer);
    cr_assert_eq(rig.finished, -EBUSY);
    cr_assert_null(rig.device.owner);
    end(&rig);
}

Test(usb_device, a_claim_of_a_program_that_died_meanwhile_is_let_go)
{
    struct rig rig;
    struct sim_usb_message answer = {.kind = SIM_USB_SAY_CLAIMED};

    begin(&rig, "v3");
    cr_assert_eq(sim_usb_device_claim(&rig.first, 0, &rig), -EINPROGRESS);
    (void)hear(&rig);
    answer.id = rig.seen.id;
    sim_usb_device_close(&rig.first);
    sim_usb_device_claimed(&rig.device, &answer);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_RELEASE);
    cr_assert_null(rig.device.owner);
    end(&rig);
}

Test(usb_device, transfers_submitted_together_are_one_wait)
{
    struct rig rig;
    uint8_t bytes[16] = {0xF5};
    struct sim_usb_urb urbs[3];
    struct sim_usb_urb *done = NULL;

    begin(&rig, "v3");
    claim(&rig, &rig.first);
    for (size_t i = 0; i < 3; i++) {
        urbs[i] = make_urb(&rig, i == 2 ? 0x81 : 0x01, bytes, sizeof bytes);
        cr_assert_eq(sim_usb_device_submit(&rig.first, &urbs[i]), 0);
        cr_assert_eq(hear(&rig), SIM_USB_SAY_SUBMIT);
        cr_assert_eq(rig.seen.begins_wait, i == 0, "transfer %zu", i);
    }
    /* done but not reaped: the program does not wait again */
    complete(&rig, urbs[0].id, 0, NULL, 16);
    complete(&rig, urbs[1].id, 0, NULL, 16);
    complete(&rig, urbs[2].id, 0, "\2", 1);
    cr_assert_eq(sim_usb_device_reap(&rig.first, &done), 0);
    urbs[0] = make_urb(&rig, 0x01, bytes, sizeof bytes);
    cr_assert_eq(sim_usb_device_submit(&rig.first, &urbs[0]), 0);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_SUBMIT);
    cr_assert_eq(rig.seen.begins_wait, 0);
    end(&rig);
}

Test(usb_device, transfers_are_reaped_in_the_order_in_which_they_ended)
{
    struct rig rig;
    uint8_t out[16] = {0xF5};
    uint8_t in[64] = {0};
    struct sim_usb_urb first;
    struct sim_usb_urb second;
    struct sim_usb_urb *done = NULL;

    begin(&rig, "v3");
    claim(&rig, &rig.first);
    first = make_urb(&rig, 0x81, in, sizeof in);
    second = make_urb(&rig, 0x01, out, sizeof out);
    cr_assert_eq(sim_usb_device_submit(&rig.first, &first), 0);
    cr_assert_eq(sim_usb_device_submit(&rig.first, &second), 0);
    cr_assert_eq(sim_usb_device_reap(&rig.first, &done), -EAGAIN);
    cr_assert_not(rig.is_ready[0]);
    complete(&rig, second.id, 0, NULL, 16);
    cr_assert(rig.is_ready[0]);
    complete(&rig, first.id, 0, "\1\2", 2);
    cr_assert_eq(sim_usb_device_reap(&rig.first, &done), 0);
    cr_assert_eq(done, &second);
    cr_assert_eq(done->actual_bytes, 16);
    cr_assert_eq(sim_usb_device_reap(&rig.first, &done), 0);
    cr_assert_eq(done, &first);
    cr_assert_eq(done->actual_bytes, 2);
    cr_assert_arr_eq(in, "\1\2\0", 3);
    cr_assert_not(rig.is_ready[0]);
    end(&rig);
}

Test(usb_device, refuses_what_has_no_claim_or_no_endpoint)
{
    struct rig rig;
    uint8_t bytes[16] = {0};
    struct sim_usb_urb urb;

    begin(&rig, "v3");
    urb = make_urb(&rig, 0x01, bytes, sizeof bytes);
    cr_assert_eq(sim_usb_device_submit(&rig.first, &urb), -EINVAL);
    claim(&rig, &rig.first);
    cr_assert_eq(sim_usb_device_submit(&rig.second, &urb), -EBUSY);
    cr_assert_eq(sim_usb_device_clear_halt(&rig.second, 0x81), -EBUSY);
    cr_assert_eq(sim_usb_device_reset(&rig.second), -EACCES);
    urb.endpoint = 0x05;
    cr_assert_eq(sim_usb_device_submit(&rig.first, &urb), -ENOENT);
    cr_assert_eq(hear(&rig), 0, "nothing of it reaches the board");
    end(&rig);
}

Test(usb_device, a_discarded_transfer_is_the_boards_to_end)
{
    struct rig rig;
    uint8_t in[64] = {0};
    struct sim_usb_urb urb;
    struct sim_usb_urb *done = NULL;

    begin(&rig, "v3");
    claim(&rig, &rig.first);
    urb = make_urb(&rig, 0x81, in, sizeof in);
    cr_assert_eq(sim_usb_device_submit(&rig.first, &urb), 0);
    (void)hear(&rig);
    cr_assert_eq(sim_usb_device_discard(&rig.first, 1), -EINVAL);
    cr_assert_eq(sim_usb_device_discard(&rig.first, urb.address), 0);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_CANCEL);
    cr_assert_eq(rig.seen.id, urb.id);
    complete(&rig, urb.id, -ENOENT, NULL, 0);
    cr_assert_eq(sim_usb_device_reap(&rig.first, &done), 0);
    cr_assert_eq(done->status, -ENOENT);
    end(&rig);
}

Test(usb_device, a_closed_descriptor_takes_its_transfers_along)
{
    struct rig rig;
    uint8_t in[64] = {0};
    struct sim_usb_urb urb;

    begin(&rig, "v3");
    claim(&rig, &rig.first);
    urb = make_urb(&rig, 0x81, in, sizeof in);
    cr_assert_eq(sim_usb_device_submit(&rig.first, &urb), 0);
    (void)hear(&rig);
    sim_usb_device_close(&rig.first);
    cr_assert_eq(rig.freed, 1);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_CANCEL);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_RELEASE);
    complete(&rig, urb.id, 0, "\1", 1); /* too late: for nobody */
    cr_assert_eq(in[0], 0);
    end(&rig);
}

Test(usb_device, unplugging_ends_everything_and_is_reported_when_all_have_closed)
{
    struct rig rig;
    uint8_t in[64] = {0};
    struct sim_usb_urb urb;
    struct sim_usb_urb *done = NULL;

    begin(&rig, "v3");
    claim(&rig, &rig.first);
    urb = make_urb(&rig, 0x81, in, sizeof in);
    cr_assert_eq(sim_usb_device_submit(&rig.first, &urb), 0);
    (void)hear(&rig);
    sim_usb_device_remove(&rig.device);
    cr_assert(rig.is_ready[0]);
    cr_assert_eq(sim_usb_device_reap(&rig.first, &done), 0);
    cr_assert_eq(done->status, -ESHUTDOWN);
    cr_assert_eq(sim_usb_device_reap(&rig.first, &done), -ENODEV);
    cr_assert_eq(sim_usb_device_submit(&rig.first, &urb), -ENODEV);
    cr_assert_eq(sim_usb_device_claim(&rig.second, 0, &rig), -ENODEV);
    sim_usb_device_close(&rig.first);
    cr_assert_eq(hear(&rig), 0);
    sim_usb_device_close(&rig.second);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_ABANDONED);
    cr_assert_eq(rig.seen.value, 5);
    end(&rig);
}

Test(usb_device, hidraw_writes_behind_a_zero_and_reads_whole_reports)
{
    struct rig rig;
    struct sim_usb_client hidraw = {.is_hidraw = true};
    uint8_t report[65] = {0, 0x02, 0x01};
    uint32_t in_id = 0;

    begin(&rig, "dap1");
    sim_usb_device_open(&rig.device, &hidraw);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_CLAIM);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_SUBMIT);
    in_id = rig.seen.id;
    cr_assert_eq(rig.seen.endpoint & 0x80, 0x80);
    cr_assert_eq(sim_usb_device_write_report(&hidraw, report, 65), 65);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_SUBMIT);
    cr_assert_eq(rig.seen.value, 64);
    cr_assert_eq(rig.seen.begins_wait, 1);
    cr_assert_eq(rig.data[0], 0x02);
    cr_assert_eq(sim_usb_device_write_report(&hidraw, report, 65), 65);
    (void)hear(&rig);
    cr_assert_eq(rig.seen.begins_wait, 0, "the first one is not answered yet");
    report[0] = 1;
    cr_assert_eq(sim_usb_device_write_report(&hidraw, report, 65), -EINVAL);
    cr_assert_eq(sim_usb_device_read_report(&hidraw, report, 64), -EAGAIN);
    complete(&rig, in_id, 0, "\2\1", 2);
    cr_assert(rig.is_ready[1]);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_SUBMIT, "the next one is asked for");
    cr_assert_eq(sim_usb_device_read_report(&hidraw, report, 64), 64, "padded");
    cr_assert_arr_eq(report, "\2\1\0", 3);
    cr_assert_not(rig.is_ready[1]);
    sim_usb_device_close(&hidraw);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_CANCEL);
    cr_assert_eq(hear(&rig), SIM_USB_SAY_RELEASE);
    end(&rig);
}

Test(usb_device, libusb_gets_a_hid_only_without_the_kernels_driver)
{
    struct rig rig;

    begin(&rig, "dap1");
    cr_assert_eq(sim_usb_device_claim(&rig.first, 0, &rig), -EBUSY);
    rig.device.is_kernel_driver_off = true;
    claim(&rig, &rig.first);
    end(&rig);
}
