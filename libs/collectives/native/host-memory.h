/**
 * Memory that the ranks of one host share: a file without a name, of a file system that is kept in memory. It has a bell
 * for each rank, and for each lane some slots for each rank, with counters that say how far the ranks are with them.
 */
#ifndef BLUEWATERS_HOST_MEMORY_H_
#define BLUEWATERS_HOST_MEMORY_H_

#include <stdint.h>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "ranks.h"

namespace bluewaters {

/** By which a rank that waits is woken. Whoever waits for it does so alone; anyone may ring. */
class alignas(64) Bell {
 public:
  uint32_t rings() const { return rings_.load(); }
  void ring();
  /** Until it has rung more often than that, or the time is over. */
  void wait(uint32_t rings, long nanoseconds);

 private:
  std::atomic<uint32_t> rings_{0}, is_asleep_{0};
};

/** Slots of one number, of all ranks. Each counter grows by one for each rank whenever the slots are used anew. */
struct alignas(64) Counters {
  std::atomic<uint64_t> put, added, taken;
};

/** How many pieces of a lane may be under way. */
constexpr int kSlots = 4;

/** What of the memory is one lane's. */
struct LaneMemory {
  Counters* counters;  // kSlots of them
  char* slots;         // kSlots for each rank, those of one rank together
  int64_t slot_bytes;
};

/** The ranks of a host as one of them sees them. */
struct HostRanks {
  int rank;
  int count;
  /** What each has, in their order: `bytes` of each. */
  std::function<void(const void* own, int bytes, void* all)> gather;
};

class HostMemory {
 public:
  /**
   * All ranks of a host call it. The memory stays until the process ends, and nothing of it stays then.
   *
   * @param folder Where the first rank makes the file; `off` for none.
   * @param why Filled when it returns false but for `off`. It does so on all of them or on none.
   */
  bool open(const HostRanks& ranks, const std::string& folder, std::string* why);

  bool is_open() const { return memory_ != nullptr; }
  Bell* bell(int rank) const { return reinterpret_cast<Bell*>(memory_) + rank; }
  LaneMemory lane(Lane lane) const;

 private:
  std::string map(int file);
  int64_t counters_at(int lane) const;
  int64_t slots_at(int lane) const;

  char* memory_ = nullptr;
  int ranks_ = 0;
};

}  // namespace bluewaters

#endif  // BLUEWATERS_HOST_MEMORY_H_
