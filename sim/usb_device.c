#include "sim/usb_device.h"

#include <errno.h>
#include <string.h>

enum { ENDPOINT_IN = 0x80, INTERFACES = 1 };

static void append(struct sim_usb_queue *queue, struct sim_usb_urb *urb)
{
    urb->next = NULL;
    if (queue->last != NULL) {
        queue->last->next = urb;
    } else {
        queue->first = urb;
    }
    queue->last = urb;
}

static void take_out(struct sim_usb_queue *queue, struct sim_usb_urb *urb)
{
    struct sim_usb_urb *before = NULL;

    for (struct sim_usb_urb *at = queue->first; at != NULL && at != urb; at = at->next) {
        before = at;
    }
    if (before != NULL) {
        before->next = urb->next;
    } else {
        queue->first = urb->next;
    }
    if (queue->last == urb) {
        queue->last = before;
    }
}

static bool send_to_board(
    struct sim_usb_device *device, const struct sim_usb_message *message, const void *data)
{
    size_t bytes = data != NULL ? message->value : 0;

    return device->board_fd >= 0 && sim_usb_send(device->board_fd, message, data, bytes);
}

/* Programs wait for it in poll(). All that have the node open share it, as its file is one. */
static void show_readiness(struct sim_usb_device *device)
{
    bool has_done = device->is_gone;

    for (const struct sim_usb_client *client = device->clients; client != NULL;
         client = client->next) {
        has_done = has_done || client->done.first != NULL;
    }
    device->host->set_ready(device, false, has_done);
    if (device->identity.is_hid) {
        device->host->set_ready(device, true, device->is_gone || device->report_count > 0);
    }
}

static void finish(struct sim_usb_client *client, struct sim_usb_urb *urb, int32_t status)
{
    take_out(&client->pending, urb);
    urb->status = status;
    append(&client->done, urb);
}

static bool is_outstanding(const struct sim_usb_client *client)
{
    return client->pending.first != NULL || client->done.first != NULL;
}

static void ask_for_report(struct sim_usb_device *device)
{
    struct sim_usb_message message = {
        .kind = SIM_USB_SAY_SUBMIT,
        .id = ++device->last_id,
        .endpoint = device->identity.in_endpoint,
        .value = device->identity.packet_bytes,
    };

    device->report_in_id = send_to_board(device, &message, NULL) ? message.id : 0;
}

static unsigned count_hidraw(const struct sim_usb_device *device)
{
    unsigned count = 0;

    for (const struct sim_usb_client *client = device->clients; client != NULL;
         client = client->next) {
        count += client->is_hidraw;
    }
    return count;
}

/* The kernel's driver takes the interface when the first program opens hidraw. */
static void begin_reports(struct sim_usb_device *device)
{
    struct sim_usb_message message = {.kind = SIM_USB_SAY_CLAIM, .id = ++device->last_id};

    device->report_count = 0;
    device->report_debts = 0;
    (void)send_to_board(device, &message, NULL);
    ask_for_report(device);
}

static void cancel(struct sim_usb_device *device, uint32_t id)
{
    struct sim_usb_message message = {.kind = SIM_USB_SAY_CANCEL, .id = id};

    (void)send_to_board(device, &message, NULL);
}

static void tell_release(struct sim_usb_device *device)
{
    struct sim_usb_message message = {.kind = SIM_USB_SAY_RELEASE};

    (void)send_to_board(device, &message, NULL);
}

void sim_usb_device_open(struct sim_usb_device *device, struct sim_usb_client *client)
{
    client->device = device;
    client->next = device->clients;
    device->clients = client;
    if (client->is_hidraw && count_hidraw(device) == 1 && !device->is_gone) {
        begin_reports(device);
    }
}

static void free_queue(struct sim_usb_device *device, struct sim_usb_queue *queue)
{
    while (queue->first != NULL) {
        struct sim_usb_urb *urb = queue->first;

        take_out(queue, urb);
        device->host->free_urb(urb);
    }
}

/* What the closed descriptor had in the bus is taken back, as the kernel does. */
static void drop_transfers(struct sim_usb_client *client)
{
    for (const struct sim_usb_urb *urb = client->pending.first; urb != NULL; urb = urb->next) {
        cancel(client->device, urb->id);
    }
    free_queue(client->device, &client->pending);
    free_queue(client->device, &client->done);
}

