/* What must be an error and never a crash: misuse PLAN IMAGE FOLDER, with a plan of a classifier whose image is
 * 224 x 224. Every call says what status it expects; the process ends with 1 at the first that is another. */
#define _GNU_SOURCE
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vitc.h>
#include <vitrun.h>

enum { VALUES = 3 * 224 * 224, THREADS = 8, ROUNDS = 6 };

static int checked;

static void fail(int line, const char *call, const char *what) {
  fprintf(stderr, "misuse: line %d: %s: %s\n", line, call, what);
  _exit(1);
}

static void runs(vitrun_status expected, vitrun_status found, int line, const char *call) {
  const vitrun_error *error = vitrun_last_error();
  if (found != expected || error->kind != found) fail(line, call, error->message);
  if (found != VITRUN_OK && (!*error->message || !*error->field || (!error->file && !error->option)))
    fail(line, call, "an error without words");
  checked++;
}

static void makes(vitc_status expected, vitc_status found, int line, const char *call) {
  const vitc_error *error = vitc_last_error();
  if (found != expected || error->kind != found) fail(line, call, error->message);
  if (found != VITC_OK && (!*error->message || !*error->field || (!error->file && !error->option)))
    fail(line, call, "an error without words");
  checked++;
}

#define RUN(expected, call) runs(expected, call, __LINE__, #call)
#define MAKE(expected, call) makes(expected, call, __LINE__, #call)
#define BAD VITRUN_INVALID_ARGUMENT

static vitrun_plan plan;
static vitrun_session session;
static float *tensor;
static float expected[4096];
static size_t classes;

static void handles(void) {
  const uint64_t wrong[] = {0, 1, UINT64_MAX, 0x8000000000000000u, (uint64_t)(uintptr_t)&plan, session ^ 1};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    vitrun_plan_info info;
    vitrun_result result;
    char *text;
    size_t count;
    int32_t flag;
    vitrun_class top[1];
    RUN(BAD, vitrun_plan_get_info(wrong[i], &info));
    RUN(BAD, vitrun_plan_label(wrong[i], 0, &text));
    RUN(BAD, vitrun_plan_inspect(wrong[i], &text));
    RUN(BAD, vitrun_session_open(wrong[i], NULL, &result));
    RUN(BAD, vitrun_session_run(wrong[i], tensor, VALUES, VITRUN_ALL, &result));
    RUN(BAD, vitrun_session_run_values(wrong[i], tensor, VALUES, VITRUN_LOGITS, expected, classes, &count));
    RUN(BAD, vitrun_result_images(wrong[i], &count));
    RUN(BAD, vitrun_result_values(wrong[i], 0, VITRUN_LOGITS, NULL, 0, &count));
    RUN(BAD, vitrun_result_top(wrong[i], 0, top, 1, &count));
    RUN(BAD, vitrun_result_stages(wrong[i], 0, &text));
    RUN(BAD, vitrun_result_is_fallback(wrong[i], 0, &flag));
    RUN(BAD, vitrun_plan_close(wrong[i]));
    RUN(BAD, vitrun_session_close(wrong[i]));
    RUN(BAD, vitrun_result_close(wrong[i]));
  }
  RUN(BAD, vitrun_plan_close(session));
  RUN(BAD, vitrun_session_close(plan));
  RUN(BAD, vitrun_result_close(plan));
  vitrun_session closed;
  RUN(VITRUN_OK, vitrun_session_open(plan, NULL, &closed));
  RUN(VITRUN_OK, vitrun_session_close(closed));
  RUN(BAD, vitrun_session_close(closed));
  vitrun_result result;
  size_t count;
  RUN(BAD, vitrun_session_run(closed, tensor, VALUES, VITRUN_ALL, &result));
  RUN(BAD, vitrun_session_run_values(closed, tensor, VALUES, VITRUN_LOGITS, expected, classes, &count));
}

