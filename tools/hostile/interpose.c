// Counts the calls of each class that a command makes, and fails chosen ones. sweep.py preloads it.
//
// SWEEP_COUNTS names a file that outlives the process, however it ends: it is mapped, and holds the
// counters and what failed. Then, in the environment:
//   SWEEP_CLASS   the class whose calls fail; none if it is not set
//   SWEEP_NUMBER  which of its calls fails, counted from 1
//   SWEEP_ONWARD  set: all later ones fail too, but for writes to stderr
//   SWEEP_SHORT   set: reads and writes move one byte less than they were asked to
//   SWEEP_EINTR   set: every other read and write is interrupted before it moves anything
//   SWEEP_NAMED   set: files without names are refused, as some file systems do
//   SWEEP_BYTES   how large what is allocated has to be to count; 1 MiB if it is not set
// What glibc calls inside itself is not seen: the memory that malloc takes from the system, the reads
// of the dynamic linker, the stacks of threads.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ALLOCATION, RESERVE, PROTECT, MAPPING, WRITE, CREATE, READ, THREAD, CLASSES };

static const char *const class_names[CLASSES] = {
  "allocation", "reserve", "protect", "mapping", "write", "create", "read", "thread"};

// What the file holds; sweep.py unpacks it.
struct record {
  _Atomic uint64_t calls[CLASSES];
  _Atomic uint64_t failed;
  // Of the first call that failed.
  char name[32];
  uint64_t bytes;
};

static struct record nowhere;
static struct record *record = &nowhere;
static int chosen = -1, onward, shorter, interrupted, named;
static uint64_t number;
static size_t least = 1 << 20;
static _Atomic uint64_t interruptions;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("SWEEP_COUNTS");
  const char *class = getenv("SWEEP_CLASS");
  const char *text = getenv("SWEEP_NUMBER");
  const char *bytes = getenv("SWEEP_BYTES");
  if (path) {
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0 && syscall(SYS_ftruncate, file, sizeof(struct record)) == 0) {
      void *at = (void *)syscall(
        SYS_mmap, NULL, sizeof(struct record), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
      if (at != MAP_FAILED) record = at;
    }
    if (file >= 0) syscall(SYS_close, file);
  }
  shorter = getenv("SWEEP_SHORT") != NULL;
  interrupted = getenv("SWEEP_EINTR") != NULL;
  onward = getenv("SWEEP_ONWARD") != NULL;
  named = getenv("SWEEP_NAMED") != NULL;
  if (bytes) least = strtoull(bytes, NULL, 10);
  number = text ? strtoull(text, NULL, 10) : 0;
  for (int i = 0; class && i < CLASSES; i++)
    if (strcmp(class, class_names[i]) == 0) chosen = i;
}

// Counts a call and says whether it has to fail, with `errno` set then.
static int fails(int class, const char *name, uint64_t bytes, int reason) {
  uint64_t count = 1 + atomic_fetch_add(&record->calls[class], 1);
  if (class != chosen || count < number || (count > number && !onward)) return 0;
  if (atomic_fetch_add(&record->failed, 1) == 0) {
    strncpy(record->name, name, sizeof record->name - 1);
    record->bytes = bytes;
  }
  errno = reason;
  return 1;
}

// Allocations. `least` is set before the program starts and 1 MiB while its libraries do.

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static int refuses(const char *name, size_t size) {
  return size >= least && fails(ALLOCATION, name, size, ENOMEM);
}

void *malloc(size_t size) { return refuses("malloc", size) ? NULL : __libc_malloc(size); }

void *calloc(size_t count, size_t size) {
  size_t all;
  if (__builtin_mul_overflow(count, size, &all)) all = SIZE_MAX;
  return refuses("calloc", all) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  return refuses("realloc", size) ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size) {
  size_t all;
  if (__builtin_mul_overflow(count, size, &all)) {
    errno = ENOMEM;
    return NULL;
  }
  return refuses("reallocarray", all) ? NULL : __libc_realloc(old, all);
}

