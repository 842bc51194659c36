/** Patches as the matrix unit takes them. */
#ifndef BLUEWATERS_ROUNDED_PATCHES_H_
#define BLUEWATERS_ROUNDED_PATCHES_H_

#include <string.h>

#include "matrix-unit.h"
#include "patches.h"

namespace bluewaters {

/** Rounds columns from `first` on, `count` of them, of rows from `window` on, `depth` of them; rows are `pitch` apart then. */
inline void round_patches(const Patches& patches, int64_t first, int64_t count, int64_t window, int64_t depth, Bfloat16* to,
                          int64_t pitch) {
  patches.each(first, count, window, depth, [&](int64_t row, int64_t column, const float* from, int64_t length) {
    Bfloat16* const at = to + row * pitch + column;
    if (from == nullptr) return static_cast<void>(memset(at, 0, length * sizeof(Bfloat16)));
    round_floats(from, length, at);
  });
}

}  // namespace bluewaters

#endif  // BLUEWATERS_ROUNDED_PATCHES_H_
