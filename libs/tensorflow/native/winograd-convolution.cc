/**
 * Convolutions by Winograd's way, and their gradients by the pictures, which are the convolutions of what arrives by the
 * windows turned around.
 *
 * The windows are transformed first. A task is some tiles: it transforms their pixels, multiplies the matrices of each
 * product, and transforms the sums into results. Of few channels all that is in the second cache; of many it passes
 * through it once, while the windows are read once for each task. Nothing that is summed depends on how tiles are divided.
 */
#include <string.h>

#include <algorithm>

#include "thread-scratch.h"
#include "thread-team.h"
#include "winograd-tiles.h"
#include "winograd.h"

namespace bluewaters {
namespace {

/** The most floats that a task's products and sums take, but for its least tiles; the most tiles of one. */
constexpr int64_t kTaskFloats = 3 << 15;
constexpr int64_t kLeastTiles = 24;
constexpr int64_t kMostTiles = 96;

/** Of so many channels the least tiles are three times as many: the windows are no longer in the second cache. */
constexpr int64_t kManyChannels = 128;

/** The most channels that are multiplied at a time: the windows of so many stay in the first cache. */
constexpr int64_t kDepth = 256;

/** Channels whose windows are transformed in a task. */
constexpr int64_t kWindows = 16;

/** [panels of filters, products, channels, filters of a panel], zeros beyond the last filter. */
class Windows {
 public:
  Windows(const Winograd& winograd, float* memory, int64_t channels, int64_t filters, int columns)
      : winograd(winograd), memory_(memory), channels_(channels), filters_(filters), columns_(columns) {}

  static int64_t size(const Winograd& winograd, int64_t channels, int64_t filters, int columns) {
    return winograd.products() * channels * multiple_of(filters, columns);
  }

  const Winograd& winograd;

  int64_t panels() const { return divide_up(filters_, columns_); }
  int64_t filters_in(int64_t panel) const { return std::min<int64_t>(columns_, filters_ - panel * columns_); }

  float* at(int64_t panel, int64_t product, int64_t channel) const {
    return memory_ + ((panel * winograd.products() + product) * channels_ + channel) * columns_;
  }

  /** Transforms the windows of one channel by a panel's filters. */
  void put(int64_t panel, int64_t channel, const float* const* taps) const {
    float* to[kMostProducts];
    const int64_t count = filters_in(panel);
    for (int64_t product = 0; product < winograd.products(); ++product) {
      to[product] = at(panel, product, channel);
      for (int64_t i = count; i < columns_; ++i) to[product][i] = 0;
    }
    winograd.filter(taps, to, count);
  }

