#pragma once

// As <sys/mman.h> declares them, but not to Swift.
#define VIT_MFD_CLOEXEC 1u
int memfd_create(const char *name, unsigned int flags);
