/* The stub that xflash carries. Apart from the rest, so that tests can link other images. */
#include "host/stub/embedded.h"
#include "host/stub/stub_internal.h"

bool stub_client_open(
    struct target *target, struct log *log, struct stub_client **out, struct error *err)
{
    const struct stub_image image = {
        .bytes = embedded_stub.bytes, .size_bytes = embedded_stub.size_bytes};

    return stub_client_open_image(target, &image, log, out, err);
}
