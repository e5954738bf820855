/* libvitc: makes plans of Vision Transformers from checkpoints, rewrites them to work on fewer tokens, and searches for
 * how many. libvitrun runs them.
 *
 * Status and errors. Every function that can fail returns VITC_OK or the kind of the error; no output is then written,
 * whole or in part, and nothing has changed that its pointers lead to. vitc_last_error() says what was wrong: it is the
 * calling thread's own, and stays as it is until that thread calls another function of this library.
 *
 * Memory. Reports are texts that vitc_free() takes back; a report may be NULL if it is not wanted. What a function
 * reads it is done with when it returns. NULL where a pointer is needed is an error.
 *
 * Texts are UTF-8 and end with a zero. Paths are bytes as the system has them. Options are one JSON object, or NULL
 * for none; a name that a function does not know is an error, as is one twice. Reports are one JSON object; members
 * may join.
 *
 * Threads. Every function may be called from every thread at the same time, and works on the calling one; a search and the
 * check of a quantization have threads of their own meanwhile. An output never replaces a file that is open as an input.
 *
 * Callbacks return: an exception of C++ or a longjmp() through the library is undefined. They may call the library.
 *
 * Forks. A child that was forked may call every function. Swift's runtime, which the library holds, sets itself up in a
 * process's first calls: fork before or behind them, not while another thread is in one, and let one thread of a child
 * make them where its parent has made none.
 */
#ifndef VITC_H
#define VITC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What this header describes. A library of the same number fits it; functions may join. */
#define VITC_ABI_VERSION 1

/* Kinds of errors, and 0 for none; as those of vitrun.h. */
typedef int32_t vitc_status;
enum {
  VITC_OK = 0,
  VITC_INVALID_FILE = 1,     /* damaged, of another kind, or not fit for its use */
  VITC_UNREADABLE_FILE = 2,  /* there is none, or the system does not let it be read */
  VITC_UNSUPPORTED = 3,      /* well-formed, but more than there is yet */
  VITC_CONTRADICTION = 4,    /* two sources say different things */
  VITC_MISSING_VALUE = 5,    /* nothing says a value */
  VITC_INVALID_ARGUMENT = 6, /* a value of an argument or an option does not suit */
  VITC_OUT_OF_RESOURCES = 7, /* no memory, or no more open files; may be otherwise later */
  VITC_OUTPUT = 8,           /* a result cannot be written */
  VITC_INTERNAL = 9          /* a fault of this library; please report it */
};

/* What was wrong. No member is NULL but file and option, of which at least one is. */
typedef struct {
  vitc_status kind;
  const char *file;     /* the file as it was named; NULL if none is to blame */
  const char *option;   /* the option; NULL if none is to blame */
  const char *field;    /* the place in the file, the argument, or the part of the option */
  const char *expected; /* what would have been accepted */
  const char *found;    /* what is there */
  const char *message;  /* all of it on one line */
} vitc_error;

/* The error of the calling thread's last call; of kind VITC_OK, with empty texts, if that went well. Never NULL, and to
 * be read before the thread's next call. */
const vitc_error *vitc_last_error(void);

/* The version of the library, such as "0.2.0"; lives as long as the process. */
const char *vitc_version(void);

/* VITC_ABI_VERSION of the library. */
int32_t vitc_abi_version(void);

/* Takes back a text that this library gave, once. NULL is fine; what is no such text is an error. */
vitc_status vitc_free(char *text);

/* Converts a checkpoint (safetensors, a sharded one's index, npz, ONNX, or a folder with its configuration) to a plan.
 * Options, as those of `vitc convert`:
 *   "arch", "heads", "activation", "pooling", "eps", "image_size", "crop_pct", "crop_mode", "interpolation"
 *   "mean", "std"    a number for each channel, each
 *   "method"         "evit", "dynamicvit", "evovit", "ppt", "avit", "asvit", "ats" or "spvit": what the checkpoint was
 *                    trained with, or is to run with, to have fewer tokens
 *   "layers"         of all but evovit and avit: an array of blocks, counted from 1
 *   "keep", "fuse"   a rate, of evit and dynamicvit; true or false, of evit
 *   "gate_scale", "gate_center"  of avit: numbers
 *   "remove", "threshold", "size_aware"  of ppt: a number of tokens; a variance; true or false
 *   "weights"        "f32" (default), "f16" or "int8"
 *   "labels"         an array of the classes' names
 *   "config", "preprocessor"  in place of the files beside the checkpoint: a path, or the object itself
 * The report has "notes", an array of what was assumed and what is worth knowing. */
vitc_status vitc_convert(const char *checkpoint, const char *plan, const char *options, char **report);

/* Types of elements. */
enum {
  VITC_FLOAT64 = 0, VITC_FLOAT32 = 1, VITC_FLOAT16 = 2, VITC_BFLOAT16 = 3, VITC_INT64 = 4, VITC_INT32 = 5,
  VITC_INT16 = 6, VITC_INT8 = 7, VITC_UINT64 = 8, VITC_UINT32 = 9, VITC_UINT16 = 10, VITC_UINT8 = 11, VITC_BOOL = 12
};

