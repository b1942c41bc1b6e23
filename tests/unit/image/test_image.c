#include "host/base/os.h"
#include "tests/unit/image/image_maker.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(image, takes_anything_else_as_binary_at_the_address_given)
{
    struct error err;
    struct image *image = parse_text("a.bin", "hello", &err);

    cr_assert_not_null(image, "%s", err.message);
    cr_assert_eq(image->format, IMAGE_BIN);
    cr_assert_eq(image->segments[0].addr, 0x70000000);
    cr_assert_eq(image->segments[0].size_bytes, 5);
    cr_assert_eq(image->file_bytes, 5);
    cr_assert_not(image->has_entry);
    image_free(image);
}

Test(image, of_no_bytes_is_empty)
{
    struct error err;

    cr_assert_null(parse_text("a.bin", "", &err));
    cr_assert_eq(err.code, ERROR_IMAGE_EMPTY);
    cr_assert_str_eq(err.message, "a.bin: the file is empty");
}

Test(image, past_the_address_space_is_refused)
{
    struct error err;
    struct image *image = NULL;

    cr_assert_not(image_parse("a.bin",
        &(struct image_input){(const uint8_t *)"hello", 5, IMAGE_BIN, 0xFFFFFFFC}, &image, &err));
    cr_assert_eq(err.code, ERROR_IMAGE_OUT_OF_RANGE);
}

Test(image, that_is_not_there_says_so)
{
    struct error err;
    struct image *image = NULL;

    cr_assert_not(image_load("/nowhere/a.bin", IMAGE_AUTO, 0, &image, &err));
    cr_assert_eq(err.code, ERROR_IMAGE_MISSING);
    cr_assert_str_eq(err.message, "/nowhere/a.bin: No such file or directory");
    cr_assert_not(image_load("/tmp", IMAGE_AUTO, 0, &image, &err));
    cr_assert_eq(err.code, ERROR_IMAGE_MISSING);
}

Test(image, format_names_go_both_ways)
{
    struct error err;

    for (unsigned i = IMAGE_AUTO; i <= IMAGE_UF2; i++) {
        enum image_format format = IMAGE_AUTO;

        cr_assert(image_format_parse(image_format_name((enum image_format)i), &format, &err));
        cr_assert_eq(format, i);
    }
    cr_assert_not(image_format_parse("zip", &(enum image_format){0}, &err));
    cr_assert_eq(err.code, ERROR_USAGE);
}

Test(image, carries_the_hash_of_its_file)
{
    static const uint8_t abc[32] = {0xBA, 0x78, 0x16, 0xBF, 0x8F, 0x01, 0xCF, 0xEA, 0x41, 0x41,
        0x40, 0xDE, 0x5D, 0xAE, 0x22, 0x23, 0xB0, 0x03, 0x61, 0xA3, 0x96, 0x17, 0x7A, 0x9C, 0xB4,
        0x10, 0xFF, 0x61, 0xF2, 0x00, 0x15, 0xAD};
    struct error err;
    struct image *image = parse_text("a.bin", "abc", &err);

    cr_assert_not_null(image);
    cr_assert_eq(memcmp(image->sha256, abc, sizeof abc), 0);
    image_free(image);
}

/* ---- against objcopy ---- */

#define OBJCOPY "/usr/bin/arm-none-eabi-objcopy"
#define LD      "/usr/bin/arm-none-eabi-ld"

struct folder {
    char path[128];
    char bin[160];
    char out[160];
};

static void make_folder(struct folder *folder)
{
    struct error err;

    (void)snprintf(folder->path, sizeof folder->path, "/tmp/xflash-image-%u-%llx", os_process_id(),
        (unsigned long long)os_monotonic_ns());
    (void)snprintf(folder->bin, sizeof folder->bin, "%s/in.bin", folder->path);
    (void)snprintf(folder->out, sizeof folder->out, "%s/out", folder->path);
    cr_assert(os_make_directories(folder->path, &err));
}

static void remove_folder(const struct folder *folder)
{
    (void)os_remove_file(folder->bin);
    (void)os_remove_file(folder->out);
    (void)remove(folder->path);
}

static void run(const char *const argv[])
{
    char *output = NULL;
    char *errors = NULL;
    struct error err;
    int status = 1;

    cr_assert(os_run_program(argv, 65536, &output, &errors, &status, &err), "%s", err.message);
    cr_assert_eq(status, 0, "%s: %s", argv[0], errors);
    free(output);
    free(errors);
}