static void give_up_interface(struct sim_usb_client *client)
{
    struct sim_usb_device *device = client->device;

    if (device->claiming == client) { /* the answer finds nobody and is undone there */
        device->claiming = NULL;
    }
    if (device->owner == client) {
        device->owner = NULL;
        tell_release(device);
    }
}

void sim_usb_device_close(struct sim_usb_client *client)
{
    struct sim_usb_device *device = client->device;
    struct sim_usb_client **link = &device->clients;
    struct sim_usb_message message = {.kind = SIM_USB_SAY_ABANDONED, .value = device->address};

    drop_transfers(client);
    give_up_interface(client);
    while (*link != client) {
        link = &(*link)->next;
    }
    *link = client->next;
    if (client->is_hidraw && count_hidraw(device) == 0 && !device->is_gone) {
        cancel(device, device->report_in_id);
        device->report_in_id = 0;
        tell_release(device);
    }
    if (device->is_gone && device->clients == NULL) {
        (void)send_to_board(device, &message, NULL);
    }
    show_readiness(device);
}

int sim_usb_device_claim(struct sim_usb_client *client, unsigned interface, void *waiting)
{
    struct sim_usb_device *device = client->device;
    struct sim_usb_message message = {.kind = SIM_USB_SAY_CLAIM};

    if (device->is_gone) {
        return -ENODEV;
    }
    if (interface >= INTERFACES) {
        return -ENOENT;
    }
    if (device->owner == client) {
        return 0;
    }
    if (device->owner != NULL || device->claiming != NULL ||
        (device->identity.is_hid && !device->is_kernel_driver_off)) {
        return -EBUSY;
    }
    message.id = ++device->last_id;
    if (!send_to_board(device, &message, NULL)) {
        return -ENODEV;
    }
    device->claiming = client;
    device->claim_id = message.id;
    client->waiting = waiting;
    return -EINPROGRESS;
}

void sim_usb_device_claimed(struct sim_usb_device *device, const struct sim_usb_message *message)
{
    struct sim_usb_client *client = device->claiming;
    void *waiting = NULL;

    if (message->id != device->claim_id) {
        return; /* of hidraw */
    }
    if (client == NULL) {
        if (message->status == 0) { /* whoever claimed has gone */
            tell_release(device);
        }
        return;
    }
    waiting = client->waiting;
    client->waiting = NULL;
    device->claiming = NULL;
    if (message->status == 0) {
        device->owner = client;
    }
    device->host->finish(client, waiting, message->status);
}

int sim_usb_device_release(struct sim_usb_client *client, unsigned interface)
{
    struct sim_usb_device *device = client->device;

    if (device->is_gone) {
        return -ENODEV;
    }
    if (interface >= INTERFACES || device->owner != client) {
        return -EINVAL;
    }
    /* the kernel ends transfers of an interface that is let go */
    for (const struct sim_usb_urb *urb = client->pending.first; urb != NULL; urb = urb->next) {
        cancel(device, urb->id);
    }
    device->owner = NULL;
    tell_release(device);
    return 0;
}

static bool is_endpoint(const struct sim_usb_identity *identity, uint8_t endpoint)
{
    return endpoint != 0 &&
           (endpoint == identity->out_endpoint || endpoint == identity->in_endpoint ||
               endpoint == identity->trace_endpoint);
}

/* Answered here, except for output reports. */
static int submit_control(struct sim_usb_client *client, struct sim_usb_urb *urb)
{
    int answered =
        sim_usb_control(&client->device->identity, urb->setup, urb->bytes, urb->size_bytes);
    struct sim_usb_message message = {.kind = SIM_USB_SAY_SUBMIT, .value = urb->size_bytes};

    if (answered == SIM_USB_CONTROL_FORWARD) {
        message.begins_wait = !is_outstanding(client);
        message.id = urb->id;
        append(&client->pending, urb);
        if (!send_to_board(client->device, &message, urb->bytes)) {
            take_out(&client->pending, urb);
            return -ENODEV;
        }
        return 0;
    }
    append(&client->pending, urb);
    urb->actual_bytes = answered >= 0 ? (uint32_t)answered : 0;
    finish(client, urb, answered >= 0 ? 0 : -EPIPE);
    show_readiness(client->device);
    return 0;
}

