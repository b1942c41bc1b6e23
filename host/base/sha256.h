/* SHA-256 (FIPS 180-4), to name the contents of image files in results. */
#ifndef HOST_BASE_SHA256_H
#define HOST_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32 };

void sha256_hash(const void *bytes, size_t count, uint8_t digest[SHA256_BYTES]);

#endif
