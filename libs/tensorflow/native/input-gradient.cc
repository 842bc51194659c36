/**
 * The gradient of a convolution by its pictures.
 *
 * Pixel (y, x) was in the windows (y + top - i) / stride, (x + left - j) / stride for those taps (i, j) of the filter
 * for which that is whole. Which ones these are depends on the remainders of y and x only: for each pair of remainders
 * the pixels are computed by themselves, with the taps that count for them.
 */
#include "arithmetic.h"
#include "convolution.h"
#include "gather.h"
#include "panels.h"
#include "thread-team.h"

namespace bluewaters {
namespace {

/** A tap of the filter. */
struct Position {
  int64_t row, column;
};

/** The taps of all remainders, one after the other: the order of their matrices. */
class Phases {
 public:
  explicit Phases(const Geometry& geometry) : geometry_(geometry) {
    for (int64_t y = 0; y < std::min(geometry.stride_height, geometry.height); ++y) {
      for (int64_t x = 0; x < std::min(geometry.stride_width, geometry.width); ++x) add(y, x);
    }
  }

  const std::vector<Position>& positions() const { return positions_; }

  /** Without source, result and weights; `first` is the number of its first matrix. */
  struct Phase {
    Gather gather;
    int64_t first;
  };
  const std::vector<Phase>& phases() const { return phases_; }

 private:
  void add(int64_t y, int64_t x) {
    const Geometry& g = geometry_;
    Gather gather{};
    gather.batch = g.batch;
    gather.height = g.out_height;
    gather.width = g.out_width;
    gather.channels = g.filters;
    gather.step_height = gather.step_width = 1;
    gather.rows = divide_up(g.height - y, g.stride_height);
    gather.columns = divide_up(g.width - x, g.stride_width);
    gather.result_height = g.height;
    gather.result_width = g.width;
    gather.result_channels = g.channels;
    gather.top = y;
    gather.left = x;
    gather.apart_height = g.stride_height;
    gather.apart_width = g.stride_width;
    const int64_t first = static_cast<int64_t>(positions_.size());
    for (int64_t i = (y + g.top) % g.stride_height; i < g.window_height; i += g.stride_height) {
      for (int64_t j = (x + g.left) % g.stride_width; j < g.window_width; j += g.stride_width) {
        gather.taps.push_back({(y + g.top - i) / g.stride_height, (x + g.left - j) / g.stride_width});
        positions_.push_back({i, j});
      }
    }
    phases_.push_back({gather, first});
  }

  const Geometry& geometry_;
  std::vector<Position> positions_;
  std::vector<Phase> phases_;
};

}  // namespace

int64_t input_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions) {
  return panels_of(geometry.window_height * geometry.window_width * geometry.filters, geometry.channels, instructions);
}

void input_gradient(const Geometry& geometry, const Means& means, const float* filter, const float* arriving,
                    float* workspace, float* result) {
  const int64_t columns = means.instructions->columns, filters = geometry.filters, channels = geometry.channels;
  const Phases phases(geometry);
  const std::vector<Position>& positions = phases.positions();
  const int64_t taps = static_cast<int64_t>(positions.size()), panels = divide_up(channels, columns);
  share_tasks(panels * taps, means.threads, [&](int64_t index) {
    const int64_t panel = index / taps;
    const Position& at = positions[index % taps];
    const int64_t first = panel * columns;
    const float* const from = filter + ((at.row * geometry.window_width + at.column) * channels + first) * filters;
    pack_transposed(from, filters, std::min(columns, channels - first), columns, workspace + index * filters * columns);
  });
  for (const Phases::Phase& phase : phases.phases()) {
    Gather gather = phase.gather;
    gather.source = arriving;
    gather.result = result;
    gather.weights = workspace + phase.first * filters * columns;
    gather.weights_pitch = taps * filters * columns;
    compute(gather, means);
  }
}

}  // namespace bluewaters
