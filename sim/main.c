#include "sim/cli.h"

int main(int argc, char **argv)
{
    return sim_cli_run(argc, (const char *const *)argv);
}
