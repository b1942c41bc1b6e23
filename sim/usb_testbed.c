#include "sim/usb_testbed.h"

#include "sim/usb_calls.h"
#include "sim/usb_sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <umockdev.h>
#include <unistd.h>

enum { FIRST_ADDRESS = 2, LAST_ADDRESS = 127, PIPE_BYTES = 4096, LATE_OPEN_US = 1000000 };

/* A device node: a FIFO, so that poll() of a program waits (a plain file is always ready). */
struct node {
    struct plugged *plugged;
    bool is_hidraw;
    bool is_ready;
    char path[32]; /* without "/dev/"; "" when there is none */
    int fd;        /* both ends of the FIFO */
    UMockdevIoctlBase *handler;
};

struct plugged {
    struct sim_usb_device device; /* first: it is what others hold */
    struct sim_usb_testbed *testbed;
    struct plugged *next;
    struct node nodes[2]; /* USB, hidraw */
    struct sim_usb_paths paths;
    unsigned hidraw_number;
    gint64 gone_us;
};

struct sim_usb_testbed {
    UMockdevTestbed *umockdev;
    char root[PATH_MAX / 4];
    pthread_mutex_t lock;
    struct plugged *plugged;
    unsigned last_address;
    bool is_for_others;
};

void sim_usb_testbed_lock(struct sim_usb_testbed *testbed)
{
    (void)pthread_mutex_lock(&testbed->lock);
}

void sim_usb_testbed_unlock(struct sim_usb_testbed *testbed)
{
    (void)pthread_mutex_unlock(&testbed->lock);
}

static void *allocate(size_t size_bytes)
{
    void *memory = calloc(1, size_bytes);

    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* ---- The host side of sim_usb_device ---- */

/* A page in the pipe: not writable. A byte in the pipe: readable. A USB node reports transfers that
 * can be reaped by being writable, hidraw reports by being readable. */
static void set_ready(struct sim_usb_device *device, bool is_hidraw, bool is_ready)
{
    struct node *node = &((struct plugged *)device)->nodes[is_hidraw];
    bool has_byte = is_hidraw ? is_ready : !is_ready;
    char byte = 0;

    if (node->is_ready == is_ready || node->fd < 0) {
        return;
    }
    node->is_ready = is_ready;
    if (has_byte) {
        (void)!write(node->fd, &byte, 1);
    } else {
        (void)!read(node->fd, &byte, 1);
    }
}

static const struct sim_usb_host host = {
    .set_ready = set_ready,
    .finish = sim_usb_calls_finish,
    .free_urb = sim_usb_calls_free_urb,
};

/* ---- Signals of umockdev, in its thread ---- */

static gboolean serve(UMockdevIoctlClient *client, int (*call)(struct sim_usb_opened *opened))
{
    struct sim_usb_opened *opened = g_object_get_data(G_OBJECT(client), "opened");
    struct sim_usb_testbed *testbed = opened->testbed;
    int result = 0;

    sim_usb_testbed_lock(testbed);
    result = call(opened);
    sim_usb_testbed_unlock(testbed);
    if (result != -EINPROGRESS) {
        sim_usb_calls_complete(client, result);
    }
    return TRUE;
}

static gboolean on_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer context)
{
    (void)base;
    (void)context;
    return serve(client, sim_usb_calls_ioctl);
}

static gboolean on_read(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer context)
{
    (void)base;
    (void)context;
    return serve(client, sim_usb_calls_read);
}

static gboolean on_write(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer context)
{
    (void)base;
    (void)context;
    return serve(client, sim_usb_calls_write);
}

/* The descriptor was closed, or the program has ended: umockdev drops its client. */
static void on_vanished(gpointer data)
{
    struct sim_usb_opened *opened = data;
    struct sim_usb_testbed *testbed = opened->testbed;

    sim_usb_testbed_lock(testbed);
    sim_usb_device_close(&opened->client);
    sim_usb_testbed_unlock(testbed);
    free(opened);
}

