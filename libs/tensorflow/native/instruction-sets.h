/** Which vectors of the processor products of matrices are computed with. */
#ifndef BLUEWATERS_INSTRUCTION_SETS_H_
#define BLUEWATERS_INSTRUCTION_SETS_H_

#include <stdint.h>

namespace bluewaters {

/** The most rows that a tile has with any instruction set. */
constexpr int kMostRows = 12;

/** The most columns. */
constexpr int kMostColumns = 32;

/** A tile of the product of a matrix, transposed, and another one; both have `depth` rows. */
struct OuterTile {
  /** [depth, rows of the tile]. */
  const float* left;
  int64_t left_pitch;
  /** [depth, columns of the tile]. */
  const float* right;
  int64_t right_pitch;
  int64_t depth;
  /** [rows, columns]: what it is added to. */
  float* result;
  int64_t result_pitch;
};

/** A tile whose rows are read where they lie: each is made of `parts` pieces of `depth` floats. */
struct GatherTile {
  /** [parts, rows], with `source_pitch` from part to part: where each row's piece begins. */
  const float* const* sources;
  int64_t source_pitch;
  int64_t parts;
  int64_t depth;
  /** [parts x depth, columns]. */
  const float* weights;
  /** [rows]: where each row of the result begins, and from which of its columns on the tile is. */
  float* const* targets;
  int64_t column;
  /** Whether it is added to what is there, or takes its place. */
  bool add;
};

/** The tiles of an instruction set, by their number of rows. */
struct InstructionSet {
  const char* name;
  /** Rows of a full tile. */
  int rows;
  int columns;
  void (*outer[kMostRows + 1])(const OuterTile&);
  void (*gather[kMostRows + 1])(const GatherTile&);
};

/**
 * @param name `best`, `avx512`, `avx2` or `portable`.
 * @returns Null when the processor does not have it.
 */
const InstructionSet* instruction_set(const char* name);

}  // namespace bluewaters

#endif  // BLUEWATERS_INSTRUCTION_SETS_H_
