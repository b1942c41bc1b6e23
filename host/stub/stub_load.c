/* Brings the stub into RAM and to life. */
#include "common/crc32.h"
#include "common/le.h"
#include "host/stub/stub_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEST_BYTES = 64,
    TEST_SPOTS = 4,
    START_TIMEOUT_MS = 1000,
    START_PAUSE_NS = 200 * STUB_NS_PER_US,
    ZERO_BLOCK_BYTES = 4096,
    REG_SP = 13,
    REG_LR = 14,
    REG_PC = 15,
    REG_XPSR = 16,
    REG_MSP = 17,
    REG_SPECIAL = 20 /* CONTROL, FAULTMASK, BASEPRI, PRIMASK */
};

static const uint32_t vtor_addr = UINT32_C(0xE000ED08);
static const uint32_t xpsr_thumb = UINT32_C(0x01000000);

static void parse_words(const uint8_t *bytes, struct abi_stub_header *header)
{
    *header = (struct abi_stub_header){
        .magic = le_get32(bytes),
        .version = le_get32(bytes + 4),
        .load_addr = le_get32(bytes + 8),
        .image_bytes = le_get32(bytes + 12),
        .memory_bytes = le_get32(bytes + 16),
        .entry_addr = le_get32(bytes + 20),
        .stack_top_addr = le_get32(bytes + 24),
        .vectors_addr = le_get32(bytes + 28),
        .mailbox_addr = le_get32(bytes + 32),
        .crc32 = le_get32(bytes + 36),
    };
}

static uint32_t image_crc(const struct stub_image *image, uint32_t image_bytes)
{
    static const uint8_t zeros[4] = {0};
    size_t member = offsetof(struct abi_stub_header, crc32);
    uint32_t crc = crc32_update(0, image->bytes, member);

    crc = crc32_update(crc, zeros, sizeof zeros);
    return crc32_update(
        crc, image->bytes + member + sizeof zeros, image_bytes - member - sizeof zeros);
}

static bool is_inside(const struct abi_stub_header *header, uint32_t addr, size_t size_bytes)
{
    uint32_t offset = addr - header->load_addr;

    return offset <= header->memory_bytes && size_bytes <= header->memory_bytes - offset;
}

bool stub_header_parse(
    const struct stub_image *image, struct abi_stub_header *header, struct error *err)
{
    if (image->size_bytes < sizeof *header) {
        return error_set(
            err, ERROR_INTERNAL, "the stub image has only %zu bytes", image->size_bytes);
    }
    parse_words(image->bytes, header);
    if (header->magic != ABI_STUB_MAGIC || header->version != ABI_STUB_VERSION) {
        return error_set(err, ERROR_INTERNAL,
            "the stub image is not of this version: magic 0x%08" PRIx32 ", version %" PRIu32,
            header->magic, header->version);
    }
    if (header->image_bytes < sizeof *header || header->image_bytes > image->size_bytes ||
        header->image_bytes % STUB_UNIT_BYTES != 0 || header->memory_bytes < header->image_bytes ||
        header->load_addr % STUB_UNIT_BYTES != 0 || !is_inside(header, header->entry_addr, 2) ||
        !is_inside(header, header->vectors_addr, 64) ||
        !is_inside(header, header->stack_top_addr, 0) ||
        !is_inside(header, header->mailbox_addr, sizeof(struct abi_mailbox))) {
        return error_set(err, ERROR_INTERNAL, "the header of the stub image contradicts itself");
    }
    if (image_crc(image, header->image_bytes) != header->crc32) {
        return error_set(err, ERROR_INTERNAL,
            "the stub image is damaged: CRC 0x%08" PRIx32 " instead of 0x%08" PRIx32,
            image_crc(image, header->image_bytes), header->crc32);
    }
    return true;
}

static bool check_room(const struct stub_client *stub, struct error *err)
{
    const struct board_mcu *mcu = target_mcu(stub->target);
    uint32_t offset = stub->header.load_addr - mcu->stub_ram.addr;

    if (offset > mcu->stub_ram.size_bytes ||
        stub->header.memory_bytes > mcu->stub_ram.size_bytes - offset) {
        return error_set(err, ERROR_BOARD_BAD,
            "the stub needs %" PRIu32 " bytes at 0x%08" PRIx32 ", %s gives it %" PRIu32
            " bytes at 0x%08" PRIx32,
            stub->header.memory_bytes, stub->header.load_addr, mcu->name, mcu->stub_ram.size_bytes,
            mcu->stub_ram.addr);
    }
    return true;
}

