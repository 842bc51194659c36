/** Blocks of a product of a matrix, transposed, and another one. */
#ifndef BLUEWATERS_BLOCKS_H_
#define BLUEWATERS_BLOCKS_H_

#include <string.h>

#include <algorithm>

#include "arithmetic.h"
#include "instruction-sets.h"

namespace bluewaters {

/** The depth of panels. */
constexpr int64_t kBlockDepth = 192;

/** The most rows and columns of a block: it and panels of that depth fit the second cache of processors with that set. */
inline int64_t block_rows(const InstructionSet& set) { return set.columns < kMostColumns ? 192 : 264; }
inline int64_t block_columns(const InstructionSet& set) { return set.columns < kMostColumns ? 128 : 256; }

/** Some columns of a matrix whose rows are `pitch` apart. */
struct Panel {
  const float* first;
  int64_t pitch, count;

  const float* row(int64_t at) const { return first + at * pitch; }
  /** The same columns, from a row on. */
  Panel from(int64_t at) const { return {row(at), pitch, count}; }
};

/** One block of the result, or of a share of it. */
class Block {
 public:
  Block(const InstructionSet& set, float* result, int64_t pitch, int64_t rows, int64_t columns)
      : set_(set), result_(result), pitch_(pitch), rows_(rows), columns_(columns) {}

  void clear() const {
    for (int64_t row = 0; row < rows_; ++row) memset(result_ + row * pitch_, 0, columns_ * sizeof(float));
  }

  /** Adds `left`, transposed, times `right`; of the last panel of `right` a tile's columns are read, whole. */
  void add(const Panel& left, const Panel& right, int64_t depth) const {
    for (int64_t column = 0; column < columns_; column += set_.columns) {
      for (int64_t row = 0; row < rows_; row += set_.rows) {
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
