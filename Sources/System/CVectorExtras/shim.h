// Instructions that Swift cannot spell. Everything is inline; nothing is linked.
#ifndef CVECTOREXTRAS_SHIM_H
#define CVECTOREXTRAS_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

/// Whether the processor has AVX2, FMA and F16C, and the system saves the wide registers.
static inline bool cve_has_avx2(void) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  const unsigned wanted = (1u << 12) | (1u << 27) | (1u << 28) | (1u << 29);
  if ((c & wanted) != wanted) return false;
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) != 6) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  return (b & (1u << 5)) != 0;
}

/// Whether the processor has AVX-512 F, DQ, BW and VL besides, and the system saves its registers.
static inline bool cve_has_avx512(void) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!cve_has_avx2()) return false;
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 0xE6) != 0xE6) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  const unsigned wanted = (1u << 16) | (1u << 17) | (1u << 30) | (1u << 31);
  return (b & wanted) == wanted;
}

/// Whether the processor adds in units of its own beside those that multiply: AMD's Zen and its kin.
static inline bool cve_adds_beside_multiplying(void) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(0, &a, &b, &c, &d)) return false;
  const bool isAMD = b == signature_AMD_ebx && c == signature_AMD_ecx && d == signature_AMD_edx;
  const bool isHygon =
      b == signature_HYGON_ebx && c == signature_HYGON_ecx && d == signature_HYGON_edx;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  const unsigned family = ((a >> 8) & 0xF) + ((a >> 20) & 0xFF);
  return (isAMD || isHygon) && family >= 0x17;
}

/// Whether the processor adds products of bytes to 32 bits in registers of AVX-512 (AVX-512 VNNI), all else that
/// `cve_has_avx512` asks for beside it.
static inline bool cve_has_avx512_vnni(void) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!cve_has_avx512() || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  return (c & (1u << 11)) != 0;
}

/// The same in registers of AVX2 (AVX-VNNI).
static inline bool cve_has_avx_vnni(void) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!cve_has_avx2() || !__get_cpuid_count(7, 1, &a, &b, &c, &d)) return false;
  return (a & (1u << 4)) != 0;
}

/// Tells the processor that it may rest while this thread waits in a loop.
static inline void cve_pause(void) { _mm_pause(); }
#else
static inline bool cve_adds_beside_multiplying(void) { return false; }
#if defined(__aarch64__)
static inline void cve_pause(void) { __asm__ volatile("yield" ::: "memory"); }
#else
static inline void cve_pause(void) {}
#endif
#endif

/// Asks for a cache line in the second-level cache. Any address will do.
static inline void cve_prefetch2(const void *address) { __builtin_prefetch(address, 0, 2); }

#if defined(__AVX512F__)
/// Lane by lane the larger; the second where either is NaN.
static inline __m512 cve_max16(__m512 a, __m512 b) { return _mm512_max_ps(a, b); }

/// Lane by lane the smaller; the second where either is NaN.
static inline __m512 cve_min16(__m512 a, __m512 b) { return _mm512_min_ps(a, b); }

/// `a * b + sum`, rounded once, in the register of `sum`. The compiler may put the result of a
/// multiply-add in that of a factor; where both factors are temporary, all sums of a loop then move and
/// many are spilled.
static inline __m512 cve_accumulate16(__m512 sum, __m512 a, __m512 b) {
  __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}

/// One float in every lane, loaded as an integer: Zen 4 loads those in its load units alone, while a
/// broadcast of floats takes time of the units that add and multiply.
static inline __m512 cve_broadcast16(const float *value) {
  __m512 lanes;
  __asm__("vpbroadcastd %1, %0" : "=v"(lanes) : "m"(*value));
  return lanes;
}

/// Sixteen integers of 32 bits.
typedef int cve_lanes16 __attribute__((ext_vector_type(16)));

/// Adds to each lane of `sum` the four products of its bytes in `rows`, which have no sign, and in `weights`,
/// which have one (AVX-512 VNNI). By its letters, so that the compiler uses such instructions nowhere else.
static inline cve_lanes16 cve_vnni16(cve_lanes16 sum, cve_lanes16 rows, cve_lanes16 weights) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(rows), "v"(weights));
  return sum;
}

/// Adds to each lane of `sum` its two products of 16 bits (AVX-512 VNNI).
static inline cve_lanes16 cve_vnni_pairs16(cve_lanes16 sum, cve_lanes16 a, cve_lanes16 b) {
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}