static void nulls(const char *path) {
  vitrun_plan other;
  vitrun_result result;
  vitrun_image image;
  memset(&image, 0, sizeof image);
  RUN(BAD, vitrun_plan_open(NULL, NULL, &other));
  RUN(BAD, vitrun_plan_open(path, NULL, NULL));
  RUN(BAD, vitrun_plan_open_memory(NULL, 10, "x", &other));
  RUN(BAD, vitrun_plan_open_memory(path, 10, NULL, NULL));
  RUN(BAD, vitrun_plan_get_info(plan, NULL));
  RUN(BAD, vitrun_plan_label(plan, 0, NULL));
  RUN(BAD, vitrun_plan_inspect(plan, NULL));
  RUN(BAD, vitrun_session_open(plan, NULL, NULL));
  RUN(BAD, vitrun_session_run(session, NULL, VALUES, VITRUN_ALL, &result));
  RUN(BAD, vitrun_session_run(session, NULL, 0, VITRUN_ALL, &result));
  RUN(BAD, vitrun_session_run(session, tensor, VALUES, VITRUN_ALL, NULL));
  RUN(BAD, vitrun_session_run_images(session, NULL, 1, VITRUN_ALL, &result));
  RUN(BAD, vitrun_session_run_images(session, &image, 1, VITRUN_ALL, NULL));
  RUN(BAD, vitrun_session_run_images(session, &image, 1, VITRUN_ALL, &result));
  RUN(VITRUN_OK, vitrun_free(NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert(NULL, "x", NULL, NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert(path, NULL, NULL, NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_rewrite(NULL, "x", "{\"keep\": 0.7}", NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_rewrite(path, NULL, "{\"keep\": 0.7}", NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_quantize(NULL, "x", NULL, NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_quantize(path, NULL, NULL, NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_export(NULL, "x", NULL, NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_export(path, NULL, NULL, NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_search(path, NULL, "x", "{\"budget\": 0.5}", NULL, NULL, NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_inspect(path, NULL, NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_verify(NULL));
  MAKE(VITC_OK, vitc_free(NULL));
}

static void texts(void) {
  char *text;
  char own[] = "own";
  RUN(VITRUN_OK, vitrun_plan_inspect(plan, &text));
  MAKE(VITC_INVALID_ARGUMENT, vitc_free(text));
  RUN(VITRUN_OK, vitrun_free(text));
  RUN(BAD, vitrun_free(own));
  RUN(BAD, vitrun_plan_label(plan, -1, &text));
  RUN(BAD, vitrun_plan_label(plan, (int64_t)classes, &text));
  RUN(BAD, vitrun_plan_label(plan, INT64_MIN, &text));
}

static void options(const char *path, const char *output) {
  vitrun_session other;
  const char *wrong[] = {
    "", "{", "[]", "1", "null", "{\"batch\": 0}", "{\"batch\": -1}", "{\"batch\": 1.5}", "{\"batch\": 1e30}",
    "{\"batch\": 99999999999999999999}", "{\"batch\": \"1\"}", "{\"batch\": 1, \"batch\": 2}", "{\"threads\": 0}",
    "{\"threads\": 257}", "{\"allow_large\": 1}", "{\"exif\": \"turn\"}",
    "{\"max_pixels\": 0}", "{\"of_tomorrow\": 1}", "{\"batch\": {}}", "{\"exif\": \"\xff\"}"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    RUN(BAD, vitrun_session_open(plan, wrong[i], &other));
  RUN(VITRUN_INVALID_FILE, vitrun_session_open(plan, "{\"margin\": 0.5}", &other));
  RUN(VITRUN_INVALID_FILE, vitrun_session_open(plan, "{\"margin\": 2}", &other));
  const char *rewrites[] = {
    NULL, "{}", "{\"keep\": 0}", "{\"keep\": 2}", "{\"keep\": []}", "{\"keep\": [0.7, \"a\"]}", "{\"keep\": 0.7, \"r\": 3}",
    "{\"keep\": 0.7, \"strategy\": \"best\"}", "{\"keep\": 0.7, \"seed\": 1}", "{\"budget\": 0.5, \"target_gmacs\": 1}",
    "{\"remove\": [1000000]}", "{\"remove\": [-1]}", "{\"r\": -1}", "{\"keep\": 0.7, \"layers\": [0]}",
    "{\"keep\": 0.7, \"layers\": [9223372036854775807]}", "{\"dense\": true}", "{\"dense\": true, \"keep\": 0.7}",
    "{\"multi_scale\": true, \"multiscale_init\": \"random\"}", "{\"keep\": 0.7, \"size_aware\": true, \"strategy\": \"drop\"}"};
  for (size_t i = 0; i < sizeof rewrites / sizeof *rewrites; i++) {
    if (vitc_rewrite(path, output, rewrites[i], NULL) == VITC_OK) fail(__LINE__, rewrites[i], "taken");
    if (access(output, F_OK) == 0) fail(__LINE__, rewrites[i], "an output in spite of an error");
  }
  MAKE(VITC_INVALID_ARGUMENT, vitc_rewrite(path, output, "{'keep': 0.7}", NULL));
  MAKE(VITC_OUTPUT, vitc_rewrite(path, path, "{\"keep\": 0.7}", NULL));
  MAKE(VITC_UNREADABLE_FILE, vitc_rewrite("/nowhere/plan.bin", output, "{\"keep\": 0.7}", NULL));
  MAKE(VITC_OUTPUT, vitc_rewrite(path, "/nowhere/plan.bin", "{\"keep\": 0.7}", NULL));
  MAKE(VITC_INVALID_FILE, vitc_verify("/"));
  const char *quantizations[] = {
    "", "[]", "{\"keep_f32\": \"head\"}", "{\"keep_f32\": [1]}", "{\"keep_f32\": [\"no.such\"]}", "{\"keep_f32\": [\"*\"]}",
    "{\"check\": 1}", "{\"check\": \"/nowhere\"}", "{\"check\": \"/dev/null\"}", "{\"of_tomorrow\": 1}"};
  for (size_t i = 0; i < sizeof quantizations / sizeof *quantizations; i++) {
    if (vitc_quantize(path, output, quantizations[i], NULL) == VITC_OK) fail(__LINE__, quantizations[i], "taken");
    if (access(output, F_OK) == 0) fail(__LINE__, quantizations[i], "an output in spite of an error");
  }
  MAKE(VITC_OUTPUT, vitc_quantize(path, path, NULL, NULL));
  MAKE(VITC_UNREADABLE_FILE, vitc_quantize("/nowhere/plan.bin", output, NULL, NULL));
  MAKE(VITC_OUTPUT, vitc_quantize(path, "/nowhere/plan.bin", NULL, NULL));
  const char *exports[] = {
    "", "[]", "{\"opset\": 16}", "{\"opset\": 24}", "{\"opset\": \"17\"}", "{\"batch\": 0}", "{\"batch\": 65537}",
    "{\"batch\": 2, \"dynamic_batch\": true}", "{\"base\": 1}", "{\"dense\": true}", "{\"base\": true, \"dense\": true}",
    "{\"external_data\": \"x\"}", "{\"of_tomorrow\": 1}"};
  for (size_t i = 0; i < sizeof exports / sizeof *exports; i++) {
    if (vitc_export(path, output, exports[i], NULL) == VITC_OK) fail(__LINE__, exports[i], "taken");
    if (access(output, F_OK) == 0) fail(__LINE__, exports[i], "an output in spite of an error");
  }
  MAKE(VITC_OUTPUT, vitc_export(path, path, NULL, NULL));
  MAKE(VITC_UNREADABLE_FILE, vitc_export("/nowhere/plan.bin", output, NULL, NULL));
  MAKE(VITC_OUTPUT, vitc_export(path, "/nowhere/model.onnx", NULL, NULL));
  checked += sizeof exports / sizeof *exports;
  checked += sizeof rewrites / sizeof *rewrites;
  checked += sizeof quantizations / sizeof *quantizations;
}

/* In eight bits once, and not a second time. */
static void quantization(const char *path, const char *output) {
  char *report;
  MAKE(VITC_OK, vitc_quantize(path, output, "{\"keep_f32\": [\"blocks.0.*\"]}", &report));
  if (!strstr(report, "\"int8_weights\"")) fail(__LINE__, "vitc_quantize", report);
  MAKE(VITC_OK, vitc_free(report));
  MAKE(VITC_OK, vitc_verify(output));
  MAKE(VITC_INVALID_FILE, vitc_quantize(output, output, NULL, NULL));
  if (unlink(output)) fail(__LINE__, "unlink", output);
}

/* An ONNX model, which is no plan and is not replaced by one. */
static void export(const char *path, const char *output) {
  char *report;
  MAKE(VITC_OK, vitc_export(path, output, "{\"opset\": 20, \"dynamic_batch\": true}", &report));
  if (!strstr(report, "\"nodes\"") || !strstr(report, "\"data\": null")) fail(__LINE__, "vitc_export", report);
  MAKE(VITC_OK, vitc_free(report));
  MAKE(VITC_INVALID_FILE, vitc_verify(output));
  MAKE(VITC_OUTPUT, vitc_convert(output, output, NULL, NULL));
  if (unlink(output)) fail(__LINE__, "unlink", output);
}

static void tensors(void) {
  vitrun_result result;
  size_t count;
  float few[1];
  RUN(BAD, vitrun_session_run(session, tensor, 0, VITRUN_ALL, &result));
  RUN(BAD, vitrun_session_run(session, tensor, VALUES - 1, VITRUN_ALL, &result));
  RUN(BAD, vitrun_session_run(session, tensor, SIZE_MAX, VITRUN_ALL, &result));
  RUN(BAD, vitrun_session_run(session, tensor, VALUES, 4, &result));
  RUN(BAD, vitrun_session_run(session, tensor, VALUES, -1, &result));
  RUN(VITRUN_UNSUPPORTED, vitrun_session_run(session, tensor, VALUES, VITRUN_FEATURES, &result));
  const float bad[] = {NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 3; i++) {
    float was = tensor[VALUES - 1];
    tensor[VALUES - 1] = bad[i];
    RUN(BAD, vitrun_session_run(session, tensor, VALUES, VITRUN_ALL, &result));
    tensor[VALUES - 1] = was;
  }
  float *own = malloc(classes * sizeof *own);
  RUN(BAD, vitrun_session_run_values(session, NULL, VALUES, VITRUN_LOGITS, own, classes, &count));
  RUN(BAD, vitrun_session_run_values(session, tensor, VALUES - 1, VITRUN_LOGITS, own, classes, &count));
  RUN(BAD, vitrun_session_run_values(session, tensor, SIZE_MAX, VITRUN_LOGITS, own, classes, &count));
  RUN(BAD, vitrun_session_run_values(session, tensor, 0, VITRUN_LOGITS, own, classes, &count));
  RUN(BAD, vitrun_session_run_values(session, tensor, VALUES, VITRUN_ALL, own, classes, &count));
  RUN(BAD, vitrun_session_run_values(session, tensor, VALUES, VITRUN_LOGITS, few, 1, &count));
  RUN(BAD, vitrun_session_run_values(session, tensor, VALUES, VITRUN_LOGITS, NULL, classes, &count));
  RUN(BAD, vitrun_session_run_values(session, tensor, VALUES, VITRUN_LOGITS, own, classes, NULL));
  RUN(VITRUN_UNSUPPORTED, vitrun_session_run_values(session, tensor, VALUES, VITRUN_FEATURES, own, classes, &count));
  RUN(VITRUN_OK, vitrun_session_run_values(session, tensor, VALUES, VITRUN_LOGITS, own, classes, &count));
  RUN(VITRUN_OK, vitrun_session_run(session, tensor, VALUES, VITRUN_ALL, &result));
  float *those = malloc(classes * sizeof *those);
  RUN(VITRUN_OK, vitrun_result_values(result, 0, VITRUN_LOGITS, those, classes, &count));
  if (count != classes || memcmp(own, those, classes * sizeof *own)) fail(__LINE__, "run_values", "other logits");
  free(own);
  free(those);
  RUN(BAD, vitrun_result_values(result, 0, VITRUN_LOGITS, few, 1, &count));
  RUN(BAD, vitrun_result_values(result, 0, VITRUN_LOGITS, NULL, classes, &count));
  RUN(BAD, vitrun_result_values(result, 0, VITRUN_LOGITS, few, 1, NULL));
  RUN(BAD, vitrun_result_values(result, 1, VITRUN_LOGITS, expected, classes, &count));
  RUN(BAD, vitrun_result_values(result, SIZE_MAX, VITRUN_LOGITS, expected, classes, &count));
  RUN(BAD, vitrun_result_values(result, 0, VITRUN_FEATURES, expected, classes, &count));
  RUN(BAD, vitrun_result_values(result, 0, 77, expected, classes, &count));
  RUN(BAD, vitrun_result_top(result, 0, NULL, 1, &count));
  RUN(VITRUN_OK, vitrun_result_values(result, 0, VITRUN_LOGITS, expected, classes, &count));
  RUN(VITRUN_OK, vitrun_result_close(result));
}

static void images(const char *path) {
  vitrun_result result;
  uint8_t samples[12] = {0};
  size_t count;
  float values[4096];
  const vitrun_image wrong[] = {
    {VITRUN_IMAGE_FILE, NULL, NULL, 0, 0, 0, 0},
    {VITRUN_IMAGE_ENCODED, NULL, NULL, 12, 0, 0, 0},
    {VITRUN_IMAGE_ENCODED, NULL, samples, SIZE_MAX, 0, 0, 0},
    {VITRUN_IMAGE_ENCODED, NULL, samples, (size_t)1 << 40, 0, 0, 0},
    {VITRUN_IMAGE_RGB, NULL, NULL, 12, 2, 2, 6},
    {VITRUN_IMAGE_RGB, NULL, samples, 12, 0, 2, 6},
    {VITRUN_IMAGE_RGB, NULL, samples, 12, 2, 0, 6},
    {VITRUN_IMAGE_RGB, NULL, samples, 12, 2, 2, 5},
    {VITRUN_IMAGE_RGB, NULL, samples, 11, 2, 2, 6},
    {VITRUN_IMAGE_RGB, NULL, samples, 12, 2, 2, SIZE_MAX},
    {VITRUN_IMAGE_RGB, NULL, samples, 12, SIZE_MAX, SIZE_MAX, 6},
    {VITRUN_IMAGE_RGB, NULL, samples, 12, (size_t)1 << 62, 4, 6},
    {3, NULL, samples, 12, 2, 2, 6}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    RUN(BAD, vitrun_session_run_images(session, &wrong[i], 1, VITRUN_ALL, &result));
  RUN(BAD, vitrun_session_run_images(session, wrong, 0, VITRUN_ALL, &result));
  RUN(BAD, vitrun_session_run_images(session, wrong, SIZE_MAX, VITRUN_ALL, &result));
  const vitrun_image mixed[] = {
    {VITRUN_IMAGE_ENCODED, "upload", samples, 12, 0, 0, 0},
    {VITRUN_IMAGE_FILE, path, NULL, 0, 0, 0, 0},
    {VITRUN_IMAGE_ENCODED, NULL, samples, 0, 0, 0, 0},
    {VITRUN_IMAGE_RGB, NULL, samples, 12, 2, 2, 6},
    {VITRUN_IMAGE_FILE, "/nowhere/photo.jpg", NULL, 0, 0, 0, 0},
    {VITRUN_IMAGE_FILE, "-", NULL, 0, 0, 0, 0}};
  RUN(VITRUN_OK, vitrun_session_run_images(session, mixed, 6, VITRUN_ALL, &result));
  RUN(VITRUN_INVALID_FILE, vitrun_result_values(result, 0, VITRUN_LOGITS, values, 4096, &count));
  if (strcmp(vitrun_last_error()->file, "upload")) fail(__LINE__, "upload", vitrun_last_error()->message);
  RUN(VITRUN_OK, vitrun_result_values(result, 1, VITRUN_LOGITS, values, 4096, &count));
  RUN(VITRUN_INVALID_FILE, vitrun_result_values(result, 2, VITRUN_LOGITS, values, 4096, &count));
  RUN(VITRUN_OK, vitrun_result_values(result, 3, VITRUN_LOGITS, values, 4096, &count));
  RUN(VITRUN_UNREADABLE_FILE, vitrun_result_values(result, 4, VITRUN_LOGITS, values, 4096, &count));
  RUN(VITRUN_UNREADABLE_FILE, vitrun_result_values(result, 5, VITRUN_LOGITS, values, 4096, &count));
  RUN(VITRUN_OK, vitrun_result_close(result));
}

/* The same bits in every thread, and errors that stay in theirs. */
static void *use(void *own) {
  for (int round = 0; round < ROUNDS; round++) {
    vitrun_result result;
    float values[4096];
    size_t count;
    if (vitrun_session_run(session, tensor, VALUES - 1, VITRUN_ALL, &result) != BAD) return "no error";
    int wrong = vitrun_result_values(0, 0, VITRUN_LOGITS, values, 4096, &count);
    if (wrong != BAD || vitrun_last_error()->kind != BAD) return "no error";
    if (vitrun_session_run(session, tensor, VALUES, VITRUN_ALL, &result)) return "session_run";
    if (vitrun_last_error()->kind != VITRUN_OK) return "another thread's error";
    if (vitrun_result_values(result, 0, VITRUN_LOGITS, values, 4096, &count)) return "result_values";
    if (memcmp(values, expected, classes * sizeof *values)) return "other bits";
    if (vitrun_result_close(result)) return "result_close";
  }
  return own == NULL ? NULL : "argument";
}

static void threads(void) {
  pthread_t all[THREADS];
  for (int i = 0; i < THREADS; i++) pthread_create(&all[i], NULL, use, NULL);
  for (int i = 0; i < THREADS; i++) {
    void *wrong;
    pthread_join(all[i], &wrong);
    if (wrong) fail(__LINE__, "threads", wrong);
  }
  checked += THREADS;
}

/* Opens and closes while others fork, whose children must find every lock free. */
static void *disturb(void *path) {
  for (int round = 0; round < 300; round++) {
    vitrun_plan own;
    vitrun_session other;
    if (vitrun_plan_open(path, NULL, &own)) return "plan_open";
    if (vitrun_session_open(own, "{\"threads\": 2}", &other)) return "session_open";
    if (vitrun_session_close(other) || vitrun_plan_close(own)) return "close";
  }
  return NULL;
}

static void forks(char *path) {
  pthread_t other;
  pthread_create(&other, NULL, disturb, path);
  for (int round = 0; round < 40; round++) {
    pid_t child = fork();
    if (child == 0) {
      vitrun_result result;
      vitrun_session own;
      vitrun_plan again;
      size_t count;
      float values[4096];
      alarm(60);
      RUN(BAD, vitrun_session_run(session, tensor, VALUES, VITRUN_ALL, &result));
      RUN(VITRUN_OK, vitrun_session_open(plan, "{\"threads\": 2}", &own));
      RUN(VITRUN_OK, vitrun_session_run(own, tensor, VALUES, VITRUN_ALL, &result));
      RUN(VITRUN_OK, vitrun_result_values(result, 0, VITRUN_LOGITS, values, 4096, &count));
      if (memcmp(values, expected, classes * sizeof *values)) fail(__LINE__, "fork", "other bits");
      RUN(VITRUN_OK, vitrun_session_close(own));
      RUN(VITRUN_OK, vitrun_session_close(session));
      RUN(VITRUN_OK, vitrun_plan_open(path, NULL, &again));
      RUN(VITRUN_OK, vitrun_plan_close(again));
      MAKE(VITC_OK, vitc_verify(path));
      exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) fail(__LINE__, "fork", "the child did not end well");
    checked++;
  }
  void *wrong;
  pthread_join(other, &wrong);
  if (wrong) fail(__LINE__, "disturb", wrong);
}

static int32_t refuse(void *context, size_t index, void *bytes, size_t count) {
  (void)bytes, (void)count;
  return index >= *(size_t *)context ? 7 : 0;
}

static void conversions(const char *output) {
  const int64_t extents[] = {4, 4}, negative[] = {-1, 4}, huge[] = {INT64_MAX, INT64_MAX};
  vitc_tensor all[2] = {{"a", VITC_FLOAT32, 2, extents}, {"b", VITC_FLOAT32, 2, extents}};
  size_t from = 1;
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert_tensors("model", all, 2, NULL, NULL, output, NULL, NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert_tensors("model", NULL, 2, refuse, &from, output, NULL, NULL));
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert_tensors("model", all, 2, refuse, &from, output, NULL, NULL));
  from = 2;
  MAKE(VITC_INVALID_FILE, vitc_convert_tensors("model", all, 2, refuse, &from, output, NULL, NULL));
  MAKE(VITC_INVALID_FILE, vitc_convert_tensors("model", all, 0, refuse, &from, output, NULL, NULL));
  all[1].name = "a";
  MAKE(VITC_INVALID_FILE, vitc_convert_tensors("model", all, 2, refuse, &from, output, NULL, NULL));
  all[1].name = NULL;
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert_tensors("model", all, 2, refuse, &from, output, NULL, NULL));
  all[1].name = "b", all[1].type = 13;
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert_tensors("model", all, 2, refuse, &from, output, NULL, NULL));
  all[1].type = VITC_FLOAT32, all[1].extents = negative;
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert_tensors("model", all, 2, refuse, &from, output, NULL, NULL));
  all[1].extents = huge;
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert_tensors("model", all, 2, refuse, &from, output, NULL, NULL));
  all[1].extents = NULL;
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert_tensors("model", all, 2, refuse, &from, output, NULL, NULL));
  all[1].extents = extents, all[1].rank = -1;
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert_tensors("model", all, 2, refuse, &from, output, NULL, NULL));
  all[1].rank = INT_MAX;
  MAKE(VITC_INVALID_ARGUMENT, vitc_convert_tensors("model", all, 2, refuse, &from, output, NULL, NULL));
  if (access(output, F_OK) == 0) fail(__LINE__, "vitc_convert_tensors", "an output in spite of an error");
}

int main(int count, char **words) {
  if (count != 4) return 64;
  vitrun_plan_info info;
  char output[4096];
  snprintf(output, sizeof output, "%s/misuse.bin", words[3]);
  RUN(VITRUN_OK, vitrun_plan_open(words[1], "{\"mapping\": false}", &plan));
  RUN(VITRUN_OK, vitrun_plan_get_info(plan, &info));
  RUN(VITRUN_OK, vitrun_session_open(plan, "{\"batch\": 4, \"threads\": 2}", &session));
  if (3 * info.height * info.width != VALUES) return 64;
  classes = (size_t)info.classes;
  tensor = calloc(VALUES, sizeof *tensor);
  if (!tensor) return 1;
  for (size_t i = 0; i < VALUES; i++) tensor[i] = (float)(i % 255) / 128 - 1;
  tensors();
  handles();
  nulls(words[1]);
  texts();
  options(words[1], output);
  quantization(words[1], output);
  export(words[1], output);
  images(words[2]);
  conversions(output);
  threads();
  forks(words[1]);
  free(tensor);
  printf("misuse: %d calls as expected\n", checked);
  return 0;
}
