/** Sums over pixels nearby: what a convolution and its gradient by the pictures have in common. */
#ifndef BLUEWATERS_GATHER_H_
#define BLUEWATERS_GATHER_H_

#include <stdint.h>

#include <vector>

#include "convolution.h"

namespace bluewaters {

/** Where a neighbour is that is summed over, from a pixel. */
struct Tap {
  int64_t down, right;
};

/**
 * result[y, x] = sum over taps of source[y * step_height + down, x * step_width + right] times the matrix of the tap.
 * Zeros are around the source. What is computed may be every second pixel, or every third, of the result.
 */
struct Gather {
  const float* source;
  int64_t batch, height, width, channels;
  int64_t step_height, step_width;
  std::vector<Tap> taps;
  /** [panels of columns, taps, channels, columns of a tile], from the matrix of the first tap on. */
  const float* weights;
  /** Floats from a panel to the next. */
  int64_t weights_pitch;

  /** Pixels that are computed, [rows, columns] of each picture. */
  int64_t rows, columns;
  float* result;
  int64_t result_height, result_width, result_channels;
  /** Pixel (y, x) of those is at (top + y * apart_height, left + x * apart_width) of the result. */
  int64_t top, left, apart_height, apart_width;

  int64_t pixels() const { return batch * rows * columns; }
};

/** Computes it. No result depends on the number of threads. */
void compute(const Gather& gather, const Means& means);

}  // namespace bluewaters

#endif  // BLUEWATERS_GATHER_H_
