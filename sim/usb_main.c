/* xflash-vboard-usb: the bus process. Started by xflash-vboard, not by people. */
#include "sim/usb_bus.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "xflash-vboard-usb is started by `xflash-vboard start --usb`\n");
        return EXIT_USAGE;
    }
    return sim_usb_bus_run(argv[1], (int)strtol(argv[2], NULL, 10));
}
