/* The folder of one virtual board: its non-volatile memories as files, its lock, its address.
 *
 * The files are the memory itself, mapped shared: what a model changes is in the file at once and
 * survives a kill, what another program changes there is seen at the next access. */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include "sim/failure.h"
#include "sim/machine.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SIM_STATE_FILES = 6, SIM_STATE_SERIAL_CHARS = 24, SIM_STATE_MAX_INSTANCE = 9999 };

/* NAME[#INSTANCE] as typed. */
struct sim_state_name {
    const struct sim_board *board;
    unsigned instance;
    char text[64]; /* NAME#INSTANCE */
};
bool sim_state_parse_name(
    const char *typed, struct sim_state_name *name, struct sim_failure *failure);

/* The folder above all boards: XFLASH_SIM_DIR, else XDG_STATE_HOME/xflash/sim, else
 * ~/.local/state/xflash/sim. */
bool sim_state_root(char path[PATH_MAX], struct sim_failure *failure);
/* The folder of a board, created where it is missing. Returns a descriptor, -1 on failure. */
int sim_state_open_folder(const struct sim_state_name *name, struct sim_failure *failure);

struct sim_state_file {
    char name[40];
    size_t size_bytes;
    uint8_t *bytes;
    dev_t device;
    ino_t inode;
};

struct sim_state {
    struct sim_state_name name;
    int folder_fd;
    int lock_fd;
    unsigned resets;
    char serial[SIM_STATE_SERIAL_CHARS + 1];
    struct sim_state_file files[SIM_STATE_FILES];
    struct sim_machine_storage storage;
};

/* Takes the lock (busy when another process has it) and maps the files; what is missing is created
 * as from the factory. */
bool sim_state_open(
    struct sim_state *state, const struct sim_state_name *name, struct sim_failure *failure);
/* Allowed after a failed open. */
void sim_state_close(struct sim_state *state);
/* As from the factory, with a new unique ID. */
bool sim_state_factory_reset(struct sim_state *state, struct sim_failure *failure);
/* Files that were replaced, cut or removed by another program are mapped anew. */
bool sim_state_refresh(struct sim_state *state, struct sim_failure *failure);

/* Small text files of the folder, written as a whole. */
bool sim_state_write_text(int folder_fd, const char *file, const char *text);
/* False when there is no such file. */
bool sim_state_read_text(int folder_fd, const char *file, char *text, size_t size_bytes);

#endif
