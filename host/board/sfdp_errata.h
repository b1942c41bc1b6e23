/* Where SFDP tables in the field are wrong: boards/sfdp/errata.json (memories.md 4.8). */
#ifndef HOST_BOARD_SFDP_ERRATA_H
#define HOST_BOARD_SFDP_ERRATA_H

#include "host/board/sfdp.h"

struct sfdp_errata; /* the table */

/* Of the running program. ERROR_BOARD_BAD, with the place, when it is not as it should be. */
MUST_USE bool sfdp_errata_load(struct sfdp_errata **out, struct error *err);
MUST_USE bool sfdp_errata_load_file(const char *path, struct sfdp_errata **out, struct error *err);
void sfdp_errata_free(struct sfdp_errata *errata); /* NULL allowed */
/* Corrects a decoded table. id: JEDEC ID as read. Returns how many entries applied. */
size_t sfdp_errata_apply(
    const struct sfdp_errata *errata, const uint8_t *id, size_t id_bytes, struct sfdp *sfdp);

#endif
