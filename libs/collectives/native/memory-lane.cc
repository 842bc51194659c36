#include "memory-lane.h"

#include <string.h>

#include <algorithm>

#include "half.h"

namespace bluewaters {
namespace {

/** After so many steps the caller is to look after the rest of what it does. */
constexpr int kMostSteps = 16;
/** Of a piece of so few numbers every rank adds up all: that is sooner done than waited for. */
constexpr int64_t kSmallPiece = 1 << 10;
/** Sums grow in so many numbers, which stay in the nearest cache. */
constexpr int64_t kBlock = 1 << 10;
/** Shares begin at lines of the cache. */
constexpr int64_t kLine = 64;

struct Float32 {
  using Wire = float;
  static void add(const float* from, float* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] += from[i];
  }
  static void multiply(float* values, int64_t count, float factor) {
    for (int64_t i = 0; i < count; ++i) values[i] *= factor;
  }
};

template <class Half>
struct Halves {
  using Wire = uint16_t;
  static void add(const uint16_t* from, uint16_t* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = Half::encode(Half::decode(to[i]) + Half::decode(from[i]));
  }
  static void multiply(uint16_t*, int64_t, float) {}
};

/** Where a sum comes from, and where it goes to. */
struct Terms {
  const char* const* from;
  int count;
  char* to;
  char* shared;  // null where nobody else needs it
};

/** Those of `from` may be `to` and `shared` themselves. */
template <class Numbers>
void add_up(const Terms& terms, int64_t count, float factor) {
  using Wire = typename Numbers::Wire;
  Wire sums[kBlock];
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const int64_t length = std::min(kBlock, count - begin), bytes = length * sizeof(Wire), at = begin * sizeof(Wire);
    memcpy(sums, terms.from[0] + at, bytes);
    for (int i = 1; i < terms.count; ++i) Numbers::add(reinterpret_cast<const Wire*>(terms.from[i] + at), sums, length);
    if (factor != 1) Numbers::multiply(sums, length, factor);
    memcpy(terms.to + at, sums, bytes);
    if (terms.shared != nullptr) memcpy(terms.shared + at, sums, bytes);
  }
}

void add_up_any(Number number, const Terms& terms, int64_t count, float factor) {
  if (number == kFloat32) return add_up<Float32>(terms, count, factor);
  if (number == kBfloat16) return add_up<Halves<Bfloat16>>(terms, count, factor);
  add_up<Halves<Float16>>(terms, count, factor);
}

}  // namespace

MemoryLane::MemoryLane(const LaneMemory& memory, int rank, const std::vector<Bell*>& bells)
    : memory_(memory), rank_(rank), bells_(bells) {}

void MemoryLane::begin(const std::vector<Part>& parts, Number number, Deed deed, float factor) {
  parts_ = parts;
  starts_.clear();
  total_ = 0;
  for (const Part& part : parts) {
    starts_.push_back(total_);
    total_ += part.count;
  }
  number_ = number;
  deed_ = deed;
  factor_ = factor;
  size_ = number == kFloat32 ? sizeof(float) : sizeof(uint16_t);
  room_ = memory_.slot_bytes / size_;
  begin_ = end_;
  end_ += (total_ + room_ - 1) / room_;
}

bool MemoryLane::advance() {
  for (int steps = 0; steps < kMostSteps; ++steps) {
    if (!step()) return steps > 0;
  }
  return true;
}

/** What others wait for comes first, but for what makes room. */
bool MemoryLane::step() {
  if (taken_ < added_ && is_added(taken_)) {
    take(taken_++);
  } else if (added_ < put_ && have_all(counters(added_).put, added_ / kSlots + 1)) {
    add(added_++);
  } else if (put_ < end_ && have_all(counters(put_).taken, put_ / kSlots)) {
    put(put_++);
  } else {
    return false;
  }
  return true;
}

/** Its own share a rank adds from where it is. */
void MemoryLane::put(uint64_t piece) {
  const int64_t count = count_of(piece);
  char* const to = slot(piece, rank_);
  if (deed_ == kFirstsForAll || is_small(piece)) {
    if (deed_ != kFirstsForAll || rank_ == 0) copy(piece, {0, count}, to, true);
  } else {
    const Range share = share_of(piece, rank_);
    copy(piece, {0, share.begin}, to, true);
    copy(piece, {share.end, count}, to, true);
  }
  tell(&counters(piece).put);
}

