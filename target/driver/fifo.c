#include "target/driver/fifo.h"

#include "common/le.h"
#include "target/driver/reg.h"

enum { WORD_BYTES = 4, BURST_WORDS = 8, BURST_BYTES = BURST_WORDS * WORD_BYTES };

/* Eight at a time: the compiler moves them to memory in one instruction. */
static void load_burst(uint32_t fifo_addr, uint8_t *in)
{
    uint32_t words[BURST_WORDS];

#pragma GCC unroll 8
    for (unsigned i = 0; i < BURST_WORDS; i++) {
        words[i] = reg_read32(fifo_addr);
    }
    __builtin_memcpy(__builtin_assume_aligned(in, WORD_BYTES), words, sizeof words);
}

void fifo_load(uint32_t fifo_addr, uint8_t *in, uint32_t bytes)
{
    uint8_t *end = in + bytes;

    if ((uintptr_t)in % WORD_BYTES == 0) {
        for (; end - in >= BURST_BYTES; in += BURST_BYTES) {
            load_burst(fifo_addr, in);
        }
    }
    for (; in != end; in += WORD_BYTES) {
        le_put32(in, reg_read32(fifo_addr));
    }
}

static void store_burst(uint32_t fifo_addr, const uint8_t *out)
{
    uint32_t words[BURST_WORDS];

    __builtin_memcpy(words, __builtin_assume_aligned(out, WORD_BYTES), sizeof words);
#pragma GCC unroll 8
    for (unsigned i = 0; i < BURST_WORDS; i++) {
        reg_write32(fifo_addr, words[i]);
    }
}

void fifo_store(uint32_t fifo_addr, const uint8_t *out, uint32_t bytes)
{
    const uint8_t *end = out + bytes;

    if ((uintptr_t)out % WORD_BYTES == 0) {
        for (; end - out >= BURST_BYTES; out += BURST_BYTES) {
            store_burst(fifo_addr, out);
        }
    }
    for (; out != end; out += WORD_BYTES) {
        reg_write32(fifo_addr, le_get32(out));
    }
}