int sim_usb_device_submit(struct sim_usb_client *client, struct sim_usb_urb *urb)
{
    struct sim_usb_device *device = client->device;
    bool is_in = (urb->endpoint & ENDPOINT_IN) != 0;
    struct sim_usb_message message = {
        .kind = SIM_USB_SAY_SUBMIT,
        .endpoint = urb->endpoint,
        .value = urb->size_bytes,
        .begins_wait = !is_outstanding(client),
    };

    if (device->is_gone) {
        return -ENODEV;
    }
    urb->id = ++device->last_id;
    urb->status = -EINPROGRESS;
    urb->actual_bytes = 0;
    if (urb->is_control) {
        return submit_control(client, urb);
    }
    if (!is_endpoint(&device->identity, urb->endpoint)) {
        return -ENOENT;
    }
    if (device->owner != client) {
        /* Linux would claim it silently where nobody else has it: that hides a fault of the host */
        return device->owner != NULL ? -EBUSY : -EINVAL;
    }
    if (urb->size_bytes > SIM_USB_MAX_TRANSFER) {
        return -ENOMEM;
    }
    message.id = urb->id;
    append(&client->pending, urb);
    if (!send_to_board(device, &message, is_in ? NULL : urb->bytes)) {
        take_out(&client->pending, urb);
        return -ENOMEM; /* the board does not keep up: as when usbfs runs out of memory */
    }
    return 0;
}

int sim_usb_device_discard(struct sim_usb_client *client, uintptr_t address)
{
    if (client->device->is_gone) {
        return -ENODEV;
    }
    for (struct sim_usb_urb *urb = client->pending.first; urb != NULL; urb = urb->next) {
        if (urb->address == address) {
            cancel(client->device, urb->id);
            return 0;
        }
    }
    return -EINVAL;
}

int sim_usb_device_reap(struct sim_usb_client *client, struct sim_usb_urb **urb)
{
    *urb = client->done.first;
    if (*urb == NULL) {
        return client->device->is_gone ? -ENODEV : -EAGAIN;
    }
    take_out(&client->done, *urb);
    show_readiness(client->device);
    return 0;
}

int sim_usb_device_clear_halt(struct sim_usb_client *client, uint8_t endpoint)
{
    struct sim_usb_device *device = client->device;
    struct sim_usb_message message = {.kind = SIM_USB_SAY_CLEAR_HALT, .endpoint = endpoint};

    if (device->is_gone) {
        return -ENODEV;
    }
    if (!is_endpoint(&device->identity, endpoint)) {
        return -ENOENT;
    }
    if (device->owner != client) {
        return -EBUSY;
    }
    return send_to_board(device, &message, NULL) ? 0 : -ENODEV;
}

int sim_usb_device_reset(struct sim_usb_client *client)
{
    struct sim_usb_device *device = client->device;
    struct sim_usb_message message = {.kind = SIM_USB_SAY_RESET};

    if (device->is_gone) {
        return -ENODEV;
    }
    if (device->owner != NULL && device->owner != client) {
        return -EACCES; /* usbfs refuses it while another program has an interface */
    }
    return send_to_board(device, &message, NULL) ? 0 : -ENODEV;
}

int sim_usb_device_write_report(
    struct sim_usb_client *client, const uint8_t *bytes, uint32_t size_bytes)
{
    struct sim_usb_device *device = client->device;
    struct sim_usb_message message = {
        .kind = SIM_USB_SAY_SUBMIT,
        .endpoint = device->identity.out_endpoint,
        .begins_wait = device->report_debts == 0,
    };

    if (device->is_gone) {
        return -ENODEV;
    }
    if (size_bytes < 2 || bytes[0] != 0) {
        return -EINVAL; /* there are no numbered reports */
    }
    if (size_bytes - 1 > device->identity.packet_bytes) {
        return -EINVAL;
    }
    message.id = ++device->last_id;
    message.value = size_bytes - 1;
    if (!send_to_board(device, &message, bytes + 1)) {
        return -EIO;
    }
    device->report_debts++;
    return (int)size_bytes;
}

