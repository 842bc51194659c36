/** Convolutions of pictures and their gradients, as products of matrices that are never laid out in memory. */
#ifndef BLUEWATERS_CONVOLUTION_H_
#define BLUEWATERS_CONVOLUTION_H_

#include <stdint.h>

#include "instruction-sets.h"

namespace bluewaters {

/** Sizes of a convolution, all of them at least 1. Pictures are NHWC, filters [height, width, channels, filters]. */
struct Geometry {
  int64_t batch, height, width, channels;
  int64_t window_height, window_width, filters;
  int64_t stride_height, stride_width;
  /** Zeros above and left of a picture; those below and right follow from the other sizes. */
  int64_t top, left;
  int64_t out_height, out_width;

  /** Windows in all pictures: rows of the matrix of patches. */
  int64_t windows() const { return batch * out_height * out_width; }
  /** Floats in a window: its columns. */
  int64_t window_floats() const { return window_height * window_width * channels; }
};

/** With what, and by how many threads at most. No result depends on the number of threads. */
struct Means {
  const InstructionSet* instructions;
  int threads;
  /** Taken instead for results of no more columns than its tiles have; may be null. */
  const InstructionSet* narrow;
  /** Whether factors of convolutions may be rounded to bfloat16, as the matrix unit takes them. */
  bool unit;

  /** For a result of so many columns: half of a tile that is twice as wide would be computed for nothing. */
  Means for_columns(int64_t columns) const {
    return narrow != nullptr && columns <= narrow->columns ? Means{narrow, threads, nullptr, unit} : *this;
  }
};

/** A way to compute a convolution or one of its gradients: from two inputs to a result, with floats to work in. */
struct Way {
  /** @returns How many of them it needs. */
  int64_t (*workspace)(const Geometry&, const InstructionSet&);
  void (*compute)(const Geometry&, const Means&, const float*, const float*, float* workspace, float* result);
};

/** @returns Floats that {@link convolution} needs to work in. */
int64_t convolution_workspace(const Geometry& geometry, const InstructionSet& instructions);

/**
 * The convolution: patches times the filter.
 *
 * @param x [batch, height, width, channels].
 * @param filter [window_height, window_width, channels, filters].
 * @param result [batch, out_height, out_width, filters].
 */
void convolution(const Geometry& geometry, const Means& means, const float* x, const float* filter, float* workspace,
                 float* result);

/** @returns Floats that {@link filter_gradient} needs to work in. */
int64_t filter_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions);

/**
 * The gradient by the filter: patches, transposed, times what arrives.
 *
 * @param x [batch, height, width, channels].
 * @param arriving [batch, out_height, out_width, filters].
 * @param result [window_height, window_width, channels, filters].
 */
void filter_gradient(const Geometry& geometry, const Means& means, const float* x, const float* arriving,
                     float* workspace, float* result);

/** @returns Floats that {@link input_gradient} needs to work in. */
int64_t input_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions);

/**
 * The gradient by the pictures: what arrives, by every window that a pixel is in, times the filter.
 *
 * @param filter [window_height, window_width, channels, filters].
 * @param arriving [batch, out_height, out_width, filters].
 * @param result [batch, height, width, channels].
 */
void input_gradient(const Geometry& geometry, const Means& means, const float* filter, const float* arriving,
                    float* workspace, float* result);

}  // namespace bluewaters

#endif  // BLUEWATERS_CONVOLUTION_H_
