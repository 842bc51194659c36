#include "matrix-unit.h"

#include <string.h>

#include <algorithm>

// Compilers before GCC 11 and Clang 12 know nothing of the unit.
#if defined(__x86_64__) && defined(__linux__) && (__GNUC__ >= 11 || __clang_major__ >= 12)
#define BLUEWATERS_MATRIX_UNIT 1
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace bluewaters {

#ifdef BLUEWATERS_MATRIX_UNIT

#define WITH_UNIT __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16,amx-tile,amx-bf16")))

namespace {

/** What the unit and the loops around it need: bits of the answers to `cpuid`. */
bool processor_has_unit() {
  constexpr unsigned kBfloat16Tiles = 1u << 22, kTiles = 1u << 24, kBfloat16Vectors = 1u << 5;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & kBfloat16Tiles) == 0 || (d & kTiles) == 0) return false;
  if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || (a & kBfloat16Vectors) == 0) return false;
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

/** A process must ask Linux for the state of the tiles, which is 8 kB in each thread. */
bool system_lends_unit() {
  constexpr long kAskForState = 0x1023, kTileState = 18;
  return syscall(SYS_arch_prctl, kAskForState, kTileState) == 0;
}

/** As the instruction takes it: palette 1, and rows and bytes of a row for each of eight tiles. */
struct alignas(64) Layout {
  uint8_t palette = 1, first_row = 0, unused[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
  Layout() {
    for (int tile = 0; tile < 8; ++tile) {
      row_bytes[tile] = 64;
      rows[tile] = kTileSide;
    }
  }
};

WITH_UNIT void change_layout(void* before, const Layout* layout) {
  _tile_storeconfig(before);
  _tile_loadconfig(layout);
}

/** A palette of 0 is that of a unit that nobody uses. */
WITH_UNIT void restore_layout(const uint8_t* layout) {
  if (layout[0] == 0) {
    _tile_release();
  } else {
    _tile_loadconfig(layout);
  }
}

/** 16 vectors of 16 numbers of 32 bits: rows become columns. */
WITH_UNIT void transpose(__m512i* v) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    v[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    v[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    v[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    v[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(v[i], v[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(v[i], v[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(v[i + 8], v[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(v[i + 8], v[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    v[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    v[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    v[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

WITH_UNIT inline __mmask16 first_of(int64_t count) {
  return static_cast<__mmask16>((1u << std::clamp<int64_t>(count, 0, kTileSide)) - 1);
}

/** 16 numbers of either, in turns. */
WITH_UNIT inline __m512i in_turns(__m512i both) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20,
                                         4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, both);
}

/** Two rows of at most 16 floats, rounded, one after the other. */
WITH_UNIT inline __m512i rounded(const float* first, const float* second, __mmask16 of_first, __mmask16 of_second) {
  const __m512 low = _mm512_maskz_loadu_ps(of_first, first), high = _mm512_maskz_loadu_ps(of_second, second);
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/** Rows 2 * pair and the next of [rows, columns], in turns. */
WITH_UNIT inline __m512i rounded_pair(const float* from, int64_t pitch, int64_t pair, int64_t rows, __mmask16 columns) {
  const int64_t row = 2 * pair;
  return in_turns(rounded(from + row * pitch, from + (row + 1) * pitch, row < rows ? columns : __mmask16(0),
                          row + 1 < rows ? columns : __mmask16(0)));
}

}  // namespace

bool has_matrix_unit() {
  static const bool has = processor_has_unit() && system_lends_unit();
  return has;
}

MatrixUnit::MatrixUnit() {
  static const Layout layout;
  change_layout(before_, &layout);
}

MatrixUnit::~MatrixUnit() { restore_layout(before_); }

WITH_UNIT void multiply(const PairProduct& product) {
  // Compilers do not know that tiles read and write memory.
  asm volatile("" ::: "memory");
  float* const sums = product.sums;
  if (product.add) {
    _tile_loadd(0, sums, 64);
    _tile_loadd(1, sums + 256, 64);
    _tile_loadd(2, sums + 512, 64);
    _tile_loadd(3, sums + 768, 64);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  const int64_t pitch = product.left_pitch * static_cast<int64_t>(sizeof(Bfloat16));
  const Bfloat16 *upper = product.left, *lower = upper + kTileSide * product.left_pitch, *right = product.right;
  for (int64_t step = 0; step < product.steps; ++step, upper += kStep, lower += kStep, right += 2 * kTileNumbers) {
    _tile_loadd(6, right, 64);
    _tile_loadd(4, upper, pitch);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, right + kTileNumbers, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, lower, pitch);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums, 64);
  _tile_stored(1, sums + 256, 64);
  _tile_stored(2, sums + 512, 64);
  _tile_stored(3, sums + 768, 64);
  asm volatile("" ::: "memory");
}

WITH_UNIT void round_floats(const float* from, int64_t count, Bfloat16* to) {
  for (; count >= kStep; count -= kStep, from += kStep, to += kStep) {
    _mm512_storeu_si512(to, (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + 16), _mm512_loadu_ps(from)));
  }
  if (count == 0) return;
  const __m512i last = rounded(from, from + 16, first_of(count), first_of(count - 16));
  _mm512_mask_storeu_epi16(to, (1u << count) - 1, last);
}

WITH_UNIT void interleave(const Bfloat16* from, int64_t pitch, Bfloat16* tile) {
  for (int64_t pair = 0; pair < kTileSide; ++pair, from += 2 * pitch, tile += kStep) {
    const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    const __m256i second = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + pitch));
    _mm512_storeu_si512(tile, in_turns(_mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1)));
  }
}

WITH_UNIT void interleave_floats(const float* from, int64_t pitch, int64_t rows, int64_t columns, Bfloat16* tile) {
  for (int64_t pair = 0; pair < kTileSide; ++pair, tile += kStep) {
    _mm512_storeu_si512(tile, rounded_pair(from, pitch, pair, rows, first_of(columns)));
  }
}

WITH_UNIT void interleave_columns(const float* const from[2], int64_t pitch, int64_t columns, Bfloat16* tile) {
  const auto mask_of = [](const float* piece) { return piece == nullptr ? __mmask16(0) : __mmask16(0xffff); };
  __m512i by_column[kTileSide];
  for (int64_t column = 0; column < kTileSide; ++column) {
    const auto of_column = [&](const float* piece) {
      return piece == nullptr || column >= columns ? nullptr : piece + column * pitch;
    };
    const float *const first = of_column(from[0]), *const second = of_column(from[1]);
    by_column[column] = rounded(first, second, mask_of(first), mask_of(second));
  }
  transpose(by_column);
  for (int64_t pair = 0; pair < kTileSide; ++pair) _mm512_storeu_si512(tile + pair * kStep, by_column[pair]);
}

WITH_UNIT void transpose_floats(const float* from, int64_t pitch, int64_t rows, int64_t columns, Bfloat16* to,
                                int64_t to_pitch) {
  __m512i pairs[kTileSide];
  for (int64_t pair = 0; pair < kTileSide; ++pair) {
    pairs[pair] = rounded_pair(from, pitch, pair, rows, first_of(columns));
  }
  transpose(pairs);
  for (int64_t row = 0; row < kTileSide; ++row) _mm512_storeu_si512(to + row * to_pitch, pairs[row]);
}

WITH_UNIT void write_sums(const float* sums, int64_t rows, int64_t columns, float* to, int64_t pitch) {
  for (int64_t row = 0; row < rows; ++row, to += pitch) {
    const float* const from = sums + (row / kTileSide * 2 * kTileSide + row % kTileSide) * kTileSide;
    _mm512_mask_storeu_ps(to, first_of(columns), _mm512_loadu_ps(from));
    if (columns > kTileSide) {
      _mm512_mask_storeu_ps(to + kTileSide, first_of(columns - kTileSide), _mm512_loadu_ps(from + kTileSide * kTileSide));
    }
  }
}

WITH_UNIT void write_transposed_sums(const float* sums, int64_t rows, int64_t columns, float* to, int64_t pitch) {
  for (int64_t tile = 0; tile < 4; ++tile, sums += kTileSide * kTileSide) {
    const int64_t row = tile / 2 * kTileSide, column = tile % 2 * kTileSide;
    if (row >= rows || column >= columns) continue;
    __m512i lines[kTileSide];
    for (int64_t i = 0; i < kTileSide; ++i) lines[i] = _mm512_loadu_si512(sums + i * kTileSide);
    transpose(lines);
    const int64_t there = std::min(kTileSide, columns - column);
    for (int64_t i = 0; i < there; ++i) {
      _mm512_mask_storeu_epi32(to + (column + i) * pitch + row, first_of(rows - row), lines[i]);
    }
  }
}

#else

bool has_matrix_unit() { return false; }
MatrixUnit::MatrixUnit() = default;
MatrixUnit::~MatrixUnit() = default;
void multiply(const PairProduct&) {}
void round_floats(const float*, int64_t, Bfloat16*) {}
void interleave(const Bfloat16*, int64_t, Bfloat16*) {}
void interleave_floats(const float*, int64_t, int64_t, int64_t, Bfloat16*) {}
void interleave_columns(const float* const*, int64_t, int64_t, Bfloat16*) {}
void transpose_floats(const float*, int64_t, int64_t, int64_t, Bfloat16*, int64_t) {}
void write_sums(const float*, int64_t, int64_t, float*, int64_t) {}
void write_transposed_sums(const float*, int64_t, int64_t, float*, int64_t) {}

#endif

}  // namespace bluewaters
