#include "sim/state.h"

#include "sim/chip.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum file_role {
    FILE_MEMORY,
    FILE_CELLS,
    FILE_REGISTERS,
    FILE_INTERNAL,
    FILE_GRANULES,
    FILE_OPTIONS
};

enum { OPTION_BYTES = 256, BLANK = 0xFF };

/* NULL: the board has no memory chip. */
static const struct sim_nor_part *part_of(const struct sim_state *state)
{
    const char *part = state->name.board->memory_part;

    return part != NULL ? sim_nor_part_find(part) : NULL;
}

static const struct sim_flash_layout *flash_of(const struct sim_state *state)
{
    return state->name.board->soc->flash;
}

static void describe_file(
    struct sim_state *state, enum file_role role, const char *suffix, size_t size_bytes)
{
    struct sim_state_file *file = &state->files[role];
    const char *memory = role < FILE_INTERNAL ? state->name.board->memory_name : "internal";

    (void)snprintf(file->name, sizeof file->name, "%s.%s", memory, suffix);
    file->size_bytes = size_bytes;
}

/* A file that the board does not have keeps the size 0. */
static void describe_files(struct sim_state *state)
{
    const struct sim_nor_part *part = part_of(state);
    uint32_t internal_bytes = sim_flash_array_bytes(flash_of(state));

    if (part != NULL) {
        describe_file(state, FILE_MEMORY, "bin", sim_nor_part_size_bytes(part));
        describe_file(state, FILE_CELLS, "cells", sim_nor_part_cells_bytes(part));
        describe_file(state, FILE_REGISTERS, "registers", sim_nor_part_registers_bytes(part));
    }
    describe_file(state, FILE_INTERNAL, "bin", internal_bytes);
    describe_file(state, FILE_GRANULES, "granules",
        internal_bytes / sim_flash_granule_bytes(flash_of(state)));
    describe_file(state, FILE_OPTIONS, "options", OPTION_BYTES);
}

/* What is missing of a file reads as erased: a user may have put a short image there. */
static bool fill_up(int fd, const struct sim_state_file *file, off_t size)
{
    uint8_t blank[4096];

    memset(blank, BLANK, sizeof blank);
    while (size < (off_t)file->size_bytes) {
        size_t left = file->size_bytes - (size_t)size;
        ssize_t written = pwrite(fd, blank, left < sizeof blank ? left : sizeof blank, size);

        if (written <= 0) {
            return false;
        }
        size += written;
    }
    return true;
}

/* Maps the file at the place it had before, if it had one: models hold pointers into it. */
static bool map_file(
    struct sim_state *state, struct sim_state_file *file, bool *is_new, struct sim_failure *failure)
{
    int fd = openat(state->folder_fd, file->name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat info = {0};
    void *bytes = NULL;

    if (fd < 0 || fstat(fd, &info) != 0) {
        (void)sim_fail_errno(failure, "opening %s/%s", state->name.text, file->name);
        goto close_fd;
    }
    *is_new = info.st_size == 0;
    if (info.st_size > (off_t)file->size_bytes) {
        (void)sim_fail(failure, SIM_EXIT_HOST_IO,
            "%s/%s is longer than the memory: %jd bytes, expected %zu", state->name.text,
            file->name, (intmax_t)info.st_size, file->size_bytes);
        goto close_fd;
    }
    if (!fill_up(fd, file, info.st_size)) {
        (void)sim_fail_errno(failure, "writing %s/%s", state->name.text, file->name);
        goto close_fd;
    }
    bytes = mmap(file->bytes, file->size_bytes, PROT_READ | PROT_WRITE,
        MAP_SHARED | (file->bytes != NULL ? MAP_FIXED : 0), fd, 0);
    if (bytes == MAP_FAILED) {
        (void)sim_fail_errno(failure, "mapping %s/%s", state->name.text, file->name);
        goto close_fd;
    }
    file->bytes = bytes;
    file->device = info.st_dev;
    file->inode = info.st_ino;
    (void)close(fd);
    return true;

close_fd:
    if (fd >= 0) {
        (void)close(fd);
    }
    return false;
}

static void point_storage(struct sim_state *state)
{
    state->storage.memory = (struct sim_nor_storage){
        .bytes = state->files[FILE_MEMORY].bytes,
        .cells = state->files[FILE_CELLS].bytes,
        .cells_bytes = state->files[FILE_CELLS].size_bytes,
        .registers = state->files[FILE_REGISTERS].bytes,
        .registers_bytes = state->files[FILE_REGISTERS].size_bytes,
    };
    state->storage.internal = (struct sim_flash_storage){
        .bytes = state->files[FILE_INTERNAL].bytes,
        .granules = state->files[FILE_GRANULES].bytes,
        .options = state->files[FILE_OPTIONS].bytes,
    };
}

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Unique ID and probe serial follow from name, instance and the number of resets, so that runs are
 * repeatable and no journal or lock of another board applies. */
static void derive_identity(struct sim_state *state)
{
    enum { UNIQUE_ID_BYTES = 12, FLASH_KIB_AT = 12, PACKAGE_AT = 14 };
    char source[96];
    uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
    uint64_t id_high = 0;
    uint16_t flash_kib = (uint16_t)(sim_flash_array_bytes(flash_of(state)) / 1024);
    uint16_t package_code = state->name.board->soc->package_code;
    uint8_t *identity = state->storage.identity;

    (void)snprintf(source, sizeof source, "%s/%u", state->name.text, state->resets);
    for (const char *c = source; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001B3);
    }
    id_high = mix(hash + 1);
    for (size_t i = 0; i < UNIQUE_ID_BYTES; i++) {
        identity[i] = (uint8_t)(i < 8 ? hash >> (8 * i) : id_high >> (8 * (i - 8)));
    }
    identity[FLASH_KIB_AT] = (uint8_t)flash_kib;
    identity[FLASH_KIB_AT + 1] = (uint8_t)(flash_kib >> 8);
    identity[PACKAGE_AT] = (uint8_t)package_code;
    identity[PACKAGE_AT + 1] = (uint8_t)(package_code >> 8);
    (void)snprintf(state->serial, sizeof state->serial, "%016" PRIX64 "%08" PRIX32, mix(hash + 2),
        (uint32_t)mix(hash + 3));
}

