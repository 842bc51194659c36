/**
 * The gradient of a convolution by its filter, by the matrix unit: what arrives, transposed, times the patches, so a block of
 * sums has a row for each filter, and is transposed where it is written. The patches, which are many times the pictures, need
 * only be interleaved; what is transposed is as large as the result of the convolution.
 */
#include <string.h>

#include "arithmetic.h"
#include "matrix-unit.h"
#include "rounded-patches.h"
#include "thread-scratch.h"
#include "unit-convolution.h"
#include "window-shares.h"

namespace bluewaters {
namespace {

/** The most floats of the window and filters in a block, and windows that are multiplied at a time. */
constexpr int64_t kWindowFloats = 512;
constexpr int64_t kFilters = 256;
constexpr int64_t kDepth = 512;

/** Numbers from row to row: a line more than a row has, so that rows of a tile spread over the first cache. */
constexpr int64_t kLeftPitch = kDepth + kStep, kRowPitch = kWindowFloats + kStep;

WindowShares shares_of(const Geometry& geometry) {
  return {geometry, {kWindowFloats, kPairSide}, {kFilters, kPairSide}, kDepth};
}

/** What a task works in: sums, both factors, and rows of patches that are about to be interleaved. */
struct Scratch {
  float* sums;
  Bfloat16 *left, *right, *rows;
  Scratch() {
    constexpr int64_t kNumbers = kFilters * kLeftPitch + kWindowFloats * kDepth + kStep * kRowPitch;
    sums = thread_scratch(kFilters * kWindowFloats + kNumbers / 2);
    left = reinterpret_cast<Bfloat16*>(sums + kFilters * kWindowFloats);
    right = left + kFilters * kLeftPitch;
    rows = right + kWindowFloats * kDepth;
  }
};

/** The patches of `depth` windows: [pairs of columns, steps, 2 tiles]. */
void lay_patches(const Patches& patches, const WindowShares::Task& task, int64_t window, int64_t depth, const Scratch& to) {
  const int64_t steps = divide_up(depth, kStep), columns = multiple_of(task.rows, kPairSide);
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t first = step * kStep, count = std::min(kStep, depth - first);
    round_patches(patches, task.row, task.rows, window + first, count, to.rows, kRowPitch);
    for (int64_t row = count; row < kStep; ++row) memset(to.rows + row * kRowPitch, 0, columns * sizeof(Bfloat16));
    for (int64_t column = 0; column < columns; column += kTileSide) {
      const int64_t tile = (column / kPairSide * steps + step) * 2 + column / kTileSide % 2;
      interleave(to.rows + column, kRowPitch, to.right + tile * kTileNumbers);
    }
  }
}

/** What arrives at `depth` windows, transposed: [filters, windows]. */
void lay_arriving(const float* arriving, int64_t filters, const WindowShares::Task& task, int64_t window, int64_t depth,
                  const Scratch& to) {
  for (int64_t first = 0; first < depth; first += kStep) {
    for (int64_t column = 0; column < task.columns; column += kTileSide) {
      transpose_floats(arriving + (window + first) * filters + task.column + column, filters, depth - first,
                       task.columns - column, to.left + column * kLeftPitch + first, kLeftPitch);
    }
  }
}

}  // namespace

int64_t unit_filter_gradient_workspace(const Geometry& geometry, const InstructionSet&) {
  return shares_of(geometry).workspace();
}

void unit_filter_gradient(const Geometry& geometry, const Means& means, const float* x, const float* arriving,
                          float* workspace, float* result) {
  const int64_t filters = geometry.filters;
  const Patches patches(geometry, x);
  shares_of(geometry).compute(means, workspace, result, [&](const WindowShares::Task& task) {
    const Scratch scratch;
    const MatrixUnit unit;
    const Cut depths(task.windows, kDepth, kStep);
    for (int64_t part = 0; part < depths.parts(); ++part) {
      const int64_t window = task.window + depths.begin(part), depth = depths.size(part), steps = divide_up(depth, kStep);
      lay_patches(patches, task, window, depth, scratch);
      lay_arriving(arriving, filters, task, window, depth, scratch);
      float* pair = scratch.sums;
      for (int64_t row = 0; row < task.rows; row += kPairSide) {
        const Bfloat16* const right = scratch.right + row / kPairSide * steps * 2 * kTileNumbers;
        for (int64_t column = 0; column < task.columns; column += kPairSide, pair += kPairSums) {
          multiply({scratch.left + column * kLeftPitch, kLeftPitch, right, steps, pair, part > 0});
          if (part + 1 < depths.parts()) continue;
          write_transposed_sums(pair, std::min(kPairSide, task.columns - column), std::min(kPairSide, task.rows - row),
                                task.corner + row * filters + column, filters);
        }
      }
    }
  });
}

}  // namespace bluewaters
