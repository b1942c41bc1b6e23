/* The struct behind host/stub/stub_client.h, shared by the files of this room only. */
#ifndef HOST_STUB_STUB_INTERNAL_H
#define HOST_STUB_STUB_INTERNAL_H

#include "abi/blob.h"
#include "host/stub/stub_client.h"

enum {
    STUB_NS_PER_US = 1000,
    STUB_NS_PER_MS = 1000000,
    STUB_UNIT_BYTES = 8, /* RAM with ECC is written in these (silicon rule 3) */
    STUB_KINDS = ABI_COMMAND_HASH_MAPPED + 1,
    STUB_RING_BLOCK_BYTES = 1024 /* what is zeroed at a time before the stub writes there */
};

/* What one look at the mailbox shows. Untrusted. */
struct stub_look {
    uint32_t state;
    uint32_t heartbeat;
    uint32_t completed;
    uint32_t running_kind;
    uint32_t running_offset;
    uint32_t progress_bytes;
};

/* One command in the ring, as the host remembers it. */
struct stub_sent {
    struct abi_command command;
    uint64_t submitted_ns;
    uint64_t expected_ns; /* 0: not known */
};

struct stub_client {
    struct target *target; /* not owned */
    struct probe *probe;
    struct log *log;
    struct abi_stub_header header;
    uint32_t submitted;    /* sequence of the last command in the ring */
    struct stub_look look; /* the latest */
    struct stub_sent sent[ABI_COMMAND_SLOTS];
    uint64_t running_since_ns; /* estimate: when the command in work began */
    bool has_memory;           /* memory is valid: a blob with it was set up */
    struct abi_memory memory;
    uint32_t core_hz;                           /* after SETUP; 0: not known */
    uint64_t learned_ps_per_byte[STUB_KINDS];   /* by enum abi_command_kind; 0: not known */
    uint64_t learned_erase_ns[ABI_ERASE_TYPES]; /* one unit; 0: not known */
    bool was_interrupted; /* a signal has been reported: what follows is tidying up */
    size_t slot_count;
    size_t slot_bytes;
    uint8_t *ring_is_written; /* one per STUB_RING_BLOCK_BYTES of the ring RAM; owned */
};

struct stub_image {
    const uint8_t *bytes;
    size_t size_bytes;
};

/* stub_client_open() with an image of the caller's. */
MUST_USE bool stub_client_open_image(struct target *target, const struct stub_image *image,
    struct log *log, struct stub_client **out, struct error *err);

/* ---- stub_load.c ---- */
MUST_USE bool stub_header_parse(
    const struct stub_image *image, struct abi_stub_header *header, struct error *err);
/* Tests RAM, loads, starts, waits for the mailbox. */
MUST_USE bool stub_load(
    struct stub_client *stub, const struct stub_image *image, struct error *err);

/* ---- stub_slots.c ---- */
/* Zeroes what the stub is about to write and nobody has written since power-on: it may write in
 * units smaller than the RAM's ECC words. */
MUST_USE bool stub_slots_touch(
    struct stub_client *stub, uint32_t addr, size_t size_bytes, struct error *err);

/* ---- stub_mailbox.c ---- */
static inline uint32_t stub_slot_of(uint32_t sequence)
{
    return (sequence - 1) % ABI_COMMAND_SLOTS;
}
/* Sequences count on through zero; at most ABI_COMMAND_SLOTS are under way. */
static inline bool stub_is_completed(const struct stub_client *stub, uint32_t sequence)
{
    return (int32_t)(stub->look.completed - sequence) >= 0;
}
/* Writes the command behind the last one and reads the mailbox in the same transfer. */
MUST_USE bool stub_mailbox_submit(
    struct stub_client *stub, const struct abi_command *command, struct error *err);
/* Reads the mailbox and, unless sequence is 0, that command's result. ERROR_STUB_CRASHED. */
MUST_USE bool stub_mailbox_look(
    struct stub_client *stub, uint32_t sequence, struct abi_result *result, struct error *err);
MUST_USE bool stub_mailbox_read_result(
    struct stub_client *stub, uint32_t sequence, struct abi_result *result, struct error *err);
MUST_USE bool stub_mailbox_set_abort(struct stub_client *stub, bool on, struct error *err);
MUST_USE bool stub_mailbox_acknowledge(
    struct stub_client *stub, uint32_t sequence, struct error *err);

/* ---- stub_wait.c ---- */
/* Until the command is completed, whatever its status. */
MUST_USE bool stub_wait_completed(struct stub_client *stub, uint32_t sequence, uint32_t timeout_ms,
    struct abi_result *result, struct error *err);

/* ---- stub_expect.c ---- */
/* How long a command should take; 0: not known. */
uint64_t stub_expect_ns(const struct stub_client *stub, const struct abi_command *command);
/* What the last command of a kind really took is the best guess for the next. */
void stub_expect_learn(
    struct stub_client *stub, const struct abi_command *command, const struct abi_result *result);

/* ---- stub_status.c ---- */
/* "erasing 4096 bytes at offset 0x00010000" */
void stub_command_text(const struct abi_command *command, char *text, size_t text_bytes);
/* Fills in *err for a status that is not OK. Returns false. */
bool stub_status_error(
    const struct abi_command *command, const struct abi_result *result, struct error *err);

#endif
