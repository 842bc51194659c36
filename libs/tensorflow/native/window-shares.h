/** How the gradient of a convolution by its filter is divided into tasks. */
#ifndef BLUEWATERS_WINDOW_SHARES_H_
#define BLUEWATERS_WINDOW_SHARES_H_

#include <string.h>

#include "arithmetic.h"
#include "convolution.h"
#include "thread-team.h"

namespace bluewaters {

/** The most and a multiple, along an axis of the result. */
struct Side {
  int64_t most, multiple;
};

/**
 * Blocks of the result by rows (floats of the window) and columns (filters). Where there are too few for many threads, the
 * windows are divided too, each share with a result of its own. Sizes alone decide about that.
 */
class WindowShares {
 public:
  /** @param least_windows The fewest of a share. */
  WindowShares(const Geometry& geometry, Side row, Side column, int64_t least_windows)
      : rows(geometry.window_floats(), row.most, row.multiple),
        columns(geometry.filters, column.most, column.multiple),
        windows(geometry.windows(), divide_up(geometry.windows(), shares(geometry, least_windows)), 1) {}

  /** @returns Floats that the results of shares take. */
  int64_t workspace() const { return windows.parts() == 1 ? 0 : windows.parts() * all(); }

  struct Task {
    /** From where on, and how many. */
    int64_t row, rows, column, columns, window, windows;
    /** [rows, columns], with as many floats from row to row as there are filters. */
    float* corner;
  };

  /** Does `task` for each block of each share. */
  template <class Work>
  void compute(const Means& means, float* workspace, float* result, const Work& work) const {
    const int64_t count = windows.parts();
    share_tasks(rows.parts() * columns.parts() * count, means.threads, [&](int64_t index) {
      const int64_t row = index % rows.parts(), rest = index / rows.parts();
      const int64_t column = rest % columns.parts(), share = rest / columns.parts();
      float* const target = count == 1 ? result : workspace + share * all();
      work({rows.begin(row), rows.size(row), columns.begin(column), columns.size(column), windows.begin(share),
            windows.size(share), target + rows.begin(row) * columns.length + columns.begin(column)});
    });
    if (count > 1) add_shares(means, workspace, result);
  }

  const Cut rows, columns, windows;

 private:
  /** As many tasks as there should be where windows are divided, and so many blocks that they are not. */
  static constexpr int64_t kTasks = 48;
  static constexpr int64_t kEnoughBlocks = 16;

  int64_t shares(const Geometry& geometry, int64_t least_windows) const {
    const int64_t blocks = rows.parts() * columns.parts();
    if (blocks >= kEnoughBlocks) return 1;
    return std::max<int64_t>(1, std::min(divide_up(kTasks, blocks), geometry.windows() / least_windows));
  }

  int64_t all() const { return rows.length * columns.length; }

  /** In their order. */
  void add_shares(const Means& means, const float* shares, float* result) const {
    const Cut pieces(rows.length, 64, 1);
    share_tasks(pieces.parts(), means.threads, [&](int64_t piece) {
      const int64_t begin = pieces.begin(piece) * columns.length, size = pieces.size(piece) * columns.length;
      memcpy(result + begin, shares + begin, size * sizeof(float));
      for (int64_t share = 1; share < windows.parts(); ++share) {
        const float* const from = shares + share * all() + begin;
        for (int64_t i = 0; i < size; ++i) result[begin + i] += from[i];
      }
    });
  }
};

}  // namespace bluewaters

#endif  // BLUEWATERS_WINDOW_SHARES_H_
