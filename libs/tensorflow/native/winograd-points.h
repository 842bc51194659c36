/** The points that polynomials are evaluated at on Winograd's way, and what follows from them. */
#ifndef BLUEWATERS_WINOGRAD_POINTS_H_
#define BLUEWATERS_WINOGRAD_POINTS_H_

namespace bluewaters {

/** Pairs of points that four results of a window of `r` pixels take, beside 0 and infinity. */
constexpr int points_for(int r) { return (r + 1) / 2; }

/** The most powers of a point that are asked for. */
constexpr int kMostPowers = 7;

/** Of each pair the positive one. They were tried: these lose the fewest digits in float32 of those that came to mind. */
template <int pairs>
constexpr double kPointsOf[pairs] = {};
template <>
inline constexpr double kPointsOf<2>[2] = {0.625, 1.5};
template <>
inline constexpr double kPointsOf<3>[3] = {0.6, 1.0, 1.6};
template <>
inline constexpr double kPointsOf<4>[4] = {0.375, 0.75, 1.25, 1.75};

template <int pairs>
struct Polynomials {
  /** Coefficients of the product of all x^2 - p^2, by powers of x^2, but for the last, which is 1. */
  float all[pairs];
  /** The same without the pair itself. */
  float others[pairs][pairs];
  float power[pairs][kMostPowers];
  /** 1 over the value at 0, and at each point, of the product of what vanishes at all others. */
  float at_zero, at[pairs];
  float one[pairs];
};

template <int pairs>
constexpr Polynomials<pairs> polynomials_of() {
  Polynomials<pairs> made{};
  const auto multiply = [](double* of, int degree, double square) {  // by x^2 - square
    for (int k = degree; k >= 0; --k) {
      of[k + 1] += of[k];
      of[k] *= -square;
    }
  };
  const auto& points = kPointsOf<pairs>;
  double all[pairs + 1] = {1};
  for (int j = 0; j < pairs; ++j) multiply(all, j, points[j] * points[j]);
  for (int k = 0; k < pairs; ++k) made.all[k] = static_cast<float>(all[k]);
  made.at_zero = static_cast<float>(1 / all[0]);
  for (int j = 0; j < pairs; ++j) {
    const double square = points[j] * points[j];
    double others[pairs + 1] = {1}, value = 2 * square, power = 1;
    int degree = 0;
    for (int i = 0; i < pairs; ++i) {
      if (i == j) continue;
      multiply(others, degree++, points[i] * points[i]);
      value *= square - points[i] * points[i];
    }
    for (int k = 0; k < pairs; ++k) made.others[j][k] = static_cast<float>(others[k]);
    for (int k = 0; k < kMostPowers; ++k, power *= points[j]) made.power[j][k] = static_cast<float>(power);
    made.at[j] = static_cast<float>(1 / value);
    made.one[j] = 1;
  }
  return made;
}

}  // namespace bluewaters

#endif  // BLUEWATERS_WINOGRAD_POINTS_H_
