/**
 * The innermost loops, once for each instruction set: `instruction-sets.cc` includes this file with `TILE_NAMESPACE`,
 * `TILE_TARGET` (an attribute of functions), `TILE_LANES` (floats in a vector) and `TILE_ROWS` set.
 *
 * A tile is a few rows by two vectors of columns of a product of matrices, summed in registers: every term is one fused
 * multiply-add, in the order of the depth. Vectors are the compiler's own, so one text serves all of them.
 */
namespace TILE_NAMESPACE {

typedef float Vector __attribute__((vector_size(4 * TILE_LANES)));
/** The same in memory, at any address. */
typedef float Unaligned __attribute__((vector_size(4 * TILE_LANES), may_alias, aligned(4)));

constexpr int kRows = TILE_ROWS;
constexpr int kColumns = 2 * TILE_LANES;

template <int rows>
TILE_TARGET void outer_tile(const OuterTile& tile) {
  Vector sums[rows][2] = {};
  const float* a = tile.left;
  const float* b = tile.right;
  for (int64_t left = tile.depth; left > 0; --left, a += tile.left_pitch, b += tile.right_pitch) {
    const Vector first = *reinterpret_cast<const Unaligned*>(b);
    const Vector second = *reinterpret_cast<const Unaligned*>(b + TILE_LANES);
#pragma GCC unroll 16
    for (int row = 0; row < rows; ++row) {
      const Vector factor = a[row] - Vector{};
      sums[row][0] += factor * first;
      sums[row][1] += factor * second;
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) {
    Unaligned* const to = reinterpret_cast<Unaligned*>(tile.result + row * tile.result_pitch);
    to[0] += sums[row][0];
    to[1] += sums[row][1];
  }
}

TILE_TARGET inline void store_past_caches(float* to, const Vector& value) {
#if defined(__x86_64__) && TILE_LANES == 16
  _mm512_stream_ps(to, reinterpret_cast<const __m512&>(value));
#elif defined(__x86_64__) && TILE_LANES == 8
  _mm256_stream_ps(to, reinterpret_cast<const __m256&>(value));
#elif defined(__x86_64__)
  _mm_stream_ps(to, reinterpret_cast<const __m128&>(value));
#else
  *reinterpret_cast<Unaligned*>(to) = value;
#endif
}

template <int rows>
TILE_TARGET void product_tile(const ProductTile& tile) {
  Vector sums[rows][2] = {};
  const float* a = tile.left;
  const float* b = tile.weights;
  const float* ahead = tile.ahead;
  for (int64_t left = tile.depth; left > 0; left -= kLine) {
    if (ahead != nullptr) {
      for (int row = 0; row < rows; ++row) __builtin_prefetch(ahead + row * tile.left_pitch, 0, 2);
      ahead += kLine;
    }
    for (const float* const end = a + (left < kLine ? left : kLine); a < end; ++a, b += kColumns) {
      const Vector first = *reinterpret_cast<const Unaligned*>(b);
      const Vector second = *reinterpret_cast<const Unaligned*>(b + TILE_LANES);
#pragma GCC unroll 16
      for (int row = 0; row < rows; ++row) {
        const Vector factor = a[row * tile.left_pitch] - Vector{};
        sums[row][0] += factor * first;
        sums[row][1] += factor * second;
      }
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) {
    float* const to = tile.result + row * tile.result_pitch;
    if (tile.past_caches) {
      store_past_caches(to, sums[row][0]);
      store_past_caches(to + TILE_LANES, sums[row][1]);
      continue;
    }
    Unaligned* const vectors = reinterpret_cast<Unaligned*>(to);
    if (tile.add) {
      sums[row][0] += vectors[0];
      sums[row][1] += vectors[1];
    }
    vectors[0] = sums[row][0];
    vectors[1] = sums[row][1];
  }
}

template <int rows>
TILE_TARGET void gather_tile(const GatherTile& tile) {
  Vector sums[rows][2] = {};
  const float* b = tile.weights;
  const float* const* sources = tile.sources;
  for (int64_t part = 0; part < tile.parts; ++part, sources += tile.source_pitch) {
    const float* from[rows];
#pragma GCC unroll 16
    for (int row = 0; row < rows; ++row) from[row] = sources[row];
    for (int64_t at = 0; at < tile.depth; ++at, b += kColumns) {
      const Vector first = *reinterpret_cast<const Unaligned*>(b);
      const Vector second = *reinterpret_cast<const Unaligned*>(b + TILE_LANES);
#pragma GCC unroll 16
      for (int row = 0; row < rows; ++row) {
        const Vector factor = from[row][at] - Vector{};
        sums[row][0] += factor * first;
        sums[row][1] += factor * second;
      }
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) {
    Unaligned* const to = reinterpret_cast<Unaligned*>(tile.targets[row] + tile.column);
    if (tile.add) {
      sums[row][0] += to[0];
      sums[row][1] += to[1];
    }
    to[0] = sums[row][0];
    to[1] = sums[row][1];
  }
}

#include "channel-strips.h"
#include "local-norm-strips.h"
#include "winograd-lines.h"

template <int... rows>
void fill(InstructionSet* set, std::integer_sequence<int, rows...>) {
  ((set->outer[rows + 1] = outer_tile<rows + 1>), ...);
  ((set->product[rows + 1] = product_tile<rows + 1>), ...);
  ((set->gather[rows + 1] = gather_tile<rows + 1>), ...);
}

InstructionSet make(const char* name) {
  InstructionSet set{name,
                     kRows,
                     kColumns,
                     {},
                     {},
                     {},
                     {winograd<3, 3>(), winograd<1, 3>(), winograd<3, 1>(), winograd<5, 5>(), winograd<1, 7>(),
                      winograd<7, 1>()},
                     {mean_of_rows, squares_of_rows, affine_rows, products_of_rows, slopes_of_rows, write_rectified_sum,
                      rectify_rows},
                     {normalise_locally, derive_locally}};
  fill(&set, std::make_integer_sequence<int, kRows>());
  return set;
}

}  // namespace TILE_NAMESPACE

#undef TILE_NAMESPACE
#undef TILE_TARGET
#undef TILE_LANES
#undef TILE_ROWS
