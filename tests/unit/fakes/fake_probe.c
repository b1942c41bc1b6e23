#include "tests/unit/fakes/fake_probe.h"

#include "common/le.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note_violation(struct fake_probe *fake, const char *what, uint32_t addr)
{
    if (fake->violations++ == 0) {
        (void)snprintf(
            fake->first_violation, sizeof fake->first_violation, "%s at 0x%08" PRIx32, what, addr);
    }
}

static uint64_t fake_now_ns(struct probe *probe)
{
    return ((struct fake_probe *)probe)->now_ns;
}

static void fake_wait_ns(struct probe *probe, uint64_t duration_ns)
{
    struct fake_probe *fake = (struct fake_probe *)probe;

    fake->now_ns += duration_ns;
    if (fake->time_hook != NULL) {
        fake->time_hook(fake);
    }
}

static void fake_close(struct probe *probe)
{
    fake_probe_free((struct fake_probe *)probe);
}

/* Every transfer passes here: time, and the cable that is pulled. */
static bool begin_transfer(struct fake_probe *fake, struct error *err)
{
    fake->transfers++;
    fake->base.counters.transfers++;
    if (fake->fails_at_transfer != 0 && fake->transfers >= fake->fails_at_transfer) {
        return error_set(err, ERROR_USB_LOST, "injected loss");
    }
    fake->now_ns += fake->transfer_ns;
    if (fake->time_hook != NULL) {
        fake->time_hook(fake);
    }
    return true;
}

/* What was written is seen at once by whatever runs on the target. */
static bool end_transfer(struct fake_probe *fake)
{
    if (fake->time_hook != NULL) {
        fake->time_hook(fake);
    }
    return true;
}

/* Pins that a program uses for something else: dead until the next reset. */
static bool check_wires(struct fake_probe *fake, struct error *err)
{
    if (fake->ap_closes_ns != 0 && fake->now_ns >= fake->ap_closes_ns) {
        fake->is_silent = true;
    }
    if (fake->is_silent && !fake->is_reset_asserted) {
        return error_set(err, ERROR_TARGET_SILENT, "no acknowledge");
    }
    return true;
}

static bool fake_attach(struct probe *probe, uint32_t *dpidr, struct error *err)
{
    struct fake_probe *fake = (struct fake_probe *)probe;

    if (!begin_transfer(fake, err) || !check_wires(fake, err)) {
        return false;
    }
    fake->is_attached = true;
    *dpidr = UINT32_C(0x6BA02477);
    return true;
}

static bool fake_set_reset(struct probe *probe, bool asserted, struct error *err)
{
    struct fake_probe *fake = (struct fake_probe *)probe;
    bool is_released = fake->is_reset_asserted && !asserted;

    if (is_released) {
        uint64_t low_ns = fake->now_ns - fake->reset_fell_ns;

        if (fake->shortest_reset_ns == 0 || low_ns < fake->shortest_reset_ns) {
            fake->shortest_reset_ns = low_ns;
        }
    }
    fake->is_reset_asserted = asserted;
    if (asserted) {
        fake->reset_fell_ns = fake->now_ns;
        fake->is_silent = false;
        fake->ap_closes_ns = 0;
    }
    if (is_released && fake->reset_hook != NULL) {
        fake->reset_hook(fake);
    }
    return begin_transfer(fake, err);
}

static bool check_ap(struct fake_probe *fake, uint8_t ap, uint32_t addr, struct error *err)
{
    if (!fake->is_attached) {
        note_violation(fake, "an access port was used before the debug port", addr);
    }
    if (!check_wires(fake, err)) {
        return false;
    }
    if (ap == fake->debug_ap) {
        return true;
    }
    if (fake->answers_under_reset && fake->is_reset_asserted && ap == fake->core_ap &&
        (addr == 0 || addr >= UINT32_C(0xE0000000))) {
        return true;
    }
    if (fake->is_reset_asserted && ap == fake->core_ap) {
        note_violation(fake, "the core's access port was touched under reset", addr);
    }
    if (ap != fake->core_ap || fake->is_reset_asserted || fake->now_ns < fake->ap_opens_ns) {
        fake->closed_accesses++;
        return error_set(err, ERROR_TARGET_FAULT, "access port %u is closed", (unsigned)ap);
    }
    return true;
}

