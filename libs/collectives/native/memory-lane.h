/**
 * Sums through the memory that the ranks of a host share. The numbers of all parts, one after the other, are a stream,
 * which is cut into pieces. Of each piece every rank puts its numbers into a slot, adds up its share of the piece from
 * all slots, and takes the others' sums. While one rank is late with a piece the others go on with the next ones, as
 * many as there are slots.
 *
 * A sum is always made in the order of the ranks: it is the same on all of them, whatever the pieces.
 */
#ifndef BLUEWATERS_MEMORY_LANE_H_
#define BLUEWATERS_MEMORY_LANE_H_

#include <stdint.h>

#include <atomic>
#include <functional>
#include <vector>

#include "host-memory.h"
#include "ranks.h"

namespace bluewaters {

/** What becomes of a stream. */
enum Deed { kSumForAll, kSumForFirst, kFirstsForAll };

/** One lane as one rank of a host sees it. Nothing waits in it: who has to is to call `advance` again. */
class MemoryLane {
 public:
  MemoryLane(const LaneMemory& memory, int rank, const std::vector<Bell*>& bells);

  /**
   * All ranks begin the same, of the same lengths, once what they began before is complete.
   *
   * @param parts Belong to the caller, who keeps them until all is complete.
   * @param factor By which sums of `kFloat32` are multiplied; 1 for other numbers.
   */
  void begin(const std::vector<Part>& parts, Number number, Deed deed, float factor);

  /** Goes on as far as it can without the others, or for some pieces. @returns Whether it got anywhere. */
  bool advance();

  bool is_complete() const { return taken_ == end_; }

 private:
  /** Numbers of the stream that lie together: from `at` on within a piece. */
  struct Run {
    char* values;
    int64_t at, count;
  };
  /** From `begin` to before `end`, within a piece. */
  struct Range {
    int64_t begin, end;
  };

  bool step();
  void put(uint64_t piece);
  void add(uint64_t piece);
  void take(uint64_t piece);
  bool is_added(uint64_t piece) const;

  bool have_all(const std::atomic<uint64_t>& counter, uint64_t uses) const;
  void tell(std::atomic<uint64_t>* counter);

  int64_t count_of(uint64_t piece) const;
  bool is_small(uint64_t piece) const;
  Range share_of(uint64_t piece, int rank) const;
  char* slot(uint64_t piece, int rank) const;
  Counters& counters(uint64_t piece) const { return memory_.counters[piece % kSlots]; }
  template <class Do>
  void for_runs(uint64_t piece, Range range, const Do& act) const;
  void copy(uint64_t piece, Range range, char* slot, bool in) const;

  const LaneMemory memory_;
  const int rank_;
  const std::vector<Bell*> bells_;  // of all ranks

  std::vector<Part> parts_;
  std::vector<int64_t> starts_;  // of each part within the stream
  int64_t total_ = 0;
  Number number_ = kFloat32;
  Deed deed_ = kSumForAll;
  float factor_ = 1;
  int64_t size_ = 0, room_ = 0;  // of one number in bytes, of a slot in numbers
  // Pieces are counted on and on, so that their slots follow one another from one stream to the next.
  uint64_t begin_ = 0, put_ = 0, added_ = 0, taken_ = 0, end_ = 0;
};

}  // namespace bluewaters

#endif  // BLUEWATERS_MEMORY_LANE_H_
