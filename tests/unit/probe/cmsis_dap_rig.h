/* A CMSIS-DAP on the fake wire, its RAM, and bytes to move: for the tests of memory accesses. */
#ifndef CMSIS_DAP_RIG_H
#define CMSIS_DAP_RIG_H

#include "host/probe/cmsis_dap.h"
#include "tests/unit/fakes/fake_dap.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { RAM = FAKE_DAP_RAM, BYTES = 0x3000 };

static struct fake_dap fake;
static struct error err;
static uint8_t pattern[BYTES];
static uint8_t found[BYTES];
static uint32_t queue_count; /* of the link */

static inline void make_pattern(void)
{
    uint32_t state = 1;
    size_t i = 0;

    for (i = 0; i < sizeof pattern; i++) {
        state = state * 1664525U + 1013904223U;
        pattern[i] = (uint8_t)(state >> 24);
    }
}

static inline struct probe *attach(uint16_t packet_bytes, uint8_t packet_count)
{
    struct probe_config config = {0};
    struct probe *probe = NULL;
    uint32_t dpidr = 0;

    fake_dap_init(&fake);
    fake.packet_bytes = packet_bytes;
    fake.packet_count = packet_count;
    fake.base.queue_count = queue_count;
    cr_assert(cmsis_dap_open(&fake.base, &config, &probe, &err), "%s", err.message);
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    cr_assert(probe_open_ap(probe, FAKE_DAP_AP, &err), "%s", err.message);
    fake.sent_count = 0;
    fake.drw_count = 0;
    fake.tar_count = 0;
    fake.max_in_flight = 0;
    fake.max_unanswered = 0;
    fake.drained = 0;
    return probe;
}

static inline void detach(struct probe *probe)
{
    probe_close(probe);
    cr_assert_str_eq(fake.breach, "");
}

#endif