void *memalign(size_t alignment, size_t size) {
  return refuses("memalign", size) ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return refuses("aligned_alloc", size) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) || alignment & (alignment - 1) || alignment == 0) return EINVAL;
  int before = errno;
  void *got = refuses("posix_memalign", size) ? NULL : __libc_memalign(alignment, size);
  // It leaves errno alone and returns the reason.
  errno = before;
  if (got == NULL) return ENOMEM;
  *memory = got;
  return 0;
}

// Memory from the system. The commands ask for few such regions, so smaller ones count too.

void *mmap(void *at, size_t size, int protection, int flags, int file, off_t offset) {
  if (flags & MAP_ANONYMOUS) {
    if (size >= least / 16 && fails(RESERVE, "mmap", size, ENOMEM)) return MAP_FAILED;
  } else if (fails(MAPPING, "mmap of a file", size, ENODEV)) {
    return MAP_FAILED;
  }
  return (void *)syscall(SYS_mmap, at, size, protection, flags, file, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int file, off_t offset) {
  return mmap(at, size, protection, flags, file, offset);
}

void *mremap(void *at, size_t size, size_t grown, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  void *target = flags & MREMAP_FIXED ? va_arg(rest, void *) : NULL;
  va_end(rest);
  if (grown >= least / 16 && fails(RESERVE, "mremap", grown, ENOMEM)) return MAP_FAILED;
  return (void *)syscall(SYS_mremap, at, size, grown, flags, target);
}

int mprotect(void *at, size_t size, int protection) {
  if (size >= least / 16 && fails(PROTECT, "mprotect", size, ENOMEM)) return -1;
  return (int)syscall(SYS_mprotect, at, size, protection);
}

// Reads and writes.

static int interrupts(void) {
  if (!interrupted || atomic_fetch_add(&interruptions, 1) % 2) return 0;
  errno = EINTR;
  return 1;
}

static size_t moved(size_t size) { return shorter && size > 1 ? size - 1 : size; }

static int fails_write(const char *name, int file, size_t size, int reason) {
  if (file != STDERR_FILENO) return fails(WRITE, name, size, reason);
  // What is wrong has to be said: of those, only the one that is meant fails.
  uint64_t next = 1 + atomic_load(&record->calls[WRITE]);
  if (chosen == WRITE && onward && next > number) {
    atomic_fetch_add(&record->calls[WRITE], 1);
    return 0;
  }
  return fails(WRITE, "write to stderr", size, reason);
}

ssize_t write(int file, const void *bytes, size_t size) {
  const char *name = file == STDOUT_FILENO ? "write to stdout" : "write";
  if (fails_write(name, file, size, ENOSPC)) return -1;
  if (interrupts()) return -1;
  return syscall(SYS_write, file, bytes, moved(size));
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
  if (fails_write("pwrite", file, size, ENOSPC)) return -1;
  if (interrupts()) return -1;
  return syscall(SYS_pwrite64, file, bytes, moved(size), offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off_t offset) {
  return pwrite(file, bytes, size, offset);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  if (fails_write("writev", file, (size_t)count, ENOSPC)) return -1;
  if (interrupts()) return -1;
  if (shorter && count > 0) return syscall(SYS_write, file, parts->iov_base, moved(parts->iov_len));
  return syscall(SYS_writev, file, parts, count);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
  if (fails_write("pwritev", file, (size_t)count, ENOSPC)) return -1;
  if (interrupts()) return -1;
  if (shorter && count > 0)
    return syscall(SYS_pwrite64, file, parts->iov_base, moved(parts->iov_len), offset);
  return syscall(SYS_pwritev, file, parts, count, offset, 0);
}

static int is_folder(int file) {
  struct stat status;
  return syscall(SYS_fstat, file, &status) == 0 && S_ISDIR(status.st_mode);
}

int fsync(int file) {
  if (fails(WRITE, is_folder(file) ? "fsync of a folder" : "fsync", 0, EIO)) return -1;
  return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
  return fails(WRITE, "fdatasync", 0, EIO) ? -1 : (int)syscall(SYS_fdatasync, file);
}

int ftruncate(int file, off_t size) {
  return fails(WRITE, "ftruncate", 0, ENOSPC) ? -1 : (int)syscall(SYS_ftruncate, file, size);
}

int ftruncate64(int file, off_t size) { return ftruncate(file, size); }

int link(const char *old, const char *new) {
  if (fails(WRITE, "link", 0, ENOSPC)) return -1;
  return (int)syscall(SYS_linkat, AT_FDCWD, old, AT_FDCWD, new, 0);
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
  if (fails(WRITE, "linkat", 0, ENOSPC)) return -1;
  return (int)syscall(SYS_linkat, from, old, to, new, flags);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
  if (fails(WRITE, "rename", 0, ENOSPC)) return -1;
  return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

int renameat(int from, const char *old, int to, const char *new) {
  return renameat2(from, old, to, new, 0);
}

int rename(const char *old, const char *new) {
  return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}

int fchmod(int file, mode_t mode) {
  return fails(WRITE, "fchmod", 0, EIO) ? -1 : (int)syscall(SYS_fchmod, file, mode);
}

static int opened(int folder, const char *path, int flags, mode_t mode) {
  if ((flags & O_TMPFILE) == O_TMPFILE) {
    if (fails(CREATE, "open with O_TMPFILE", 0, ENOSPC)) return -1;
    if (named) {
      errno = EOPNOTSUPP;
      return -1;
    }
  } else if (flags & O_CREAT) {
    if (fails(CREATE, "open with O_CREAT", 0, ENOSPC)) return -1;
  } else if ((flags & O_ACCMODE) == O_RDONLY && !(flags & O_PATH)) {
    if (fails(READ, flags & O_DIRECTORY ? "open of a folder" : "open", 0, EIO)) return -1;
  }
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define MODE(flags, mode) \
  mode_t mode = 0; \
  if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) { \
    va_list rest; \
    va_start(rest, flags); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }

int open(const char *path, int flags, ...) {
  MODE(flags, mode)
  return opened(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE(flags, mode)
  return opened(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  MODE(flags, mode)
  return opened(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
  MODE(flags, mode)
  return opened(folder, path, flags, mode);
}

ssize_t read(int file, void *bytes, size_t size) {
  if (fails(READ, file == STDIN_FILENO ? "read of stdin" : "read", size, EIO)) return -1;
  if (interrupts()) return -1;
  return syscall(SYS_read, file, bytes, moved(size));
}

ssize_t pread(int file, void *bytes, size_t size, off_t offset) {
  if (fails(READ, "pread", size, EIO)) return -1;
  if (interrupts()) return -1;
  return syscall(SYS_pread64, file, bytes, moved(size), offset);
}

ssize_t pread64(int file, void *bytes, size_t size, off_t offset) {
  return pread(file, bytes, size, offset);
}

int fstat(int file, struct stat *status) {
  return fails(READ, "fstat", 0, EIO) ? -1 : (int)syscall(SYS_fstat, file, status);
}

int fstat64(int file, struct stat64 *status) { return fstat(file, (struct stat *)status); }

// The next library's function of that name.
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

DIR *opendir(const char *path) {
  return fails(READ, "opendir", 0, EIO) ? NULL : NEXT(opendir)(path);
}

struct dirent *readdir(DIR *folder) {
  return fails(READ, "readdir", 0, EIO) ? NULL : NEXT(readdir)(folder);
}

struct dirent64 *readdir64(DIR *folder) { return (struct dirent64 *)readdir(folder); }

int pthread_create(
  pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
  // It returns the reason.
  if (fails(THREAD, "pthread_create", 0, EAGAIN)) return EAGAIN;
  return NEXT(pthread_create)(thread, attributes, body, argument);
}
