/* A CMSIS-DAP probe with a target behind it, stricter than hardware: a packet that is too long, one
 * too many under way, bytes behind a request, a transfer before the pins are connected, a first
 * read that is not DPIDR, an access after TAR has wrapped (but for what was under way already
 * behind a WAIT, which does its damage): each is a breach, and the first one is kept. SELECT, CSW
 * and TAR hold nonsense until they are written. */
#ifndef TESTS_UNIT_FAKES_FAKE_DAP_H
#define TESTS_UNIT_FAKES_FAKE_DAP_H

#include "host/probe/dap_link.h"

enum {
    FAKE_DAP_RAM = 0x24000000,
    FAKE_DAP_RAM_BYTES = 0x8000,
    FAKE_DAP_REGISTERS = 0x40000000, /* reads count up, every write is kept in order */
    FAKE_DAP_MAX_WRITES = 64,
    FAKE_DAP_MAX_SENT = 1024,
    FAKE_DAP_AP = 1,
    FAKE_DAP_MAX_ANSWERS = 32,
    FAKE_DAP_NEVER_ENDS = 1000000
};

struct fake_dap_packet {
    size_t size_bytes;
    uint8_t bytes[DAP_LINK_MAX_PACKET_BYTES];
};

struct fake_dap {
    struct dap_link base;

    /* ---- what it is; set before it is opened ---- */
    const char *serial;      /* DAP_INFO 03 */
    const char *version;     /* DAP_INFO 04 */
    uint16_t packet_bytes;   /* DAP_INFO FF */
    uint8_t packet_count;    /* DAP_INFO FE */
    uint8_t capabilities;    /* DAP_INFO F0 */
    bool is_dormant;         /* the port wakes by the dormant sequence only */
    uint32_t max_hz;         /* nobody answers at a faster clock; 0: any */
    bool is_ap_closed;       /* CSW without DeviceEn */
    unsigned power_up_polls; /* reads of CTRL/STAT before the acknowledge */
    bool has_nrst_readback;
    uint32_t queue_count; /* of the link: requests it keeps back until there is room */

    /* ---- disturbances, by number of the DRW access from 1; 0: none ---- */
    size_t waits_at;
    unsigned wait_count;    /* how many packets end there with WAIT */
    size_t tar_waits_at;    /* this write of TAR, from 1, ends with WAIT; once */
    size_t faults_at;       /* once */
    size_t silent_at;       /* no acknowledge, until a line reset */
    unsigned silent_count;  /* how often; 0: once */
    size_t pending_at;      /* this write is accepted, and then keeps everything else waiting ... */
    unsigned pending_count; /* ... for so many packets; NEVER_ENDS: until it is aborted */
    bool is_fault_late;     /* a refused write is seen one access later than usual */
    size_t parity_at;       /* done, but with a parity error, until a line reset; once */
    uint32_t tar_reads_as;  /* nonsense in TAR when it is read; 0: none */
    uint32_t bad_addr;      /* RAM word that refuses every access; 0: none */
    /* ---- and by number of the answer from 1 ---- */
    size_t spoils_at;
    bool spoils_again;                             /* every answer to a transfer from there on */
    void (*spoil)(struct fake_dap_packet *answer); /* NULL: the answer never comes; once */
    size_t drops_at;      /* the request with this number is lost on its way; once */
    size_t delays_at;     /* its answer comes too late, among later ones; once */
    size_t lost_at;       /* gone from this request on */
    unsigned stale_count; /* answers an earlier user left, survive a drain */

    /* ---- what it saw ---- */
    char breach[256];
    struct fake_dap_packet sent[FAKE_DAP_MAX_SENT];
    size_t sent_count;
    size_t answer_count;
    size_t drw_count;
    size_t max_in_flight;
    size_t max_unanswered; /* with those kept back */
    unsigned drained;      /* how often nothing was under way any more */
    unsigned aborts;
    uint32_t hz;
    uint8_t pins;
    bool is_connected;
    bool is_closed;
    uint64_t now_ns;
    uint8_t ram[FAKE_DAP_RAM_BYTES];
    uint32_t register_writes[FAKE_DAP_MAX_WRITES];
    size_t register_write_count;
    uint32_t register_reads;
    uint32_t last_csw;

    /* ---- its own ---- */
    struct fake_dap_packet answers[FAKE_DAP_MAX_ANSWERS];
    size_t oldest;
    size_t in_flight;
    struct fake_dap_packet kept[FAKE_DAP_MAX_ANSWERS];
    size_t kept_count;
    bool is_swd;   /* has been switched from JTAG or woken */
    bool is_awake; /* has seen a line reset since the last disturbance */
    bool needs_dpidr;
    bool is_sticky;
    bool is_pending;
    unsigned stale_next;
    unsigned late; /* accesses until a refusal is seen */
    bool has_wrapped;
    bool is_astray; /* something ended with WAIT, and TAR was not written since */
    size_t tar_count;
    uint32_t ctrl_stat;
    uint32_t select;
    uint32_t csw;
    uint32_t tar;
};

void fake_dap_init(struct fake_dap *fake);

#endif
