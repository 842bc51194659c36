/**
 * Rows are cut into chunks that the second cache holds. The mean and the squared distances from it are taken of each chunk,
 * and then put together in the order of chunks (Chan, Golub and LeVeque 1983): `x` comes from memory once for that, and
 * once more to be normalised.
 */
#include "batch-norm.h"

#include <math.h>

#include "arithmetic.h"
#include "past-caches.h"
#include "thread-scratch.h"
#include "thread-team.h"

namespace bluewaters {
namespace {

/** Floats of a chunk. */
constexpr int64_t kChunk = 1 << 15;

Cut chunks_of(int64_t rows, int64_t channels) { return Cut(rows, std::max<int64_t>(1, kChunk / channels), 1); }

/** Puts the moments of chunks together: [chunks, 2, channels]. */
void combine(const BatchNorm& norm, const Cut& chunks, const float* moments, int64_t channel) {
  double mean = 0, squares = 0;
  int64_t seen = 0;
  for (int64_t chunk = 0; chunk < chunks.parts(); ++chunk) {
    const float* const own = moments + chunk * 2 * norm.channels + channel;
    const int64_t rows = chunks.size(chunk);
    const double apart = own[0] - mean, share = static_cast<double>(rows) / static_cast<double>(seen + rows);
    mean += apart * share;
    squares += own[norm.channels] + apart * apart * share * static_cast<double>(seen);
    seen += rows;
  }
  norm.mean[channel] = static_cast<float>(mean);
  norm.variance[channel] = static_cast<float>(squares / static_cast<double>(norm.rows));
}

/** What is normalised is x * factor + term: in both directions, so that a rectifier is open in one where it is in the other. */
template <class Norm>
void affine_of(const Norm& norm, float* factor, float* term) {
  for (int64_t channel = 0; channel < norm.channels; ++channel) {
    factor[channel] = norm.scale[channel] / sqrtf(norm.variance[channel] + norm.epsilon);
    term[channel] = norm.offset[channel] - norm.mean[channel] * factor[channel];
  }
}

}  // namespace

int64_t batch_norm_workspace(int64_t rows, int64_t channels) {
  return (2 * chunks_of(rows, channels).parts() + 5) * channels;
}

void normalise(const BatchNorm& norm, const Means& means, float* workspace) {
  const Statistics& use = means.instructions->statistics;
  const int64_t channels = norm.channels;
  const Cut chunks = chunks_of(norm.rows, channels);
  share_tasks(chunks.parts(), means.threads, [&](int64_t chunk) {
    float* const mean = workspace + chunk * 2 * channels;
    const float* const x = norm.x + chunks.begin(chunk) * channels;
    use.mean(x, chunks.size(chunk), channels, mean);
    use.squares(x, chunks.size(chunk), channels, mean, mean + channels);
  });
  float* const factor = workspace + chunks.parts() * 2 * channels;
  float* const term = factor + channels;
  for (int64_t channel = 0; channel < channels; ++channel) combine(norm, chunks, workspace, channel);
  affine_of(norm, factor, term);
  const bool past_caches = goes_past_caches(norm.y, norm.rows, channels);
  share_tasks(chunks.parts(), means.threads, [&](int64_t chunk) {
    const int64_t begin = chunks.begin(chunk) * channels;
    const float least = norm.rectify ? 0 : -INFINITY;
    const float* const beside = norm.beside == nullptr ? nullptr : norm.beside + begin;
    use.affine(norm.x + begin, beside, chunks.size(chunk), channels, factor, term, least, past_caches, norm.y + begin);
    if (past_caches) settle_past_caches();
  });
}

void derive(const BatchNormGradient& gradient, const Means& means, float* workspace) {
  const Statistics& use = means.instructions->statistics;
  const int64_t channels = gradient.channels;
  const Cut chunks = chunks_of(gradient.rows, channels);
  float* const factor = workspace + chunks.parts() * 2 * channels;
  float* const term = factor + channels;
  float* const slope = term + channels;
  float* const open = slope + channels;
  if (gradient.rectify) affine_of(gradient, open, open + channels);
  const ChannelGate rectifier{open, open + channels};
  const ChannelGate* const gate = gradient.rectify ? &rectifier : nullptr;
  share_tasks(chunks.parts(), means.threads, [&](int64_t chunk) {
    const int64_t at = chunks.begin(chunk) * channels;
    use.products(gradient.arriving + at, gradient.x + at, chunks.size(chunk), channels, gradient.mean, gate,
                 workspace + chunk * 2 * channels);
  });
  const double share = 1 / static_cast<double>(gradient.rows);
  for (int64_t channel = 0; channel < channels; ++channel) {
    double sum = 0, product = 0;
    for (int64_t chunk = 0; chunk < chunks.parts(); ++chunk) {
      sum += workspace[chunk * 2 * channels + channel];
      product += workspace[(chunk * 2 + 1) * channels + channel];
    }
    const double inverse = 1 / sqrt(static_cast<double>(gradient.variance[channel]) + gradient.epsilon);
    gradient.by_offset[channel] = static_cast<float>(sum);
    gradient.by_scale[channel] = static_cast<float>(product * inverse);
    factor[channel] = static_cast<float>(gradient.scale[channel] * inverse);
    term[channel] = static_cast<float>(sum * share);
    slope[channel] = static_cast<float>(product * inverse * inverse * share);
  }
  const bool past_caches = goes_past_caches(gradient.by_x, gradient.rows, channels);
  share_tasks(chunks.parts(), means.threads, [&](int64_t chunk) {
    const int64_t at = chunks.begin(chunk) * channels;
    use.slopes(gradient.arriving + at, gradient.x + at, chunks.size(chunk), channels, {gradient.mean, factor, term, slope},
               gate, past_caches, gradient.by_x + at);
    if (past_caches) settle_past_caches();
  });
}

}  // namespace bluewaters
