/* ELF32 for Arm (TIS ELF 1.2; ELF for the Arm Architecture): what PT_LOAD segments put where. */
#include "common/le.h"
#include "host/base/bytes.h"
#include "host/image/image_formats.h"

#include <inttypes.h>
#include <string.h>

enum {
    HEADER_BYTES = 52,
    PROGRAM_HEADER_BYTES = 32,
    SECTION_HEADER_BYTES = 40,
    SYMBOL_BYTES = 16,
    CLASS_32 = 1,
    DATA_LITTLE_ENDIAN = 1,
    MACHINE_ARM = 40,
    TYPE_EXECUTABLE = 2,
    TYPE_SHARED = 3,
    SEGMENT_LOAD = 1,
    SECTION_SYMBOLS = 2,
    SECTION_NO_BITS = 8,
    SECTION_FLAG_ALLOC = 2
};

struct elf {
    const struct image_source *source;
    struct bytes file;
    const uint8_t *program_headers;
    uint32_t program_header_count;
    const uint8_t *section_headers; /* NULL: stripped away */
    uint32_t section_header_count;
};

struct section {
    uint32_t type;
    uint32_t flags;
    uint32_t offset;
    uint32_t size_bytes;
    uint32_t link;
};

bool image_elf_looks(const uint8_t *bytes, size_t size_bytes)
{
    static const uint8_t magic[4] = {0x7F, 'E', 'L', 'F'};

    return size_bytes >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

static bool check_machine(const struct image_source *source, struct error *err)
{
    const uint8_t *bytes = source->bytes;
    uint16_t machine = le_get16(bytes + 18);

    if (bytes[4] != CLASS_32 || bytes[5] != DATA_LITTLE_ENDIAN || machine != MACHINE_ARM) {
        (void)error_set(err, ERROR_IMAGE_WRONG_MACHINE,
            "%s: this ELF file is for %s-bit %s-endian machine %u, not for 32-bit little-endian "
            "Arm (40)",
            source->path, bytes[4] == CLASS_32 ? "32" : "64",
            bytes[5] == DATA_LITTLE_ENDIAN ? "little" : "big", machine);
        return false;
    }
    if (le_get16(bytes + 16) != TYPE_EXECUTABLE && le_get16(bytes + 16) != TYPE_SHARED) {
        (void)error_set(err, ERROR_IMAGE_BAD, "%s: this ELF file is not a linked program (type %u)",
            source->path, le_get16(bytes + 16));
        error_set_hint(err, "link it first: object files and core dumps cannot be programmed");
        return false;
    }
    return true;
}

/* A table of count entries; NULL with an error when it does not lie inside the file. */
static const uint8_t *find_table(const struct elf *elf, uint32_t offset, uint64_t size_bytes,
    const char *name, struct error *err)
{
    const uint8_t *table =
        size_bytes > SIZE_MAX ? NULL : bytes_at(&elf->file, offset, (size_t)size_bytes);

    if (table == NULL) {
        (void)error_set(err, ERROR_IMAGE_BAD,
            "%s: the %s at offset 0x%" PRIx32 " with %" PRIu64
            " bytes does not lie inside the file of %zu bytes: it is cut short or damaged",
            elf->source->path, name, offset, size_bytes, elf->file.size_bytes);
    }
    return table;
}

static bool open_elf(struct elf *elf, const struct image_source *source, struct error *err)
{
    const uint8_t *bytes = source->bytes;

    elf->source = source;
    elf->file = (struct bytes){.data = bytes, .size_bytes = source->size_bytes};
    if (!image_elf_looks(bytes, source->size_bytes) || source->size_bytes < HEADER_BYTES) {
        (void)error_set(err, ERROR_IMAGE_BAD, "%s: no ELF header", source->path);
        return false;
    }
    if (!check_machine(source, err)) {
        return false;
    }
    elf->program_header_count = le_get16(bytes + 44);
    elf->section_header_count = le_get16(bytes + 48);
    if (elf->program_header_count > 0 && le_get16(bytes + 42) != PROGRAM_HEADER_BYTES) {
        (void)error_set(err, ERROR_IMAGE_BAD, "%s: program headers of %u bytes at offset 42",
            source->path, le_get16(bytes + 42));
        return false;
    }
    if (elf->section_header_count > 0 && le_get16(bytes + 46) != SECTION_HEADER_BYTES) {
        (void)error_set(err, ERROR_IMAGE_BAD, "%s: section headers of %u bytes at offset 46",
            source->path, le_get16(bytes + 46));
        return false;
    }
    elf->program_headers = find_table(elf, le_get32(bytes + 28),
        (uint64_t)elf->program_header_count * PROGRAM_HEADER_BYTES, "program header table", err);
    if (elf->program_headers == NULL) {
        return false;
    }
    if (elf->section_header_count > 0) {
        elf->section_headers = find_table(elf, le_get32(bytes + 32),
            (uint64_t)elf->section_header_count * SECTION_HEADER_BYTES, "section header table",
            err);
    }
    return elf->section_header_count == 0 || elf->section_headers != NULL;
}

static struct section get_section(const struct elf *elf, uint32_t index)
{
    const uint8_t *header = elf->section_headers + (size_t)index * SECTION_HEADER_BYTES;

    return (struct section){.type = le_get32(header + 4),
        .flags = le_get32(header + 8),
        .offset = le_get32(header + 16),
        .size_bytes = le_get32(header + 20),
        .link = le_get32(header + 24)};
}

/* A linker with large page alignment lets a segment start with the ELF header itself, at an address
 * below the program. Those bytes belong to no section and must not be programmed. Returns how many
 * bytes at the start of the segment are such. */
static uint32_t header_bytes_of(const struct elf *elf, uint32_t offset, uint32_t size_bytes)
{
    uint32_t first = UINT32_MAX;
    uint32_t i = 0;

    if (offset >= HEADER_BYTES) {
        return 0;
    }
    for (i = 0; i < elf->section_header_count; i++) {
        struct section section = get_section(elf, i);
        bool is_loaded = (section.flags & SECTION_FLAG_ALLOC) != 0 &&
                         section.type != SECTION_NO_BITS && section.size_bytes > 0;

        if (is_loaded && section.offset >= offset && section.offset - offset < size_bytes &&
            section.offset < first) {
            first = section.offset;
        }
    }
    return first == UINT32_MAX ? 0 : first - offset;
}

static bool add_segment(
    struct elf *elf, uint32_t index, struct image_builder *builder, struct error *err)
{
    const uint8_t *header = elf->program_headers + (size_t)index * PROGRAM_HEADER_BYTES;
    uint32_t offset = le_get32(header + 4);
    uint32_t addr = le_get32(header + 12); /* physical: where the bytes are stored */
    uint32_t file_bytes = le_get32(header + 16);
    uint32_t memory_bytes = le_get32(header + 20);
    const uint8_t *bytes = NULL;
    uint32_t skipped = 0;

    if (le_get32(header) != SEGMENT_LOAD || file_bytes == 0) {
        return true;
    }
    if (file_bytes > memory_bytes) {
        return error_set(err, ERROR_IMAGE_BAD,
            "%s: segment %" PRIu32 " has more bytes in the file (%" PRIu32
            ") than in memory (%" PRIu32 ")",
            elf->source->path, index, file_bytes, memory_bytes);
    }
    bytes = find_table(elf, offset, file_bytes, "data of a segment", err);
    if (bytes == NULL) {
        return false;
    }
    skipped = header_bytes_of(elf, offset, file_bytes);
    if (skipped > UINT32_MAX - addr) {
        return error_set(err, ERROR_IMAGE_OUT_OF_RANGE,
            "%s: segment %" PRIu32 " runs past the 32-bit address space", elf->source->path, index);
    }
    return image_builder_refer(
        builder, addr + skipped, bytes + skipped, file_bytes - skipped, index, err);
}

/* The name at offset of a string table is exactly name. */
static bool has_name(
    const uint8_t *strings, uint32_t strings_bytes, uint32_t offset, const char *name)
{
    size_t count = strlen(name) + 1;

    return offset < strings_bytes && count <= strings_bytes - offset &&
           memcmp(strings + offset, name, count) == 0;
}

static bool find_symbol(const struct elf *elf, const struct section *table, const char *name,
    struct image *image, struct error *err)
{
    const uint8_t *symbols = NULL;
    const uint8_t *strings = NULL;
    struct section names = {0};
    uint32_t i = 0;

    if (table->link >= elf->section_header_count) {
        return error_set(err, ERROR_IMAGE_BAD,
            "%s: the symbol table names section %" PRIu32 " of %" PRIu32, elf->source->path,
            table->link, elf->section_header_count);
    }
    names = get_section(elf, table->link);
    symbols = find_table(elf, table->offset, table->size_bytes, "symbol table", err);
    strings = symbols == NULL
                  ? NULL
                  : find_table(elf, names.offset, names.size_bytes, "string table", err);
    if (strings == NULL) {
        return false;
    }
    for (i = 0; i < table->size_bytes / SYMBOL_BYTES; i++) {
        const uint8_t *symbol = symbols + (size_t)i * SYMBOL_BYTES;

        if (has_name(strings, names.size_bytes, le_get32(symbol), name)) {
            image->has_rtt = true;
            image->rtt_addr = le_get32(symbol + 4);
            break;
        }
    }
    return true;
}

bool image_elf_parse(const struct image_source *source, struct image *image,
    struct image_builder *builder, struct error *err)
{
    struct elf elf = {0};
    uint32_t i = 0;

    if (!open_elf(&elf, source, err)) {
        return false;
    }
    for (i = 0; i < elf.program_header_count; i++) {
        if (!add_segment(&elf, i, builder, err)) {
            return false;
        }
    }
    for (i = 0; i < elf.section_header_count; i++) {
        struct section section = get_section(&elf, i);

        if (section.type == SECTION_SYMBOLS &&
            !find_symbol(&elf, &section, "_SEGGER_RTT", image, err)) {
            return false;
        }
    }
    image->has_entry = true;
    image->entry_addr = le_get32(source->bytes + 24);
    return true;
}
