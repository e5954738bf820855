/* From a checkpoint to labels in C: classify CHECKPOINT FOLDER IMAGE... leaves dense.bin and fast.bin in FOLDER.
 *
 *     cc -std=c11 classify.c $(pkg-config --cflags --libs vitc vitrun) -o classify
 */
#include <stdio.h>
#include <stdlib.h>
#include <vitc.h>
#include <vitrun.h>

/* Ends the program with what was wrong. */
static void made(vitc_status status) {
  if (status == VITC_OK) return;
  fprintf(stderr, "classify: %s\n", vitc_last_error()->message);
  exit(1);
}

static void ran(vitrun_status status) {
  if (status == VITRUN_OK) return;
  fprintf(stderr, "classify: %s\n", vitrun_last_error()->message);
  exit(1);
}

/* Converts a checkpoint, then keeps 70 % of the tokens in three blocks. */
static void make_plan(const char *checkpoint, const char *dense, const char *fast) {
  char *report = NULL;
  made(vitc_convert(checkpoint, dense, NULL, &report));
  fprintf(stderr, "%s\n", report);
  made(vitc_free(report));
  made(vitc_rewrite(dense, fast, "{\"keep\": 0.7}", NULL));
}

/* Prints the three most probable classes of each image; returns how many could not be read. */
static int classify(const char *path, const vitrun_image *images, size_t count) {
  vitrun_plan plan;
  vitrun_session session;
  vitrun_result result;
  int failures = 0;
  ran(vitrun_plan_open(path, NULL, &plan));
  ran(vitrun_session_open(plan, "{\"batch\": 8}", &session));
  ran(vitrun_session_run_images(session, images, count, VITRUN_LOGITS, &result));
  for (size_t image = 0; image < count; image++) {
    vitrun_class top[3];
    size_t found;
    if (vitrun_result_top(result, image, top, 3, &found) != VITRUN_OK) {
      fprintf(stderr, "classify: %s\n", vitrun_last_error()->message);
      failures++;
      continue;
    }
    for (size_t place = 0; place < found; place++) {
      char *label = NULL;
      ran(vitrun_plan_label(plan, top[place].index, &label));
      printf("%s %s %.4f\n", images[image].name, label, top[place].probability);
      ran(vitrun_free(label));
    }
  }
  ran(vitrun_result_close(result));
  ran(vitrun_session_close(session));
  ran(vitrun_plan_close(plan));
  return failures;
}

int main(int count, char **words) {
  if (count < 4) {
    fprintf(stderr, "usage: classify CHECKPOINT FOLDER IMAGE...\n");
    return 64;
  }
  char dense[4096], fast[4096];
  snprintf(dense, sizeof dense, "%s/dense.bin", words[2]);
  snprintf(fast, sizeof fast, "%s/fast.bin", words[2]);
  make_plan(words[1], dense, fast);
  vitrun_image *images = calloc((size_t)count, sizeof *images);
  if (!images) return 1;
  for (int index = 3; index < count; index++) {
    images[index - 3].form = VITRUN_IMAGE_FILE;
    images[index - 3].name = words[index];
  }
  int failures = classify(fast, images, (size_t)(count - 3));
  free(images);
  return failures == 0 ? 0 : 1;
}
