/** Whole numbers that sizes are made of. */
#ifndef BLUEWATERS_ARITHMETIC_H_
#define BLUEWATERS_ARITHMETIC_H_

#include <stdint.h>

#include <algorithm>

namespace bluewaters {

/** Floats in a line of the cache. */
constexpr int64_t kLine = 16;

inline int64_t divide_up(int64_t value, int64_t by) { return (value + by - 1) / by; }

inline int64_t multiple_of(int64_t value, int64_t of) { return divide_up(value, of) * of; }

/** A pitch of an odd number of lines: the columns of a matrix then spread over all of the first cache. */
inline int64_t odd_lines(int64_t floats) { return (divide_up(floats, kLine) | 1) * kLine; }

/** A length cut into parts of equal length, but for the last. */
struct Cut {
  int64_t length, part;
  Cut(int64_t whole, int64_t most, int64_t multiple)
      : length(whole), part(multiple_of(divide_up(whole, divide_up(whole, most)), multiple)) {}
  int64_t parts() const { return divide_up(length, part); }
  int64_t begin(int64_t index) const { return index * part; }
  int64_t size(int64_t index) const { return std::min(part, length - begin(index)); }
};

}  // namespace bluewaters

#endif  // BLUEWATERS_ARITHMETIC_H_
