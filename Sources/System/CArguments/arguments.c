#include "CArguments.h"

static int count;
static char **arguments;

// The C library hands every constructor what it hands main. Swift reads the command line from /proc, which
// need not be there.
__attribute__((constructor)) static void take(int argc, char **argv) {
  count = argc;
  arguments = argv;
}

int vit_argument_count(void) { return count; }

char *const *vit_arguments(void) { return arguments; }
