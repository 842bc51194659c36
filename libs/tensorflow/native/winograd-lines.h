/**
 * Winograd's transforms of lines, four results at a time (Lavin and Gray 2015, section 4): with polynomials of the points
 * 0, ±p for a few p, and infinity, y = A'((G g) * (B' d)) is the convolution of pixels d with the window g.
 * `vector-tiles.h` includes this file for each instruction set. What a point and its negative give differs in the sign of
 * the odd powers only, so both are computed together.
 */

#define LINE_FUNCTION TILE_TARGET static inline __attribute__((always_inline)) void

/** Lines for windows of `r` pixels. */
template <int r>
struct Lines {
  static constexpr int kPoints = points_for(r);
  static constexpr int kTile = 4, kWindow = r, kPatch = kTile + r - 1;
  static constexpr Polynomials<kPoints> kOf = polynomials_of<kPoints>();

  /** Writes what a pair of points gives, from its even and its odd powers. */
  LINE_FUNCTION put(int pair, Vector even, Vector odd, Vector* to) {
    to[1 + 2 * pair] = even + odd;
    to[2 + 2 * pair] = even - odd;
  }

  /** B': pixels. */
  struct Source {
    static constexpr int kFrom = kPatch, kTo = kPatch;
    LINE_FUNCTION apply(const Vector* d, Vector* to) {
      Vector first = d[kPatch - 2], last = d[kPatch - 1];
#pragma GCC unroll 8
      for (int k = 0; k < kPoints; ++k) {
        first += kOf.all[k] * d[2 * k];
        last += kOf.all[k] * d[2 * k + 1];
      }
      to[0] = first;
      to[kPatch - 1] = last;
#pragma GCC unroll 8
      for (int j = 0; j < kPoints; ++j) {
        Vector even = d[kPatch - 2], odd = kOf.power[j][1] * d[kPatch - 3];
#pragma GCC unroll 8
        for (int k = 0; k < kPoints - 1; ++k) {
          even += kOf.others[j][k] * d[2 * k + 2];
          odd += kOf.power[j][1] * kOf.others[j][k] * d[2 * k + 1];
        }
        put(j, even, odd, to);
      }
    }
  };

  /** Values of a polynomial with `count` coefficients at the points, times `scale`. */
  template <int count>
  LINE_FUNCTION evaluate(const Vector* of, const float* scale, Vector* to) {
#pragma GCC unroll 8
    for (int j = 0; j < kPoints; ++j) {
      Vector even = scale[j] * of[0], odd = scale[j] * kOf.power[j][1] * of[1];
#pragma GCC unroll 8
      for (int i = 2; i < count; ++i) (i % 2 == 0 ? even : odd) += scale[j] * kOf.power[j][i] * of[i];
      put(j, even, odd, to);
    }
    to[kPatch - 1] = of[count - 1];
  }

  /** The transpose of that. */
  template <int count>
  LINE_FUNCTION interpolate(const Vector* m, const float* scale, Vector* to) {
#pragma GCC unroll 8
    for (int j = 0; j < kPoints; ++j) {
      const Vector sum = scale[j] * (m[1 + 2 * j] + m[2 + 2 * j]), difference = scale[j] * (m[1 + 2 * j] - m[2 + 2 * j]);
#pragma GCC unroll 8
      for (int i = 0; i < count; ++i) {
        const Vector term = kOf.power[j][i] * (i % 2 == 0 ? sum : difference);
        to[i] = j == 0 ? term : to[i] + term;
      }
    }
    to[count - 1] += m[kPatch - 1];
  }

  /** G: the window. */
  struct Filter {
    static constexpr int kFrom = r, kTo = kPatch;
    LINE_FUNCTION apply(const Vector* g, Vector* to) {
      to[0] = kOf.at_zero * g[0];
      evaluate<r>(g, kOf.at, to);
    }
  };

  /** G': the gradient by the window. */
  struct FilterGradient {
    static constexpr int kFrom = kPatch, kTo = r;
    LINE_FUNCTION apply(const Vector* m, Vector* to) {
      interpolate<r>(m, kOf.at, to);
      to[0] += kOf.at_zero * m[0];
    }
  };

