/**
 * What batch normalisation, biases and rectifiers do with rows of channels, once for each instruction set: `vector-tiles.h`
 * includes this file. A strip is some vectors of channels; sums of a strip stay in registers while the rows go by.
 */

/** The sums over rows of `x`, or of its squared distances from `mean`, for a strip of channels. */
template <int vectors, bool squares>
TILE_TARGET void sum_strip(const float* x, int64_t rows, int64_t pitch, const float* mean, float* sums) {
  Vector total[vectors] = {}, from[vectors] = {};
  if (squares) {
    for (int i = 0; i < vectors; ++i) from[i] = reinterpret_cast<const Unaligned*>(mean)[i];
  }
  for (int64_t row = 0; row < rows; ++row, x += pitch) {
#pragma GCC unroll 8
    for (int i = 0; i < vectors; ++i) {
      const Vector value = reinterpret_cast<const Unaligned*>(x)[i] - from[i];
      total[i] += squares ? value * value : value;
    }
  }
  for (int i = 0; i < vectors; ++i) reinterpret_cast<Unaligned*>(sums)[i] = total[i];
}

template <bool squares>
TILE_TARGET void sum_rows(const float* x, int64_t rows, int64_t channels, const float* mean, float* sums) {
  constexpr int64_t kWide = 4 * TILE_LANES;
  int64_t at = 0;
  for (; at + kWide <= channels; at += kWide) {
    sum_strip<4, squares>(x + at, rows, channels, squares ? mean + at : nullptr, sums + at);
  }
  for (; at + TILE_LANES <= channels; at += TILE_LANES) {
    sum_strip<1, squares>(x + at, rows, channels, squares ? mean + at : nullptr, sums + at);
  }
  for (; at < channels; ++at) {
    float total = 0;
    for (int64_t row = 0; row < rows; ++row) {
      const float value = x[row * channels + at] - (squares ? mean[at] : 0);
      total += squares ? value * value : value;
    }
    sums[at] = total;
  }
}

TILE_TARGET void mean_of_rows(const float* x, int64_t rows, int64_t channels, float* mean) {
  sum_rows<false>(x, rows, channels, nullptr, mean);
  const float share = 1 / static_cast<float>(rows);
  for (int64_t channel = 0; channel < channels; ++channel) mean[channel] *= share;
}

TILE_TARGET void squares_of_rows(const float* x, int64_t rows, int64_t channels, const float* mean, float* squares) {
  sum_rows<true>(x, rows, channels, mean, squares);
}

template <bool past_caches>
TILE_TARGET inline __attribute__((always_inline)) void store(float* to, const Vector& value) {
  if (past_caches) return store_past_caches(to, value);
  *reinterpret_cast<Unaligned*>(to) = value;
}

template <bool summed, bool past_caches>
TILE_TARGET void write_affine(const float* x, const float* beside, int64_t rows, int64_t channels, const float* factor,
                              const float* term, float least, float* y) {
  const Vector floor = least - Vector{};
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t start = row * channels;
    int64_t channel = 0;
    for (; channel + TILE_LANES <= channels; channel += TILE_LANES) {
      const auto of = [channel](const float* values) { return *reinterpret_cast<const Unaligned*>(values + channel); };
      Vector value = of(x + start) * of(factor) + of(term);
      if (summed) value += of(beside + start);
      store<past_caches>(y + start + channel, value < floor ? floor : value);
    }
    for (; channel < channels; ++channel) {
      const int64_t at = start + channel;
      const float value = x[at] * factor[channel] + term[channel] + (summed ? beside[at] : 0);
      y[at] = value < least ? least : value;
    }
  }
}

TILE_TARGET void affine_rows(const float* x, const float* beside, int64_t rows, int64_t channels, const float* factor,
                             const float* term, float least, bool past_caches, float* y) {
  const auto write = beside != nullptr ? (past_caches ? write_affine<true, true> : write_affine<true, false>)
                                       : (past_caches ? write_affine<false, true> : write_affine<false, false>);
  write(x, beside, rows, channels, factor, term, least, y);
}

