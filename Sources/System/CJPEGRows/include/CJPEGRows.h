#include <stddef.h>

/// A JPEG image that is decoded a row at a time by libjpeg-turbo, whose errors leave by `longjmp`, which
/// Swift must not see. Functions that can fail return 0 if they did; `vit_jpeg_message` says why.
typedef struct vit_jpeg vit_jpeg;

/// What a header says.
typedef struct {
  unsigned width;
  unsigned height;
  /// Whether the samples are inks, CMYK or YCCK, of which rows have four a pixel.
  int is_ink;
  /// Bytes that the decoder holds for the whole image: of images in several scans, all coefficients.
  size_t held_bytes;
} vit_jpeg_header;

/// A decoder of bytes that must outlive it; NULL if there is no memory for one.
vit_jpeg *vit_jpeg_open(const unsigned char *bytes, size_t count);

void vit_jpeg_close(vit_jpeg *jpeg);

/// Reads up to the first scan.
int vit_jpeg_read_header(vit_jpeg *jpeg, vit_jpeg_header *header);

/// Prepares to read rows; of images in several scans, reads them all.
int vit_jpeg_start(vit_jpeg *jpeg);

/// The next row, RGB, or inverted CMYK as the file has it.
int vit_jpeg_read_row(vit_jpeg *jpeg, unsigned char *row);

/// Reads what follows the last row.
int vit_jpeg_finish(vit_jpeg *jpeg);

/// Whether something was wrong that the decoder could go on from.
int vit_jpeg_has_warned(const vit_jpeg *jpeg);

/// The decoder's own words for the error, or for the first thing that it warned of.
const char *vit_jpeg_message(const vit_jpeg *jpeg);

/// Whether the error is that the system refuses memory.
int vit_jpeg_lacks_memory(const vit_jpeg *jpeg);
