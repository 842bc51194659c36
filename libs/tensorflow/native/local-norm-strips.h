/**
 * What local response normalisation does with rows of channels, once for each instruction set: `vector-tiles.h` includes
 * this file. The loops are plain, so that the compiler makes vectors of them; each element's sums have one order.
 */

/** Adds up `padded` from each channel's window on; it has as many more floats than there are channels as a window has. */
TILE_TARGET inline void sum_windows(const float* __restrict__ padded, int64_t channels, int64_t radius,
                                    float* __restrict__ sums) {
  for (int64_t at = 0; at < channels; ++at) sums[at] = padded[at];
  for (int64_t next = 1; next <= 2 * radius; ++next) {
    for (int64_t at = 0; at < channels; ++at) sums[at] += padded[at + next];
  }
}

TILE_TARGET inline void scales_of_row(const float* __restrict__ x, int64_t channels, const LocalWindow& window,
                                      float* __restrict__ padded, float* __restrict__ scales) {
  for (int64_t at = 0; at < channels; ++at) padded[window.radius + at] = x[at] * x[at];
  sum_windows(padded, channels, window.radius, scales);
  for (int64_t at = 0; at < channels; ++at) scales[at] = window.bias + window.alpha * scales[at];
}

TILE_TARGET void normalise_locally(const float* x, int64_t rows, int64_t channels, const LocalWindow& window,
                                   float* scratch, float* y) {
  float* const padded = scratch;
  float* const scales = padded + channels + 2 * window.radius;
  for (int64_t row = 0; row < rows; ++row, x += channels, y += channels) {
    scales_of_row(x, channels, window, padded, scales);
    for (int64_t at = 0; at < channels; ++at) y[at] = x[at] / (sqrtf(scales[at]) * sqrtf(sqrtf(scales[at])));
  }
}

TILE_TARGET void derive_locally(const LocalSlopes& by, int64_t rows, int64_t channels, const LocalWindow& window,
                                float* scratch, float* result) {
  float* const padded = scratch;
  float* const scales = padded + channels + 2 * window.radius;
  float* const sums = scales + channels;
  const float share = 2 * 0.75f * window.alpha;
  for (int64_t begin = 0; begin < rows * channels; begin += channels) {
    const float *arriving = by.arriving + begin, *x = by.x + begin, *y = by.y + begin;
    float* const to = result + begin;
    scales_of_row(x, channels, window, padded, scales);
    for (int64_t at = 0; at < channels; ++at) padded[window.radius + at] = arriving[at] * y[at] / scales[at];
    sum_windows(padded, channels, window.radius, sums);
    for (int64_t at = 0; at < channels; ++at) {
      to[at] = arriving[at] / (sqrtf(scales[at]) * sqrtf(sqrtf(scales[at]))) - share * x[at] * sums[at];
    }
  }
}
