#include "instruction-sets.h"

#include <math.h>
#include <string.h>

#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "arithmetic.h"
#include "winograd-points.h"

namespace bluewaters {
namespace {

#define TILE_NAMESPACE portable
#define TILE_TARGET
#define TILE_LANES 4
#define TILE_ROWS 6
#include "vector-tiles.h"

#if defined(__x86_64__)
#define TILE_NAMESPACE avx2
#define TILE_TARGET __attribute__((target("avx2,fma")))
#define TILE_LANES 8
#define TILE_ROWS 6
#include "vector-tiles.h"

#define TILE_NAMESPACE avx512
#define TILE_TARGET __attribute__((target("avx512f")))
#define TILE_LANES 16
#define TILE_ROWS 12
#include "vector-tiles.h"
#endif

}  // namespace

const InstructionSet* instruction_set(const char* name) {
  const auto asked = [name](const char* one) { return strcmp(name, "best") == 0 || strcmp(name, one) == 0; };
#if defined(__x86_64__)
  static const InstructionSet with_avx512 = avx512::make("avx512");
  if (asked("avx512") && __builtin_cpu_supports("avx512f")) return &with_avx512;
  static const InstructionSet with_avx2 = avx2::make("avx2");
  if (asked("avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &with_avx2;
#endif
  static const InstructionSet with_any = portable::make("portable");
  return asked("portable") ? &with_any : nullptr;
}

}  // namespace bluewaters
