/* Where board, MCU and memory files lie: beside the board file first, then in the share folder
 * that belongs to the running program. */
#ifndef HOST_BOARD_FILES_H
#define HOST_BOARD_FILES_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* ../share/xflash/boards beside the executable; allocated, NULL when out of memory. */
char *files_share_directory(void);
/* The folder that a path lies in; allocated. */
char *files_directory_of(const char *path);
/* FOLDER/KIND/NAME.json; allocated. kind may be NULL: FOLDER/NAME.json. */
char *files_join(const char *folder, const char *kind, const char *name);

/* The file of a name in the folder `kind` ("mcus", "memories", NULL for boards) beside the board
 * file (beside may be NULL) or in the share folder; allocated. NULL when there is none. */
char *files_find(const char *beside, const char *kind, const char *name);
/* Names of the files there, without ".json", ended by NULL; freed with files_free_names(). */
char **files_names(const char *kind);
void files_free_names(char **names);

#endif
