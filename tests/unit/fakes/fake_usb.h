/* USB as a written conversation: implements host/probe/usb.h. Every transfer must be the next line
 * of the script, in its direction, size and bytes, and must be submitted together with the same
 * others. After an injected failure the lines are a dictionary instead: a command gets the answer
 * of its first line, so that recovery and repetition can be watched from outside. */
#ifndef TESTS_UNIT_FAKES_FAKE_USB_H
#define TESTS_UNIT_FAKES_FAKE_USB_H

#include "host/probe/usb.h"

enum fake_usb_kind {
    FAKE_USB_COMMAND = 1, /* 16 bytes to the probe */
    FAKE_USB_OUT,
    FAKE_USB_IN
};

struct fake_usb_line {
    enum fake_usb_kind kind;
    uint32_t size_bytes;
    const char *hex;     /* padded with zeros to size_bytes */
    const uint8_t *data; /* instead of hex, when not NULL: size_bytes of them */
    bool waits;          /* the last one of its submission: the host waits here */
};

struct fake_usb {
    const struct fake_usb_line *lines;
    size_t count;
    size_t next;
    struct usb_device device; /* give this to the link */
    /* Failure of the transfer with this number (from 1); 0: none. */
    size_t fails_at;
    enum usb_end fails_with;
    bool answers_wrongly;    /* the next answer of the dictionary has a bit wrong */
    bool is_free;            /* the lines are a dictionary */
    const char *stalls_on;   /* this command of the dictionary stalls once */
    bool is_lost_afterwards; /* the probe is gone once the failure has happened */
    bool never_answers;      /* every IN transfer times out from now on */
    enum error_code open_fails;
    /* What happened. */
    unsigned submissions;
    unsigned drains;
    unsigned resets;
    unsigned transfers_after_loss;
    bool is_lost;
    bool is_open;
    bool is_closed;
    const char *said[64]; /* the commands that were looked up in the dictionary */
    size_t said_count;
    size_t phase; /* line of the data phase that is due, in the dictionary; 0: none */
    char mismatch[512];
};

/* The one device there is: a static one, as usb_pipe_open() has no other way to find it. */
struct fake_usb *fake_usb_play(const struct fake_usb_line *lines, size_t count);

#endif
