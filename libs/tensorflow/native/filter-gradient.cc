/**
 * The gradient of a convolution by its filter.
 *
 * The result is cut into blocks of rows (floats of the window) and columns (filters). For some windows at a time, the
 * floats of a block's rows and what arrives for its columns are copied into panels, as the innermost loop reads them,
 * and multiplied; all of that fits a processor's second cache. Windows of one pixel are copied too: channels are mostly a
 * power of two, and where they lie their rows would meet in a few sets of the first cache. Where there are too few blocks
 * for many threads, the windows are divided too, and the shares are added in their order. Sizes and the instruction set
 * alone decide about all this, so that the sum of every float is taken in the same order whatever the number of threads.
 */
#include <string.h>

#include "arithmetic.h"
#include "blocks.h"
#include "convolution.h"
#include "pointwise.h"
#include "thread-scratch.h"
#include "thread-team.h"

namespace bluewaters {
namespace {

/** As many tasks as there should be where windows are divided, so many that they are not, and the fewest windows in one. */
constexpr int64_t kTasks = 48;
constexpr int64_t kEnoughBlocks = 16;
constexpr int64_t kLeastWindows = 2 * kBlockDepth;

struct Plan {
  Cut rows, columns, windows;
  Plan(const Geometry& geometry, const InstructionSet& set)
      : rows(geometry.window_floats(), block_rows(set), set.rows),
        columns(geometry.filters, block_columns(set), set.columns),
        windows(geometry.windows(), divide_up(geometry.windows(), shares(geometry)), 1) {}

 private:
  int64_t shares(const Geometry& geometry) const {
    const int64_t blocks = rows.parts() * columns.parts();
    if (blocks >= kEnoughBlocks) return 1;
    return std::max<int64_t>(1, std::min(divide_up(kTasks, blocks), geometry.windows() / kLeastWindows));
  }
};

void copy_columns(const Panel& from, int64_t depth, float* to, int64_t pitch) {
  for (int64_t at = 0; at < depth; ++at, to += pitch) memcpy(to, from.row(at), from.count * sizeof(float));
}

/** The matrix of patches: a row for each window, a column for each of its floats. */
class Patches {
 public:
  Patches(const Geometry& geometry, const float* x) : geometry_(geometry), x_(x) {}

  /** Copies columns from `first` on, `count` of them, of rows from `window` on, `depth` of them. */
  void copy(int64_t first, int64_t count, int64_t window, int64_t depth, float* to, int64_t pitch) const {
    if (is_pointwise(geometry_)) {
      const Panel pixels{x_ + first, geometry_.channels, count};
      return copy_columns(pixels.from(window), depth, to, pitch);
    }
    const int64_t plane = geometry_.out_height * geometry_.out_width;
    int64_t picture = window / plane, y = window % plane / geometry_.out_width, x = window % geometry_.out_width;
    for (int64_t at = 0; at < depth; ++at, to += pitch) {
      copy_row(picture, y * geometry_.stride_height - geometry_.top, x * geometry_.stride_width - geometry_.left, first,
               count, to);
      if (++x < geometry_.out_width) continue;
      x = 0;
      if (++y < geometry_.out_height) continue;
      y = 0;
      ++picture;
    }
  }

 private:
  /** Of the window whose corner is at (y, x); zeros outside of the picture. A window's row lies in one piece. */
  void copy_row(int64_t picture, int64_t y, int64_t x, int64_t first, int64_t count, float* to) const {
    const int64_t channels = geometry_.channels, wide = geometry_.window_width * channels;
    const int64_t line = geometry_.width * channels, corner = x * channels;
    int64_t row = y + first / wide, at = first % wide;
    for (; count > 0; ++row, at = 0) {
      const int64_t piece = std::min(count, wide - at), start = corner + at;
      const bool inside = row >= 0 && row < geometry_.height;
      const int64_t before = inside ? std::clamp<int64_t>(-start, 0, piece) : piece;
      const int64_t behind = std::clamp<int64_t>(start + piece - line, 0, piece - before), there = piece - before - behind;
      if (before > 0) memset(to, 0, before * sizeof(float));
      if (there > 0) {
        memcpy(to + before, x_ + (picture * geometry_.height + row) * line + start + before, there * sizeof(float));
      }
      if (behind > 0) memset(to + before + there, 0, behind * sizeof(float));
      to += piece;
      count -= piece;
    }
  }

  const Geometry& geometry_;
  const float* const x_;
};

void add_shares(const Geometry& geometry, const Means& means, const float* shares, int64_t count, float* result) {
  const Cut rows(geometry.window_floats(), 64, 1);
  const int64_t all = geometry.window_floats() * geometry.filters;
  share_tasks(rows.parts(), means.threads, [&](int64_t part) {
    const int64_t begin = rows.begin(part) * geometry.filters, size = rows.size(part) * geometry.filters;
    memcpy(result + begin, shares + begin, size * sizeof(float));
    for (int64_t share = 1; share < count; ++share) {
      const float* const from = shares + share * all + begin;
      for (int64_t i = 0; i < size; ++i) result[begin + i] += from[i];
    }
  });
}

}  // namespace

int64_t filter_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions) {
  const int64_t shares = Plan(geometry, instructions).windows.parts();
  return shares == 1 ? 0 : shares * geometry.window_floats() * geometry.filters;
}

void filter_gradient(const Geometry& geometry, const Means& means, const float* x, const float* arriving,
                     float* workspace, float* result) {
  const InstructionSet& set = *means.instructions;
  const Plan plan(geometry, set);
  const int64_t filters = geometry.filters, shares = plan.windows.parts();
  const Patches patches(geometry, x);
  const int64_t left_pitch = odd_lines(plan.rows.part), right_pitch = odd_lines(plan.columns.part);
  const auto task = [&](int64_t index) {
    const int64_t row = index % plan.rows.parts(), rest = index / plan.rows.parts();
    const int64_t column = rest % plan.columns.parts(), share = rest / plan.columns.parts();
    const int64_t rows = plan.rows.size(row), columns = plan.columns.size(column);
    float* const target = shares == 1 ? result : workspace + share * geometry.window_floats() * filters;
    float* const corner = target + plan.rows.begin(row) * filters + plan.columns.begin(column);
    const Block block(set, corner, filters, rows, columns);
    const Panel arrived{arriving + plan.columns.begin(column), filters, columns};
    const Cut depths(plan.windows.size(share), kBlockDepth, 1);
    block.clear();
    for (int64_t part = 0; part < depths.parts(); ++part) {
      const int64_t window = plan.windows.begin(share) + depths.begin(part), depth = depths.size(part);
      float* const left = thread_scratch(kBlockDepth * (left_pitch + right_pitch));
      float* const right = left + kBlockDepth * left_pitch;
      patches.copy(plan.rows.begin(row), rows, window, depth, left, left_pitch);
      copy_columns(arrived.from(window), depth, right, right_pitch);
      block.add({left, left_pitch, rows}, {right, right_pitch, columns}, depth);
    }
  };
  share_tasks(plan.rows.parts() * plan.columns.parts() * shares, means.threads, task);
  if (shares > 1) add_shares(geometry, means, workspace, shares, result);
}

}  // namespace bluewaters
