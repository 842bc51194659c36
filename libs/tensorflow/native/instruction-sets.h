/** Which vectors of the processor products of matrices are computed with. */
#ifndef BLUEWATERS_INSTRUCTION_SETS_H_
#define BLUEWATERS_INSTRUCTION_SETS_H_

#include <stdint.h>

namespace bluewaters {

/** The most rows that a tile has with any instruction set. */
constexpr int kMostRows = 12;

/** The most columns. */
constexpr int kMostColumns = 32;

/** A tile of the product of a matrix, transposed, and another one; both have `depth` rows. */
struct OuterTile {
  /** [depth, rows of the tile]. */
  const float* left;
  int64_t left_pitch;
  /** [depth, columns of the tile]. */
  const float* right;
  int64_t right_pitch;
  int64_t depth;
  /** [rows, columns]: what it is added to. */
  float* result;
  int64_t result_pitch;
};

/** A tile of the product of two matrices, of which the left one's rows are read where they lie. */
struct ProductTile {
  /** [rows, depth]. */
  const float* left;
  int64_t left_pitch;
  /** [depth, columns]. */
  const float* weights;
  int64_t depth;
  /** [rows, columns]. */
  float* result;
  int64_t result_pitch;
  /** As many rows that are read next, with the pitch of `left`: they are fetched meanwhile. May be null. */
  const float* ahead;
  /** Whether it is added to what is there, or takes its place. */
  bool add;
  /** Whether it goes past the caches: not where it is added, and only to whole lines of them. */
  bool past_caches;
};

/** A tile whose rows are read where they lie: each is made of `parts` pieces of `depth` floats. */
struct GatherTile {
  /** [parts, rows], with `source_pitch` from part to part: where each row's piece begins. */
  const float* const* sources;
  int64_t source_pitch;
  int64_t parts;
  int64_t depth;
  /** [parts x depth, columns]. */
  const float* weights;
  /** [rows]: where each row of the result begins, and from which of its columns on the tile is. */
  float* const* targets;
  int64_t column;
  /** Whether it is added to what is there, or takes its place. */
  bool add;
};

/**
 * A transform of planes of pixels, each of `count` floats: reads those that `from` points to, row by row, and writes those
 * of `to`.
 */
using PlaneTransform = void (*)(const float* const* from, float* const* to, int64_t count);

/** Winograd's transforms for windows of one size. */
struct Winograd {
  int window_height, window_width;
  /** Results of a tile, and pixels that they are made of. */
  int tile_height, tile_width, patch_height, patch_width;
  /** A patch to as many products. */
  PlaneTransform source;
  /** A window to that many. */
  PlaneTransform filter;
  /** Sums of products to results; targets that are null are left out. */
  PlaneTransform result;
  /** What arrives at the results to as many as there are products. */
  PlaneTransform arriving;
  /** Sums of those times what `source` gives, to the gradient by the window. */
  PlaneTransform filter_gradient;

  int taps() const { return window_height * window_width; }
  int results() const { return tile_height * tile_width; }
  int products() const { return patch_height * patch_width; }
};

/** How many windows there are transforms for; the most taps, results and products of any. */
constexpr int kWinograds = 6;
constexpr int kMostTaps = 25;
constexpr int kMostResults = 16;
constexpr int kMostProducts = 64;

/** By channel. */
struct ChannelSlopes {
  const float *mean, *factor, *term, *slope;
};

/** By channel: a rectifier lets through where x * factor + term is above zero. */
struct ChannelGate {
  const float *factor, *term;
};

/** What batch normalisation, biases and rectifiers do with rows of channels. */
struct Statistics {
  void (*mean)(const float* x, int64_t rows, int64_t channels, float* mean);
  /** Sums of squared distances from the mean. */
  void (*squares)(const float* x, int64_t rows, int64_t channels, const float* mean, float* squares);
  /**
   * y = max(x * factor + term + beside, least); what is no number stays none. `beside` may be null. `past_caches`: whether
   * `y` goes past them, which takes whole lines.
   */
  void (*affine)(const float* x, const float* beside, int64_t rows, int64_t channels, const float* factor,
                 const float* term, float least, bool past_caches, float* y);
  /** Sums of what arrives, and of that times distances from the mean: [2, channels]. `gate` may be null. */
  void (*products)(const float* arriving, const float* x, int64_t rows, int64_t channels, const float* mean,
                   const ChannelGate* gate, float* sums);
  /** result = factor * (arriving - term - slope * (x - mean)). `gate` may be null; `past_caches` as above. */
  void (*slopes)(const float* arriving, const float* x, int64_t rows, int64_t channels, const ChannelSlopes& by_channel,
                 const ChannelGate* gate, bool past_caches, float* result);
  /** result = a + b where y is above zero, else 0; it may be one of them. */
  void (*rectified_sum)(const float* a, const float* b, const float* y, int64_t count, float* result);
  /** result = arriving where y is above zero, else 0; it may be `arriving`. And its sums over rows. */
  void (*rectify)(const float* arriving, const float* y, int64_t rows, int64_t channels, float* result, float* sums);
};

/** x / (bias + alpha * sum of squares)^(3/4), the sum over so many channels before and behind, too. */
struct LocalWindow {
  int64_t radius;
  float bias, alpha;
};

/** Of local response normalisation: what arrives at its result `y`. */
struct LocalSlopes {
  const float *arriving, *x, *y;
};

/**
 * What local response normalisation does with rows of channels. The scratch has 3 * channels + 2 * radius floats, the first
 * and last `radius` of the first channels + 2 * radius of them zeros.
 */
struct LocalNorms {
  void (*normalise)(const float* x, int64_t rows, int64_t channels, const LocalWindow& window, float* scratch, float* y);
  void (*derive)(const LocalSlopes& by, int64_t rows, int64_t channels, const LocalWindow& window, float* scratch,
                 float* result);
};

/** The tiles of an instruction set, by their number of rows. */
struct InstructionSet {
  const char* name;
  /** Rows of a full tile. */
  int rows;
  int columns;
  void (*outer[kMostRows + 1])(const OuterTile&);
  void (*product[kMostRows + 1])(const ProductTile&);
  void (*gather[kMostRows + 1])(const GatherTile&);
  Winograd winograds[kWinograds];
  Statistics statistics;
  LocalNorms local_norms;
};

/**
 * @param name `best`, `avx512`, `avx2` or `portable`.
 * @returns Null when the processor does not have it.
 */
const InstructionSet* instruction_set(const char* name);

}  // namespace bluewaters

#endif  // BLUEWATERS_INSTRUCTION_SETS_H_
