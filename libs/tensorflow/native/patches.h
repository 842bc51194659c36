/** The matrix of patches of a convolution, which is never laid out as a whole. */
#ifndef BLUEWATERS_PATCHES_H_
#define BLUEWATERS_PATCHES_H_

#include <stdint.h>

#include <algorithm>

#include "convolution.h"
#include "pointwise.h"

namespace bluewaters {

/** A row for each window, a column for each of its floats. */
class Patches {
 public:
  /** @param x [batch, height, width, channels]. */
  Patches(const Geometry& geometry, const float* x) : geometry_(geometry), x_(x) {}

  /**
   * Goes over columns from `first` on, `count` of them, of rows from `window` on, `depth` of them. Calls `copy` with a row,
   * counted from 0, a column, counted from 0, where its floats lie or null for zeros, and how many these are.
   */
  template <class Copy>
  void each(int64_t first, int64_t count, int64_t window, int64_t depth, const Copy& copy) const {
    if (is_pointwise(geometry_)) {
      const float* from = x_ + window * geometry_.channels + first;
      for (int64_t at = 0; at < depth; ++at, from += geometry_.channels) copy(at, 0, from, count);
      return;
    }
    const int64_t plane = geometry_.out_height * geometry_.out_width;
    int64_t picture = window / plane, y = window % plane / geometry_.out_width, x = window % geometry_.out_width;
    for (int64_t at = 0; at < depth; ++at) {
      each_of_row(picture, y * geometry_.stride_height - geometry_.top, x * geometry_.stride_width - geometry_.left, first,
                  count, [&](int64_t column, const float* from, int64_t length) { copy(at, column, from, length); });
      if (++x < geometry_.out_width) continue;
      x = 0;
      if (++y < geometry_.out_height) continue;
      y = 0;
      ++picture;
    }
  }

 private:
  /** Of the window whose corner is at (y, x); zeros outside of the picture. A window's row lies in one piece. */
  template <class Copy>
  void each_of_row(int64_t picture, int64_t y, int64_t x, int64_t first, int64_t count, const Copy& copy) const {
    const int64_t channels = geometry_.channels, wide = geometry_.window_width * channels;
    const int64_t line = geometry_.width * channels, corner = x * channels;
    int64_t row = y + first / wide, at = first % wide;
    for (int64_t column = 0; column < count; ++row, at = 0) {
      const int64_t piece = std::min(count - column, wide - at), start = corner + at;
      const bool inside = row >= 0 && row < geometry_.height;
      const int64_t before = inside ? std::clamp<int64_t>(-start, 0, piece) : piece;
      const int64_t behind = std::clamp<int64_t>(start + piece - line, 0, piece - before), there = piece - before - behind;
      if (before > 0) copy(column, nullptr, before);
      if (there > 0) {
        copy(column + before, x_ + (picture * geometry_.height + row) * line + start + before, there);
      }
      if (behind > 0) copy(column + before + there, nullptr, behind);
      column += piece;
    }
  }

  const Geometry& geometry_;
  const float* const x_;
};

}  // namespace bluewaters

#endif  // BLUEWATERS_PATCHES_H_
