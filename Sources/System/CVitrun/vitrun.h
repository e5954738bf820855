/* libvitrun: runs plans of Vision Transformers, which vitc or libvitc makes, on images and tensors.
 *
 * Status and errors. Every function that can fail returns VITRUN_OK or the kind of the error, and then has changed
 * nothing that its pointers lead to. vitrun_last_error() says what was wrong: it is the calling thread's own, and
 * stays as it is until that thread calls another function of this library.
 *
 * Handles. Plans, sessions and results are numbers that the library hands out, never 0, and never the same again. A
 * number that it has not handed out, or that was closed, or of another kind, is an error. Whatever is open when the
 * process ends needs no closing. A plan may be closed before its sessions, and a session before its results.
 *
 * Memory. What a function writes goes into memory of the caller, or is a text that vitrun_free() takes back; what a
 * function reads it has copied or is done with when it returns. NULL where a pointer is needed is an error.
 *
 * Texts are UTF-8 and end with a zero. Paths are bytes as the system has them. Options are one JSON object, or NULL
 * for none; a name that a function does not know is an error.
 *
 * Threads. Every function may be called from every thread at the same time. Batches of one session run one after the
 * other, and calls wait for that; sessions of one plan share its weights and run beside each other.
 *
 * Forks. In a child that was forked, plans and results go on; a session is an error there, as its threads stayed
 * behind: open another of the same plan. Swift's runtime, which the library holds, sets itself up in a process's first
 * calls (the first plan, session and run): fork before or behind them, not while another thread is in one, and let one
 * thread of a child make them where its parent has made none.
 *
 * Signals. None is handled or blocked, but for the threads of sessions, which leave SIGINT, SIGTERM and SIGHUP to
 * others. A plan that another program shortens while it is mapped raises SIGBUS: option "mapping".
 */
#ifndef VITRUN_H
#define VITRUN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What this header describes. A library of the same number fits it; functions may join. */
#define VITRUN_ABI_VERSION 1

/* Kinds of errors, and 0 for none. */
typedef int32_t vitrun_status;
enum {
  VITRUN_OK = 0,
  VITRUN_INVALID_FILE = 1,     /* damaged, of another kind, or not fit for its use */
  VITRUN_UNREADABLE_FILE = 2,  /* there is none, or the system does not let it be read */
  VITRUN_UNSUPPORTED = 3,      /* well-formed, but more than there is yet */
  VITRUN_CONTRADICTION = 4,    /* two sources say different things */
  VITRUN_MISSING_VALUE = 5,    /* nothing says a value */
  VITRUN_INVALID_ARGUMENT = 6, /* a value of an argument or an option does not suit */
  VITRUN_OUT_OF_RESOURCES = 7, /* no memory, or no more open files; may be otherwise later */
  VITRUN_OUTPUT = 8,           /* a result cannot be written */
  VITRUN_INTERNAL = 9          /* a fault of this library; please report it */
};

typedef uint64_t vitrun_plan;
typedef uint64_t vitrun_session;
typedef uint64_t vitrun_result;

/* What was wrong. No member is NULL but file and option, of which at least one is. */
typedef struct {
  vitrun_status kind;
  const char *file;     /* the file as it was named; NULL if none is to blame */
  const char *option;   /* the option; NULL if none is to blame */
  const char *field;    /* the place in the file, the argument, or the part of the option */
  const char *expected; /* what would have been accepted */
  const char *found;    /* what is there */
  const char *message;  /* all of it on one line */
} vitrun_error;

/* The error of the calling thread's last call; of kind VITRUN_OK, with empty texts, if that went well. Never NULL,
 * and to be read before the thread's next call. */
const vitrun_error *vitrun_last_error(void);

/* The version of the library, such as "0.2.0"; lives as long as the process. */
const char *vitrun_version(void);

/* VITRUN_ABI_VERSION of the library. */
int32_t vitrun_abi_version(void);

/* Takes back a text that this library gave, once. NULL is fine; what is no such text is an error. */
vitrun_status vitrun_free(char *text);

/* ---- Plans ---- */

/* Opens a plan. Options:
 *   "mapping"  true (default): maps the file; false: reads it, safe if another program may shorten it. */
vitrun_status vitrun_plan_open(const char *path, const char *options, vitrun_plan *plan);

/* Opens a copy of a plan's bytes. name, which may be NULL, is what errors call it. */
vitrun_status vitrun_plan_open_memory(const void *bytes, size_t count, const char *name, vitrun_plan *plan);

vitrun_status vitrun_plan_close(vitrun_plan plan);

typedef struct {
  int64_t height;   /* of the model's image, in pixels */
  int64_t width;
  int64_t classes;  /* logits of an image; 0 without a classifier */
  int64_t features; /* values of an image's pooled embedding; 0 without one */
  int64_t labels;   /* names of classes: classes, or 0 */
  int64_t patches;  /* tokens of an image before any goes */
  int32_t sigmoid;  /* 1 if each class is there or not, 0 if one of them is right (softmax) */
  int32_t combined; /* 1 if a second program answers where the first is not sure */
} vitrun_plan_info;

