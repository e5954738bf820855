#include "CRefusedMemory.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *tool;
static void (*clean)(void);
static atomic_flag is_ending = ATOMIC_FLAG_INIT;

void vit_end_on_refused_memory(const char *name, void (*before)(void)) {
  tool = name;
  clean = before;
}

// What the linker puts in the place of the Swift runtime's own ending, a report and SIGABRT, which is all
// that the language has for an array that gets no memory.
_Noreturn void __wrap__ZN5swift28swift_abortAllocationFailureEmm(size_t size, size_t alignment_mask) {
  (void)alignment_mask;
  if (!tool) abort();
  while (atomic_flag_test_and_set(&is_ending)) pause();
  clean();
  char line[256];
  int length = snprintf(
      line, sizeof line, "%s: memory: allocation: expected %zu bytes, found none\n", tool, size);
  if (write(STDERR_FILENO, line, (size_t)length) < 0) _exit(1);
  _exit(1);
}
