#include "CJPEGRows.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
// The codes of its errors.
#include <jerror.h>

struct vit_jpeg {
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  jmp_buf failed;
  char message[JMSG_LENGTH_MAX];
};

static void keep_message(j_common_ptr info) {
  vit_jpeg *jpeg = info->client_data;
  info->err->format_message(info, jpeg->message);
}

static void fail(j_common_ptr info) {
  keep_message(info);
  longjmp(((vit_jpeg *)info->client_data)->failed, 1);
}

static void take_message(j_common_ptr info, int level) {
  // Levels from 0 on trace what the decoder does.
  if (level < 0 && info->err->num_warnings++ == 0) keep_message(info);
}

vit_jpeg *vit_jpeg_open(const unsigned char *bytes, size_t count) {
  vit_jpeg *jpeg = calloc(1, sizeof *jpeg);
  if (!jpeg) return NULL;
  jpeg->info.err = jpeg_std_error(&jpeg->errors);
  jpeg->errors.error_exit = fail;
  jpeg->errors.emit_message = take_message;
  jpeg->info.client_data = jpeg;
  if (setjmp(jpeg->failed)) {
    vit_jpeg_close(jpeg);
    return NULL;
  }
  jpeg_create_decompress(&jpeg->info);
  jpeg_mem_src(&jpeg->info, bytes, count);
  return jpeg;
}

void vit_jpeg_close(vit_jpeg *jpeg) {
  jpeg_destroy_decompress(&jpeg->info);
  free(jpeg);
}

static size_t round_up(size_t count, size_t unit) { return (count + unit - 1) / unit * unit; }

static size_t held_bytes(j_decompress_ptr info) {
  size_t bytes = 0;
  if (!jpeg_has_multiple_scans(info)) return 0;
  for (int index = 0; index < info->num_components; index++) {
    const jpeg_component_info *component = &info->comp_info[index];
    bytes += round_up(component->width_in_blocks, component->h_samp_factor) *
             round_up(component->height_in_blocks, component->v_samp_factor) * sizeof(JBLOCK);
  }
  return bytes;
}

int vit_jpeg_read_header(vit_jpeg *jpeg, vit_jpeg_header *header) {
  if (setjmp(jpeg->failed)) return 0;
  j_decompress_ptr info = &jpeg->info;
  jpeg_read_header(info, TRUE);
  header->width = info->image_width;
  header->height = info->image_height;
  header->is_ink = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
  header->held_bytes = held_bytes(info);
  return 1;
}

int vit_jpeg_start(vit_jpeg *jpeg) {
  if (setjmp(jpeg->failed)) return 0;
  j_decompress_ptr info = &jpeg->info;
  int is_ink = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
  info->out_color_space = is_ink ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(info);
  return 1;
}

int vit_jpeg_read_row(vit_jpeg *jpeg, unsigned char *row) {
  if (setjmp(jpeg->failed)) return 0;
  // Only a source that waits for more bytes gives no row.
  while (jpeg_read_scanlines(&jpeg->info, &row, 1) == 0) {
  }
  return 1;
}

int vit_jpeg_finish(vit_jpeg *jpeg) {
  if (setjmp(jpeg->failed)) return 0;
  jpeg_finish_decompress(&jpeg->info);
  return 1;
}

int vit_jpeg_has_warned(const vit_jpeg *jpeg) { return jpeg->errors.num_warnings > 0; }

const char *vit_jpeg_message(const vit_jpeg *jpeg) { return jpeg->message; }

int vit_jpeg_lacks_memory(const vit_jpeg *jpeg) {
  return jpeg->errors.msg_code == JERR_OUT_OF_MEMORY;
}
