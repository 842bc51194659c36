/**
 * Products of pixels by channels and the weights of a window of one pixel.
 *
 * Weights are put into panels once. A task is some pixels and some panels; it takes the depth in pieces, so that the
 * pixels stay in the second cache while all of its panels pass by. While the first of these is multiplied, the pixels come
 * from memory, each row of tiles before its turn: that, and results which go past the caches, is what makes the loops as
 * fast as they are on what lies in the first cache.
 */
#include "pointwise.h"

#include <string.h>

#include "arithmetic.h"
#include "panels.h"
#include "past-caches.h"
#include "thread-team.h"

namespace bluewaters {
namespace {

/** The most floats of the depth in a piece, and of pixels in a task. */
constexpr int64_t kDepth = 512;
constexpr int64_t kPixelFloats = 65536;

/** As many tasks as there should be. */
constexpr int64_t kTasks = 32;

/** [rows, depth] times [depth, columns]. */
struct Product {
  int64_t rows, depth, columns;
  const float* left;
  /** In panels. */
  const float* weights;
  float* result;

  /** Not where tiles are cut off, nor where the depth is taken in pieces, which are added. */
  bool past_caches(const InstructionSet& set) const {
    return columns % set.columns == 0 && depth <= kDepth && goes_past_caches(result, rows, columns);
  }
};

/** Where the result has fewer columns than a tile, those beyond are left out. */
void multiply_narrow(ProductTile tile, const InstructionSet& set, int64_t rows, int64_t columns) {
  float whole[kMostRows * kMostColumns];
  float* const to = tile.result;
  const int64_t pitch = tile.result_pitch;
  const bool add = tile.add;
  tile.result = whole;
  tile.result_pitch = set.columns;
  tile.add = false;
  set.product[rows](tile);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < columns; ++i) {
      float& value = to[row * pitch + i];
      value = (add ? value : 0) + whole[row * set.columns + i];
    }
  }
}

/** A task: some rows, and columns from `column` up to `end`. */
struct Share {
  int64_t row, rows, column, end;
};

void multiply(const Product& product, const InstructionSet& set, const Share& share, bool past_caches) {
  const Cut depth(product.depth, kDepth, 1);
  for (int64_t piece = 0; piece < depth.parts(); ++piece) {
    for (int64_t column = share.column; column < share.end; column += set.columns) {
      const int64_t columns = std::min<int64_t>(set.columns, share.end - column);
      const float* const weights = product.weights + column * product.depth + depth.begin(piece) * set.columns;
      for (int64_t row = share.row; row < share.row + share.rows; row += set.rows) {
        const int64_t left = share.row + share.rows - row, rows = std::min<int64_t>(set.rows, left);
        const float* const from = product.left + row * product.depth + depth.begin(piece);
        const bool fetch = column == share.column && left >= 2 * set.rows;
        const ProductTile tile{from, product.depth, weights, depth.size(piece),
                               product.result + row * product.columns + column, product.columns,
                               fetch ? from + set.rows * product.depth : nullptr, piece > 0, past_caches};
        if (columns == set.columns) {
          set.product[rows](tile);
        } else {
          multiply_narrow(tile, set, rows, columns);
        }
      }
    }
  }
  if (past_caches) settle_past_caches();
}

void multiply(const Product& product, const Means& means) {
  const InstructionSet& set = *means.instructions;
  const int64_t deepest = std::min(product.depth, kDepth);
  const Cut rows(product.rows, std::max<int64_t>(set.rows, kPixelFloats / deepest), set.rows);
  const int64_t panels = divide_up(product.columns, set.columns);
  const Cut columns(panels, divide_up(panels, divide_up(kTasks, rows.parts())), 1);
  const bool past_caches = product.past_caches(set);
  share_tasks(rows.parts() * columns.parts(), means.threads, [&](int64_t index) {
    const int64_t part = index / columns.parts(), group = index % columns.parts();
    const int64_t end = (columns.begin(group) + columns.size(group)) * set.columns;
    multiply(product, set,
             {rows.begin(part), rows.size(part), columns.begin(group) * set.columns, std::min(end, product.columns)},
             past_caches);
  });
}

}  // namespace

bool is_pointwise(const Geometry& g) {
  return g.window_height == 1 && g.window_width == 1 && g.stride_height == 1 && g.stride_width == 1;
}

int64_t pointwise_convolution_workspace(const Geometry& geometry, const InstructionSet& instructions) {
  return panels_of(geometry.channels, geometry.filters, instructions);
}

void pointwise_convolution(const Geometry& g, const Means& means, const float* x, const float* filter, float* workspace,
                           float* result) {
  pack_filter(g, means, filter, workspace);
  multiply({g.windows(), g.channels, g.filters, x, workspace, result}, means);
}

int64_t pointwise_input_gradient_workspace(const Geometry& geometry, const InstructionSet& instructions) {
  return panels_of(geometry.filters, geometry.channels, instructions);
}

void pointwise_input_gradient(const Geometry& g, const Means& means, const float* filter, const float* arriving,
                              float* workspace, float* result) {
  const int wide = means.instructions->columns;
  pack_panels(g.filters, g.channels, means, workspace, [&](int64_t first, int64_t count, float* to) {
    pack_transposed(filter + first * g.filters, g.filters, count, wide, to);
  });
  multiply({g.windows(), g.filters, g.channels, arriving, workspace, result}, means);
}

}  // namespace bluewaters
