/* A probe of memory cells for unit tests, stricter than hardware: blocks that cross a boundary, are
 * too long or misaligned are refused and counted. Registers and behaviour are added by hooks. */
#ifndef TESTS_UNIT_FAKES_FAKE_PROBE_H
#define TESTS_UNIT_FAKES_FAKE_PROBE_H

#include "host/probe/probe_driver.h"

enum { FAKE_REGIONS = 8, FAKE_WORDS = 128, FAKE_BOUNDARY_BYTES = 1024, FAKE_BLOCK_BYTES = 6144 };

struct fake_probe;

struct fake_region {
    uint32_t addr;
    uint32_t size_bytes;
    uint8_t *bytes; /* owned */
};

struct fake_word {
    uint32_t addr;
    uint32_t value;
};

struct fake_probe {
    struct probe base;
    struct fake_region regions[FAKE_REGIONS];
    size_t region_count;
    struct fake_word words[FAKE_WORDS]; /* registers without behaviour */
    size_t word_count;
    /* Registers with behaviour: true when the address is theirs. */
    bool (*read_hook)(struct fake_probe *fake, uint32_t addr, uint32_t *value);
    bool (*write_hook)(struct fake_probe *fake, uint32_t addr, uint32_t value);
    void (*time_hook)(struct fake_probe *fake);  /* after each transfer and wait */
    void (*reset_hook)(struct fake_probe *fake); /* NRST released */
    void *context;
    uint64_t now_ns;
    uint64_t transfer_ns; /* cost of one transfer */
    uint8_t core_ap;
    uint8_t debug_ap;         /* always open; 0xFF: none */
    bool answers_under_reset; /* the core's access port: its private registers, nothing else */
    uint64_t ap_opens_ns;     /* the core's access port faults before */
    uint64_t ap_closes_ns;    /* a program shuts the pins: from then on nothing answers; 0: never */
    uint32_t fault_addr;      /* accesses that touch this word are refused; 0: none */
    size_t fails_at_transfer; /* number of the transfer that fails with USB lost; 0: none */
    size_t transfers;
    bool is_silent;           /* nothing answers on the wires, unless NRST is low */
    unsigned debug_ap_writes; /* words written through it */
    bool is_attached;
    bool is_reset_asserted;
    uint64_t reset_fell_ns;
    uint64_t shortest_reset_ns; /* of all pulses; 0: none yet */
    unsigned violations;        /* what real hardware would not do for long */
    char first_violation[128];
    unsigned closed_accesses;
};

void fake_probe_init(struct fake_probe *fake);
void fake_probe_free(struct fake_probe *fake);
/* Memory of zeros; the bytes stay until fake_probe_free(). */
uint8_t *fake_probe_add_region(struct fake_probe *fake, uint32_t addr, uint32_t size_bytes);
/* Registers without behaviour exist once they are set. */
void fake_probe_set_word(struct fake_probe *fake, uint32_t addr, uint32_t value);
uint32_t fake_probe_word(struct fake_probe *fake, uint32_t addr);
uint8_t *fake_probe_bytes(struct fake_probe *fake, uint32_t addr, uint32_t size_bytes);

#endif
