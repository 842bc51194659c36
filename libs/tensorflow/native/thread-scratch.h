/** Memory to work in. */
#ifndef BLUEWATERS_THREAD_SCRATCH_H_
#define BLUEWATERS_THREAD_SCRATCH_H_

#include <stdint.h>
#include <stdlib.h>

namespace bluewaters {

/** @returns That many floats at least, of this thread's own, on a line of the cache. The next call gives the same. */
inline float* thread_scratch(int64_t floats) {
  struct Scratch {
    float* memory = nullptr;
    int64_t floats = 0;
    ~Scratch() { free(memory); }
  };
  static thread_local Scratch scratch;
  if (scratch.floats < floats) {
    free(scratch.memory);
    scratch.floats = floats;
    scratch.memory = static_cast<float*>(aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64));
    if (scratch.memory == nullptr) abort();
  }
  return scratch.memory;
}

}  // namespace bluewaters

#endif  // BLUEWATERS_THREAD_SCRATCH_H_
