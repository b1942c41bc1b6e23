/* Packets of CMSIS-DAP: requests, answers taken apart, and staying in step with the probe. The
 * struct is shared by the cmsis_dap*.c files only. Everything an answer says is checked: it comes
 * from outside. */
#ifndef HOST_PROBE_CMSIS_DAP_PACKET_H
#define HOST_PROBE_CMSIS_DAP_PACKET_H

#include "host/probe/dap_link.h"
#include "host/probe/probe_driver.h"

enum dap_command {
    DAP_INFO = 0x00,
    DAP_CONNECT = 0x02,
    DAP_DISCONNECT = 0x03,
    DAP_TRANSFER_CONFIGURE = 0x04,
    DAP_TRANSFER = 0x05,
    DAP_TRANSFER_BLOCK = 0x06,
    DAP_TRANSFER_ABORT = 0x07,
    DAP_SWJ_PINS = 0x10,
    DAP_SWJ_CLOCK = 0x11,
    DAP_SWJ_SEQUENCE = 0x12,
    DAP_SWD_CONFIGURE = 0x13,
    DAP_UNKNOWN = 0xFF
};

/* Request byte of a transfer: port, direction, register. */
enum dap_request {
    DAP_WRITE_ABORT = 0x00,
    DAP_READ_DPIDR = 0x02,
    DAP_WRITE_CTRL_STAT = 0x04,
    DAP_READ_CTRL_STAT = 0x06,
    DAP_WRITE_SELECT = 0x08,
    DAP_WRITE_CSW = 0x01,
    DAP_READ_CSW = 0x03,
    DAP_WRITE_TAR = 0x05,
    DAP_READ_TAR = 0x07,
    DAP_WRITE_DRW = 0x0D,
    DAP_READ_DRW = 0x0F,
    DAP_READ_IDR = 0x0F, /* in bank F */
    DAP_REQUEST_READ = 0x02
};

enum dap_ack {
    DAP_ACK_OK,
    DAP_ACK_WAIT,
    DAP_ACK_FAULT,
    DAP_ACK_NONE,    /* nobody answered on the wires */
    DAP_ACK_PROTOCOL /* parity, or an acknowledge that does not exist */
};

enum {
    DAP_INFO_CAPABILITIES = 0xF0,
    /* A question about the probe itself is answered at once. */
    DAP_INFO_TIMEOUT_MS = 1000,
    DAP_WORD_BYTES = 4,
    DAP_TRANSFER_HEAD_BYTES = 3, /* of request and answer */
    DAP_BLOCK_HEAD_BYTES = 5,    /* of the request */
    DAP_BLOCK_ANSWER_HEAD_BYTES = 4,
    DAP_WRITE_BYTES = 1 + DAP_WORD_BYTES /* one write in a transfer request */
};

struct cmsis_dap {
    struct probe base;
    struct dap_link *link;
    uint32_t clock_hz;      /* set on the wire, or to be set */
    uint32_t select;        /* what SELECT holds ... */
    bool is_select_known;   /* ... if this says so */
    bool is_connected;      /* the probe drives the pins */
    bool is_reset_asserted; /* what NRST should be */
};

/* A request under construction. */
struct dap_packet {
    size_t size_bytes;
    uint8_t bytes[DAP_LINK_MAX_PACKET_BYTES];
};

void dap_packet_put8(struct dap_packet *packet, uint8_t value);
void dap_packet_put16(struct dap_packet *packet, uint16_t value);
void dap_packet_put32(struct dap_packet *packet, uint32_t value);
/* A write in a DAP_TRANSFER. */
void dap_packet_put_write(struct dap_packet *packet, enum dap_request request, uint32_t value);

/* One request and its answer, whose first byte is checked. ERROR_PROBE_ABILITY when the probe does
 * not know the command. After ERROR_USB_PROTOCOL probe and host are in step again, if that was
 * possible. answer->bytes beyond its size are zero. */
