#include "host/flash/detect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    OPCODE_READ_ID = 0x9F,   /* JESD216, and every chip of the parts list */
    OPCODE_READ_SFDP = 0x5A, /* JESD216: 3-byte address, 8 dummy clocks, at 50 MHz or less */
    SFDP_DUMMY_CYCLES = 8,
    SFDP_STEP_BYTES = 128,
    SFDP_HEADER_BYTES = 8,
    SFDP_MAX_TABLES = 16
};

/* ---- symptoms (pure) ---- */

static bool is_all(const uint8_t *bytes, size_t count, uint8_t value)
{
    size_t i = 0;

    while (i < count && bytes[i] == value) {
        i++;
    }
    return i == count;
}

static bool is_shifted_byte(const uint8_t *found, const uint8_t *expected, size_t count)
{
    return count > 1 && (memcmp(found, expected + 1, count - 1) == 0 ||
                            memcmp(found + 1, expected, count - 1) == 0);
}

/* One clock too many or too few on a single line. The bit that comes in is not looked at. */
static bool is_shifted_bit(const uint8_t *found, const uint8_t *expected, size_t count)
{
    bool is_early = true;
    bool is_late = true;
    size_t i = 0;

    for (i = 0; i < count; i++) {
        unsigned next = i + 1 < count ? expected[i + 1] >> 7 : found[i] & 1U;
        unsigned before = i > 0 ? expected[i - 1] & 1U : found[0] >> 7;

        is_early = is_early && found[i] == (uint8_t)((unsigned)expected[i] << 1 | next);
        is_late = is_late && found[i] == (uint8_t)((unsigned)expected[i] >> 1 | before << 7);
    }
    return is_early || is_late;
}

static bool is_doubled(const uint8_t *found, const uint8_t *expected, size_t count)
{
    size_t i = 0;

    while (i < count && found[i] == expected[i / 2]) {
        i++;
    }
    return i == count;
}

static bool is_swapped(const uint8_t *found, const uint8_t *expected, size_t count)
{
    size_t i = 0;

    for (i = 0; i + 1 < count; i += 2) {
        if (found[i] != expected[i + 1] || found[i + 1] != expected[i]) {
            return false;
        }
    }
    return count > 1;
}

/* The line that reads constantly high or low while all others are right; -1: none. */
static int stuck_line(const uint8_t *found, const uint8_t *expected, size_t count)
{
    unsigned always = 0xFF;
    unsigned never = 0xFF;
    unsigned wrong = 0;
    size_t i = 0;
    int line = 0;

    for (i = 0; i < count; i++) {
        always &= found[i];
        never &= (unsigned)~found[i];
        wrong |= found[i] ^ expected[i];
    }
    for (line = 0; line < 8; line++) {
        if (wrong == 1U << line && ((always | never) & wrong) != 0) {
            return line;
        }
    }
    return -1;
}

void flash_detect_symptom(
    const uint8_t *found, const uint8_t *expected, size_t count, char symptom[FLASH_SYMPTOM_BYTES])
{
    const char *name = "";

    symptom[0] = '\0';
    if (count == 0) {
        return;
    }
    if (is_all(found, count, found[0])) {
        (void)snprintf(symptom, FLASH_SYMPTOM_BYTES, "all-%02x", found[0]);
        return;
    }
    if (expected == NULL || memcmp(found, expected, count) == 0) {
        return;
    }
    if (is_doubled(found, expected, count)) { /* which looks shifted, too */
        name = "doubled";
    } else if (is_shifted_byte(found, expected, count)) {
        name = "shifted-one-byte";
    } else if (is_swapped(found, expected, count)) {
        name = "swapped-pairs";
    } else if (stuck_line(found, expected, count) >= 0) {
        (void)snprintf(
            symptom, FLASH_SYMPTOM_BYTES, "line-stuck:IO%d", stuck_line(found, expected, count));
        return;
    } else if (is_shifted_bit(found, expected, count)) {
        name = "shifted-one-bit";
    }
    (void)snprintf(symptom, FLASH_SYMPTOM_BYTES, "%s", name);
}

static void id_text(const uint8_t *id, size_t count, char *text, size_t text_bytes)
{
    size_t used = 0;
    size_t i = 0;

    text[0] = '\0';
    for (i = 0; i < count && text_bytes - used > 4; i++) {
        used += (size_t)snprintf(text + used, text_bytes - used, i == 0 ? "%02X" : " %02X", id[i]);
    }
}

static bool no_id(const char *memory, const char *found, struct error *err)
{
    (void)error_set(err, ERROR_MEMORY_NO_ID, "memory %s gives no ID: it reads %s", memory, found);
    error_set_hint(err, "check that the chip has its supply, that the board file names the right "
                        "controller and pins (CLK, NCS, IO0, IO1), and that no reset pin holds it");
    return false;
}

