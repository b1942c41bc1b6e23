/* Loads the RAM stub and drives its mailbox (docs/stub-protocol.md).
 *
 * Commands are queued and answered in order, so that the link fills a buffer while the flash works
 * on another. */
#ifndef HOST_STUB_STUB_CLIENT_H
#define HOST_STUB_STUB_CLIENT_H

#include "abi/mailbox.h"
#include "host/base/error.h"
#include "host/base/log.h"
#include "host/target/target.h"

struct stub_client;

/* target has been prepared (target_prepare). Tests the RAM, loads and starts the stub embedded in
 * xflash, waits until it listens. */
MUST_USE bool stub_client_open(
    struct target *target, struct log *log, struct stub_client **out, struct error *err);
/* Stops the core. NULL allowed. Does not touch the chip. */
void stub_client_close(struct stub_client *stub);

/* Buffers: the data RAM of the MCU cut into equal slots. */
size_t stub_client_slot_count(const struct stub_client *stub);
size_t stub_client_slot_bytes(const struct stub_client *stub);
/* Recuts; slot_bytes is a multiple of 8. */
MUST_USE bool stub_client_set_slots(
    struct stub_client *stub, size_t slot_count, size_t slot_bytes, struct error *err);
uint32_t stub_client_slot_addr(const struct stub_client *stub, size_t slot);

/* Writes into / reads from a slot; rounded up to whole words inside. */
MUST_USE bool stub_client_fill(
    struct stub_client *stub, size_t slot, const void *src, size_t size_bytes, struct error *err);
MUST_USE bool stub_client_fetch(
    struct stub_client *stub, size_t slot, void *dst, size_t size_bytes, struct error *err);

/* Queues a command (sequence is filled in) and rings the bell. Blocks, with a bound, while the
 * ring is full. *sequence names it for stub_client_wait(). */
MUST_USE bool stub_client_submit(struct stub_client *stub, const struct abi_command *command,
    uint32_t *sequence, struct error *err);
/* How long the command just submitted should take: waiting for it neither floods the link nor
 * comes late. Erase and program commands are known already from the blob's memory section. */
void stub_client_expect(struct stub_client *stub, uint32_t sequence, uint64_t expected_ns);
/* Waits until the command has been answered. timeout_ms bounds the time without any progress of
 * the stub (completed, progress_bytes). A status other than OK becomes an error that says what the
 * stub saw; *result (may be NULL) is filled in either way. Ends early with ERROR_INTERRUPTED after
 * a signal, once the stub has been asked to abort and has done so; after that, later calls are not
 * interrupted again, so that the caller can tidy up. At most ABI_COMMAND_SLOTS commands back. */
MUST_USE bool stub_client_wait(struct stub_client *stub, uint32_t sequence, uint32_t timeout_ms,
    struct abi_result *result, struct error *err);
/* submit + wait. */
MUST_USE bool stub_client_call(struct stub_client *stub, const struct abi_command *command,
    uint32_t timeout_ms, struct abi_result *result, struct error *err);
/* One look at the mailbox: what is completed and how far the running command is. */
struct stub_progress {
    uint32_t completed;
    uint32_t running_kind;
    uint32_t running_offset;
    uint32_t progress_bytes;
};
MUST_USE bool stub_client_poll(
    struct stub_client *stub, struct stub_progress *progress, struct error *err);
/* Asks the stub to end the running command and waits for it (chip idle afterwards). */
MUST_USE bool stub_client_abort(struct stub_client *stub, uint32_t timeout_ms, struct error *err);

/* Typed calls over the above. */
MUST_USE bool stub_client_setup(struct stub_client *stub, const void *blob, size_t blob_bytes,
    uint32_t flags, struct error *err);
MUST_USE bool stub_client_sequence(
    struct stub_client *stub, enum abi_sequence sequence, uint32_t timeout_ms, struct error *err);
/* Runs steps; data read by EXEC and EXPECT steps arrive in dst (capacity bytes), *read_bytes of
 * them. An error that came from a step names its number. */
MUST_USE bool stub_client_steps(struct stub_client *stub, const struct abi_bus_step *steps,
    size_t count, void *dst, size_t capacity, size_t *read_bytes, struct error *err);
MUST_USE bool stub_client_read(
    struct stub_client *stub, uint32_t offset, void *dst, size_t size_bytes, struct error *err);
/* hashes: one per block of block_bytes, the last may be short. */
MUST_USE bool stub_client_hash(struct stub_client *stub, uint32_t offset, uint32_t size_bytes,
    uint32_t block_bytes, bool mapped, struct abi_block_hash *hashes, struct error *err);
/* CRC-32 (zlib's) of a range that is not empty. */
MUST_USE bool stub_client_crc32(struct stub_client *stub, uint32_t offset, uint32_t size_bytes,
    uint32_t *crc32, struct error *err);

#endif