void MemoryLane::add(uint64_t piece) {
  if (deed_ != kFirstsForAll) {
    std::vector<const char*> from(bells_.size());
    const bool is_shared = !is_small(piece);
    const Range range = is_shared ? share_of(piece, rank_) : Range{0, count_of(piece)};
    for_runs(piece, range, [&](const Run& run) {
      const int64_t at = run.at * size_;
      for (size_t rank = 0; rank < from.size(); ++rank) from[rank] = slot(piece, static_cast<int>(rank)) + at;
      from[rank_] = run.values;
      char* const shared = is_shared ? slot(piece, rank_) + at : nullptr;
      add_up_any(number_, {from.data(), static_cast<int>(from.size()), run.values, shared}, run.count, factor_);
    });
  }
  tell(&counters(piece).added);
}

/** Whether all is there that is to be taken. */
bool MemoryLane::is_added(uint64_t piece) const {
  return deed_ == kFirstsForAll || is_small(piece) || have_all(counters(piece).added, piece / kSlots + 1);
}

void MemoryLane::take(uint64_t piece) {
  if (deed_ == kFirstsForAll) {
    if (rank_ != 0) copy(piece, {0, count_of(piece)}, slot(piece, 0), false);
  } else if (!is_small(piece) && (deed_ == kSumForAll || rank_ == 0)) {
    for (int rank = 0; rank < static_cast<int>(bells_.size()); ++rank) {
      if (rank != rank_) copy(piece, share_of(piece, rank), slot(piece, rank), false);
    }
  }
  tell(&counters(piece).taken);
}

/** @param uses How often the slots were used when all ranks have come so far with them. */
bool MemoryLane::have_all(const std::atomic<uint64_t>& counter, uint64_t uses) const {
  return counter.load(std::memory_order_acquire) >= uses * bells_.size();
}

/** Whoever comes last wakes those who may wait for it. */
void MemoryLane::tell(std::atomic<uint64_t>* counter) {
  if ((counter->fetch_add(1) + 1) % bells_.size() != 0) return;
  for (size_t rank = 0; rank < bells_.size(); ++rank) {
    if (static_cast<int>(rank) != rank_) bells_[rank]->ring();
  }
}

int64_t MemoryLane::count_of(uint64_t piece) const {
  return std::min(room_, total_ - static_cast<int64_t>(piece - begin_) * room_);
}

bool MemoryLane::is_small(uint64_t piece) const { return count_of(piece) <= kSmallPiece; }

MemoryLane::Range MemoryLane::share_of(uint64_t piece, int rank) const {
  const int64_t count = count_of(piece), ranks = static_cast<int64_t>(bells_.size()), line = kLine / size_;
  const int64_t share = ((count + ranks - 1) / ranks + line - 1) / line * line;
  return {std::min(count, rank * share), std::min(count, (rank + 1) * share)};
}

char* MemoryLane::slot(uint64_t piece, int rank) const {
  return memory_.slots + (rank * kSlots + static_cast<int64_t>(piece % kSlots)) * memory_.slot_bytes;
}

template <class Do>
void MemoryLane::for_runs(uint64_t piece, Range range, const Do& act) const {
  const int64_t start = static_cast<int64_t>(piece - begin_) * room_;
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), start + range.begin);
  size_t part = after - starts_.begin() - 1;
  for (int64_t at = range.begin; at < range.end; ++part) {
    const int64_t skipped = start + at - starts_[part];
    const int64_t count = std::min(range.end - at, parts_[part].count - skipped);
    act(Run{static_cast<char*>(parts_[part].values) + skipped * size_, at, count});
    at += count;
  }
}

/** @param in Into the slot, or from it. */
void MemoryLane::copy(uint64_t piece, Range range, char* slot, bool in) const {
  for_runs(piece, range, [&](const Run& run) {
    char* const place = slot + run.at * size_;
    memcpy(in ? place : run.values, in ? run.values : place, run.count * size_);
  });
}

}  // namespace bluewaters
