// Instructions of ARM64 that Swift cannot spell, for registers of four elements.
#ifndef CVECTOREXTRAS_ARM64_H
#define CVECTOREXTRAS_ARM64_H

#include <arm_neon.h>
#include <stdbool.h>

#if defined(__linux__)
#include <sys/auxv.h>

/// Whether the processor adds products of bytes to 32 bits (FEAT_DotProd).
static inline bool cve_has_dotprod(void) { return (getauxval(AT_HWCAP) & (1ul << 20)) != 0; }

/// Whether it multiplies matrices of bytes, with a sign and without, as well (FEAT_I8MM).
static inline bool cve_has_i8mm(void) {
  return cve_has_dotprod() && (getauxval(AT_HWCAP2) & (1ul << 13)) != 0;
}
#else
static inline bool cve_has_dotprod(void) { return false; }
static inline bool cve_has_i8mm(void) { return false; }
#endif

/// Four floats.
typedef float cve_floats4 __attribute__((ext_vector_type(4)));

/// Four integers of 32 bits, or sixteen bytes.
typedef int cve_lanes4 __attribute__((ext_vector_type(4)));

/// Lane by lane the larger; the second where either is NaN.
static inline cve_floats4 cve_max4(cve_floats4 a, cve_floats4 b) {
  return vbslq_f32(vcgtq_f32(a, b), a, b);
}

/// Lane by lane the smaller; the second where either is NaN.
static inline cve_floats4 cve_min4(cve_floats4 a, cve_floats4 b) {
  return vbslq_f32(vcltq_f32(a, b), a, b);
}

/// Widens four binary16 values at any alignment.
static inline cve_floats4 cve_widen4(const void *halves) {
  return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8((const unsigned char *)halves)));
}

/// Integers as floats, rounded to nearest.
static inline cve_floats4 cve_floats_of4(cve_lanes4 lanes) { return vcvtq_f32_s32(lanes); }

/// Floats as integers, rounded to the nearest, a tie to the even one.
static inline cve_lanes4 cve_integers4(cve_floats4 values) { return vcvtnq_s32_f32(values); }

/// Writes the low byte of each lane.
static inline void cve_store_bytes4x4(void *bytes, cve_lanes4 a, cve_lanes4 b, cve_lanes4 c,
                                      cve_lanes4 d) {
  const uint16x8_t low = vuzp1q_u16((uint16x8_t)a, (uint16x8_t)b);
  const uint16x8_t high = vuzp1q_u16((uint16x8_t)c, (uint16x8_t)d);
  vst1q_u8((unsigned char *)bytes, vuzp1q_u8((uint8x16_t)low, (uint8x16_t)high));
}

/// A float that is loaded by itself. Of one that is loaded into all lanes, as the compiler would, the load takes time of
/// the units that multiply; a multiply-add takes one lane as well.
static inline float cve_scalar(float value) {
  __asm__("" : "+w"(value));
  return value;
}

/// Adds to `sum`, for the first four of eight columns, their two products of 16 bits with the two numbers that `factors`
/// begins with. The columns' numbers lie side by side, four columns in `a` and four in `b`. By its letters, so that sums
/// stay in their registers.
static inline cve_lanes4 cve_add_pairs_low(cve_lanes4 sum, cve_lanes4 a, cve_lanes4 b,
                                           cve_lanes4 factors) {
  const int16x8_t first = vuzp1q_s16((int16x8_t)a, (int16x8_t)b);
  const int16x8_t second = vuzp2q_s16((int16x8_t)a, (int16x8_t)b);
  __asm__("smlal %0.4s, %1.4h, %2.h[0]" : "+w"(sum) : "w"(first), "x"(factors));
  __asm__("smlal %0.4s, %1.4h, %2.h[1]" : "+w"(sum) : "w"(second), "x"(factors));
  return sum;
}

