#include "sim/usb_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16 };

/* A socket's path has at most 108 bytes: the folder is named by its descriptor. */
static struct sockaddr_un socket_address(int folder_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/socket", folder_fd);
    return address;
}

static int close_failed(int fd)
{
    int why = errno;

    (void)close(fd);
    errno = why;
    return -1;
}

int sim_usb_folder_listen(int folder_fd)
{
    struct sockaddr_un address = socket_address(folder_fd);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    (void)unlink(address.sun_path); /* left by a killed process: the lock says it is dead */
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, BACKLOG) != 0) {
        return close_failed(fd);
    }
    return fd;
}

int sim_usb_folder_connect(int folder_fd)
{
    struct sockaddr_un address = socket_address(folder_fd);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        return close_failed(fd);
    }
    return fd;
}

bool sim_usb_folder_write(int folder_fd, const char *file, const char *text)
{
    int fd = openat(folder_fd, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t length = strlen(text);
    bool is_written = false;

    if (fd < 0) {
        return false;
    }
    is_written = write(fd, text, length) == (ssize_t)length;
    return close(fd) == 0 && is_written;
}

bool sim_usb_folder_read(int folder_fd, const char *file, char *text, size_t size_bytes)
{
    int fd = openat(folder_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t length = 0;

    text[0] = '\0';
    if (fd < 0) {
        return false;
    }
    length = read(fd, text, size_bytes - 1);
    (void)close(fd);
    if (length < 0) {
        return false;
    }
    text[length] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return true;
}
