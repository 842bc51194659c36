/** Numbers of 16 bits: what gradients may travel as. Written so that compilers make vectors of the loops. */
#ifndef BLUEWATERS_HALF_H_
#define BLUEWATERS_HALF_H_

#include <stdint.h>
#include <string.h>

namespace bluewaters {

inline uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/** The upper half of a float32: its range, with 8 binary digits. */
struct Bfloat16 {
  static float decode(uint16_t half) { return float_of(static_cast<uint32_t>(half) << 16); }

  /** To the nearest, ties to even; what is no number stays none. */
  static uint16_t encode(float value) {
    const uint32_t bits = bits_of(value);
    const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return static_cast<uint16_t>(value == value ? rounded : bits >> 16 | 0x40);
  }
};

/** IEEE 754's binary16: 11 binary digits, from 6e-8 to 65,504. */
struct Float16 {
  /** The exponent is moved by a multiplication, which makes numbers of those below the normal ones too. */
  static float decode(uint16_t half) {
    const uint32_t magnitude = half & 0x7fff;
    const float value = float_of(magnitude << 13) * float_of(0x77800000);  // 2^112
    const uint32_t bits = magnitude >= 0x7c00 ? magnitude << 13 | 0x7f800000 : bits_of(value);
    return float_of(bits | static_cast<uint32_t>(half & 0x8000) << 16);
  }

  /** To the nearest, ties to even; beyond the largest, infinity. */
  static uint16_t encode(float value) {
    const uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    const uint32_t odd = magnitude >> 13 & 1;
    const uint32_t normal = (magnitude - 0x38000000 + 0xfff + odd) >> 13;
    // Added to this, what is below the normal numbers is rounded to a whole number of the smallest.
    const uint32_t small = bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f);
    uint32_t half = magnitude < 0x38800000 ? small : normal;
    if (magnitude >= 0x477ff000) half = 0x7c00;
    if (magnitude > 0x7f800000) half = 0x7e00;
    return static_cast<uint16_t>(half | sign);
  }
};

/** What MPI calls to add up: each sum is rounded. */
template <class Half>
void add_halves(void* in, void* in_and_out, int* count, void*) {
  const auto* const from = static_cast<const uint16_t*>(in);
  auto* const to = static_cast<uint16_t*>(in_and_out);
  for (int i = 0; i < *count; ++i) to[i] = Half::encode(Half::decode(from[i]) + Half::decode(to[i]));
}

}  // namespace bluewaters

#endif  // BLUEWATERS_HALF_H_