/// As `cve_add_pairs_low`, for the last four.
static inline cve_lanes4 cve_add_pairs_high(cve_lanes4 sum, cve_lanes4 a, cve_lanes4 b,
                                            cve_lanes4 factors) {
  const int16x8_t first = vuzp1q_s16((int16x8_t)a, (int16x8_t)b);
  const int16x8_t second = vuzp2q_s16((int16x8_t)a, (int16x8_t)b);
  __asm__("smlal2 %0.4s, %1.8h, %2.h[0]" : "+w"(sum) : "w"(first), "x"(factors));
  __asm__("smlal2 %0.4s, %1.8h, %2.h[1]" : "+w"(sum) : "w"(second), "x"(factors));
  return sum;
}

/// Adds to each lane of `sum` the four products of its bytes, which have a sign (FEAT_DotProd). By its letters, so that
/// the compiler uses such instructions nowhere else.
static inline cve_lanes4 cve_sdot(cve_lanes4 sum, cve_lanes4 a, cve_lanes4 b) {
  __asm__(".arch_extension dotprod\n\tsdot %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(a), "w"(b));
  return sum;
}

/// The same where the bytes of `rows` have no sign (FEAT_I8MM).
static inline cve_lanes4 cve_usdot(cve_lanes4 sum, cve_lanes4 rows, cve_lanes4 weights) {
  __asm__(".arch_extension i8mm\n\tusdot %0.4s, %1.16b, %2.16b"
          : "+w"(sum)
          : "w"(rows), "w"(weights));
  return sum;
}

/// Adds the products of two rows of eight bytes without a sign with two columns of eight bytes with one:
/// `sum[2 row + column]` (FEAT_I8MM).
static inline cve_lanes4 cve_usmmla(cve_lanes4 sum, cve_lanes4 rows, cve_lanes4 columns) {
  __asm__ volatile(".arch_extension i8mm\n\tusmmla %0.4s, %1.16b, %2.16b"
          : "+w"(sum)
          : "w"(rows), "w"(columns));
  return sum;
}

/// The eight bytes at `a`, then the eight at `b`.
static inline cve_lanes4 cve_two_rows(const void *a, const void *b) {
  return (cve_lanes4)vcombine_u8(vld1_u8((const unsigned char *)a), vld1_u8((const unsigned char *)b));
}

/// The first lanes of `a` and `b`, then their second.
static inline cve_lanes4 cve_zip_low(cve_lanes4 a, cve_lanes4 b) { return vzip1q_s32(a, b); }

/// The third lanes of `a` and `b`, then their fourth.
static inline cve_lanes4 cve_zip_high(cve_lanes4 a, cve_lanes4 b) { return vzip2q_s32(a, b); }

/// Writes the transpose of 4 rows of 4 floats, `from_step` and `to_step` floats apart.
static inline void cve_transpose4(const float *from, long from_step, float *to, long to_step) {
  const float32x4_t a = vld1q_f32(from), b = vld1q_f32(from + from_step);
  const float32x4_t c = vld1q_f32(from + 2 * from_step), d = vld1q_f32(from + 3 * from_step);
  const float32x4_t ac = vzip1q_f32(a, c), ac2 = vzip2q_f32(a, c);
  const float32x4_t bd = vzip1q_f32(b, d), bd2 = vzip2q_f32(b, d);
  vst1q_f32(to, vzip1q_f32(ac, bd));
  vst1q_f32(to + to_step, vzip2q_f32(ac, bd));
  vst1q_f32(to + 2 * to_step, vzip1q_f32(ac2, bd2));
  vst1q_f32(to + 3 * to_step, vzip2q_f32(ac2, bd2));
}

/// Writes the transpose of 8 rows of 8 floats, `from_step` and `to_step` floats apart.
static inline void cve_transpose8(const float *from, long from_step, float *to, long to_step) {
  for (int row = 0; row < 8; row += 4) {
    for (int column = 0; column < 8; column += 4) {
      cve_transpose4(from + row * from_step + column, from_step, to + column * to_step + row, to_step);
    }
  }
}

#endif