static void check_against(const char *format, uint32_t addr, size_t size_bytes)
{
    struct folder folder;
    uint8_t *bytes = malloc(size_bytes);
    char change[32];
    struct image *image = NULL;
    struct error err;

    make_folder(&folder);
    for (size_t i = 0; i < size_bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    cr_assert(os_write_file(folder.bin, bytes, size_bytes, &err));
    (void)snprintf(change, sizeof change, "0x%08x", (unsigned)addr);
    run((const char *const[]){OBJCOPY, "-I", "binary", "-O", format, "--change-addresses", change,
        folder.bin, folder.out, NULL});
    cr_assert(image_load(folder.out, IMAGE_AUTO, 0, &image, &err), "%s", err.message);
    cr_assert_eq(image->segment_count, 1, "%s of %zu bytes", format, size_bytes);
    cr_assert_eq(image->segments[0].addr, addr, "%s of %zu bytes", format, size_bytes);
    cr_assert_eq(image->segments[0].size_bytes, size_bytes, "%s of %zu bytes", format, size_bytes);
    cr_assert_eq(memcmp(image->segments[0].bytes, bytes, size_bytes), 0, "%s of %zu bytes", format,
        size_bytes);
    image_free(image);
    remove_folder(&folder);
    free(bytes);
}

Test(image, agrees_with_objcopy_about_hex_and_srec)
{
    static const size_t sizes[] = {1, 15, 16, 17, 255, 65535, 65536, 65537, 300000};
    static const uint32_t addrs[] = {0, 0x70000000, 0x7000FFF8, 0x08001234};

    if (!os_file_exists(OBJCOPY)) {
        cr_skip_test("no objcopy");
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t addr = addrs[i % (sizeof addrs / sizeof addrs[0])];

        check_against("ihex", addr, sizes[i]);
        check_against("srec", addr, sizes[i]);
    }
}

Test(image, agrees_with_objcopy_about_elf)
{
    static const char script[] =
        "MEMORY { flash : ORIGIN = 0x70000400, LENGTH = 1M\n ram : ORIGIN = 0x24000000, LENGTH = "
        "64K }\nSECTIONS { .text : { *(.data) } > flash\n .extra : { LONG(0x12345678) "
        "_SEGGER_RTT = .; LONG(1) } > ram AT > flash }\n";
    struct folder folder;
    uint8_t bytes[1000];
    char script_path[160];
    char elf[160];
    struct image *image = NULL;
    uint8_t *flat = NULL;
    size_t flat_bytes = 0;
    struct error err;

    if (!os_file_exists(OBJCOPY) || !os_file_exists(LD)) {
        cr_skip_test("no binutils for arm");
    }
    make_folder(&folder);
    memset(bytes, 0xA5, sizeof bytes);
    (void)snprintf(script_path, sizeof script_path, "%s/s.ld", folder.path);
    (void)snprintf(elf, sizeof elf, "%s/a.elf", folder.path);
    cr_assert(os_write_file(folder.bin, bytes, sizeof bytes, &err));
    cr_assert(os_write_file(script_path, script, sizeof script - 1, &err));
    run((const char *const[]){
        OBJCOPY, "-I", "binary", "-O", "elf32-littlearm", folder.bin, folder.out, NULL});
    run((const char *const[]){LD, folder.out, "-T", script_path, "-o", elf, NULL});
    run((const char *const[]){OBJCOPY, "-O", "binary", elf, folder.out, NULL});
    cr_assert(os_read_file(folder.out, 65536, ERROR_HOST_IO, &flat, &flat_bytes, &err));
    cr_assert(image_load(elf, IMAGE_AUTO, 0, &image, &err), "%s", err.message);
    cr_assert_eq(image->segments[0].addr, 0x70000400);
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        uint32_t at = segment->addr - 0x70000400;

        cr_assert_leq(at + segment->size_bytes, flat_bytes, "segment %zu", i);
        cr_assert_eq(memcmp(segment->bytes, flat + at, segment->size_bytes), 0, "segment %zu", i);
    }
    cr_assert_eq(image->segments[image->segment_count - 1].addr +
                     image->segments[image->segment_count - 1].size_bytes,
        0x70000400 + flat_bytes);
    cr_assert(image->has_rtt);
    cr_assert_eq(image->rtt_addr, 0x24000004);
    image_free(image);
    free(flat);
    (void)os_remove_file(script_path);
    (void)os_remove_file(elf);
    remove_folder(&folder);
}
