/* The bootloader that xflash carries. Apart, so that tests link without it. */
#include "host/flash/boot.h"
#include "host/stub/embedded.h"

bool flash_boot_make(const struct board *board, uint32_t hslv, struct log *log,
    struct flash_bootloader *bootloader, struct error *err)
{
    const struct flash_boot_program program = {embedded_boot.bytes, embedded_boot.size_bytes};

    return flash_boot_assemble(board, &program, hslv, log, bootloader, err);
}
