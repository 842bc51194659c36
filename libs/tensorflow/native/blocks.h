/** Blocks of a product of a matrix, transposed, and another one. */
#ifndef BLUEWATERS_BLOCKS_H_
#define BLUEWATERS_BLOCKS_H_

#include <string.h>

#include <algorithm>

#include "arithmetic.h"
#include "instruction-sets.h"

namespace bluewaters {

/** The most rows and columns of a block, and the deepest panels that fit the second cache beside it. */
constexpr int64_t kBlockRows = 192;
constexpr int64_t kBlockColumns = 128;
constexpr int64_t kBlockDepth = 192;

/** Some columns of a matrix whose rows are `pitch` apart. */
struct Panel {
  const float* first;
  int64_t pitch, count;

  const float* row(int64_t at) const { return first + at * pitch; }
  /** The same columns, from a row on. */
  Panel from(int64_t at) const { return {row(at), pitch, count}; }
  void fetch(int64_t at) const {
    for (int64_t i = 0; i < count; i += kLine) __builtin_prefetch(row(at) + i, 0, 2);
  }
};

/** One block of the result, or of a share of it. */
class Block {
 public:
  Block(const InstructionSet& set, float* result, int64_t pitch, int64_t rows, int64_t columns)
      : set_(set), result_(result), pitch_(pitch), rows_(rows), columns_(columns) {}

  void clear() const {
    for (int64_t row = 0; row < rows_; ++row) memset(result_ + row * pitch_, 0, columns_ * sizeof(float));
  }

  /**
   * Adds `left`, transposed, times `right`; of the last panel of `right` a tile's columns are read, whole. Meanwhile `next`
   * rows of both that lie behind these are fetched.
   */
  void add(const Panel& left, const Panel& right, int64_t depth, int64_t next) const {
    const int64_t tiles = divide_up(columns_, set_.columns) * divide_up(rows_, set_.rows);
    const int64_t beside = divide_up(next, tiles);
    int64_t fetched = 0;
    for (int64_t column = 0; column < columns_; column += set_.columns) {
      for (int64_t row = 0; row < rows_; row += set_.rows) {
        for (const int64_t end = std::min(next, fetched + beside); fetched < end; ++fetched) {
          left.fetch(depth + fetched);
          right.fetch(depth + fetched);
        }
        float* const to = result_ + row * pitch_ + column;
        add_tile({left.first + row, left.pitch, right.first + column, right.pitch, depth, to, pitch_},
                 std::min<int64_t>(set_.rows, rows_ - row), std::min<int64_t>(set_.columns, columns_ - column));
      }
    }
  }

 private:
  /** Where the result has fewer columns than a tile, those beyond are computed from what lies there, and left out. */
  void add_tile(OuterTile tile, int64_t rows, int64_t columns) const {
    if (columns == set_.columns) return set_.outer[rows](tile);
    float whole[kMostRows * kMostColumns] = {};
    float* const to = tile.result;
    tile.result = whole;
    tile.result_pitch = set_.columns;
    set_.outer[rows](tile);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) to[i * pitch_ + j] += whole[i * set_.columns + j];
    }
  }

  const InstructionSet& set_;
  float* const result_;
  const int64_t pitch_, rows_, columns_;
};

}  // namespace bluewaters

#endif  // BLUEWATERS_BLOCKS_H_