vitrun_status vitrun_plan_get_info(vitrun_plan plan, vitrun_plan_info *info);

/* The label of a class: its name, or "class N" where the plan has no labels. For vitrun_free(). */
vitrun_status vitrun_plan_label(vitrun_plan plan, int64_t index, char **label);

/* What the plan is: what `vitc inspect --json` prints, without "parameters" and "tokens", which need the compiler: one
 * JSON object. For vitrun_free(). */
vitrun_status vitrun_plan_inspect(vitrun_plan plan, char **json);

/* ---- Sessions ---- */

/* Prepares to run a plan, and takes all memory for that. Options:
 *   "batch"        the most images that run at once, 1 (default) to 65536
 *   "threads"      1 to 256; by default one for each processor that this process may use
 *   "allow_large"  true: plans of more than 10^13 operations or 4 GiB of memory an image too
 *   "margin"       of a combined plan: another margin, 0 to 1, below which its second program answers
 *   "exif"         "ignore" (default) an encoded image's orientation, or "apply" it
 *   "max_pixels"   the largest image that is decoded, in pixels; 64000000 by default */
vitrun_status vitrun_session_open(vitrun_plan plan, const char *options, vitrun_session *session);

/* A batch that is running goes on to its end. */
vitrun_status vitrun_session_close(vitrun_session session);

/* Kinds of results. */
typedef int32_t vitrun_kinds;
enum {
  VITRUN_ALL = 0,
  VITRUN_LOGITS = 1,
  VITRUN_FEATURES = 2
};

/* Runs a tensor, [images, channels, height, width] of float32 in C order, prepared as the model wants; count is that of its
 * elements. Any number of images but none; a number that is not finite is an error. kinds is VITRUN_ALL for all
 * results that the plan has, or the sum of those that are wanted, which the plan must have. */
vitrun_status vitrun_session_run(
    vitrun_session session, const float *tensor, size_t count, vitrun_kinds kinds, vitrun_result *result);

/* The same, and writes one kind of results, VITRUN_LOGITS or VITRUN_FEATURES, of all images in their order: for callers
 * that want nothing else of a batch. count_of_values becomes their number; capacity must be at least that. */
vitrun_status vitrun_session_run_values(
    vitrun_session session, const float *tensor, size_t count, vitrun_kinds kind, float *values, size_t capacity,
    size_t *count_of_values);

/* An image. */
enum {
  VITRUN_IMAGE_FILE = 0,    /* a JPEG, PNG, WebP, GIF, BMP or TIFF file at path name */
  VITRUN_IMAGE_ENCODED = 1, /* the bytes of such a file, count of them at data */
  VITRUN_IMAGE_RGB = 2      /* 8-bit samples R, G, B, rows from top to bottom, row_bytes apart, at data */
};
typedef struct {
  int32_t form;
  const char *name;  /* the path, or what errors call the image, which may be NULL */
  const void *data;
  size_t count;      /* bytes at data */
  size_t width;      /* in pixels; VITRUN_IMAGE_RGB only */
  size_t height;
  size_t row_bytes;  /* at least 3 * width */
} vitrun_image;

/* Reads, resizes, crops and runs any number of images but none, a batch at a time, on all threads. What is wrong with
 * one image concerns no other: the call succeeds, and the functions that read its results fail for that image. */
vitrun_status vitrun_session_run_images(
    vitrun_session session, const vitrun_image *images, size_t count, vitrun_kinds kinds, vitrun_result *result);

/* ---- Results ---- */

/* The number of images. */
vitrun_status vitrun_result_images(vitrun_result result, size_t *images);

/* The values of one kind (VITRUN_LOGITS before any softmax or sigmoid, or VITRUN_FEATURES) of one image, counted from
 * 0. count becomes their number; they are written where capacity is at least that. With values NULL and capacity 0
 * the number is all that is wanted. */
vitrun_status vitrun_result_values(
    vitrun_result result, size_t image, vitrun_kinds kind, float *values, size_t capacity, size_t *count);

typedef struct {
  int64_t index;
  double probability; /* 0 to 1 */
} vitrun_class;

/* The most probable classes of one image, the highest first: as many as there are, at most capacity. */
vitrun_status vitrun_result_top(
    vitrun_result result, size_t image, vitrun_class *classes, size_t capacity, size_t *count);

/* What the stages of token reduction did to one image: a JSON array of objects, in order of blocks, with "block"
 * (counted from 1), "kept" (the patches, row-major, whose tokens stay) and "owners" (for each patch the one whose token
 * stands for it, null if it has none). For vitrun_free(). */
vitrun_status vitrun_result_stages(vitrun_result result, size_t image, char **json);

/* Whether a combined plan's second program has answered for one image: 1 or 0. */
vitrun_status vitrun_result_is_fallback(vitrun_result result, size_t image, int32_t *is_fallback);

vitrun_status vitrun_result_close(vitrun_result result);

#ifdef __cplusplus
}
#endif

#endif