static bool fake_open_ap(struct probe *probe, uint8_t ap, struct error *err)
{
    struct fake_probe *fake = (struct fake_probe *)probe;

    return begin_transfer(fake, err) && check_ap(fake, ap, 0, err);
}

static bool fake_clear_errors(struct probe *probe, struct error *err)
{
    return begin_transfer((struct fake_probe *)probe, err);
}

uint8_t *fake_probe_bytes(struct fake_probe *fake, uint32_t addr, uint32_t size_bytes)
{
    size_t i = 0;

    for (i = 0; i < fake->region_count; i++) {
        const struct fake_region *region = &fake->regions[i];
        uint32_t offset = addr - region->addr;

        if (offset < region->size_bytes && size_bytes <= region->size_bytes - offset) {
            return region->bytes + offset;
        }
    }
    return NULL;
}

static struct fake_word *find_word(struct fake_probe *fake, uint32_t addr)
{
    size_t i = 0;

    for (i = 0; i < fake->word_count; i++) {
        if (fake->words[i].addr == addr) {
            return &fake->words[i];
        }
    }
    return NULL;
}

void fake_probe_set_word(struct fake_probe *fake, uint32_t addr, uint32_t value)
{
    uint8_t *bytes = fake_probe_bytes(fake, addr, 4);
    struct fake_word *word = find_word(fake, addr);

    if (bytes != NULL) {
        le_put32(bytes, value);
    } else if (word != NULL) {
        word->value = value;
    } else if (fake->word_count < FAKE_WORDS) {
        fake->words[fake->word_count++] = (struct fake_word){.addr = addr, .value = value};
    } else {
        abort();
    }
}

uint32_t fake_probe_word(struct fake_probe *fake, uint32_t addr)
{
    uint8_t *bytes = fake_probe_bytes(fake, addr, 4);
    struct fake_word *word = find_word(fake, addr);

    if (bytes != NULL) {
        return le_get32(bytes);
    }
    return word != NULL ? word->value : 0;
}

static bool refuse(uint32_t addr, struct error *err)
{
    (void)error_set(err, ERROR_TARGET_FAULT, "injected fault");
    error_set_addr(err, addr);
    return false;
}

static bool read_one(struct fake_probe *fake, uint32_t addr, uint32_t *value, struct error *err)
{
    if (fake->fault_addr != 0 && fake->fault_addr == addr) {
        return refuse(addr, err);
    }
    if (fake->read_hook != NULL && fake->read_hook(fake, addr, value)) {
        return true;
    }
    if (fake_probe_bytes(fake, addr, 4) == NULL && find_word(fake, addr) == NULL) {
        return refuse(addr, err);
    }
    *value = fake_probe_word(fake, addr);
    return true;
}

static bool write_one(struct fake_probe *fake, uint32_t addr, uint32_t value, struct error *err)
{
    if (fake->fault_addr != 0 && fake->fault_addr == addr) {
        return refuse(addr, err);
    }
    if (fake->write_hook != NULL && fake->write_hook(fake, addr, value)) {
        return true;
    }
    if (fake_probe_bytes(fake, addr, 4) == NULL && find_word(fake, addr) == NULL) {
        return refuse(addr, err);
    }
    fake_probe_set_word(fake, addr, value);
    return true;
}

static bool check_block(struct fake_probe *fake, const struct probe_block *block, struct error *err)
{
    uint32_t offset = block->addr % FAKE_BOUNDARY_BYTES;

    if (block->size_bytes == 0 || block->addr % block->unit_bytes != 0 ||
        block->size_bytes % block->unit_bytes != 0 ||
        block->size_bytes > FAKE_BOUNDARY_BYTES - offset) {
        note_violation(fake, "a block that is empty, misaligned or across a boundary", block->addr);
    }
    return check_ap(fake, block->ap, block->addr, err);
}