 private:
  float* const memory_;
  const int64_t channels_, filters_;
  const int columns_;
};

/** Of the filter as it lies: [taps, channels, filters]. */
void transform_windows(const Geometry& geometry, const Means& means, const float* filter, const Windows& windows) {
  const int64_t columns = means.instructions->columns, filters = geometry.filters;
  const Cut channels(geometry.channels, kWindows, 1);
  share_tasks(windows.panels() * channels.parts(), means.threads, [&](int64_t index) {
    const int64_t panel = index / channels.parts(), part = index % channels.parts();
    const int64_t end = channels.begin(part) + channels.size(part);
    for (int64_t channel = channels.begin(part); channel < end; ++channel) {
      const float* taps[kMostTaps];
      for (int64_t tap = 0; tap < windows.winograd.taps(); ++tap) {
        taps[tap] = filter + (tap * geometry.channels + channel) * filters + panel * columns;
      }
      windows.put(panel, channel, taps);
    }
  });
}

/** Of the windows turned around, from filters to channels. */
void transform_turned(const Geometry& geometry, const Means& means, const float* filter, const Windows& windows) {
  const int64_t columns = means.instructions->columns, filters = geometry.filters;
  const Cut parts(filters, kWindows, 1);
  share_tasks(windows.panels() * parts.parts(), means.threads, [&](int64_t index) {
    const int64_t panel = index / parts.parts(), part = index % parts.parts();
    const int64_t first = parts.begin(part), count = parts.size(part), wide = windows.filters_in(panel);
    float turned[kMostTaps][kWindows][kMostColumns];
    const int64_t all = windows.winograd.taps();
    for (int64_t tap = 0; tap < all; ++tap) {
      const float* const from = filter + ((all - 1 - tap) * geometry.channels + panel * columns) * filters + first;
      for (int64_t channel = 0; channel < wide; ++channel) {
        for (int64_t i = 0; i < count; ++i) turned[tap][i][channel] = from[channel * filters + i];
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      const float* taps[kMostTaps];
      for (int64_t tap = 0; tap < all; ++tap) taps[tap] = turned[tap][i];
      windows.put(panel, first + i, taps);
    }
  });
}

/** One convolution: pictures, windows that have been transformed, and results. */
struct Sweep {
  Pictures source, result;
  /** Zeros above and left of a picture. */
  int64_t top, left;
  const float* from;
  float* to;
  const Windows& windows;
};

/** Some tiles of it, and some panels of filters. */
class Task {
 public:
  struct Part {
    int64_t first, count;
  };

  Task(const Sweep& sweep, const InstructionSet& set, const Tiling& tiling, const Part& tiles, const Part& panels)
      : sweep_(sweep),
        winograd_(sweep.windows.winograd),
        set_(set),
        tiling_(tiling),
        tiles_(tiles),
        panels_(panels),
        column_(panels.first * set.columns),
        columns_(std::min(panels.count * set.columns, sweep.result.channels - column_)),
        zeros_(thread_scratch(floats())),
        pixels_(zeros_ + odd_lines(sweep.source.channels), winograd_.products(), tiles.count, sweep.source.channels),
        sums_(pixels_.memory + Products::size(pixels_.count, tiles.count, sweep.source.channels), pixels_.count,
              tiles.count, panels.count * set.columns) {
    memset(zeros_, 0, sweep.source.channels * sizeof(float));
  }

  void run() const {
    transform_pixels();
    for (int64_t product = 0; product < pixels_.count; ++product) multiply(product);
    transform_sums();
  }

 private:
  int64_t floats() const {
    const int64_t channels = sweep_.source.channels, products = winograd_.products();
    return odd_lines(channels) + Products::size(products, tiles_.count, channels) +
           Products::size(products, tiles_.count, panels_.count * set_.columns);
  }

  void transform_pixels() const {
    const float* from[kMostProducts];
    float* to[kMostProducts];
    const Frame frame{winograd_.patch_height, winograd_.patch_width, sweep_.top, sweep_.left};
    for (int64_t tile = 0; tile < tiles_.count; ++tile) {
      tiling_.point<const float>(tiles_.first + tile, sweep_.source, frame, sweep_.from, zeros_, from);
      pixels_.point(tile, to);
      winograd_.source(from, to, sweep_.source.channels);
    }
  }

  void multiply(int64_t product) const {
    const Cut channels(sweep_.source.channels, kDepth, 1);
    for (int64_t part = 0; part < channels.parts(); ++part) {
      const int64_t channel = channels.begin(part);
      for (int64_t panel = 0; panel < panels_.count; ++panel) {
        const float* const weights = sweep_.windows.at(panels_.first + panel, product, channel);
        for (int64_t tile = 0; tile < tiles_.count; tile += set_.rows) {
          const int64_t rows = std::min<int64_t>(set_.rows, tiles_.count - tile);
          const float* sources[kMostRows];
          float* targets[kMostRows];
          for (int64_t row = 0; row < rows; ++row) {
            sources[row] = pixels_.row(product, tile + row) + channel;
            targets[row] = sums_.row(product, tile + row);
          }
          set_.gather[rows]({sources, 0, 1, channels.size(part), weights, targets, panel * set_.columns, part > 0});
        }
      }
    }
  }

  void transform_sums() const {
    const float* from[kMostProducts];
    float* to[kMostResults];
    const Frame frame{winograd_.tile_height, winograd_.tile_width, 0, 0};
    for (int64_t tile = 0; tile < tiles_.count; ++tile) {
      sums_.point(tile, from);
      tiling_.point<float>(tiles_.first + tile, sweep_.result, frame, sweep_.to + column_, nullptr, to);
      winograd_.result(from, to, columns_);
    }
  }

  const Sweep& sweep_;
  const Winograd& winograd_;
  const InstructionSet& set_;
  const Tiling& tiling_;
  const Part tiles_, panels_;
  const int64_t column_, columns_;
  float* const zeros_;
  const Products pixels_, sums_;
};

/** Into as many parts as threads can share evenly, none with more than `most` tiles. */
Cut cut_tiles(const Sweep& sweep, const Means& means, int64_t count) {
  const int64_t channels = sweep.source.channels, both = channels + sweep.result.channels;
  const int64_t least = channels < kManyChannels ? kLeastTiles : 3 * kLeastTiles;
  const int64_t fit = kTaskFloats / (sweep.windows.winograd.products() * both);
  const int64_t parts = multiple_of(divide_up(count, std::clamp(fit, least, kMostTiles)), means.threads);
  return Cut(count, divide_up(count, parts), means.instructions->rows);
}

void run(const Sweep& sweep, const Means& means) {
  const InstructionSet& set = *means.instructions;
  const Tiling tiling(sweep.result, sweep.windows.winograd);
  const Cut tiles = cut_tiles(sweep, means, tiling.count());
  const int64_t all = sweep.windows.panels();
  const Cut panels(all, divide_up(all, divide_up(means.threads, tiles.parts())), 1);
  share_tasks(tiles.parts() * panels.parts(), means.threads, [&](int64_t index) {
    const int64_t some = index / panels.parts(), part = index % panels.parts();
    const Task task(sweep, set, tiling, {tiles.begin(some), tiles.size(some)}, {panels.begin(part), panels.size(part)});
    task.run();
  });
}

/** With fewer tiles the transform of the windows is not worth while. */
constexpr int64_t kFewestTiles = 24;

/** What a product costs, its share of the pixels' transforms included, where a term of a sum costs 1. */
constexpr int64_t kProductTerms = 2;

/**
 * What each float of a transformed window costs, for each two columns of a tile: the wider vectors are, the more terms are
 * summed while it goes to memory and back.
 */
constexpr int64_t kWindowTerms = 5;

}  // namespace

const Winograd* winograd_for(const Geometry& geometry, const InstructionSet& instructions) {
  if (geometry.stride_height != 1 || geometry.stride_width != 1) return nullptr;
  for (const Winograd& one : instructions.winograds) {
    if (one.window_height == geometry.window_height && one.window_width == geometry.window_width) return &one;
  }
  return nullptr;
}

bool suits_winograd(const Geometry& g, const InstructionSet& instructions) {
  const Winograd* const winograd = winograd_for(g, instructions);
  if (winograd == nullptr) return false;
  const int64_t tiles = Tiling({g.batch, g.out_height, g.out_width, g.filters}, *winograd).count();
  const int64_t terms = g.windows() * winograd->taps(), products = tiles * winograd->products();
  const int64_t transform = winograd->products() * instructions.columns / 2 * kWindowTerms;
  return tiles >= kFewestTiles && products * kProductTerms <= terms && products + transform <= terms;
}

int64_t winograd_convolution_workspace(const Geometry& geometry, const InstructionSet& instructions) {
  const Winograd& winograd = *winograd_for(geometry, instructions);
  return Windows::size(winograd, geometry.channels, geometry.filters, instructions.columns);
}

void winograd_convolution(const Geometry& g, const Means& means, const float* x, const float* filter, float* workspace,
                          float* result) {
  const Winograd& winograd = *winograd_for(g, *means.instructions);
  const Windows windows(winograd, workspace, g.channels, g.filters, means.instructions->columns);
  transform_windows(g, means, filter, windows);
  const Pictures source{g.batch, g.height, g.width, g.channels};
  const Pictures results{g.batch, g.out_height, g.out_width, g.filters};
  run({source, results, g.top, g.left, x, result, windows}, means);
}

int64_t winograd_input_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions) {
  const Winograd& winograd = *winograd_for(geometry, instructions);
  return Windows::size(winograd, geometry.filters, geometry.channels, instructions.columns);
}

void winograd_input_gradient(const Geometry& g, const Means& means, const float* filter, const float* arriving,
                             float* workspace, float* result) {
  const Winograd& winograd = *winograd_for(g, *means.instructions);
  const Windows windows(winograd, workspace, g.filters, g.channels, means.instructions->columns);
  transform_turned(g, means, filter, windows);
  const Pictures source{g.batch, g.out_height, g.out_width, g.filters};
  const Pictures results{g.batch, g.height, g.width, g.channels};
  const int64_t top = g.window_height - 1 - g.top, left = g.window_width - 1 - g.left;
  run({source, results, top, left, arriving, result, windows}, means);
}

}  // namespace bluewaters