/**
 * What a rectifier lets through of what arrives, by the `x` that its argument was made of; all of it where there is none. What
 * it is given must be values of their own: a reference to memory would be taken for a vector at a whole address.
 */
template <bool rectified>
TILE_TARGET inline __attribute__((always_inline)) Vector let_through(const Vector& arriving, const Vector& x,
                                                                     const Vector& factor, const Vector& term) {
  if (!rectified) return arriving;
  return x * factor + term > Vector{} ? arriving : Vector{};
}

template <int vectors, bool rectified>
TILE_TARGET void product_strip(const float* arriving, const float* x, int64_t rows, int64_t pitch, const float* mean,
                               const ChannelGate& gate, float* sums, float* products) {
  Vector total[vectors] = {}, product[vectors] = {}, from[vectors], factor[vectors] = {}, term[vectors] = {};
  for (int i = 0; i < vectors; ++i) {
    from[i] = reinterpret_cast<const Unaligned*>(mean)[i];
    if (!rectified) continue;
    factor[i] = reinterpret_cast<const Unaligned*>(gate.factor)[i];
    term[i] = reinterpret_cast<const Unaligned*>(gate.term)[i];
  }
  for (int64_t row = 0; row < rows; ++row, arriving += pitch, x += pitch) {
#pragma GCC unroll 8
    for (int i = 0; i < vectors; ++i) {
      const Vector at = reinterpret_cast<const Unaligned*>(x)[i], arrived = reinterpret_cast<const Unaligned*>(arriving)[i];
      const Vector value = let_through<rectified>(arrived, at, factor[i], term[i]);
      total[i] += value;
      product[i] += value * (at - from[i]);
    }
  }
  for (int i = 0; i < vectors; ++i) {
    reinterpret_cast<Unaligned*>(sums)[i] = total[i];
    reinterpret_cast<Unaligned*>(products)[i] = product[i];
  }
}

template <bool rectified>
TILE_TARGET void sum_products(const float* arriving, const float* x, int64_t rows, int64_t channels, const float* mean,
                              const ChannelGate& gate, float* sums) {
  constexpr int64_t kWide = 2 * TILE_LANES;
  float* const products = sums + channels;
  const auto from = [&gate](int64_t at) { return rectified ? ChannelGate{gate.factor + at, gate.term + at} : gate; };
  int64_t at = 0;
  for (; at + kWide <= channels; at += kWide) {
    product_strip<2, rectified>(arriving + at, x + at, rows, channels, mean + at, from(at), sums + at, products + at);
  }
  for (; at + TILE_LANES <= channels; at += TILE_LANES) {
    product_strip<1, rectified>(arriving + at, x + at, rows, channels, mean + at, from(at), sums + at, products + at);
  }
  for (; at < channels; ++at) {
    sums[at] = products[at] = 0;
    for (int64_t i = at; i < rows * channels; i += channels) {
      const float value = !rectified || x[i] * gate.factor[at] + gate.term[at] > 0 ? arriving[i] : 0;
      sums[at] += value;
      products[at] += value * (x[i] - mean[at]);
    }
  }
}

TILE_TARGET void products_of_rows(const float* arriving, const float* x, int64_t rows, int64_t channels, const float* mean,
                                  const ChannelGate* gate, float* sums) {
  if (gate != nullptr) return sum_products<true>(arriving, x, rows, channels, mean, *gate, sums);
  sum_products<false>(arriving, x, rows, channels, mean, {}, sums);
}

