#include "CTIFFRows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

struct vit_tiff {
  TIFF *tiff;
  const unsigned char *bytes;
  toff_t count;
  toff_t place;
  int lacks_memory;
  /// Whether the header has been read: a warning behind it is of pixels that are not all there.
  int reads_pixels;
  char message[256];
};

static tmsize_t read_bytes(thandle_t handle, void *target, tmsize_t wanted) {
  vit_tiff *tiff = handle;
  toff_t left = tiff->place < tiff->count ? tiff->count - tiff->place : 0;
  tmsize_t count = wanted < 0 ? 0 : (toff_t)wanted < left ? wanted : (tmsize_t)left;
  if (count > 0) memcpy(target, tiff->bytes + tiff->place, (size_t)count);
  tiff->place += (toff_t)count;
  return count;
}

static tmsize_t write_bytes(thandle_t handle, void *source, tmsize_t count) {
  (void)handle, (void)source, (void)count;
  return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int from) {
  vit_tiff *tiff = handle;
  // Unsigned as libtiff has it: a step back wraps around.
  tiff->place = offset + (from == SEEK_CUR ? tiff->place : from == SEEK_END ? tiff->count : 0);
  return tiff->place;
}

static toff_t size(thandle_t handle) { return ((vit_tiff *)handle)->count; }

static int map(thandle_t handle, void **base, toff_t *count) {
  vit_tiff *tiff = handle;
  *base = (void *)tiff->bytes;
  *count = tiff->count;
  return 1;
}

static void unmap(thandle_t handle, void *base, toff_t count) { (void)handle, (void)base, (void)count; }

static int close_bytes(thandle_t handle) { return (void)handle, 0; }

static int keep_message(TIFF *ignored, void *data, const char *part, const char *format, va_list values) {
  (void)ignored, (void)part;
  vit_tiff *tiff = data;
  if (tiff->message[0]) return 1;
  vsnprintf(tiff->message, sizeof tiff->message, format, values);
  // libtiff has no codes of errors.
  tiff->lacks_memory = strstr(format, "ut of memory") || strstr(format, "No space for");
  return 1;
}

static int keep_warning(TIFF *ignored, void *data, const char *part, const char *format, va_list values) {
  vit_tiff *tiff = data;
  return tiff->reads_pixels ? keep_message(ignored, data, part, format, values) : 1;
}

vit_tiff *vit_tiff_open(const unsigned char *bytes, size_t count) {
  vit_tiff *tiff = calloc(1, sizeof *tiff);
  if (!tiff) return NULL;
  tiff->bytes = bytes;
  tiff->count = count;
  return tiff;
}

void vit_tiff_close(vit_tiff *tiff) {
  if (tiff->tiff) TIFFClose(tiff->tiff);
  free(tiff);
}

int vit_tiff_read_header(vit_tiff *tiff, size_t most_bytes, vit_tiff_header *header) {
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (!options) return tiff->lacks_memory = 1, 0;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)most_bytes);
  TIFFOpenOptionsSetErrorHandlerExtR(options, keep_message, tiff);
  TIFFOpenOptionsSetWarningHandlerExtR(options, keep_warning, tiff);
  // Strips are looked up when they are read, and stay as the file has them.
  tiff->tiff = TIFFClientOpenExt("image", "rOc", tiff, read_bytes, write_bytes, seek, close_bytes,
                                 size, map, unmap, options);
  TIFFOpenOptionsFree(options);
  TIFF *file = tiff->tiff;
  if (!file) return 0;
  uint16_t planar = 0, *extra = NULL, *red = NULL, *green = NULL, *blue = NULL;
  if (!TIFFGetField(file, TIFFTAG_IMAGEWIDTH, &header->width) ||
      !TIFFGetField(file, TIFFTAG_IMAGELENGTH, &header->height)) {
    snprintf(tiff->message, sizeof tiff->message, "no width or height");
    return 0;
  }
  TIFFGetFieldDefaulted(file, TIFFTAG_BITSPERSAMPLE, &header->bits);
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLESPERPIXEL, &header->samples);
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLEFORMAT, &header->sample_format);
  TIFFGetFieldDefaulted(file, TIFFTAG_COMPRESSION, &header->compression);
  TIFFGetFieldDefaulted(file, TIFFTAG_FILLORDER, &header->fill_order);
  TIFFGetFieldDefaulted(file, TIFFTAG_PLANARCONFIG, &planar);
  TIFFGetFieldDefaulted(file, TIFFTAG_INKSET, &header->inks);
  TIFFGetFieldDefaulted(file, TIFFTAG_ORIENTATION, &header->orientation);
  TIFFGetFieldDefaulted(file, TIFFTAG_EXTRASAMPLES, &header->extra_samples, &extra);
  if (!TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &header->photometric)) header->photometric = PHOTOMETRIC_MINISWHITE;
  // One sample lies the same both ways.
  header->is_planar = planar == PLANARCONFIG_SEPARATE && header->samples > 1;
  for (int index = 1; extra && index < header->extra_samples; index++) header->further_alphas += extra[index] != 0;
  if (TIFFGetField(file, TIFFTAG_COLORMAP, &red, &green, &blue)) {
    header->red = red;
    header->green = green;
    header->blue = blue;
  }
  // libdeflate takes a block of more bytes than there is room for as done, and may have written none of them.
  if (header->compression == COMPRESSION_DEFLATE || header->compression == COMPRESSION_ADOBE_DEFLATE)
    TIFFSetField(file, TIFFTAG_DEFLATE_SUBCODEC, DEFLATE_SUBCODEC_ZLIB);
  if (header->photometric == PHOTOMETRIC_YCBCR && header->compression == COMPRESSION_JPEG)
    TIFFSetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  if (TIFFIsTiled(file)) {
    TIFFGetField(file, TIFFTAG_TILEWIDTH, &header->tile_width);
    TIFFGetField(file, TIFFTAG_TILELENGTH, &header->tile_height);
    header->block_bytes = TIFFTileSize64(file);
    header->row_bytes = TIFFTileRowSize64(file);
  } else {
    TIFFGetFieldDefaulted(file, TIFFTAG_ROWSPERSTRIP, &header->strip_rows);
    if (header->strip_rows > header->height) header->strip_rows = header->height;
    header->block_bytes = TIFFStripSize64(file);
    header->row_bytes = TIFFScanlineSize64(file);
  }
  tiff->message[0] = 0;
  tiff->reads_pixels = 1;
  return 1;
}

int vit_tiff_read_row(vit_tiff *tiff, uint32_t row, unsigned char *samples) {
  return TIFFReadScanline(tiff->tiff, samples, row, 0) == 1 && !tiff->message[0];
}

int vit_tiff_read_strip(vit_tiff *tiff, uint32_t strip, unsigned char *samples, size_t count) {
  // What a codec leaves out is not to be what was in memory.
  memset(samples, 0, count);
  tmsize_t found = TIFFReadEncodedStrip(tiff->tiff, strip, samples, (tmsize_t)count);
  return found == (tmsize_t)count && !tiff->message[0];
}

int vit_tiff_read_tile(vit_tiff *tiff, uint32_t tile, unsigned char *samples, size_t count) {
  memset(samples, 0, count);
  tmsize_t found = TIFFReadEncodedTile(tiff->tiff, tile, samples, (tmsize_t)count);
  return found == (tmsize_t)count && !tiff->message[0];
}

const char *vit_tiff_message(const vit_tiff *tiff) { return tiff->message; }

int vit_tiff_lacks_memory(const vit_tiff *tiff) { return tiff->lacks_memory; }
