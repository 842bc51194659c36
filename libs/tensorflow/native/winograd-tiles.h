/** The tiles that pictures are cut into, and the products of tiles. */
#ifndef BLUEWATERS_WINOGRAD_TILES_H_
#define BLUEWATERS_WINOGRAD_TILES_H_

#include <stdint.h>

#include "arithmetic.h"
#include "instruction-sets.h"

namespace bluewaters {

/** Pictures, NHWC. */
struct Pictures {
  int64_t batch, height, width, channels;
};

/** A rectangle of pixels, and how far above and left of a tile's first result it begins. */
struct Frame {
  int64_t height, width, up, left;
};

/** Tiles over pictures of results, in the order of pictures, rows and columns. */
class Tiling {
 public:
  Tiling(const Pictures& results, const Winograd& winograd)
      : height_(winograd.tile_height),
        width_(winograd.tile_width),
        rows_(divide_up(results.height, height_)),
        columns_(divide_up(results.width, width_)),
        batch_(results.batch) {}

  int64_t count() const { return batch_ * rows_ * columns_; }

  /** Where each pixel of a tile's frame lies, row by row; `outside` for those beyond the picture. */
  template <class Float>
  void point(int64_t tile, const Pictures& pictures, const Frame& frame, Float* first, Float* outside, Float** to) const {
    const int64_t picture = tile / (rows_ * columns_);
    const int64_t top = tile / columns_ % rows_ * height_ - frame.up, start = tile % columns_ * width_ - frame.left;
    for (int64_t y = top; y < top + frame.height; ++y) {
      for (int64_t x = start; x < start + frame.width; ++x) {
        const bool inside = y >= 0 && y < pictures.height && x >= 0 && x < pictures.width;
        const int64_t pixel = (picture * pictures.height + y) * pictures.width + x;
        *to++ = inside ? first + pixel * pictures.channels : outside;
      }
    }
  }

 private:
  int64_t height_, width_, rows_, columns_, batch_;
};

/** The products of some tiles: for each of them a matrix, a row for each tile. */
struct Products {
  float* memory;
  int64_t count;
  int64_t pitch;
  /** Floats from a matrix to the next; not a whole number of the first cache's sets, for all are written at once. */
  int64_t apart;

  Products(float* where, int64_t products, int64_t tiles, int64_t floats)
      : memory(where), count(products), pitch(odd_lines(floats)), apart(tiles * pitch + kLine) {}

  /** Floats that they take, and those behind the last row that a tile of a matrix may read. */
  static int64_t size(int64_t products, int64_t tiles, int64_t floats) {
    return products * (tiles * odd_lines(floats) + kLine) + 2 * kLine;
  }

  float* row(int64_t product, int64_t tile) const { return memory + product * apart + tile * pitch; }

  template <class Float>
  void point(int64_t tile, Float** to) const {
    for (int64_t product = 0; product < count; ++product) to[product] = row(product, tile);
  }
};

}  // namespace bluewaters

#endif  // BLUEWATERS_WINOGRAD_TILES_H_
