#include <stddef.h>
#include <stdint.h>

/// The first image of a TIFF, read by libtiff, whose errors come as formats with C's variable arguments, which Swift
/// cannot take. Functions that can fail return 0 if they did; `vit_tiff_message` says why.
typedef struct vit_tiff vit_tiff;

/// What the first directory says; what it leaves out has the format's default.
typedef struct {
  uint32_t width;
  uint32_t height;
  /// Of every sample.
  uint16_t bits;
  /// For each pixel.
  uint16_t samples;
  /// TIFF's codes of what samples are.
  uint16_t photometric;
  uint16_t sample_format;
  uint16_t compression;
  uint16_t fill_order;
  /// 1 for CMYK.
  uint16_t inks;
  /// Whether each sample has an image of its own.
  int is_planar;
  /// As EXIF's orientation.
  uint16_t orientation;
  /// How many samples of a pixel are no colours, and how many behind the first of them are alphas.
  uint16_t extra_samples;
  uint16_t further_alphas;
  /// Extents of a tile; 0 where the image has strips.
  uint32_t tile_width;
  uint32_t tile_height;
  /// Rows of a strip, at most the image's.
  uint32_t strip_rows;
  /// Bytes of a row, of one sample where each has an image of its own, and of a strip or tile.
  uint64_t row_bytes;
  uint64_t block_bytes;
  /// A palette's colours, 2^bits each, or NULL.
  const uint16_t *red;
  const uint16_t *green;
  const uint16_t *blue;
} vit_tiff_header;

/// A reader of bytes that must outlive it; NULL if there is no memory for one.
vit_tiff *vit_tiff_open(const unsigned char *bytes, size_t count);

void vit_tiff_close(vit_tiff *tiff);

/// Reads the first directory; of YCbCr coded as JPEG the samples come as RGB.
/// - Parameter most_bytes: what libtiff may take at once afterwards.
int vit_tiff_read_header(vit_tiff *tiff, size_t most_bytes, vit_tiff_header *header);

/// A row of an image in strips, in order. A reader that warns of pixels has failed too: some are missing.
int vit_tiff_read_row(vit_tiff *tiff, uint32_t row, unsigned char *samples);

/// The bytes of a strip or tile of this number.
int vit_tiff_read_strip(vit_tiff *tiff, uint32_t strip, unsigned char *samples, size_t count);
int vit_tiff_read_tile(vit_tiff *tiff, uint32_t tile, unsigned char *samples, size_t count);

/// The reader's own words for its first error.
const char *vit_tiff_message(const vit_tiff *tiff);

/// Whether the error is that the system refuses memory.
int vit_tiff_lacks_memory(const vit_tiff *tiff);
