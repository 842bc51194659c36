/**
 * The gradient of a convolution by its filter, by Winograd's way: the windows' transform is linear, so the gradient by what
 * it gives is, for each of a tile's products, the sum over tiles of transformed pixels times what arrives,
 * transformed as well; that is a product of two matrices.
 *
 * Some tiles at a time are transformed by all threads, and then multiplied, each block of a product by one thread. So
 * every sum is taken in the order of tiles, whatever the number of threads.
 */
#include <string.h>

#include "blocks.h"
#include "thread-scratch.h"
#include "thread-team.h"
#include "winograd-tiles.h"
#include "winograd.h"

namespace bluewaters {
namespace {

/** Tiles that are transformed at a time in a task. */
constexpr int64_t kTaskTiles = 6;

/** Of some tiles at a time, and their sums. */
struct Plan {
  const Winograd& winograd;
  Pictures source, result;
  Tiling tiling;
  Cut tiles, rows, columns;

  Plan(const Geometry& g, const InstructionSet& set)
      : winograd(*winograd_for(g, set)),
        source{g.batch, g.height, g.width, g.channels},
        result{g.batch, g.out_height, g.out_width, g.filters},
        tiling(result, winograd),
        tiles(tiling.count(), kBlockDepth, 1),
        rows(g.channels, block_rows(set), set.rows),
        columns(g.filters, block_columns(set), set.columns) {}

  int64_t pixel_floats() const { return Products::size(winograd.products(), tiles.part, source.channels); }
  int64_t arriving_floats() const { return Products::size(winograd.products(), tiles.part, result.channels); }
  int64_t sum_floats() const { return winograd.products() * source.channels * result.channels; }
};

/** One convolution, and where its products and their sums are. */
class FilterGradient {
 public:
  FilterGradient(const Geometry& g, const Means& means, float* workspace)
      : plan_(g, *means.instructions),
        means_(means),
        top_(g.top),
        left_(g.left),
        sums_(workspace),
        pixels_(sums_ + plan_.sum_floats(), plan_.winograd.products(), plan_.tiles.part, g.channels),
        arrived_(pixels_.memory + plan_.pixel_floats(), plan_.winograd.products(), plan_.tiles.part, g.filters) {}

  void run(const float* x, const float* arriving, float* result) const {
    for (int64_t group = 0; group < plan_.tiles.parts(); ++group) {
      transform_tiles(group, x, arriving);
      add_products(group);
    }
    transform_sums(result);
  }

 private:
  void transform_tiles(int64_t group, const float* x, const float* arriving) const {
    const int64_t first = plan_.tiles.begin(group), count = plan_.tiles.size(group);
    share_tasks(divide_up(count, kTaskTiles), means_.threads, [&](int64_t index) {
      const int64_t most = std::max(plan_.source.channels, plan_.result.channels);
      float* const zeros = thread_scratch(most);
      memset(zeros, 0, most * sizeof(float));
      const int64_t end = std::min(count, (index + 1) * kTaskTiles);
      for (int64_t row = index * kTaskTiles; row < end; ++row) transform_tile(first + row, row, x, arriving, zeros);
    });
  }

  void transform_tile(int64_t tile, int64_t row, const float* x, const float* arriving, const float* zeros) const {
    const Winograd& winograd = plan_.winograd;
    const float* from[kMostProducts];
    float* to[kMostProducts];
    const Frame patch{winograd.patch_height, winograd.patch_width, top_, left_};
    plan_.tiling.point<const float>(tile, plan_.source, patch, x, zeros, from);
    pixels_.point(row, to);
    winograd.source(from, to, plan_.source.channels);
    const Frame results{winograd.tile_height, winograd.tile_width, 0, 0};
    plan_.tiling.point<const float>(tile, plan_.result, results, arriving, zeros, from);
    arrived_.point(row, to);
    winograd.arriving(from, to, plan_.result.channels);
  }

  void add_products(int64_t group) const {
    const int64_t blocks = plan_.rows.parts() * plan_.columns.parts();
    const int64_t channels = plan_.source.channels, filters = plan_.result.channels;
    share_tasks(plan_.winograd.products() * blocks, means_.threads, [&](int64_t index) {
      const int64_t product = index / blocks;
      const int64_t row = index % blocks / plan_.columns.parts(), column = index % plan_.columns.parts();
      const int64_t channel = plan_.rows.begin(row), filter = plan_.columns.begin(column);
      float* const to = sums_ + (product * channels + channel) * filters + filter;
      const Block block(*means_.instructions, to, filters, plan_.rows.size(row), plan_.columns.size(column));
      if (group == 0) block.clear();
      const Panel pixels{pixels_.row(product, 0) + channel, pixels_.pitch, plan_.rows.size(row)};
      const Panel arrived{arrived_.row(product, 0) + filter, arrived_.pitch, plan_.columns.size(column)};
      block.add(pixels, arrived, plan_.tiles.size(group));
    });
  }

  void transform_sums(float* result) const {
    const int64_t channels = plan_.source.channels, filters = plan_.result.channels;
    share_tasks(channels, means_.threads, [&](int64_t channel) {
      const float* sums[kMostProducts];
      float* taps[kMostTaps];
      for (int64_t product = 0; product < plan_.winograd.products(); ++product) {
        sums[product] = sums_ + (product * channels + channel) * filters;
      }
      for (int64_t tap = 0; tap < plan_.winograd.taps(); ++tap) taps[tap] = result + (tap * channels + channel) * filters;
      plan_.winograd.filter_gradient(sums, taps, filters);
    });
  }

  const Plan plan_;
  const Means& means_;
  const int64_t top_, left_;
  float* const sums_;
  const Products pixels_, arrived_;
};

}  // namespace

int64_t winograd_filter_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions) {
  const Plan plan(geometry, instructions);
  return plan.sum_floats() + plan.pixel_floats() + plan.arriving_floats();
}

void winograd_filter_gradient(const Geometry& geometry, const Means& means, const float* x, const float* arriving,
                              float* workspace, float* result) {
  FilterGradient(geometry, means, workspace).run(x, arriving, result);
}

}  // namespace bluewaters
