/* A tiny stub for mailbox tests: it runs inside the fake core whenever time passes, answers
 * commands from the ring in order, and can be told to fail, hang, crash or disappear. */
#ifndef TESTS_UNIT_STUB_HELPERS_STUB_H
#define TESTS_UNIT_STUB_HELPERS_STUB_H

#include "host/stub/stub_internal.h"
#include "tests/unit/fakes/fake_core.h"

enum {
    STUB_ADDR = 0x20000000,
    STUB_IMAGE_BYTES = 256,
    STUB_MEMORY_BYTES = 0x2000,
    STUB_MAILBOX = 0x20000400,
    RING_ADDR = 0x24020000,
    CHIP_BYTES = 0x40000
};

enum stub_trouble {
    TROUBLE_NONE,
    TROUBLE_FAIL,  /* answers status and value[] */
    TROUBLE_HANG,  /* no heartbeat, no progress */
    TROUBLE_STALL, /* heartbeat, but no progress */
    TROUBLE_CRASH,
    TROUBLE_LOCK_UP,
    TROUBLE_RESET,   /* the core is reset under the stub */
    TROUBLE_SCRIBBLE /* something overwrites the mailbox */
};

struct fake_stub {
    struct fake_core core;
    struct board_mcu mcu;
    struct target *target;
    uint8_t image_bytes[STUB_IMAGE_BYTES];
    struct stub_image image;
    uint8_t chip[CHIP_BYTES];
    uint64_t command_ns; /* how long a command takes */
    uint64_t busy_until_ns;
    bool is_busy;
    bool never_starts;
    enum stub_trouble trouble;
    uint32_t trouble_at; /* sequence */
    uint32_t status;
    uint32_t value[4];
    uint32_t failed_sequence;
    struct abi_command last; /* the last one executed */
    unsigned executed;
    unsigned skipped;
    unsigned aborted;
    uint8_t
        ring_written[0x20000 / 8]; /* 8-byte units that were written whole before the stub did */
    unsigned ecc_violations;
};

/* Connected and prepared; the image is valid. */
void fake_stub_init(struct fake_stub *stub);
void fake_stub_free(struct fake_stub *stub);
struct stub_client *open_or_fail(struct fake_stub *stub);
/* After the image bytes were changed. */
void fake_stub_seal(struct fake_stub *stub);
uint32_t mailbox_word(struct fake_stub *stub, size_t offset);

#endif
