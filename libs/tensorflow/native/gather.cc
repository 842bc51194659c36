/**
 * Sums over pixels nearby, without laying patches out: the innermost loops read each pixel's channels where they lie.
 *
 * A task is some pixels of the result and some of its channels. It goes over the depth, which is taps by channels, in
 * pieces that fit the first cache beside their weights, and for each piece over the panels of weights and the tiles of
 * pixels.
 */
#include "gather.h"

#include <algorithm>

#include "arithmetic.h"
#include "thread-team.h"

namespace bluewaters {
namespace {

/** The most floats of the depth in a piece. */
constexpr int64_t kDepth = 256;

/** The most pixels and channels of the result in a task, and as many tasks as there should be. */
constexpr int64_t kPixels = 120;
constexpr int64_t kTasks = 32;

/** The most taps in a piece. */
constexpr int64_t kTaps = 16;

/** What a pixel beyond the border has. */
alignas(64) const float kZeros[kDepth] = {};

/** A piece of the depth: of some taps all channels, or of one tap some. */
struct Piece {
  int64_t first_tap, taps, first_channel, channels;
};

std::vector<Piece> pieces_of(const Gather& gather) {
  std::vector<Piece> pieces;
  const int64_t taps = static_cast<int64_t>(gather.taps.size());
  if (taps == 0) return pieces;
  const Cut together(taps, std::clamp<int64_t>(kDepth / gather.channels, 1, kTaps), 1);
  const Cut channels(gather.channels, kDepth, 1);
  for (int64_t tap = 0; tap < together.parts(); ++tap) {
    for (int64_t part = 0; part < channels.parts(); ++part) {
      pieces.push_back({together.begin(tap), together.size(tap), channels.begin(part), channels.size(part)});
    }
  }
  return pieces;
}

/** Some pixels of the result, and all that is the same for them whatever the channel. */
class Pixels {
 public:
  Pixels(const Gather& gather, int64_t first, int64_t count) : gather_(gather), count_(count) {
    int64_t picture = first / (gather.rows * gather.columns);
    int64_t y = first / gather.columns % gather.rows, x = first % gather.columns;
    for (int64_t at = 0; at < count; ++at) {
      places_[at] = {picture, y * gather.step_height, x * gather.step_width};
      const int64_t row = picture * gather.result_height + gather.top + y * gather.apart_height;
      const int64_t pixel = row * gather.result_width + gather.left + x * gather.apart_width;
      targets_[at] = gather.result + pixel * gather.result_channels;
      if (++x < gather.columns) continue;
      x = 0;
      if (++y < gather.rows) continue;
      y = 0;
      ++picture;
    }
  }

  /** Looks up where the piece of each pixel begins. */
  void enter(const Piece& piece) {
    for (int64_t tap = 0; tap < piece.taps; ++tap) {
      const Tap& at = gather_.taps[piece.first_tap + tap];
      for (int64_t i = 0; i < count_; ++i) {
        const int64_t y = places_[i].y + at.down, x = places_[i].x + at.right;
        const bool inside = y >= 0 && y < gather_.height && x >= 0 && x < gather_.width;
        const int64_t pixel = (places_[i].picture * gather_.height + y) * gather_.width + x;
        sources_[tap * kPixels + i] =
            inside ? gather_.source + pixel * gather_.channels + piece.first_channel : kZeros;
      }
    }
  }

  /** For pixels that no tap counts for. */
  void clear(int64_t first, int64_t channels) const {
    for (int64_t i = 0; i < count_; ++i) std::fill_n(targets_[i] + first, channels, 0.0f);
  }

  int64_t count() const { return count_; }
  const float* const* sources(int64_t pixel) const { return sources_ + pixel; }
  float* const* targets(int64_t pixel) const { return targets_ + pixel; }

 private:
  struct Place {
    int64_t picture, y, x;
  };

  const Gather& gather_;
  const int64_t count_;
  Place places_[kPixels];
  float* targets_[kPixels];
  const float* sources_[kTaps * kPixels];
};

/** Where the result has fewer channels than a tile has columns, those beyond are left out. */
void compute_narrow(GatherTile tile, const InstructionSet& set, int64_t rows, int64_t columns) {
  float whole[kMostRows * kMostColumns];
  float* targets[kMostRows];
  for (int64_t row = 0; row < rows; ++row) targets[row] = whole + row * set.columns;
  float* const* const to = tile.targets;
  const int64_t column = tile.column;
  const bool add = tile.add;
  tile.targets = targets;
  tile.column = 0;
  tile.add = false;
  set.gather[rows](tile);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < columns; ++i) {
      float& value = to[row][column + i];
      value = (add ? value : 0) + targets[row][i];
    }
  }
}

void compute_piece(const Gather& gather, const InstructionSet& set, const Piece& piece, const Pixels& pixels,
                   int64_t first, int64_t channels) {
  const bool add = piece.first_tap > 0 || piece.first_channel > 0;
  const int64_t within = (piece.first_tap * gather.channels + piece.first_channel) * set.columns;
  for (int64_t column = first; column < first + channels; column += set.columns) {
    const int64_t columns = std::min<int64_t>(set.columns, gather.result_channels - column);
    const float* const weights = gather.weights + column / set.columns * gather.weights_pitch + within;
    for (int64_t pixel = 0; pixel < pixels.count(); pixel += set.rows) {
      const int64_t rows = std::min<int64_t>(set.rows, pixels.count() - pixel);
      const GatherTile tile{pixels.sources(pixel), kPixels, piece.taps,            piece.channels,
                            weights,               pixels.targets(pixel), column, add};
      if (columns == set.columns) {
        set.gather[rows](tile);
      } else {
        compute_narrow(tile, set, rows, columns);
      }
    }
  }
}

}  // namespace

void compute(const Gather& gather, const Means& means) {
  const InstructionSet& set = *means.instructions;
  const std::vector<Piece> pieces = pieces_of(gather);
  const Cut pixels(gather.pixels(), kPixels, set.rows);
  const int64_t wanted = divide_up(kTasks, pixels.parts());
  const Cut channels(gather.result_channels, divide_up(gather.result_channels, wanted), set.columns);
  share_tasks(pixels.parts() * channels.parts(), means.threads, [&](int64_t index) {
    const int64_t block = index / channels.parts(), part = index % channels.parts();
    Pixels some(gather, pixels.begin(block), pixels.size(block));
    if (pieces.empty()) some.clear(channels.begin(part), channels.size(part));
    for (const Piece& piece : pieces) {
      some.enter(piece);
      compute_piece(gather, set, piece, some, channels.begin(part), channels.size(part));
    }
  });
}

}  // namespace bluewaters
