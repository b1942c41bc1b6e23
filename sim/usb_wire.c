#include "sim/usb_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static bool send_packet(
    int fd, const struct sim_usb_message *message, const void *data, size_t bytes, int flags)
{
    struct sim_usb_message head = *message;
    struct iovec parts[2] = {{.iov_base = &head, .iov_len = sizeof head}};
    struct msghdr packet = {.msg_iov = parts, .msg_iovlen = bytes > 0 ? 2 : 1};
    ssize_t sent = -1;

    /* sendmsg() only reads; its type cannot say so */
    memcpy(&parts[1].iov_base, &data, sizeof data);
    parts[1].iov_len = bytes;
    do {
        sent = sendmsg(fd, &packet, flags | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)(sizeof head + bytes);
}

bool sim_usb_send(int fd, const struct sim_usb_message *message, const void *data, size_t bytes)
{
    return send_packet(fd, message, data, bytes, MSG_DONTWAIT);
}

bool sim_usb_send_waiting(
    int fd, const struct sim_usb_message *message, const void *data, size_t bytes)
{
    return send_packet(fd, message, data, bytes, 0);
}

ssize_t sim_usb_receive(int fd, struct sim_usb_message *message, void *data, size_t capacity_bytes)
{
    struct iovec parts[2] = {
        {.iov_base = message, .iov_len = sizeof *message},
        {.iov_base = data, .iov_len = capacity_bytes},
    };
    struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t received = recvmsg(fd, &packet, MSG_DONTWAIT);

    if (received < 0 && (errno == EAGAIN || errno == EINTR)) {
        return SIM_USB_EMPTY;
    }
    if (received < (ssize_t)sizeof *message || (packet.msg_flags & MSG_TRUNC) != 0) {
        return SIM_USB_CLOSED;
    }
    return received - (ssize_t)sizeof *message;
}
