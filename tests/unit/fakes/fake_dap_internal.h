/* Between the two halves of the fake CMSIS-DAP. */
#ifndef FAKE_DAP_INTERNAL_H
#define FAKE_DAP_INTERNAL_H

#include "tests/unit/fakes/fake_dap.h"

/* Notes the first thing that the host did wrong. */
void fake_dap_breach(struct fake_dap *fake, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* What the firmware makes of a request. */
void fake_dap_run(
    struct fake_dap *fake, const struct fake_dap_packet *request, struct fake_dap_packet *answer);

#endif