static bool fake_read_block(
    struct probe *probe, const struct probe_block *block, uint8_t *dst, struct error *err)
{
    struct fake_probe *fake = (struct fake_probe *)probe;
    uint32_t done = 0;

    if (!begin_transfer(fake, err) || !check_block(fake, block, err)) {
        return false;
    }
    if (block->unit_bytes != 4) {
        const uint8_t *bytes = fake_probe_bytes(fake, block->addr, block->size_bytes);

        if (bytes == NULL) {
            return refuse(block->addr, err);
        }
        memcpy(dst, bytes, block->size_bytes);
        return true;
    }
    for (done = 0; done < block->size_bytes; done += 4) {
        uint32_t value = 0;

        if (!read_one(fake, block->addr + done, &value, err)) {
            return false;
        }
        le_put32(dst + done, value);
    }
    return true;
}

static bool fake_write_block(
    struct probe *probe, const struct probe_block *block, const uint8_t *src, struct error *err)
{
    struct fake_probe *fake = (struct fake_probe *)probe;
    uint32_t done = 0;

    if (!begin_transfer(fake, err) || !check_block(fake, block, err)) {
        return false;
    }
    if (block->unit_bytes != 4) {
        uint8_t *bytes = fake_probe_bytes(fake, block->addr, block->size_bytes);

        if (bytes == NULL) {
            return refuse(block->addr, err);
        }
        memcpy(bytes, src, block->size_bytes);
        return end_transfer(fake);
    }
    fake->debug_ap_writes += block->ap == fake->debug_ap ? block->size_bytes / 4 : 0;
    for (done = 0; done < block->size_bytes; done += 4) {
        if (!write_one(fake, block->addr + done, le_get32(src + done), err)) {
            return false;
        }
    }
    return end_transfer(fake);
}

static bool fake_transfer_words(
    struct probe *probe, uint8_t ap, struct probe_word *words, size_t count, struct error *err)
{
    struct fake_probe *fake = (struct fake_probe *)probe;
    size_t i = 0;

    if (!begin_transfer(fake, err) || !check_ap(fake, ap, words[0].addr, err)) {
        return false;
    }
    if (count > fake->base.limits.scatter_count) {
        note_violation(fake, "too many scattered words", words[0].addr);
    }
    for (i = 0; i < count; i++) {
        bool is_done = words[i].is_write ? write_one(fake, words[i].addr, words[i].value, err)
                                         : read_one(fake, words[i].addr, &words[i].value, err);

        if (!is_done) {
            return false;
        }
    }
    return end_transfer(fake);
}

static const struct probe_driver driver = {
    .now_ns = fake_now_ns,
    .wait_ns = fake_wait_ns,
    .close = fake_close,
    .attach = fake_attach,
    .set_reset = fake_set_reset,
    .open_ap = fake_open_ap,
    .read_block = fake_read_block,
    .write_block = fake_write_block,
    .transfer_words = fake_transfer_words,
    .clear_errors = fake_clear_errors,
};

void fake_probe_init(struct fake_probe *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->base.driver = &driver;
    fake->base.limits = (struct probe_limits){
        .word_block_bytes = FAKE_BLOCK_BYTES,
        .byte_block_bytes = 64,
        .boundary_bytes = FAKE_BOUNDARY_BYTES,
        .scatter_count = 31,
    };
    fake->base.info.marks_cacheable = true;
    fake->debug_ap = 0xFF;
    fake->is_attached = true; /* tests that are not about connecting */
    fake->transfer_ns = 250000;
    fake->now_ns = 1;
}

void fake_probe_free(struct fake_probe *fake)
{
    size_t i = 0;

    for (i = 0; i < fake->region_count; i++) {
        free(fake->regions[i].bytes);
    }
    fake->region_count = 0;
}

uint8_t *fake_probe_add_region(struct fake_probe *fake, uint32_t addr, uint32_t size_bytes)
{
    uint8_t *bytes = calloc(size_bytes, 1);

    if (bytes == NULL || fake->region_count == FAKE_REGIONS) {
        abort();
    }
    fake->regions[fake->region_count++] =
        (struct fake_region){.addr = addr, .size_bytes = size_bytes, .bytes = bytes};
    return bytes;
}