bool flash_detect_judge(const char *memory, const uint8_t *found, const uint8_t *expected,
    size_t count, struct error *err)
{
    char symptom[FLASH_SYMPTOM_BYTES];
    char found_text[FLASH_ID_BYTES * 3 + 1];
    char expected_text[FLASH_ID_BYTES * 3 + 1] = "";

    if (expected != NULL && memcmp(found, expected, count) == 0) {
        return true;
    }
    id_text(found, count, found_text, sizeof found_text);
    if (is_all(found, count, 0xFF) || is_all(found, count, 0)) {
        return no_id(memory, found_text, err);
    }
    flash_detect_symptom(found, expected, count, symptom);
    if (expected != NULL) {
        id_text(expected, count, expected_text, sizeof expected_text);
    }
    if (symptom[0] != '\0') {
        (void)error_set(err, ERROR_MEMORY_BUS_CORRUPT,
            "the bus of memory %s does not carry data: %s: its ID reads %s%s%s", memory, symptom,
            found_text, expected != NULL ? ", expected " : "", expected_text);
        error_set_hint(err, "check the data lines and the clock of the memory against the board "
                            "file");
        return false;
    }
    if (expected == NULL) {
        return true;
    }
    (void)error_set(err, ERROR_MEMORY_WRONG_ID, "memory %s has the ID %s, expected %s", memory,
        found_text, expected_text);
    error_set_hint(err, "another part is fitted than the board file says: name it there, or write "
                        "\"part\": \"auto\"");
    return false;
}

/* ---- reading ---- */

static struct abi_bus_op one_line_read(uint16_t opcode, uint32_t data_bytes)
{
    return (struct abi_bus_op){.opcode = opcode,
        .opcode_bytes = 1,
        .opcode_bus = 1,
        .data_bus = 1,
        .data_bytes = data_bytes};
}

static bool read_once(
    struct stub_client *stub, const struct abi_bus_op *op, uint8_t *bytes, struct error *err)
{
    const struct abi_bus_step step = {.kind = ABI_STEP_EXEC, .op = *op};
    size_t count = 0;

    if (!stub_client_steps(stub, &step, 1, bytes, op->data_bytes, &count, err)) {
        return false;
    }
    return count == op->data_bytes ||
           error_set(err, ERROR_STUB_REFUSED, "the stub read %zu bytes of %" PRIu32, count,
               op->data_bytes);
}

bool flash_detect_read_id(struct stub_client *stub, uint8_t id[FLASH_ID_BYTES], struct error *err)
{
    const struct abi_bus_op op = one_line_read(OPCODE_READ_ID, FLASH_ID_BYTES);
    uint8_t again[FLASH_ID_BYTES];
    char text[2][FLASH_ID_BYTES * 3 + 1];

    memset(id, 0, FLASH_ID_BYTES);
    if (!read_once(stub, &op, id, err) || !read_once(stub, &op, again, err)) {
        return error_add_context(err, "reading the ID of the memory");
    }
    /* Behind the three bytes of the ID some chips repeat it, others send what they like. */
    if (memcmp(id, again, 3) != 0) {
        id_text(id, FLASH_ID_BYTES, text[0], sizeof text[0]);
        id_text(again, FLASH_ID_BYTES, text[1], sizeof text[1]);
        return error_set(err, ERROR_MEMORY_BUS_CORRUPT,
            "the bus of memory does not carry data: unstable: its ID reads %s, then %s", text[0],
            text[1]);
    }
    return true;
}

bool flash_detect_read_sfdp(
    struct stub_client *stub, uint32_t offset, uint8_t *bytes, size_t count, struct error *err)
{
    size_t done = 0;

    while (done < count) {
        size_t step_bytes = count - done < SFDP_STEP_BYTES ? count - done : SFDP_STEP_BYTES;
        struct abi_bus_op op = one_line_read(OPCODE_READ_SFDP, (uint32_t)step_bytes);

        op.addr_bytes = 3;
        op.addr_bus = 1;
        op.addr = offset + (uint32_t)done;
        op.dummy_cycles = SFDP_DUMMY_CYCLES;
        if (!read_once(stub, &op, bytes + done, err)) {
            return error_add_context(err, "reading the SFDP table");
        }
        done += step_bytes;
    }
    return true;
}

static bool read_twice(struct stub_client *stub, uint8_t *bytes, size_t count, struct error *err)
{
    uint8_t again[FLASH_SFDP_MAX_BYTES];

    if (!flash_detect_read_sfdp(stub, 0, bytes, count, err) ||
        !flash_detect_read_sfdp(stub, 0, again, count, err)) {
        return false;
    }
    return memcmp(bytes, again, count) == 0 ||
           error_set(err, ERROR_MEMORY_BUS_CORRUPT,
               "the SFDP table reads differently the second time: unstable");
}

bool flash_detect_sfdp(struct stub_client *stub, uint8_t bytes[FLASH_SFDP_MAX_BYTES], size_t *count,
    struct sfdp *sfdp, struct error *err)
{
    size_t head_bytes = SFDP_HEADER_BYTES;
    size_t extent_bytes = 0;

    *count = 0;
    if (!flash_detect_read_sfdp(stub, 0, bytes, head_bytes, err)) {
        return false;
    }
    if (memcmp(bytes, "SFDP", 4) != 0) {
        return error_set(err, ERROR_MEMORY_NO_ID, "the memory has no SFDP table");
    }
    head_bytes += (size_t)SFDP_HEADER_BYTES *
                  ((size_t)bytes[6] + 1 < SFDP_MAX_TABLES ? (size_t)bytes[6] + 1 : SFDP_MAX_TABLES);
    if (!flash_detect_read_sfdp(stub, 0, bytes, head_bytes, err) ||
        !sfdp_extent(bytes, head_bytes, &extent_bytes, err)) {
        return false;
    }
    extent_bytes = extent_bytes < FLASH_SFDP_MAX_BYTES ? extent_bytes : FLASH_SFDP_MAX_BYTES;
    if (!read_twice(stub, bytes, extent_bytes, err) ||
        !sfdp_decode(bytes, extent_bytes, sfdp, err)) {
        return false;
    }
    *count = extent_bytes;
    return true;
}