template <bool rectified, bool past_caches>
TILE_TARGET void write_slopes(const float* arriving, const float* x, int64_t rows, int64_t channels,
                              const ChannelSlopes& by, const ChannelGate& gate, float* result) {
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t start = row * channels;
    int64_t channel = 0;
    for (; channel + TILE_LANES <= channels; channel += TILE_LANES) {
      const auto of = [channel](const float* values) { return *reinterpret_cast<const Unaligned*>(values + channel); };
      const Vector at = of(x + start), arrived = of(arriving + start);
      const Vector factor = rectified ? of(gate.factor) : Vector{}, term = rectified ? of(gate.term) : Vector{};
      const Vector value = let_through<rectified>(arrived, at, factor, term) - of(by.term);
      store<past_caches>(result + start + channel, of(by.factor) * (value - of(by.slope) * (at - of(by.mean))));
    }
    for (; channel < channels; ++channel) {
      const int64_t at = start + channel;
      const float value = !rectified || x[at] * gate.factor[channel] + gate.term[channel] > 0 ? arriving[at] : 0;
      result[at] = by.factor[channel] * (value - by.term[channel] - by.slope[channel] * (x[at] - by.mean[channel]));
    }
  }
}

TILE_TARGET void slopes_of_rows(const float* arriving, const float* x, int64_t rows, int64_t channels,
                                const ChannelSlopes& by, const ChannelGate* gate, bool past_caches, float* result) {
  const auto write = gate != nullptr ? (past_caches ? write_slopes<true, true> : write_slopes<true, false>)
                                     : (past_caches ? write_slopes<false, true> : write_slopes<false, false>);
  write(arriving, x, rows, channels, by, gate != nullptr ? *gate : ChannelGate{}, result);
}

TILE_TARGET void write_rectified_sum(const float* a, const float* b, const float* y, int64_t count, float* result) {
  int64_t at = 0;
  for (; at + TILE_LANES <= count; at += TILE_LANES) {
    const Vector sum = *reinterpret_cast<const Unaligned*>(a + at) + *reinterpret_cast<const Unaligned*>(b + at);
    const Vector behind = *reinterpret_cast<const Unaligned*>(y + at);
    *reinterpret_cast<Unaligned*>(result + at) = behind > Vector{} ? sum : Vector{};
  }
  for (; at < count; ++at) result[at] = y[at] > 0 ? a[at] + b[at] : 0;
}

/** What a rectifier with the result `y` lets through, and its sums over rows, for a strip of channels. */
template <int vectors>
TILE_TARGET void rectify_strip(const float* arriving, const float* y, int64_t rows, int64_t pitch, float* result,
                               float* sums) {
  Vector total[vectors] = {};
  for (int64_t row = 0; row < rows; ++row, arriving += pitch, y += pitch, result += pitch) {
#pragma GCC unroll 8
    for (int i = 0; i < vectors; ++i) {
      const Vector arrived = reinterpret_cast<const Unaligned*>(arriving)[i];
      const Vector behind = reinterpret_cast<const Unaligned*>(y)[i];
      const Vector value = behind > Vector{} ? arrived : Vector{};
      reinterpret_cast<Unaligned*>(result)[i] = value;
      total[i] += value;
    }
  }
  for (int i = 0; i < vectors; ++i) reinterpret_cast<Unaligned*>(sums)[i] = total[i];
}

TILE_TARGET void rectify_rows(const float* arriving, const float* y, int64_t rows, int64_t channels, float* result,
                              float* sums) {
  constexpr int64_t kWide = 4 * TILE_LANES;
  int64_t at = 0;
  for (; at + kWide <= channels; at += kWide) {
    rectify_strip<4>(arriving + at, y + at, rows, channels, result + at, sums + at);
  }
  for (; at + TILE_LANES <= channels; at += TILE_LANES) {
    rectify_strip<1>(arriving + at, y + at, rows, channels, result + at, sums + at);
  }
  for (; at < channels; ++at) {
    sums[at] = 0;
    for (int64_t i = at; i < rows * channels; i += channels) {
      result[i] = y[i] > 0 ? arriving[i] : 0;
      sums[at] += result[i];
    }
  }
}