/// Of each lane the sum of its two products of 16 bits.
static inline cve_lanes16 cve_pairs16(cve_lanes16 a, cve_lanes16 b) {
  return (cve_lanes16)_mm512_madd_epi16((__m512i)a, (__m512i)b);
}

/// Integers as floats, rounded to nearest.
static inline __m512 cve_floats16(cve_lanes16 lanes) { return _mm512_cvtepi32_ps((__m512i)lanes); }

/// Floats as integers, rounded to nearest.
static inline cve_lanes16 cve_integers16(__m512 lanes) {
  return (cve_lanes16)_mm512_cvtps_epi32(lanes);
}

/// Writes the low byte of each lane.
static inline void cve_store_bytes16(void *bytes, cve_lanes16 lanes) {
  _mm_storeu_si128((__m128i *)bytes, _mm512_cvtepi32_epi8((__m512i)lanes));
}

/// Widens sixteen binary16 values at any alignment.
static inline __m512 cve_widen16(const void *halves) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)halves));
}
#endif

#if defined(__AVX2__) && defined(__F16C__)
/// Lane by lane the larger; the second where either is NaN.
static inline __m256 cve_max(__m256 a, __m256 b) { return _mm256_max_ps(a, b); }

/// Lane by lane the smaller; the second where either is NaN.
static inline __m256 cve_min(__m256 a, __m256 b) { return _mm256_min_ps(a, b); }

/// `a * b + sum`, rounded once, in the register of `sum`; as `cve_accumulate16`.
static inline __m256 cve_accumulate(__m256 sum, __m256 a, __m256 b) {
  __asm__("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
  return sum;
}

/// One float in every lane; as `cve_broadcast16`.
static inline __m256 cve_broadcast(const float *value) {
  __m256 lanes;
  __asm__("vpbroadcastd %1, %0" : "=x"(lanes) : "m"(*value));
  return lanes;
}

/// Eight integers of 32 bits.
typedef int cve_lanes8 __attribute__((ext_vector_type(8)));

/// As `cve_vnni16`, by AVX-VNNI. `{vex}` tells the assembler not to write AVX-512's form; in a template, braces alone
/// hold what only another dialect of assembly has, and the instruction would be left out.
static inline cve_lanes8 cve_vnni8(cve_lanes8 sum, cve_lanes8 rows, cve_lanes8 weights) {
  __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(rows), "x"(weights));
  return sum;
}

/// As `cve_vnni_pairs16`, by AVX-VNNI.
static inline cve_lanes8 cve_vnni_pairs8(cve_lanes8 sum, cve_lanes8 a, cve_lanes8 b) {
  __asm__("%{vex%} vpdpwssd %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
  return sum;
}

/// Of each lane the sum of its two products of 16 bits.
static inline cve_lanes8 cve_pairs8(cve_lanes8 a, cve_lanes8 b) {
  return (cve_lanes8)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}

/// Integers as floats, rounded to nearest.
static inline __m256 cve_floats8(cve_lanes8 lanes) { return _mm256_cvtepi32_ps((__m256i)lanes); }

/// Floats as integers, rounded to nearest.
static inline cve_lanes8 cve_integers8(__m256 lanes) {
  return (cve_lanes8)_mm256_cvtps_epi32(lanes);
}

/// Writes the low byte of each lane, those of `low` first.
static inline void cve_store_bytes8x2(void *bytes, cve_lanes8 low, cve_lanes8 high) {
  const __m256i mask = _mm256_set1_epi32(0xFF);
  const __m256i halves =
      _mm256_packus_epi32(_mm256_and_si256((__m256i)low, mask), _mm256_and_si256((__m256i)high, mask));
  const __m256i words = _mm256_permute4x64_epi64(halves, 0xD8);
  _mm_storeu_si128((__m128i *)bytes, _mm_packus_epi16(_mm256_castsi256_si128(words),
                                                      _mm256_extracti128_si256(words, 1)));
}

/// Writes the transpose of 8 rows of 8 floats, `from_step` and `to_step` floats apart.
static inline void cve_transpose8(const float *from, long from_step, float *to, long to_step) {
  __m256 r[8], t[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) r[i] = _mm256_loadu_ps(from + i * from_step);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xEE);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    _mm256_storeu_ps(to + i * to_step, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(to + (i + 4) * to_step, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

/// Widens eight binary16 values at any alignment.
static inline __m256 cve_widen(const void *halves) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)halves));
}
#endif

#if defined(__aarch64__)
#include "arm64.h"
#endif

#endif
