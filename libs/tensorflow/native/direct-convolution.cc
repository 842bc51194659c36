/** The convolution itself, each of its terms multiplied. */
#include "convolution.h"
#include "gather.h"
#include "panels.h"

namespace bluewaters {
namespace {

/** What a result is the sum of, without pictures, weights and results. */
Gather windows_of(const Geometry& g) {
  Gather gather{};
  gather.batch = g.batch;
  gather.height = g.height;
  gather.width = g.width;
  gather.channels = g.channels;
  gather.step_height = g.stride_height;
  gather.step_width = g.stride_width;
  for (int64_t row = 0; row < g.window_height; ++row) {
    for (int64_t column = 0; column < g.window_width; ++column) gather.taps.push_back({row - g.top, column - g.left});
  }
  gather.rows = gather.result_height = g.out_height;
  gather.columns = gather.result_width = g.out_width;
  gather.result_channels = g.filters;
  gather.apart_height = gather.apart_width = 1;
  return gather;
}

}  // namespace

int64_t convolution_workspace(const Geometry& geometry, const InstructionSet& instructions) {
  return panels_of(geometry.window_floats(), geometry.filters, instructions);
}

void convolution(const Geometry& geometry, const Means& means, const float* x, const float* filter, float* workspace,
                 float* result) {
  pack_filter(geometry, means, filter, workspace);
  Gather gather = windows_of(geometry);
  gather.source = x;
  gather.result = result;
  gather.weights = workspace;
  gather.weights_pitch = geometry.window_floats() * means.instructions->columns;
  compute(gather, means);
}

}  // namespace bluewaters
