/**
 * The unit of a processor that multiplies matrices of bfloat16 and sums in float32: Intel's Advanced Matrix Extensions (AMX),
 * "Intel Architecture Instruction Set Extensions Programming Reference", chapter 3.
 *
 * A tile has 16 rows of 64 bytes. One instruction adds to 16x16 floats the product of 16 rows of 32 numbers, which lie one
 * after the other, and 32 rows of 16 numbers, of which two rows lie interleaved: a step of the depth.
 */
#ifndef BLUEWATERS_MATRIX_UNIT_H_
#define BLUEWATERS_MATRIX_UNIT_H_

#include <stdint.h>

namespace bluewaters {

/** The upper half of a float. */
using Bfloat16 = uint16_t;

/** Rows, and columns, of a tile of sums; how many of those are computed together on each axis. */
constexpr int64_t kTileSide = 16;
constexpr int64_t kPairSide = 2 * kTileSide;
/** Numbers of the depth in a step, and in a tile that is multiplied. */
constexpr int64_t kStep = 32;
constexpr int64_t kTileNumbers = kTileSide * kStep;
/** Floats in the sums of a pair of rows of tiles by a pair of columns of them: four tiles, one after the other. */
constexpr int64_t kPairSums = kPairSide * kPairSide;

/** Whether this process may use it. What else is declared here needs it. */
bool has_matrix_unit();

/** While it lives, this thread's unit is laid out as the rest expects; afterwards as it was. */
class MatrixUnit {
 public:
  MatrixUnit();
  ~MatrixUnit();
  MatrixUnit(const MatrixUnit&) = delete;
  MatrixUnit& operator=(const MatrixUnit&) = delete;

 private:
  alignas(64) uint8_t before_[64];
};

/** A product of 32 rows and 32 columns. */
struct PairProduct {
  /** [32 rows, steps x 32], rows so many numbers apart. */
  const Bfloat16* left;
  int64_t left_pitch;
  /** [steps, 2 tiles], as `interleave` leaves them. */
  const Bfloat16* right;
  int64_t steps;
  /** [4 tiles of 16x16]. */
  float* sums;
  /** Whether it is added to what is there, or takes its place. */
  bool add;
};
void multiply(const PairProduct& product);

/** Rounds to the nearest, to the even one of two that are as near. A float too small for its exponent becomes zero. */
void round_floats(const float* from, int64_t count, Bfloat16* to);

/** Tiles for the right side. @param from [32, 16], rows so many numbers apart. */
void interleave(const Bfloat16* from, int64_t pitch, Bfloat16* tile);

/** The same of floats, rounded. Rows from `rows` on and columns from `columns` on are zeros. */
void interleave_floats(const float* from, int64_t pitch, int64_t rows, int64_t columns, Bfloat16* tile);

/**
 * The same of floats that lie by columns: 32 of each, in two pieces of 16, the columns `pitch` apart. A piece may be null, of
 * zeros; columns from `columns` on are zeros.
 */
void interleave_columns(const float* const from[2], int64_t pitch, int64_t columns, Bfloat16* tile);

/**
 * Rows of the left side from floats that lie by columns: [rows, 16] become 16 rows of 32, `to_pitch` apart. Rows of what is
 * read from `rows` on and columns from `columns` on are zeros.
 */
void transpose_floats(const float* from, int64_t pitch, int64_t rows, int64_t columns, Bfloat16* to, int64_t to_pitch);

/** Sums of {@link multiply} as rows: `rows` by `columns` of them, at most 32. */
void write_sums(const float* sums, int64_t rows, int64_t columns, float* to, int64_t pitch);

/** The same, transposed: what was a column is a row. */
void write_transposed_sums(const float* sums, int64_t rows, int64_t columns, float* to, int64_t pitch);

}  // namespace bluewaters

#endif  // BLUEWATERS_MATRIX_UNIT_H_
