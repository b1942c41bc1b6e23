/* What host and bootloader share: header of the bootloader image, boot record, boot reason. */
#ifndef ABI_BOOT_H
#define ABI_BOOT_H

#include <stddef.h>
#include <stdint.h>

#define ABI_BOOT_MAGIC   0x544F4258u /* "XBOT" */
#define ABI_RECORD_MAGIC 0x43455258u /* "XREC" */
#define ABI_REASON_MAGIC 0x4E535258u /* "XRSN" */
#define ABI_BOOT_VERSION 1u

enum { ABI_BOOT_HEADER_OFFSET = 0x40 }; /* behind the 16 core vectors */

/* In the bootloader image at ABI_BOOT_HEADER_OFFSET. The board blob follows at blob_offset. */
struct abi_boot_header {
    uint32_t magic;
    uint32_t version;
    uint32_t image_bytes; /* of the bootloader without the blob */
    uint32_t blob_offset; /* from the start of the image, multiple of 32 */
};
_Static_assert(sizeof(struct abi_boot_header) == 16, "boot header layout");

/* At the start of the last erase unit of the entry partition. Written last, erased first. */
struct abi_boot_record {
    uint32_t magic;
    uint32_t version;
    uint32_t image_bytes; /* from the start of the partition */
    uint32_t image_crc32;
    char name[48];          /* file name, zero-terminated */
    char image_version[40]; /* free text, zero-terminated; empty when unknown */
    uint32_t reserved[5];
    uint32_t record_crc32; /* of the members before */
};
_Static_assert(sizeof(struct abi_boot_record) == 128, "boot record layout");
_Static_assert(offsetof(struct abi_boot_record, record_crc32) == 124, "boot record layout");

enum abi_boot_code {
    ABI_BOOT_STARTED = 1,     /* the bootloader runs; nothing decided yet */
    ABI_BOOT_HANDED_OVER = 2, /* value[0]: stack pointer, value[1]: reset vector */
    ABI_BOOT_BAD_BLOB = 3,
    ABI_BOOT_REG_TIMEOUT = 4, /* value[0]: register, value[1]: value read */
    ABI_BOOT_RECOVER_FAILED =
        5, /* value[0]: enum abi_stub_status, value[1]: step, value[2]: byte */
    ABI_BOOT_RUN_MODE_FAILED = 6, /* as above */
    ABI_BOOT_MAP_FAILED = 7,
    ABI_BOOT_EMPTY = 8,       /* no record, and the image area starts with FF */
    ABI_BOOT_NO_RECORD = 9,   /* value[0]: first word found */
    ABI_BOOT_BAD_RECORD = 10, /* checksum of the record; value[0]: expected, value[1]: found */
    ABI_BOOT_BAD_LENGTH = 11, /* value[0]: length, value[1]: limit */
    ABI_BOOT_BAD_CRC = 12,    /* value[0]: recorded, value[1]: found */
    ABI_BOOT_BAD_STACK = 13,  /* value[0]: initial stack pointer */
    ABI_BOOT_BAD_VECTOR = 14, /* value[0]: reset vector */
    ABI_BOOT_FAULT = 15,      /* value[0]: pc, value[1]: cfsr, value[2]: bfar */
    ABI_BOOT_OUT_OF_TIME = 16 /* boot_max_ms is over; value[0]: enum abi_boot_code reached */
};

/* Left in RAM at abi_boot_config.reason_addr. */
struct abi_boot_reason {
    uint32_t magic;
    uint32_t version;
    uint32_t code; /* enum abi_boot_code */
    uint32_t value[4];
    uint32_t crc32; /* of the members before */
};
_Static_assert(sizeof(struct abi_boot_reason) == 32, "boot reason layout");

#endif
