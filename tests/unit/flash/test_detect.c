#include "host/flash/detect.h"

#include <criterion/criterion.h>

#include <string.h>

static const uint8_t mx[3] = {0xC2, 0x81, 0x39};

static void check_symptom(uint8_t a, uint8_t b, uint8_t c, const char *expected)
{
    const uint8_t found[3] = {a, b, c};
    char symptom[FLASH_SYMPTOM_BYTES];

    flash_detect_symptom(found, mx, 3, symptom);
    cr_assert_str_eq(symptom, expected, "%02x %02x %02x: \"%s\"", a, b, c, symptom);
}

Test(detect, names_symptoms)
{
    check_symptom(0xC2, 0x81, 0x39, "");
    check_symptom(0xFF, 0xFF, 0xFF, "all-ff");
    check_symptom(0x88, 0x88, 0x88, "all-88");
    check_symptom(0x99, 0x99, 0x99, "all-99");
    check_symptom(0x81, 0x39, 0x00, "shifted-one-byte");
    check_symptom(0x00, 0xC2, 0x81, "shifted-one-byte");
    check_symptom(0x85, 0x02, 0x72, "shifted-one-bit");
    check_symptom(0xE1, 0x40, 0x9C, "shifted-one-bit");
    check_symptom(0xC2, 0xC2, 0x81, "doubled");
    check_symptom(0xC6, 0x85, 0x3D, "line-stuck:IO2");
    check_symptom(0xC2, 0x80, 0x38, "line-stuck:IO0");
    check_symptom(0xEF, 0x40, 0x18, "");
}

static void check_judge(uint8_t a, uint8_t b, uint8_t c, enum error_code code, const char *message)
{
    const uint8_t found[3] = {a, b, c};
    struct error err;

    cr_assert_not(flash_detect_judge("flash", found, mx, 3, &err));
    cr_assert_eq(err.code, code);
    cr_assert_str_eq(err.message, message);
    cr_assert_neq(err.hint[0], '\0');
}

Test(detect, tells_no_chip_another_chip_and_a_bad_bus_apart)
{
    struct error err;

    check_judge(
        0xFF, 0xFF, 0xFF, ERROR_MEMORY_NO_ID, "memory flash gives no ID: it reads FF FF FF");
    check_judge(0, 0, 0, ERROR_MEMORY_NO_ID, "memory flash gives no ID: it reads 00 00 00");
    check_judge(0xEF, 0x40, 0x18, ERROR_MEMORY_WRONG_ID,
        "memory flash has the ID EF 40 18, expected C2 81 39");
    check_judge(0x88, 0x88, 0x88, ERROR_MEMORY_BUS_CORRUPT,
        "the bus of memory flash does not carry data: all-88: its ID reads 88 88 88, expected C2 "
        "81 "
        "39");
    cr_assert(flash_detect_judge("flash", mx, mx, 3, &err));
}

Test(detect, takes_any_plausible_id_of_an_unknown_part)
{
    static const uint8_t stuck[3] = {0x99, 0x99, 0x99};
    struct error err;

    cr_assert(flash_detect_judge("flash", mx, NULL, 3, &err));
    cr_assert_not(flash_detect_judge("flash", stuck, NULL, 3, &err));
    cr_assert_eq(err.code, ERROR_MEMORY_BUS_CORRUPT);
}
