/* The stub and the bootloader, built from target/ and carried inside xflash: no compiler on the
 * user's desk. The source is generated at build time; link with xflash_images. */
#ifndef HOST_STUB_EMBEDDED_H
#define HOST_STUB_EMBEDDED_H

#include <stddef.h>

struct embedded_image {
    const unsigned char *bytes;
    size_t size_bytes;
};

extern const struct embedded_image embedded_stub; /* starts with struct abi_stub_header */
extern const struct embedded_image embedded_boot; /* struct abi_boot_header at its offset */

#endif
