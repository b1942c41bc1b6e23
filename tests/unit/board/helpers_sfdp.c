#include "host/base/os.h"
#include "sfdp_dumps.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER XFLASH_SOURCE_DIR "/tests/data/sfdp/"

static unsigned digit(int c)
{
    return c <= '9' ? (unsigned)c - '0' : (unsigned)c - 'a' + 10;
}

size_t read_dump(const char *name, uint8_t *bytes)
{
    char path[512];
    uint8_t *text = NULL;
    size_t text_bytes = 0;
    size_t count = 0;
    struct error err = {0};

    (void)snprintf(path, sizeof path, FOLDER "%s.hex", name);
    cr_assert(os_read_file(path, 8192, ERROR_HOST_IO, &text, &text_bytes, &err), "%s", path);
    for (size_t i = 0; i + 1 < text_bytes;) {
        if (text[i] == '\n') {
            i++;
            continue;
        }
        bytes[count++] = (uint8_t)(digit(text[i]) << 4 | digit(text[i + 1]));
        i += 2;
    }
    free(text);
    return count;
}

size_t wrap_basic_table(uint8_t *bytes, size_t count)
{
    const uint8_t header[16] = {
        'S', 'F', 'D', 'P', 8, 1, 0, 0xFF, 0x00, 8, 1, (uint8_t)(count / 4), 16, 0, 0, 0xFF};

    memmove(bytes + sizeof header, bytes, count);
    memcpy(bytes, header, sizeof header);
    return count + sizeof header;
}

struct json *load_expected(void)
{
    struct json *json = NULL;
    struct error err = {0};

    cr_assert(json_load(FOLDER "decoded.json", ERROR_BOARD_BAD, &json, &err), "%s", err.message);
    return json;
}

struct sfdp sfdp_of(const char *name)
{
    uint8_t bytes[MAX_DUMP_BYTES];
    size_t count = read_dump(name, bytes);
    struct sfdp sfdp;
    struct error err = {0};

    if (memcmp(bytes, "SFDP", 4) != 0) {
        count = wrap_basic_table(bytes, count);
    }
    cr_assert(sfdp_decode(bytes, count, &sfdp, &err), "%s: %s", name, err.message);
    return sfdp;
}

struct part part_of(const char *name, const uint8_t id[3])
{
    struct sfdp sfdp = sfdp_of(name);
    struct part part;
    struct error err = {0};

    cr_assert(sfdp_to_part(&sfdp, id, 3, &part, &err), "%s: %s", name, err.message);
    return part;
}