/* Both ends of both RAMs. All are written before the first is read back, so that RAM which is
 * seen twice, or is not there and answers with what was last on the bus, shows. */
static void find_spots(const struct board_mcu *mcu, uint32_t spots[TEST_SPOTS])
{
    const struct board_range *ranges[2] = {&mcu->stub_ram, &mcu->ring_ram};
    size_t i = 0;

    for (i = 0; i < 2; i++) {
        spots[2 * i] = ranges[i]->addr;
        spots[2 * i + 1] = ranges[i]->addr + ranges[i]->size_bytes - TEST_BYTES;
    }
}

static void fill_pattern(uint32_t addr, uint32_t flip, uint8_t bytes[TEST_BYTES])
{
    size_t i = 0;

    for (i = 0; i < TEST_BYTES; i += 4) {
        le_put32(bytes + i, ((addr + (uint32_t)i) * UINT32_C(0x9E3779B1)) ^ flip);
    }
}

static bool compare_spot(struct stub_client *stub, uint32_t addr, uint32_t flip, struct error *err)
{
    uint8_t expected[TEST_BYTES];
    uint8_t found[TEST_BYTES];
    size_t i = 0;

    fill_pattern(addr, flip, expected);
    if (!target_read(stub->target, addr, found, sizeof found, err)) {
        return false;
    }
    for (i = 0; i < TEST_BYTES; i += 4) {
        if (le_get32(found + i) != le_get32(expected + i)) {
            (void)error_set(err, ERROR_TARGET_STATE,
                "RAM at 0x%08" PRIx32 " reads 0x%08" PRIx32 " after 0x%08" PRIx32 " was written",
                addr + (uint32_t)i, le_get32(found + i), le_get32(expected + i));
            error_set_addr(err, addr + (uint32_t)i);
            error_set_hint(err, "option bytes may share this RAM out differently");
            return false;
        }
    }
    return true;
}

static bool test_pass(struct stub_client *stub, uint32_t flip, struct error *err)
{
    uint32_t spots[TEST_SPOTS];
    uint8_t pattern[TEST_BYTES];
    size_t i = 0;

    find_spots(target_mcu(stub->target), spots);
    for (i = 0; i < TEST_SPOTS; i++) {
        fill_pattern(spots[i], flip, pattern);
        if (!target_write(stub->target, spots[i], pattern, sizeof pattern, err)) {
            return false;
        }
    }
    for (i = 0; i < TEST_SPOTS; i++) {
        if (!compare_spot(stub, spots[i], flip, err)) {
            return false;
        }
    }
    return true;
}

/* A word that was damaged on the cable looks like bad RAM once, bad RAM looks so twice. */
static bool test_pass_twice(struct stub_client *stub, uint32_t flip, struct error *err)
{
    return test_pass(stub, flip, err) ||
           (err->code == ERROR_TARGET_STATE && test_pass(stub, flip, err));
}

static bool test_ram(struct stub_client *stub, struct error *err)
{
    if (!test_pass_twice(stub, 0, err) || !test_pass_twice(stub, UINT32_MAX, err)) {
        return error_add_context(err, "testing the RAM for the stub");
    }
    return true;
}

/* Everything the stub uses, in whole units, before anything else writes there (silicon rule 3). */
static bool zero_memory(struct stub_client *stub, struct error *err)
{
    static const uint8_t zeros[ZERO_BLOCK_BYTES] = {0};
    uint32_t left =
        (stub->header.memory_bytes + STUB_UNIT_BYTES - 1) / STUB_UNIT_BYTES * STUB_UNIT_BYTES;
    uint32_t addr = stub->header.load_addr;

    while (left > 0) {
        uint32_t block = left < ZERO_BLOCK_BYTES ? left : ZERO_BLOCK_BYTES;

        if (!target_write(stub->target, addr, zeros, block, err)) {
            return false;
        }
        addr += block;
        left -= block;
    }
    return true;
}

static bool compare_image(
    struct stub_client *stub, const struct stub_image *image, struct error *err)
{
    uint32_t size_bytes = stub->header.image_bytes;
    uint8_t *found = malloc(size_bytes);
    bool is_equal = false;

