/* An XSPI controller at register level, as reference/mcu.md section 6.2 tells it, on the strict
 * side: every access that silicon would lose, stall on, or misunderstand is counted. */
#ifndef TESTS_TARGETDRIVER_XSPI_MODEL_H
#define TESTS_TARGETDRIVER_XSPI_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define XSPI_MODEL_ADDR 0x5200A000u

enum { XSPI_MODEL_TRANSFERS = 32, XSPI_MODEL_DATA = 8192, XSPI_MODEL_FIFO = 64 };

/* A transfer as it was started. */
struct xspi_transfer {
    uint32_t mode; /* FMODE */
    uint32_t cr, dcr1, ccr, tcr, ir, ar, abr, bytes;
};

struct xspi_model {
    uint32_t regs[0x400 / 4];
    struct xspi_transfer transfers[XSPI_MODEL_TRANSFERS];
    uint32_t transfer_count;
    uint8_t answer[XSPI_MODEL_DATA];  /* what the chip sends */
    uint8_t written[XSPI_MODEL_DATA]; /* what it got, by the last transfer */
    uint32_t bytes_per_look;          /* that the bus moves between two reads of SR */
    uint32_t polls_until_match;       /* answer[1] comes instead of answer[0] then */
    bool stuck;                       /* the bus never gets on; only EN = 0 ends it */
    bool stuck_but_abortable;
    uint32_t lingers; /* looks at SR for which BUSY stays after TCF */
    bool refuses;     /* TEF instead of a transfer */
    uint32_t aborts;
    uint32_t mistakes;
    const char *mistake; /* the first */
    /* inside */
    bool running;
    bool tcf, tef, smf;
    uint32_t done, total;
    uint32_t level, out;
    uint32_t polls;
    uint32_t calibrating;
    uint32_t lingering;
};

extern struct xspi_model xspi;

/* Resets it and connects it to the machine. */
void xspi_model_attach(void);

#endif