/* A tensor, whose bytes are asked for. */
typedef struct {
  const char *name;
  int32_t type;
  int32_t rank;
  const int64_t *extents; /* rank of them, outermost first */
} vitc_tensor;

/* Writes the bytes of a tensor, little-endian and in C order: exactly count, at bytes. Returns 0, or another number if
 * it cannot, which ends the conversion with an error. Called once for each tensor, in order, by the thread that called
 * vitc_convert_tensors(). */
typedef int32_t (*vitc_read_tensor)(void *context, size_t tensor, void *bytes, size_t count);

/* Converts tensors, named as their library names them, to a plan; name is what errors call them. Options and report are
 * those of vitc_convert(), and there is no file beside them. The library holds a copy of all of them meanwhile. */
vitc_status vitc_convert_tensors(
    const char *name, const vitc_tensor *tensors, size_t count, vitc_read_tensor read, void *context, const char *plan,
    const char *options, char **report);

/* Rewrites a plan to work on fewer tokens. Options, as those of `vitc rewrite`:
 *   "keep"           a rate, or an array of one for each layer
 *   "layers"         an array of blocks, counted from 1
 *   "remove"         an array: tokens to take away behind each block, from the first
 *   "r"              tokens to take away in every block
 *   "budget"         the most work as a share of the dense model's; "target_gmacs" in G multiply-adds
 *   "strategy"       "merge" (default), "fuse", "drop", "tome", "weighted"
 *   "similarity"     "cosine" (default), "l1", "l2", "attention", "random"; "seed" of the last
 *   "size_aware", "multi_scale", "multiscale_weights" (a path), "multiscale_init" ("identity")
 *   "dense"          true: the dense program of a combined plan; without other options
 * The report has "gmacs" and "executed_gmacs" of the plan that was written, "dense_gmacs", and "notes". */
vitc_status vitc_rewrite(const char *plan, const char *output, const char *options, char **report);

/* Stores the weights of a plan's linear layers and patch embedding in eight bits, to be multiplied so. Options, as
 * those of `vitc quantize`:
 *   "keep_f32"       an array: names of weights that stay as they are, or patterns with *, ? and [...]
 *   "check"          a path: a folder of images on which both plans are compared before the new one is written
 * The report has "bytes" and "original_bytes" of the plans, "int8_weights", how many there are, and "notes"; of a check
 * "images", "skipped", "agreement", "kl", where names tell classes "labelled", "top1" and "original_top1", and "layers", each with
 * its "name" and the "kl" that is left where it alone stays as it was, which is empty where the plans agree. */
vitc_status vitc_quantize(const char *plan, const char *output, const char *options, char **report);

/* Told of a search's progress: schedules that were tried, of how many, and the best one's KL and agreement. Returns 0, or
 * another number to end the search with an error. Called by the thread that called vitc_search(). */
typedef int32_t (*vitc_search_progress)(
    void *context, int64_t done, int64_t evaluations, double divergence, double agreement);

/* Finds how many tokens to take away in which block, on the images of a folder. Options, as those of `vitc search`:
 *   "budget" or "target_ms"  what an image may cost; one of them is needed
 *   "strategy" ("weighted" by default), "size_aware", "count", "evaluations", "seed", "threads", "cascade",
 *   "max_pixels", "allow_large"
 *   "state"          a path: where the search keeps what it has tried; output.search by default, removed at the end
 *   "report"         a path: a page, FILE.html, that shows what was tried and what happens to the tokens of some images
 * progress may be NULL. The report has "removed", "kl", "agreement", "images", "executed_gmacs", "dense_gmacs", of a
 * cascade "margin" and "fallback_share", of a time "ms", and "notes". */
vitc_status vitc_search(
    const char *plan, const char *images, const char *output, const char *options, vitc_search_progress progress,
    void *context, char **report);

/* Writes what a plan computes as an ONNX model. Options, as those of `vitc export`:
 *   "opset"          the version of ONNX's operators, 17 (default) to 23
 *   "batch"          how many images the model takes at once, 1 by default; or "dynamic_batch", true for any number
 *   "base"           true: the model as it was before it was rewritten
 *   "dense"          true: the dense program of a combined plan
 *   "external_data"  true: the weights in a file of their own, as above 2 GB anyway
 *   "dequantize"     true: weights of int8 as float32
 * The report has "nodes", how many the graph has, "data", the path of the weights' own file or null, and "notes". */
vitc_status vitc_export(const char *plan, const char *output, const char *options, char **report);

/* What a plan is: what `vitc inspect --json` prints. Options: "dense", true for the dense program of a combined plan. */
vitc_status vitc_inspect(const char *plan, const char *options, char **report);

/* Checks every checksum and every structural rule of a plan, as `vitc verify` does. */
vitc_status vitc_verify(const char *plan);

#ifdef __cplusplus
}
#endif

#endif