    if (found == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to read the stub back");
    }
    if (target_read(stub->target, stub->header.load_addr, found, size_bytes, err)) {
        is_equal =
            memcmp(found, image->bytes, size_bytes) == 0 ||
            error_set(err, ERROR_TARGET_STATE,
                "the stub reads back different from RAM at 0x%08" PRIx32, stub->header.load_addr);
    }
    free(found);
    return is_equal;
}

static bool write_image(struct stub_client *stub, const struct stub_image *image, struct error *err)
{
    return zero_memory(stub, err) &&
           target_write(
               stub->target, stub->header.load_addr, image->bytes, stub->header.image_bytes, err) &&
           compare_image(stub, image, err);
}

static bool write_image_twice(
    struct stub_client *stub, const struct stub_image *image, struct error *err)
{
    return write_image(stub, image, err) ||
           (err->code == ERROR_TARGET_STATE && write_image(stub, image, err));
}

static bool start(struct stub_client *stub, struct error *err)
{
    const struct {
        unsigned regsel;
        uint32_t value;
    } registers[] = {
        {REG_SPECIAL, 1}, /* PRIMASK; CONTROL before the stack pointer, which it selects */
        {REG_MSP, stub->header.stack_top_addr},
        {REG_SP, stub->header.stack_top_addr},
        {REG_LR, UINT32_MAX},
        {REG_XPSR, xpsr_thumb},
        {REG_PC, stub->header.entry_addr & ~UINT32_C(1)},
    };
    uint32_t pc = 0;
    uint32_t dhcsr = 0;
    size_t i = 0;

    if (!target_write_word(stub->target, vtor_addr, stub->header.vectors_addr, err)) {
        return false;
    }
    for (i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        if (!target_write_register(stub->target, registers[i].regsel, registers[i].value, err)) {
            return false;
        }
    }
    if (!target_read_register(stub->target, REG_PC, &pc, err)) {
        return false;
    }
    if (pc != (stub->header.entry_addr & ~UINT32_C(1))) {
        return error_set(err, ERROR_TARGET_STATE,
            "the program counter reads 0x%08" PRIx32 " instead of the stub's entry", pc);
    }
    /* Forgets resets before this one moment. */
    return target_read_dhcsr(stub->target, &dhcsr, err) && target_run(stub->target, err);
}

static bool report_silence(struct stub_client *stub, uint32_t magic, struct error *err)
{
    struct error second;
    char fault[256];

    if (!target_describe_fault(stub->target, fault, sizeof fault, &second)) {
        (void)error_set(err, ERROR_STUB_SILENT,
            "the stub did not start within %d ms, and the core does not answer", START_TIMEOUT_MS);
        return false;
    }
    return error_set(err, ERROR_STUB_SILENT,
        "the stub did not start within %d ms: mailbox 0x%08" PRIx32 "; %s", START_TIMEOUT_MS, magic,
        fault);
}

static bool wait_listening(struct stub_client *stub, struct error *err)
{
    uint64_t end_ns = probe_now_ns(stub->probe) + (uint64_t)START_TIMEOUT_MS * STUB_NS_PER_MS;
    uint8_t head[8];

    for (;;) {
        bool is_late = probe_now_ns(stub->probe) >= end_ns;

        if (!target_read(stub->target, stub->header.mailbox_addr, head, sizeof head, err)) {
            return false;
        }
        if (le_get32(head) == ABI_MAILBOX_MAGIC) {
            break;
        }
        if (is_late) {
            return report_silence(stub, le_get32(head), err);
        }
        probe_wait_ns(stub->probe, START_PAUSE_NS);
    }
    if (le_get32(head + 4) != ABI_STUB_VERSION) {
        return error_set(err, ERROR_STUB_REFUSED,
            "the stub speaks version %" PRIu32 " of the mailbox, not %u", le_get32(head + 4),
            ABI_STUB_VERSION);
    }
    return stub_mailbox_look(stub, 0, NULL, err);
}

bool stub_load(struct stub_client *stub, const struct stub_image *image, struct error *err)
{
    if (!stub_header_parse(image, &stub->header, err) || !check_room(stub, err) ||
        !test_ram(stub, err) || !write_image_twice(stub, image, err) || !start(stub, err) ||
        !wait_listening(stub, err)) {
        return error_add_context(err, "loading the stub");
    }
    log_write(stub->log, LOG_DEBUG, NULL,
        "stub of %" PRIu32 " bytes runs at 0x%08" PRIx32 ", mailbox at 0x%08" PRIx32,
        stub->header.image_bytes, stub->header.load_addr, stub->header.mailbox_addr);
    return true;
}
