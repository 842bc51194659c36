/**
 * Convolutions by the matrix unit, and their gradients by the pictures with strides of 1, which are convolutions of what
 * arrives by the filter turned around.
 *
 * The filter is rounded and laid out in tiles once. A task is some windows and some filters: for a piece of the depth at a
 * time, the windows are rounded into a panel in the second cache, and multiplied by the tiles of the filter; the sums stay
 * there too. Each sum is taken in the order of the depth, so results do not depend on the number of threads.
 */
#include "unit-convolution.h"

#include <string.h>

#include "arithmetic.h"
#include "matrix-unit.h"
#include "rounded-patches.h"
#include "thread-scratch.h"
#include "thread-team.h"

namespace bluewaters {
namespace {

/** The most windows and filters in a task, and numbers of the depth in a piece of it. */
constexpr int64_t kWindows = 256;
constexpr int64_t kFilters = 256;
constexpr int64_t kDepth = 512;

/** Rows of a panel lie a line further apart than they are long, so that those of a tile spread over the first cache. */
constexpr int64_t kPitch = kDepth + kStep;

/** Floats that so many numbers take. */
inline int64_t floats_of(int64_t numbers) { return divide_up(numbers * sizeof(Bfloat16), sizeof(float)); }

/** Tiles of a matrix [depth, columns], by pairs of columns of tiles: [pairs, steps, 2 tiles]. */
struct Tiles {
  int64_t steps, pairs;
  Tiles(int64_t depth, int64_t columns) : steps(divide_up(depth, kStep)), pairs(divide_up(columns, kPairSide)) {}

  int64_t numbers() const { return pairs * steps * 2 * kTileNumbers; }
  int64_t at(int64_t pair, int64_t step) const { return (pair * steps + step) * 2 * kTileNumbers; }

  /** Calls `lay` with the first row and column of each tile, and where it belongs. */
  template <class Lay>
  void lay_out(const Means& means, Bfloat16* to, const Lay& lay) const {
    share_tasks(2 * pairs, means.threads, [&](int64_t column) {
      for (int64_t step = 0; step < steps; ++step) {
        lay(step * kStep, column * kTileSide, to + at(column / 2, step) + column % 2 * kTileNumbers);
      }
    });
  }
};

/** Rounds pieces of `windows` rows, and has zeros behind them up to whole steps. */
void round_windows(const Patches& patches, int64_t window, int64_t windows, int64_t first, int64_t depth, Bfloat16* to) {
  const int64_t behind = multiple_of(depth, kStep) - depth;
  round_patches(patches, first, depth, window, windows, to, kPitch);
  if (behind == 0) return;
  for (int64_t row = 0; row < windows; ++row) memset(to + row * kPitch + depth, 0, behind * sizeof(Bfloat16));
}

/** Patches of `x` times tiles of a filter. */
void multiply_windows(const Geometry& g, const Means& means, const float* x, const Bfloat16* filter, float* result) {
  const Patches patches(g, x);
  const Tiles tiles(g.window_floats(), g.filters);
  const Cut rows(g.windows(), kWindows, kPairSide), columns(g.filters, kFilters, kPairSide), depths(g.window_floats(), kDepth, kStep);
  share_tasks(rows.parts() * columns.parts(), means.threads, [&](int64_t index) {
    const int64_t row = index / columns.parts(), column = index % columns.parts();
    const int64_t windows = rows.size(row), filters = columns.size(column);
    float* const sums = thread_scratch(kWindows * kFilters + floats_of(kWindows * kPitch));
    auto* const panel = reinterpret_cast<Bfloat16*>(sums + kWindows * kFilters);
    const MatrixUnit unit;
    for (int64_t part = 0; part < depths.parts(); ++part) {
      const int64_t steps = divide_up(depths.size(part), kStep);
      round_windows(patches, rows.begin(row), windows, depths.begin(part), depths.size(part), panel);
      float* pair = sums;
      for (int64_t at = 0; at < filters; at += kPairSide) {
        const Bfloat16* const right = filter + tiles.at((columns.begin(column) + at) / kPairSide, depths.begin(part) / kStep);
        for (int64_t window = 0; window < windows; window += kPairSide, pair += kPairSums) {
          multiply({panel + window * kPitch, kPitch, right, steps, pair, part > 0});
          if (part + 1 < depths.parts()) continue;
          write_sums(pair, std::min(kPairSide, windows - window), std::min(kPairSide, filters - at),
                     result + (rows.begin(row) + window) * g.filters + columns.begin(column) + at, g.filters);
        }
      }
    }
  });
}

/** The convolution that the gradient by the pictures is. */
Geometry turned_around(const Geometry& g) {
  Geometry turned = g;
  turned.height = g.out_height;
  turned.width = g.out_width;
  turned.channels = g.filters;
  turned.filters = g.channels;
  turned.top = g.window_height - 1 - g.top;
  turned.left = g.window_width - 1 - g.left;
  turned.out_height = g.height;
  turned.out_width = g.width;
  return turned;
}

}  // namespace

int64_t unit_convolution_workspace(const Geometry& geometry, const InstructionSet&) {
  return floats_of(Tiles(geometry.window_floats(), geometry.filters).numbers());
}

void unit_convolution(const Geometry& g, const Means& means, const float* x, const float* filter, float* workspace,
                      float* result) {
  auto* const tiles = reinterpret_cast<Bfloat16*>(workspace);
  const int64_t depth = g.window_floats();
  Tiles(depth, g.filters).lay_out(means, tiles, [&](int64_t row, int64_t column, Bfloat16* to) {
    interleave_floats(filter + row * g.filters + column, g.filters, depth - row, g.filters - column, to);
  });
  multiply_windows(g, means, x, tiles, result);
}

bool suits_unit(const Geometry& geometry) { return geometry.filters > kTileSide; }

bool suits_unit_input_gradient(const Geometry& g) {
  return g.stride_height == 1 && g.stride_width == 1 && g.filters % kTileSide == 0 && g.channels > kTileSide;
}

int64_t unit_input_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions) {
  return unit_convolution_workspace(turned_around(geometry), instructions);
}

void unit_input_gradient(const Geometry& g, const Means& means, const float* filter, const float* arriving,
                         float* workspace, float* result) {
  auto* const tiles = reinterpret_cast<Bfloat16*>(workspace);
  const Geometry turned = turned_around(g);
  const int64_t depth = turned.window_floats(), taps = g.window_height * g.window_width;
  Tiles(depth, g.channels).lay_out(means, tiles, [&](int64_t row, int64_t column, Bfloat16* to) {
    const auto piece = [&](int64_t at) -> const float* {
      if (at >= depth) return nullptr;
      const int64_t tap = taps - 1 - at / g.filters;
      return filter + (tap * g.channels + column) * g.filters + at % g.filters;
    };
    const float* const pieces[] = {piece(row), piece(row + kTileSide)};
    interleave_columns(pieces, g.filters, g.channels - column, to);
  });
  multiply_windows(turned, means, arriving, tiles, result);
}

}  // namespace bluewaters
