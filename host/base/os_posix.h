/* What the os_posix*.c share. Nobody else includes it. */
#ifndef HOST_BASE_OS_POSIX_H
#define HOST_BASE_OS_POSIX_H

#include <stdbool.h>
#include <stddef.h>

/* Both allocated; NULL without memory. */
char *os_posix_join(const char *left, const char *right);
char *os_posix_folder_of(const char *path);
bool os_posix_write_all(int file, const void *bytes, size_t size_bytes);
bool os_posix_sync_folder_of(const char *path);

#endif
