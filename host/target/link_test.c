#include "host/target/link_test.h"

#include "common/le.h"
#include "host/target/target_internal.h"

#include <inttypes.h>
#include <stdlib.h>

/* A piece is several blocks of any probe, so that those can follow each other closely. */
enum { PIECE_BYTES = 8 * 6144, UNIT_BYTES = 8, WORD_BYTES = 4, SINGLE_WORDS = 32 };

struct run {
    struct target *target;
    struct target_link_speed *speed;
    const struct target_link_listener *listener; /* NULL: none */
    uint64_t done_bytes;
    uint32_t invert;
    uint8_t *piece; /* PIECE_BYTES */
};

/* Another word for each address, and every bit of it changes from place to place. */
static uint32_t word_for(const struct run *run, uint32_t addr)
{
    return (addr * UINT32_C(0x9E3779B1)) ^ run->invert;
}

static uint32_t piece_size(const struct run *run, uint32_t offset)
{
    uint32_t left_bytes = run->speed->size_bytes - offset;

    return left_bytes < PIECE_BYTES ? left_bytes : PIECE_BYTES;
}

static void report(struct run *run, uint32_t size_bytes)
{
    run->done_bytes += size_bytes;
    if (run->listener != NULL) {
        run->listener->progress(run->listener->context, run->done_bytes);
    }
}

static bool write_all(struct run *run, struct error *err)
{
    struct probe *probe = target_probe(run->target);
    uint32_t offset = 0;
    uint32_t at = 0;

    for (offset = 0; offset < run->speed->size_bytes; offset += PIECE_BYTES) {
        uint32_t addr = run->speed->addr + offset;
        uint32_t size_bytes = piece_size(run, offset);
        uint64_t start_ns = 0;

        for (at = 0; at < size_bytes; at += WORD_BYTES) {
            le_put32(run->piece + at, word_for(run, addr + at));
        }
        if (!target_go_on(run->target, err)) {
            return false;
        }
        start_ns = probe_now_ns(probe);
        if (!target_write(run->target, addr, run->piece, size_bytes, err)) {
            return false;
        }
        run->speed->write_ns += probe_now_ns(probe) - start_ns;
        report(run, size_bytes);
    }
    return true;
}

static bool compare(const struct run *run, uint32_t addr, uint32_t size_bytes, struct error *err)
{
    uint32_t at = 0;

    for (at = 0; at < size_bytes; at += WORD_BYTES) {
        uint32_t expected = word_for(run, addr + at);
        uint32_t found = le_get32(run->piece + at);

        if (found != expected) {
            (void)error_set(err, ERROR_VERIFY_MISMATCH,
                "the RAM at 0x%08" PRIx32 " reads 0x%08" PRIx32 " after 0x%08" PRIx32
                " was written",
                addr + at, found, expected);
            error_set_hint(err,
                "a lower wire clock (--speed) or shorter wires tell a bad link from "
                "bad RAM");
            error_set_addr(err, addr + at);
            return false;
        }
    }
    return true;
}

static bool read_all(struct run *run, struct error *err)
{
    struct probe *probe = target_probe(run->target);
    uint32_t offset = 0;

    for (offset = 0; offset < run->speed->size_bytes; offset += PIECE_BYTES) {
        uint32_t addr = run->speed->addr + offset;
        uint32_t size_bytes = piece_size(run, offset);
        uint64_t start_ns = 0;

        if (!target_go_on(run->target, err)) {
            return false;
        }
        start_ns = probe_now_ns(probe);
        if (!target_read(run->target, addr, run->piece, size_bytes, err)) {
            return false;
        }
        run->speed->read_ns += probe_now_ns(probe) - start_ns;
        if (!compare(run, addr, size_bytes, err)) {
            return false;
        }
        report(run, size_bytes);
    }
    return true;
}

/* Each waits for its answer: what a register or a mailbox costs. The address is the same, so that
 * a word that comes back late is seen. */
static bool move_words(struct run *run, struct error *err)
{
    struct probe *probe = target_probe(run->target);
    uint32_t addr = run->speed->addr;
    unsigned i = 0;

    for (i = 0; i < SINGLE_WORDS; i++) {
        uint32_t expected = word_for(run, addr + WORD_BYTES * i);
        uint32_t found = 0;
        uint64_t start_ns = probe_now_ns(probe);
        uint64_t middle_ns = 0;

        if (!target_write_word(run->target, addr, expected, err)) {
            return false;
        }
        middle_ns = probe_now_ns(probe);
        if (!target_read_word(run->target, addr, &found, err)) {
            return false;
        }
        run->speed->word_read_ns += probe_now_ns(probe) - middle_ns;
        run->speed->word_write_ns += middle_ns - start_ns;
        run->speed->word_count++;
        if (found != expected) {
            (void)error_set(err, ERROR_VERIFY_MISMATCH,
                "the word at 0x%08" PRIx32 " reads 0x%08" PRIx32 " after 0x%08" PRIx32
                " was written",
                addr, found, expected);
            error_set_addr(err, addr);
            return false;
        }
    }
    return true;
}

static bool run_passes(struct run *run, struct error *err)
{
    static const uint32_t inverts[] = {0, UINT32_MAX};
    size_t pass = 0;

    for (pass = 0; pass < sizeof inverts / sizeof inverts[0]; pass++) {
        run->invert = inverts[pass];
        if (!write_all(run, err) || !read_all(run, err)) {
            return false;
        }
    }
    return move_words(run, err);
}

bool target_measure_link(struct target *target, uint32_t addr, uint32_t size_bytes,
    const struct target_link_listener *listener, struct target_link_speed *speed, struct error *err)
{
    struct run run = {.target = target, .speed = speed, .listener = listener};
    bool is_equal = false;

    *speed = (struct target_link_speed){.addr = addr, .size_bytes = size_bytes};
    if (addr % UNIT_BYTES != 0 || size_bytes % UNIT_BYTES != 0 || size_bytes == 0) {
        return error_set(err, ERROR_INTERNAL,
            "%" PRIu32 " bytes of RAM at 0x%08" PRIx32 " are not whole units of %d", size_bytes,
            addr, UNIT_BYTES);
    }
    run.piece = malloc(PIECE_BYTES);
    if (run.piece == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for %d bytes", PIECE_BYTES);
    }
    is_equal = run_passes(&run, err);
    free(run.piece);
    return is_equal || error_add_context(err,
                           "moving %" PRIu32 " bytes to RAM at 0x%08" PRIx32 " and back, twice",
                           size_bytes, addr);
}