static bool take_lock(struct sim_state *state, struct sim_failure *failure)
{
    state->lock_fd =
        openat(state->folder_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (state->lock_fd < 0) {
        return sim_fail_errno(failure, "opening %s/lock", state->name.text);
    }
    if (flock(state->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        char pid[32];

        (void)sim_state_read_text(state->folder_fd, "pid", pid, sizeof pid);
        return sim_fail(failure, SIM_EXIT_BUSY, "%s is in use by process %.20s", state->name.text,
            pid[0] != '\0' ? pid : "(unknown)");
    }
    return true;
}

static bool map_files(struct sim_state *state, struct sim_failure *failure)
{
    bool is_new[SIM_STATE_FILES] = {false};

    for (size_t i = 0; i < SIM_STATE_FILES; i++) {
        if (state->files[i].size_bytes != 0 &&
            !map_file(state, &state->files[i], &is_new[i], failure)) {
            return false;
        }
    }
    point_storage(state);
    /* Bytes without the state of their cells, or the other way round, would be half a chip. */
    if (is_new[FILE_MEMORY] || is_new[FILE_CELLS] || is_new[FILE_REGISTERS]) {
        sim_nor_part_factory(part_of(state), &state->storage.memory);
    }
    if (is_new[FILE_INTERNAL] || is_new[FILE_GRANULES] || is_new[FILE_OPTIONS]) {
        sim_flash_factory(flash_of(state), &state->storage.internal);
    }
    return true;
}

bool sim_state_open(
    struct sim_state *state, const struct sim_state_name *name, struct sim_failure *failure)
{
    char resets[32];

    memset(state, 0, sizeof *state);
    state->name = *name;
    state->lock_fd = -1;
    state->folder_fd = sim_state_open_folder(name, failure);
    if (state->folder_fd < 0 || !take_lock(state, failure)) {
        return false;
    }
    if (sim_state_read_text(state->folder_fd, "resets", resets, sizeof resets)) {
        state->resets = (unsigned)strtoul(resets, NULL, 10);
    }
    describe_files(state);
    derive_identity(state);
    return map_files(state, failure);
}

void sim_state_close(struct sim_state *state)
{
    for (size_t i = 0; i < SIM_STATE_FILES; i++) {
        if (state->files[i].bytes != NULL) {
            (void)munmap(state->files[i].bytes, state->files[i].size_bytes);
            state->files[i].bytes = NULL;
        }
    }
    if (state->lock_fd >= 0) {
        (void)close(state->lock_fd);
        state->lock_fd = -1;
    }
    if (state->folder_fd >= 0) {
        (void)close(state->folder_fd);
        state->folder_fd = -1;
    }
}

bool sim_state_factory_reset(struct sim_state *state, struct sim_failure *failure)
{
    char resets[32];

    state->resets++;
    (void)snprintf(resets, sizeof resets, "%u\n", state->resets);
    if (!sim_state_write_text(state->folder_fd, "resets", resets)) {
        return sim_fail_errno(failure, "writing %s/resets", state->name.text);
    }
    if (part_of(state) != NULL) {
        sim_nor_part_factory(part_of(state), &state->storage.memory);
    }
    sim_flash_factory(flash_of(state), &state->storage.internal);
    derive_identity(state);
    return true;
}

bool sim_state_refresh(struct sim_state *state, struct sim_failure *failure)
{
    for (size_t i = 0; i < SIM_STATE_FILES; i++) {
        struct sim_state_file *file = &state->files[i];
        struct stat info = {0};
        bool is_new = false;

        if (file->size_bytes == 0) {
            continue;
        }
        if (fstatat(state->folder_fd, file->name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            info.st_dev == file->device && info.st_ino == file->inode &&
            info.st_size == (off_t)file->size_bytes) {
            continue;
        }
        if (!map_file(state, file, &is_new, failure)) {
            return false;
        }
    }
    return true;
}