static void on_connected(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer context)
{
    struct node *node = context;
    struct sim_usb_opened *opened = allocate(sizeof *opened);

    (void)base;
    opened->testbed = node->plugged->testbed;
    opened->umockdev = client;
    opened->client.is_hidraw = node->is_hidraw;
    sim_usb_testbed_lock(opened->testbed);
    sim_usb_device_open(&node->plugged->device, &opened->client);
    sim_usb_testbed_unlock(opened->testbed);
    g_object_set_data_full(G_OBJECT(client), "opened", opened, on_vanished);
}

/* ---- Folder and devices ---- */

bool sim_usb_testbed_create(struct sim_usb_testbed **testbed, struct sim_failure *failure)
{
    pthread_mutexattr_t attributes;
    gchar *root = NULL;

    *testbed = NULL;
    *testbed = allocate(sizeof **testbed);
    (void)pthread_mutexattr_init(&attributes);
    /* the last reference to a client may be dropped where the lock is held */
    (void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(&(*testbed)->lock, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
    (*testbed)->last_address = FIRST_ADDRESS - 1;
    (*testbed)->umockdev = umockdev_testbed_new();
    root = umockdev_testbed_get_root_dir((*testbed)->umockdev);
    (void)snprintf((*testbed)->root, sizeof(*testbed)->root, "%s", root);
    g_free(root);
    return umockdev_in_mock_environment()
               ? true
               : sim_fail(failure, SIM_EXIT_HOST_IO,
                     "umockdev's preload library was not loaded; is umockdev installed?");
}

void sim_usb_testbed_free(struct sim_usb_testbed *testbed)
{
    if (testbed == NULL) {
        return;
    }
    sim_usb_testbed_lock(testbed);
    for (struct plugged *at = testbed->plugged; at != NULL; at = at->next) {
        if (!at->device.is_gone) {
            sim_usb_testbed_unplug(testbed, &at->device);
        }
    }
    sim_usb_testbed_unlock(testbed);
    /* Programs that still have a device open keep their side of it: the process ends now. */
    g_object_unref(testbed->umockdev);
}

const char *sim_usb_testbed_root(const struct sim_usb_testbed *testbed)
{
    return testbed->root;
}

static bool is_used(const struct sim_usb_testbed *testbed, unsigned address)
{
    for (const struct plugged *at = testbed->plugged; at != NULL; at = at->next) {
        if (at->device.address == address) {
            return true;
        }
    }
    return false;
}

/* A device that is plugged in again has another address, as on a real bus. */
static unsigned next_address(struct sim_usb_testbed *testbed)
{
    do {
        testbed->last_address =
            testbed->last_address >= LAST_ADDRESS ? FIRST_ADDRESS : testbed->last_address + 1;
    } while (is_used(testbed, testbed->last_address));
    return testbed->last_address;
}

static bool is_hidraw_used(const struct sim_usb_testbed *testbed, unsigned number)
{
    for (const struct plugged *at = testbed->plugged; at != NULL; at = at->next) {
        if (at->nodes[1].path[0] != '\0' && at->hidraw_number == number) {
            return true;
        }
    }
    return false;
}

static unsigned free_hidraw_number(const struct sim_usb_testbed *testbed)
{
    unsigned number = 0;

    while (is_hidraw_used(testbed, number)) {
        number++;
    }
    return number;
}

static void path_of(const struct sim_usb_testbed *testbed, const char *folder, const char *node,
    char path[PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%s/%s/%s", testbed->root, folder, node);
}

static void apply_mode(const struct sim_usb_testbed *testbed, const struct node *node, mode_t mode)
{
    char path[PATH_MAX];

    if (node->path[0] == '\0') {
        return;
    }
    path_of(testbed, "dev", node->path, path);
    (void)chmod(path, mode);
    /* the socket behind it: the node alone decides who gets in */
    path_of(testbed, "ioctl/dev", node->path, path);
    (void)chmod(path, testbed->is_for_others ? 0666 : 0600);
}

static bool make_fifo(const struct sim_usb_testbed *testbed, struct node *node)
{
    char path[PATH_MAX];
    char *slash = NULL;

    path_of(testbed, "dev", node->path, path);
    slash = strrchr(path, '/');
    *slash = '\0';
    if (g_mkdir_with_parents(path, 0755) != 0) {
        return false;
    }
    *slash = '/';
    (void)unlink(path);
    if (mkfifo(path, 0600) != 0) {
        return false;
    }
    node->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return node->fd >= 0 && fcntl(node->fd, F_SETPIPE_SZ, PIPE_BYTES) >= 0;
}

static bool attach(struct plugged *plugged, bool is_hidraw, const char *path)
{
    struct sim_usb_testbed *testbed = plugged->testbed;
    struct node *node = &plugged->nodes[is_hidraw];
    char dev[64];

    (void)snprintf(node->path, sizeof node->path, "%s", path);
    (void)snprintf(dev, sizeof dev, "/dev/%s", path);
    node->is_hidraw = is_hidraw;
    node->is_ready = !is_hidraw; /* an empty pipe */
    if (!make_fifo(testbed, node)) {
        return false;
    }
    set_ready(&plugged->device, is_hidraw, false);
    node->handler = umockdev_ioctl_base_new();
    (void)g_signal_connect(node->handler, "handle-ioctl", G_CALLBACK(on_ioctl), node);
    (void)g_signal_connect(node->handler, "handle-read", G_CALLBACK(on_read), node);
    (void)g_signal_connect(node->handler, "handle-write", G_CALLBACK(on_write), node);
    (void)g_signal_connect(node->handler, "client-connected", G_CALLBACK(on_connected), node);
    if (!umockdev_testbed_attach_ioctl(testbed->umockdev, dev, node->handler, NULL)) {
        errno = EIO;
        return false;
    }
    apply_mode(testbed, node, plugged->device.identity.node_mode);
    return true;
}

static void detach(struct plugged *plugged, struct node *node)
{
    char path[PATH_MAX];
    char dev[64];

    if (node->path[0] == '\0') {
        return;
    }
    (void)snprintf(dev, sizeof dev, "/dev/%s", node->path);
    path_of(plugged->testbed, "dev", node->path, path);
    (void)unlink(path);
    if (node->handler != NULL) {
        (void)umockdev_testbed_detach_ioctl(plugged->testbed->umockdev, dev, NULL);
    }
    node->path[0] = '\0';
}

static void let_others_in(struct sim_usb_testbed *testbed)
{
    testbed->is_for_others = true;
    /* they make their sockets for hot-plug messages in it */
    (void)chmod(testbed->root, 01777);
    for (const struct plugged *at = testbed->plugged; at != NULL; at = at->next) {
        apply_mode(testbed, &at->nodes[0], at->device.identity.node_mode);
        apply_mode(testbed, &at->nodes[1], at->device.identity.node_mode);
    }
}

struct sim_usb_device *sim_usb_testbed_plug(struct sim_usb_testbed *testbed,
    const struct sim_usb_identity *identity, unsigned port, int board_fd)
{
    struct plugged *plugged = allocate(sizeof *plugged);
    struct sim_usb_place place = {.port = port, .address = next_address(testbed)};
    char text[SIM_USB_SYSFS_TEXT_BYTES];
    bool is_there = false;

    place.hidraw_number = identity->is_hid ? free_hidraw_number(testbed) : 0;
    plugged->testbed = testbed;
    plugged->device.host = &host;
    plugged->device.identity = *identity;
    plugged->device.board_fd = board_fd;
    plugged->device.port = port;
    plugged->device.address = place.address;
    plugged->hidraw_number = place.hidraw_number;
    for (size_t i = 0; i < 2; i++) {
        plugged->nodes[i].plugged = plugged;
        plugged->nodes[i].fd = -1;
    }
    plugged->next = testbed->plugged;
    testbed->plugged = plugged;
    if (identity->is_for_others) {
        let_others_in(testbed);
    }
    sim_usb_sysfs_describe(identity, &place, &plugged->paths, text);
    /* Nodes first: whoever sees the device in sysfs can open it. */
    is_there = attach(plugged, false, plugged->paths.usb_node) &&
               (!identity->is_hid || attach(plugged, true, plugged->paths.hidraw_node)) &&
               umockdev_testbed_add_from_string(testbed->umockdev, text, NULL);
    if (!is_there) {
        int why = errno != 0 ? errno : EIO;

        plugged->paths.count = 0;
        sim_usb_testbed_unplug(testbed, &plugged->device);
        errno = why;
        return NULL;
    }
    for (unsigned i = 0; i < plugged->paths.count; i++) {
        umockdev_testbed_uevent(testbed->umockdev, plugged->paths.devices[i], "add");
    }
    return &plugged->device;
}

void sim_usb_testbed_unplug(struct sim_usb_testbed *testbed, struct sim_usb_device *device)
{
    struct plugged *plugged = (struct plugged *)device;

    sim_usb_device_remove(device);
    plugged->gone_us = g_get_monotonic_time();
    for (unsigned i = plugged->paths.count; i > 0; i--) {
        umockdev_testbed_uevent(testbed->umockdev, plugged->paths.devices[i - 1], "remove");
    }
    for (unsigned i = plugged->paths.count; i > 0; i--) {
        umockdev_testbed_remove_device(testbed->umockdev, plugged->paths.devices[i - 1]);
    }
    detach(plugged, &plugged->nodes[0]);
    detach(plugged, &plugged->nodes[1]);
}

void sim_usb_testbed_set_mode(
    struct sim_usb_testbed *testbed, struct sim_usb_device *device, uint32_t mode)
{
    device->identity.node_mode = mode;
    let_others_in(testbed);
}

void sim_usb_testbed_forget_board(struct sim_usb_testbed *testbed, int board_fd)
{
    for (struct plugged *at = testbed->plugged; at != NULL; at = at->next) {
        if (at->device.board_fd == board_fd) {
            at->device.board_fd = -1;
        }
    }
}

static void free_plugged(struct plugged *plugged)
{
    for (size_t i = 0; i < 2; i++) {
        if (plugged->nodes[i].handler != NULL) {
            (void)g_signal_handlers_disconnect_by_data(
                plugged->nodes[i].handler, &plugged->nodes[i]);
            g_object_unref(plugged->nodes[i].handler);
        }
        if (plugged->nodes[i].fd >= 0) {
            (void)close(plugged->nodes[i].fd);
        }
    }
    free(plugged);
}

/* Somebody may be about to open a device that has just gone. */
static bool is_free(const struct plugged *plugged)
{
    return plugged->device.is_gone && plugged->device.clients == NULL &&
           g_get_monotonic_time() >= plugged->gone_us + LATE_OPEN_US;
}

void sim_usb_testbed_expire_reads(struct sim_usb_testbed *testbed)
{
    for (struct plugged *at = testbed->plugged; at != NULL; at = at->next) {
        sim_usb_device_expire_reads(&at->device);
    }
}

bool sim_usb_testbed_sweep(struct sim_usb_testbed *testbed)
{
    struct plugged **link = &testbed->plugged;
    bool is_in_use = false;

    while (*link != NULL) {
        struct plugged *plugged = *link;

        if (is_free(plugged)) {
            *link = plugged->next;
            free_plugged(plugged);
        } else {
            is_in_use = is_in_use || (plugged->device.is_gone && plugged->device.clients != NULL);
            link = &plugged->next;
        }
    }
    return is_in_use;
}
