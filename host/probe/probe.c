#include "host/probe/probe.h"

#include "common/le.h"
#include "host/base/os.h"
#include "host/probe/probe_driver.h"

#include <inttypes.h>

enum { WORD_BYTES = 4, SCATTER_RUN_WORDS = 64 };

void probe_close(struct probe *probe)
{
    struct os_lock *lock = NULL;

    if (probe != NULL) {
        lock = probe->lock;
        probe->driver->close(probe);
        os_lock_release(lock);
    }
}

const struct probe_info *probe_info(const struct probe *probe)
{
    return &probe->info;
}

void probe_counters(const struct probe *probe, struct probe_counters *counters)
{
    *counters = probe->counters;
}

uint64_t probe_now_ns(struct probe *probe)
{
    uint64_t now_ns = probe->driver->now_ns(probe);

    if (probe->deadline_ns != 0 && now_ns >= probe->deadline_ns) {
        os_signal_raise_timeout();
    }
    return now_ns;
}

void probe_set_deadline(struct probe *probe, uint64_t deadline_ns)
{
    probe->deadline_ns = deadline_ns;
}

void probe_wait_ns(struct probe *probe, uint64_t duration_ns)
{
    if (duration_ns > 0) {
        probe->driver->wait_ns(probe, duration_ns);
    }
}

bool probe_attach(struct probe *probe, uint32_t *dpidr, struct error *err)
{
    *dpidr = 0;
    if (!probe->driver->attach(probe, dpidr, err)) {
        return error_add_context(err, "connecting to the debug port");
    }
    log_write(probe->log, LOG_DEBUG, NULL, "debug port 0x%08" PRIx32, *dpidr);
    return true;
}

bool probe_set_reset(struct probe *probe, bool asserted, struct error *err)
{
    if (!probe->driver->set_reset(probe, asserted, err)) {
        return error_add_context(err, "driving NRST %s", asserted ? "low" : "high");
    }
    return true;
}

bool probe_open_ap(struct probe *probe, uint8_t ap, struct error *err)
{
    if (!probe->driver->open_ap(probe, ap, err)) {
        return error_add_context(err, "opening access port %u", (unsigned)ap);
    }
    return true;
}

bool probe_clear_errors(struct probe *probe, struct error *err)
{
    if (!probe->driver->clear_errors(probe, err)) {
        return error_add_context(err, "clearing the errors of the debug port");
    }
    return true;
}

static bool check_range(uint32_t addr, size_t size_bytes, size_t unit_bytes, struct error *err)
{
    if (addr % unit_bytes != 0 || size_bytes % unit_bytes != 0) {
        return error_set(err, ERROR_INTERNAL,
            "memory access of %zu bytes at 0x%08" PRIx32 " is not in whole units of %zu",
            size_bytes, addr, unit_bytes);
    }
    if (size_bytes > UINT64_C(0x100000000) - addr) {
        return error_set(err, ERROR_INTERNAL,
            "memory access of %zu bytes at 0x%08" PRIx32 " runs past the 32-bit address space",
            size_bytes, addr);
    }
    return true;
}

/* The longest block at addr that the driver accepts in one go. */
static struct probe_block next_block(
    const struct probe *probe, uint8_t ap, uint8_t unit_bytes, uint32_t addr, size_t left_bytes)
{
    const struct probe_limits *limits = &probe->limits;
    uint32_t limit_bytes =
        unit_bytes == WORD_BYTES ? limits->word_block_bytes : limits->byte_block_bytes;
    uint32_t block_bytes = limits->boundary_bytes - (addr & (limits->boundary_bytes - 1));

    if (block_bytes > limit_bytes) {
        block_bytes = limit_bytes;
    }
    if (left_bytes < block_bytes) {
        block_bytes = (uint32_t)left_bytes;
    }
    return (struct probe_block){
        .ap = ap, .unit_bytes = unit_bytes, .addr = addr, .size_bytes = block_bytes};
}

static bool read_units(struct probe *probe, struct probe_block block, uint8_t *dst,
    size_t size_bytes, struct error *err)
{
    while (size_bytes > 0) {
        block = next_block(probe, block.ap, block.unit_bytes, block.addr, size_bytes);
        log_write(probe->log, LOG_TRACE, NULL, "read AP%u 0x%08" PRIx32 " %" PRIu32, block.ap,
            block.addr, block.size_bytes);
        if (!probe->driver->read_block(probe, &block, dst, err)) {
            return error_add_context(
                err, "reading %" PRIu32 " bytes at 0x%08" PRIx32, block.size_bytes, block.addr);
        }
        probe->counters.bytes_from_target += block.size_bytes;
        block.addr += block.size_bytes;
        dst += block.size_bytes;
        size_bytes -= block.size_bytes;
    }
    return true;
}

static bool write_units(struct probe *probe, struct probe_block block, const uint8_t *src,
    size_t size_bytes, struct error *err)
{
    while (size_bytes > 0) {
        block = next_block(probe, block.ap, block.unit_bytes, block.addr, size_bytes);
        log_write(probe->log, LOG_TRACE, NULL, "write AP%u 0x%08" PRIx32 " %" PRIu32, block.ap,
            block.addr, block.size_bytes);
        if (!probe->driver->write_block(probe, &block, src, err)) {
            return error_add_context(
                err, "writing %" PRIu32 " bytes at 0x%08" PRIx32, block.size_bytes, block.addr);
        }
        probe->counters.bytes_to_target += block.size_bytes;
        block.addr += block.size_bytes;
        src += block.size_bytes;
        size_bytes -= block.size_bytes;
    }
    return true;
}

bool probe_read_mem(
    struct probe *probe, uint8_t ap, uint32_t addr, void *dst, size_t size_bytes, struct error *err)
{
    struct probe_block start = {.ap = ap, .unit_bytes = WORD_BYTES, .addr = addr};

