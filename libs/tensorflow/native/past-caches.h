/**
 * Results that go past the caches: lines that are written whole need not come from memory first, which costs as much as
 * reading them would. For results so large that little of them would be in a cache when they are read.
 */
#ifndef BLUEWATERS_PAST_CACHES_H_
#define BLUEWATERS_PAST_CACHES_H_

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "arithmetic.h"

namespace bluewaters {

/** Bytes of a result of which little would be in a cache when it is read. */
constexpr int64_t kPastCaches = 8 << 20;

/** Whether [rows, columns] are so many, and each row whole lines of the cache. */
inline bool goes_past_caches(const float* result, int64_t rows, int64_t columns) {
  const bool whole = columns % kLine == 0 && reinterpret_cast<uintptr_t>(result) % (kLine * sizeof(float)) == 0;
  return whole && rows * columns * static_cast<int64_t>(sizeof(float)) >= kPastCaches;
}

/** Before others are told that it is there: whoever reads it next may be another thread. */
inline void settle_past_caches() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace bluewaters

#endif  // BLUEWATERS_PAST_CACHES_H_
