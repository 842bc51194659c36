/** Matrices of weights in panels: some columns, row by row, as the innermost loops read them. */
#ifndef BLUEWATERS_PANELS_H_
#define BLUEWATERS_PANELS_H_

#include <stdint.h>
#include <string.h>

#include <algorithm>

#include "arithmetic.h"
#include "convolution.h"
#include "thread-team.h"

namespace bluewaters {

/** Columns of a matrix whose rows are `pitch` apart: [depth, columns of a panel], zeros beyond the last. */
inline void pack(const float* from, int64_t pitch, int64_t depth, int64_t count, int columns, float* to) {
  for (int64_t row = 0; row < depth; ++row, from += pitch, to += columns) {
    memcpy(to, from, count * sizeof(float));
    memset(to + count, 0, (columns - count) * sizeof(float));
  }
}

/**
 * Rows of a matrix that are `depth` long, as columns: [depth, columns of a panel], zeros beyond the last. A line of each row
 * at a time: rows are often a power of two apart, so that the first cache would not keep one of each until its next float.
 */
inline void pack_transposed(const float* from, int64_t depth, int64_t count, int columns, float* to) {
  for (int64_t first = 0; first < depth; first += kLine) {
    const int64_t end = std::min(depth, first + kLine);
    for (int64_t column = 0; column < count; ++column) {
      for (int64_t row = first; row < end; ++row) to[row * columns + column] = from[column * depth + row];
    }
    for (int64_t row = first; row < end; ++row) std::fill(to + row * columns + count, to + (row + 1) * columns, 0.0f);
  }
}

/** @returns Floats that all panels of a matrix take. */
inline int64_t panels_of(int64_t depth, int64_t columns, const InstructionSet& set) {
  return multiple_of(columns, set.columns) * depth;
}

/** Calls `pack` with the first column of each panel, how many it has, and where it belongs. */
template <class Pack>
void pack_panels(int64_t depth, int64_t columns, const Means& means, float* to, const Pack& pack) {
  const int64_t wide = means.instructions->columns;
  share_tasks(divide_up(columns, wide), means.threads, [&](int64_t panel) {
    const int64_t first = panel * wide;
    pack(first, std::min(wide, columns - first), to + first * depth);
  });
}

/** A matrix, [depth, columns], in panels. */
inline void pack_matrix(int64_t depth, int64_t columns, const Means& means, const float* from, float* to) {
  pack_panels(depth, columns, means, to, [&](int64_t first, int64_t count, float* panel) {
    pack(from + first, columns, depth, count, means.instructions->columns, panel);
  });
}

/** The filter of a convolution, [window, filters], in panels of filters. */
inline void pack_filter(const Geometry& geometry, const Means& means, const float* filter, float* to) {
  pack_matrix(geometry.window_floats(), geometry.filters, means, filter, to);
}

}  // namespace bluewaters

#endif  // BLUEWATERS_PANELS_H_
