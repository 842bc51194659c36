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
#include "patches.h"
#include "thread-scratch.h"
#include "window-shares.h"

namespace bluewaters {
namespace {

WindowShares shares_of(const Geometry& geometry, const InstructionSet& set) {
  return {geometry, {block_rows(set), set.rows}, {block_columns(set), set.columns}, 2 * kBlockDepth};
}

void copy_columns(const Panel& from, int64_t depth, float* to, int64_t pitch) {
  for (int64_t at = 0; at < depth; ++at, to += pitch) memcpy(to, from.row(at), from.count * sizeof(float));
}

void copy_patches(const Patches& patches, const WindowShares::Task& task, int64_t window, int64_t depth, float* to,
                  int64_t pitch) {
  patches.each(task.row, task.rows, window, depth, [&](int64_t row, int64_t column, const float* from, int64_t count) {
    float* const at = to + row * pitch + column;
    if (from == nullptr) return static_cast<void>(memset(at, 0, count * sizeof(float)));
    memcpy(at, from, count * sizeof(float));
  });
}

}  // namespace

int64_t filter_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions) {
  return shares_of(geometry, instructions).workspace();
}

void filter_gradient(const Geometry& geometry, const Means& means, const float* x, const float* arriving,
                     float* workspace, float* result) {
  const InstructionSet& set = *means.instructions;
  const WindowShares shares = shares_of(geometry, set);
  const int64_t filters = geometry.filters;
  const Patches patches(geometry, x);
  const int64_t left_pitch = odd_lines(shares.rows.part), right_pitch = odd_lines(shares.columns.part);
  shares.compute(means, workspace, result, [&](const WindowShares::Task& task) {
    const Block block(set, task.corner, filters, task.rows, task.columns);
    const Panel arrived{arriving + task.column, filters, task.columns};
    const Cut depths(task.windows, kBlockDepth, 1);
    block.clear();
    for (int64_t part = 0; part < depths.parts(); ++part) {
      const int64_t window = task.window + depths.begin(part), depth = depths.size(part);
      float* const left = thread_scratch(kBlockDepth * (left_pitch + right_pitch));
      float* const right = left + kBlockDepth * left_pitch;
      copy_patches(patches, task, window, depth, left, left_pitch);
      copy_columns(arrived.from(window), depth, right, right_pitch);
      block.add({left, left_pitch, task.rows}, {right, right_pitch, task.columns}, depth);
    }
  });
}

}  // namespace bluewaters