    return check_range(addr, size_bytes, WORD_BYTES, err) &&
           read_units(probe, start, dst, size_bytes, err);
}

bool probe_write_mem(struct probe *probe, uint8_t ap, uint32_t addr, const void *src,
    size_t size_bytes, struct error *err)
{
    struct probe_block start = {.ap = ap, .unit_bytes = WORD_BYTES, .addr = addr};

    return check_range(addr, size_bytes, WORD_BYTES, err) &&
           write_units(probe, start, src, size_bytes, err);
}

bool probe_read_word(
    struct probe *probe, uint8_t ap, uint32_t addr, uint32_t *value, struct error *err)
{
    uint8_t bytes[WORD_BYTES] = {0};

    *value = 0;
    if (!probe_read_mem(probe, ap, addr, bytes, sizeof bytes, err)) {
        return false;
    }
    *value = le_get32(bytes);
    return true;
}

bool probe_write_word(
    struct probe *probe, uint8_t ap, uint32_t addr, uint32_t value, struct error *err)
{
    uint8_t bytes[WORD_BYTES];

    le_put32(bytes, value);
    return probe_write_mem(probe, ap, addr, bytes, sizeof bytes, err);
}

bool probe_read_bytes(
    struct probe *probe, uint8_t ap, uint32_t addr, void *dst, size_t size_bytes, struct error *err)
{
    uint8_t *bytes = dst;
    struct probe_block part = {.ap = ap, .unit_bytes = 1, .addr = addr};
    size_t head_bytes = (WORD_BYTES - addr % WORD_BYTES) % WORD_BYTES;
    size_t middle_bytes = 0;

    if (!check_range(addr, size_bytes, 1, err)) {
        return false;
    }
    if (head_bytes > size_bytes) {
        head_bytes = size_bytes;
    }
    middle_bytes = (size_bytes - head_bytes) / WORD_BYTES * WORD_BYTES;
    if (!read_units(probe, part, bytes, head_bytes, err)) {
        return false;
    }
    part.unit_bytes = WORD_BYTES;
    part.addr += (uint32_t)head_bytes;
    if (!read_units(probe, part, bytes + head_bytes, middle_bytes, err)) {
        return false;
    }
    part.unit_bytes = 1;
    part.addr += (uint32_t)middle_bytes;
    return read_units(probe, part, bytes + head_bytes + middle_bytes,
        size_bytes - head_bytes - middle_bytes, err);
}

bool probe_write_narrow(struct probe *probe, uint8_t ap, uint32_t addr, uint32_t value,
    size_t size_bytes, struct error *err)
{
    struct probe_block block = {
        .ap = ap, .unit_bytes = (uint8_t)size_bytes, .addr = addr, .size_bytes = 0};
    uint8_t bytes[WORD_BYTES];

    if (size_bytes != 1 && size_bytes != 2) {
        return error_set(err, ERROR_INTERNAL, "narrow write of %zu bytes", size_bytes);
    }
    le_put32(bytes, value);
    return check_range(addr, size_bytes, size_bytes, err) &&
           write_units(probe, block, bytes, size_bytes, err);
}

/* How many words from the first on lie one behind the other and go the same way. */
static size_t run_length(const struct probe_word *words, size_t count)
{
    size_t length = 1;

    while (length < count && length < SCATTER_RUN_WORDS &&
           words[length].is_write == words[0].is_write &&
           words[length].addr == words[0].addr + length * WORD_BYTES) {
        length++;
    }
    return length;
}

/* One run as a block, for probes that cannot scatter. */
static bool transfer_run(
    struct probe *probe, uint8_t ap, struct probe_word *words, size_t count, struct error *err)
{
    uint8_t bytes[SCATTER_RUN_WORDS * WORD_BYTES];
    size_t i = 0;

    if (words[0].is_write) {
        for (i = 0; i < count; i++) {
            le_put32(bytes + i * WORD_BYTES, words[i].value);
        }
        return probe_write_mem(probe, ap, words[0].addr, bytes, count * WORD_BYTES, err);
    }
    if (!probe_read_mem(probe, ap, words[0].addr, bytes, count * WORD_BYTES, err)) {
        return false;
    }
    for (i = 0; i < count; i++) {
        words[i].value = le_get32(bytes + i * WORD_BYTES);
    }
    return true;
}

static void count_words(struct probe *probe, const struct probe_word *words, size_t count)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        if (words[i].is_write) {
            probe->counters.bytes_to_target += WORD_BYTES;
        } else {
            probe->counters.bytes_from_target += WORD_BYTES;
        }
    }
}

/* A run as long as all the words there are costs least as one block. */
static bool transfer_some(
    struct probe *probe, uint8_t ap, struct probe_word *words, size_t *count, struct error *err)
{
    size_t run = run_length(words, *count);

    if (probe->limits.scatter_count == 0 || run == *count) {
        *count = run;
        return transfer_run(probe, ap, words, run, err);
    }
    if (*count > probe->limits.scatter_count) {
        *count = probe->limits.scatter_count;
    }
    if (!probe->driver->transfer_words(probe, ap, words, *count, err)) {
        return error_add_context(err, "transferring %zu scattered words", *count);
    }
    count_words(probe, words, *count);
    return true;
}

bool probe_transfer_words(
    struct probe *probe, uint8_t ap, struct probe_word *words, size_t count, struct error *err)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        if (!check_range(words[i].addr, WORD_BYTES, WORD_BYTES, err)) {
            return false;
        }
    }
    while (count > 0) {
        size_t done = count;

        if (!transfer_some(probe, ap, words, &done, err)) {
            return false;
        }
        words += done;
        count -= done;
    }
    return true;
}
