/** Batch normalisation while a network is trained: by the statistics of the batch itself. */
#ifndef BLUEWATERS_BATCH_NORM_H_
#define BLUEWATERS_BATCH_NORM_H_

#include <stdint.h>

#include "convolution.h"

namespace bluewaters {

/** What is normalised: [rows, channels], and how. */
struct BatchNorm {
  int64_t rows, channels;
  float epsilon;
  /** Whether what is below zero becomes zero. */
  bool rectify;
  const float* x;
  /** Like `x`: what is added before that, or null. */
  const float* beside;
  /** By channel. */
  const float* scale;
  const float* offset;

  /** Like `x`. */
  float* y;
  /** By channel; the variance is the mean of squared distances. */
  float* mean;
  float* variance;
};

/** @returns Floats that {@link normalise} needs to work in. */
int64_t batch_norm_workspace(int64_t rows, int64_t channels);

/** y = (x - mean) / sqrt(variance + epsilon) * scale + offset + beside. No result depends on the number of threads. */
void normalise(const BatchNorm& norm, const Means& means, float* workspace);

/** The gradient of that: by what it is, and where it goes. */
struct BatchNormGradient {
  int64_t rows, channels;
  float epsilon;
  /** Whether it was rectified: then only what is above zero lets through what arrives. */
  bool rectify;
  const float* arriving;
  const float* x;
  /** By channel, as {@link BatchNorm} has them. */
  const float* scale;
  /** Read where it was rectified. */
  const float* offset;
  const float* mean;
  const float* variance;

  /** By `x`, by the scale and by the offset. */
  float* by_x;
  float* by_scale;
  float* by_offset;
};

/** In a workspace as {@link normalise} has. No result depends on the number of threads. */
void derive(const BatchNormGradient& gradient, const Means& means, float* workspace);

}  // namespace bluewaters

#endif  // BLUEWATERS_BATCH_NORM_H_