int sim_usb_device_read_report(struct sim_usb_client *client, uint8_t *bytes, uint32_t size_bytes)
{
    struct sim_usb_device *device = client->device;
    uint32_t count = device->identity.packet_bytes;

    if (device->is_gone) {
        return -EIO;
    }
    if (device->report_count == 0) {
        return -EAGAIN;
    }
    count = count < size_bytes ? count : size_bytes;
    memcpy(bytes, device->reports[device->report_first], count);
    device->report_first = (device->report_first + 1) % SIM_USB_REPORTS;
    device->report_count--;
    device->report_debts -= device->report_debts > 0;
    show_readiness(device);
    return (int)count;
}

/* A reader that waits gets it at once. */
static void wake_reader(struct sim_usb_device *device)
{
    for (struct sim_usb_client *client = device->clients; client != NULL; client = client->next) {
        if (client->is_hidraw && client->waiting != NULL) {
            void *waiting = client->waiting;

            client->waiting = NULL;
            device->host->finish(client, waiting, 0);
            return;
        }
    }
}

/* umockdev notices that a program has ended when it answers it, so no read of hidraw is left
 * unanswered for long. hidapi takes EAGAIN for "nothing yet". */
void sim_usb_device_expire_reads(struct sim_usb_device *device)
{
    for (struct sim_usb_client *client = device->clients; client != NULL; client = client->next) {
        void *waiting = client->waiting;

        if (client->is_hidraw && waiting != NULL) {
            client->waiting = NULL;
            device->host->finish(client, waiting, -EAGAIN);
        }
    }
}

static void store_report(struct sim_usb_device *device, const uint8_t *data, uint32_t size_bytes)
{
    unsigned slot = (device->report_first + device->report_count) % SIM_USB_REPORTS;

    if (device->report_count == SIM_USB_REPORTS) { /* hidraw forgets the oldest */
        device->report_first = (device->report_first + 1) % SIM_USB_REPORTS;
        device->report_count--;
    }
    memset(device->reports[slot], 0, sizeof device->reports[slot]);
    memcpy(device->reports[slot], data,
        size_bytes < sizeof device->reports[slot] ? size_bytes : sizeof device->reports[slot]);
    device->report_count++;
}

static bool complete_transfer(struct sim_usb_client *client, const struct sim_usb_message *message,
    const uint8_t *data, uint32_t size_bytes)
{
    for (struct sim_usb_urb *urb = client->pending.first; urb != NULL; urb = urb->next) {
        if (urb->id != message->id) {
            continue;
        }
        if ((urb->endpoint & ENDPOINT_IN) != 0 && size_bytes > 0) {
            memcpy(urb->bytes, data, size_bytes < urb->size_bytes ? size_bytes : urb->size_bytes);
        }
        urb->actual_bytes = message->value < urb->size_bytes ? message->value : urb->size_bytes;
        finish(client, urb, message->status);
        return true;
    }
    return false;
}

void sim_usb_device_complete(struct sim_usb_device *device, const struct sim_usb_message *message,
    const uint8_t *data, uint32_t size_bytes)
{
    if (device->is_gone) {
        return;
    }
    if (message->id == device->report_in_id && message->id != 0) {
        device->report_in_id = 0;
        if (message->status == 0) {
            store_report(device, data, size_bytes);
            ask_for_report(device);
            wake_reader(device);
        }
        show_readiness(device);
        return;
    }
    for (struct sim_usb_client *client = device->clients; client != NULL; client = client->next) {
        if (complete_transfer(client, message, data, size_bytes)) {
            break; /* else: of a program that has gone, or of hidraw's OUT pipe */
        }
    }
    show_readiness(device);
}

void sim_usb_device_remove(struct sim_usb_device *device)
{
    device->is_gone = true;
    for (struct sim_usb_client *client = device->clients; client != NULL; client = client->next) {
        void *waiting = client->waiting;

        while (client->pending.first != NULL) {
            finish(client, client->pending.first, -ESHUTDOWN);
        }
        client->waiting = NULL;
        if (waiting != NULL) {
            device->host->finish(client, waiting, -ENODEV);
        }
    }
    device->owner = NULL;
    device->claiming = NULL;
    show_readiness(device);
}