  /** A: what arrives at the results. */
  struct Arriving {
    static constexpr int kFrom = kTile, kTo = kPatch;
    LINE_FUNCTION apply(const Vector* y, Vector* to) {
      to[0] = y[0];
      evaluate<kTile>(y, kOf.one, to);
    }
  };

  /** A': the results. */
  struct Result {
    static constexpr int kFrom = kPatch, kTo = kTile;
    LINE_FUNCTION apply(const Vector* m, Vector* to) {
      interpolate<kTile>(m, kOf.one, to);
      to[0] += m[0];
    }
  };
};

/** Along an axis on which the window has one pixel, nothing is to be done. */
template <>
struct Lines<1> {
  static constexpr int kTile = 1, kWindow = 1, kPatch = 1;
  struct Same {
    static constexpr int kFrom = 1, kTo = 1;
    LINE_FUNCTION apply(const Vector* from, Vector* to) { to[0] = from[0]; }
  };
  using Source = Same;
  using Filter = Same;
  using FilterGradient = Same;
  using Arriving = Same;
  using Result = Same;
};

/** One vector of channels of a plane: `Across` is applied to its rows, and `Down` to the columns of what that gives. */
template <class Down, class Across, bool partial>
TILE_TARGET inline __attribute__((always_inline)) void transform_vector(const float* const* from, float* const* to,
                                                                        int64_t at) {
  Vector middle[Across::kTo][Down::kFrom];
#pragma GCC unroll 10
  for (int row = 0; row < Down::kFrom; ++row) {
    Vector line[Across::kFrom], changed[Across::kTo];
#pragma GCC unroll 10
    for (int i = 0; i < Across::kFrom; ++i) {
      line[i] = *reinterpret_cast<const Unaligned*>(from[row * Across::kFrom + i] + at);
    }
    Across::apply(line, changed);
#pragma GCC unroll 10
    for (int i = 0; i < Across::kTo; ++i) middle[i][row] = changed[i];
  }
#pragma GCC unroll 10
  for (int column = 0; column < Across::kTo; ++column) {
    Vector changed[Down::kTo];
    Down::apply(middle[column], changed);
#pragma GCC unroll 10
    for (int i = 0; i < Down::kTo; ++i) {
      float* const target = to[i * Across::kTo + column];
      if (!partial || target != nullptr) *reinterpret_cast<Unaligned*>(target + at) = changed[i];
    }
  }
}

/** The last channels, fewer than a vector has. */
template <class Down, class Across, bool partial>
TILE_TARGET void transform_rest(const float* const* from, float* const* to, int64_t at, int64_t count) {
  constexpr int kInputs = Down::kFrom * Across::kFrom, kResults = Down::kTo * Across::kTo;
  float read[kInputs][TILE_LANES] = {}, written[kResults][TILE_LANES];
  const float* inputs[kInputs];
  float* results[kResults];
  for (int i = 0; i < kInputs; ++i) {
    inputs[i] = read[i];
    memcpy(read[i], from[i] + at, count * sizeof(float));
  }
  for (int i = 0; i < kResults; ++i) results[i] = written[i];
  transform_vector<Down, Across, false>(inputs, results, 0);
  for (int i = 0; i < kResults; ++i) {
    if (to[i] != nullptr) memcpy(to[i] + at, written[i], count * sizeof(float));
  }
}

template <class Down, class Across, bool partial = false>
TILE_TARGET void transform(const float* const* from, float* const* to, int64_t count) {
  int64_t at = 0;
  for (; at + TILE_LANES <= count; at += TILE_LANES) transform_vector<Down, Across, partial>(from, to, at);
  if (at < count) transform_rest<Down, Across, partial>(from, to, at, count - at);
}

template <int height, int width>
constexpr Winograd winograd() {
  using Down = Lines<height>;
  using Across = Lines<width>;
  return {height,
          width,
          Down::kTile,
          Across::kTile,
          Down::kPatch,
          Across::kPatch,
          transform<typename Down::Source, typename Across::Source>,
          transform<typename Down::Filter, typename Across::Filter>,
          transform<typename Down::Result, typename Across::Result, true>,
          transform<typename Down::Arriving, typename Across::Arriving>,
          transform<typename Down::FilterGradient, typename Across::FilterGradient>};
}

#undef LINE_FUNCTION