MUST_USE bool cmsis_dap_exchange(struct cmsis_dap *dap, const struct dap_packet *request,
    struct dap_packet *answer, struct error *err);
/* The same for an answer that is the command and a status byte, which has to be 0. */
MUST_USE bool cmsis_dap_command(
    struct cmsis_dap *dap, const struct dap_packet *request, struct error *err);
/* After requests whose answers were not taken, or were not understood: aborts what the probe is
 * doing and takes answers until they are those of new requests. */
MUST_USE bool cmsis_dap_resync(struct cmsis_dap *dap, struct error *err);
/* The same on the way out of a failure, which it must not hide. */
void cmsis_dap_resync_quietly(struct cmsis_dap *dap);

/* Answer to DAP_TRANSFER or DAP_TRANSFER_BLOCK. */
struct dap_answer {
    size_t done_count; /* transfers that were acknowledged */
    enum dap_ack ack;  /* of the last one; OK: all were done */
    const uint8_t *data;
    size_t data_words; /* that came, at least; the caller knows how many belong to reads */
};
MUST_USE bool dap_answer_parse(const struct dap_packet *packet, enum dap_command command,
    size_t count, struct dap_answer *answer, struct error *err);
/* Fill in *err for words that are missing, and for transfers that were not done; always false. */
bool dap_answer_short(size_t read_count, size_t word_count, struct error *err);
bool dap_answer_error(enum dap_ack ack, struct error *err);

/* One register transfer: value is written, or filled in. */
struct dap_transfer {
    enum dap_request request;
    uint32_t value;
};
/* A few in one packet. True when the probe answered; *ack then says how far it went, and
 * *done_count (NULL allowed) how many were done. */
MUST_USE bool cmsis_dap_transfer(struct cmsis_dap *dap, struct dap_transfer *transfers,
    size_t count, enum dap_ack *ack, size_t *done_count, struct error *err);
/* The same where anything but OK is an error. */
MUST_USE bool cmsis_dap_transfer_all(
    struct cmsis_dap *dap, struct dap_transfer *transfers, size_t count, struct error *err);

/* ---- cmsis_dap_info.c ---- */
/* Packet size and count, abilities, firmware, serial number. */
MUST_USE bool cmsis_dap_read_info(struct cmsis_dap *dap, struct error *err);

/* ---- cmsis_dap_port.c ---- */
MUST_USE bool cmsis_dap_attach(struct probe *probe, uint32_t *dpidr, struct error *err);
MUST_USE bool cmsis_dap_set_reset(struct probe *probe, bool asserted, struct error *err);
MUST_USE bool cmsis_dap_open_ap(struct probe *probe, uint8_t ap, struct error *err);
MUST_USE bool cmsis_dap_clear_errors(struct probe *probe, struct error *err);
/* The wire clock to begin with. asked_hz 0: none was asked for. */
uint32_t cmsis_dap_first_clock_hz(uint32_t asked_hz);
/* Back to a debug port that answers after `ack`; what fails is only reported. */
void cmsis_dap_recover(struct cmsis_dap *dap, enum dap_ack ack);
/* Value of SELECT for registers 00 to 0C of an access port. */
uint32_t cmsis_dap_select_value(uint8_t ap);
/* Powers the debug port down and lets go of the pins, as far as that still works. */
void cmsis_dap_detach(struct cmsis_dap *dap);

/* ---- cmsis_dap_memory.c ---- */
/* Value of CSW for accesses of unit_bytes, the address moving on with each. */
uint32_t cmsis_dap_csw(uint8_t unit_bytes);
MUST_USE bool cmsis_dap_read_block(
    struct probe *probe, const struct probe_block *block, uint8_t *dst, struct error *err);
MUST_USE bool cmsis_dap_write_block(
    struct probe *probe, const struct probe_block *block, const uint8_t *src, struct error *err);

/* ---- cmsis_dap_words.c ---- */
MUST_USE bool cmsis_dap_transfer_words(
    struct probe *probe, uint8_t ap, struct probe_word *words, size_t count, struct error *err);

#endif
