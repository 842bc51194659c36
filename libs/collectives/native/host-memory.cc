#include "host-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <random>

namespace bluewaters {
namespace {

/**
 * Of one slot: with smaller ones, ranks that share cores change places more often than they compute. And of all slots of
 * a lane: containers have 64 MB of such memory, and the processor's caches less.
 */
constexpr int64_t kSlotBytes = 512 << 10;
constexpr int64_t kLaneBytes = 16 << 20;
/** Statistics are small, and what the host says does not come here at all. */
constexpr int64_t kSmallLaneShare = 16;
constexpr int64_t kLeastSlotBytes = 1024;
constexpr int64_t kPage = 4096;
constexpr int kWordsBytes = 256;

std::string words_of(const std::string& what, int error) { return what + ": " + strerror(error); }

/** What each rank says, in their order. */
std::vector<std::string> all_say(const HostRanks& ranks, const std::string& own) {
  char said[kWordsBytes] = {};
  own.copy(said, sizeof said - 1);
  std::vector<char> all(static_cast<size_t>(ranks.count) * kWordsBytes);
  ranks.gather(said, sizeof said, all.data());
  std::vector<std::string> words;
  for (int rank = 0; rank < ranks.count; ++rank) words.emplace_back(&all[static_cast<size_t>(rank) * kWordsBytes]);
  return words;
}

/** The first trouble that a rank tells of; of none where all is well with all of them. */
std::string first_trouble(const HostRanks& ranks, const std::string& own) {
  for (const std::string& words : all_say(ranks, own)) {
    if (!words.empty()) return words;
  }
  return "";
}

std::string new_name(const std::string& folder) {
  std::random_device random;
  const uint64_t number = static_cast<uint64_t>(random()) << 32 | random();
  return folder + "/bluewaters-ranks-" + std::to_string(getpid()) + "-" + std::to_string(number);
}

/** Pages that are not there when they are written to would end the process. */
std::string make_room(int file, int64_t bytes) {
  struct statvfs folder {};
  if (fstatvfs(file, &folder) != 0) return words_of("its folder tells nothing", errno);
  // Others need some of it, too.
  if (static_cast<int64_t>(folder.f_bavail) * static_cast<int64_t>(folder.f_frsize) / 2 < bytes) {
    return "half of what is free there is less than " + std::to_string(bytes >> 10) + " KiB";
  }
  const int error = posix_fallocate(file, 0, bytes);
  return error == 0 ? "" : words_of("there is no room", error);
}

int64_t slot_bytes_of(int lane, int ranks) {
  const int64_t most = std::min(kSlotBytes, kLaneBytes / kSlots / ranks);
  return std::max((lane == kGradients ? most : most / kSmallLaneShare) & -64, kLeastSlotBytes);
}

int64_t whole_pages(int64_t bytes) { return (bytes + kPage - 1) & -kPage; }

}  // namespace

void Bell::ring() {
  rings_.fetch_add(1);
  // Of several that ring one wakes. Who is not asleep yet sees that it has rung.
  if (is_asleep_.exchange(0) != 0) syscall(SYS_futex, &rings_, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void Bell::wait(uint32_t rings, long nanoseconds) {
  const timespec time{0, nanoseconds};
  is_asleep_.store(1);
  syscall(SYS_futex, &rings_, FUTEX_WAIT, rings, &time, nullptr, 0);
  is_asleep_.store(0);
}

/**
 * The file has a name only until all have opened it, and nothing in it before that: whoever is killed meanwhile leaves an
 * empty one at most.
 */
bool HostMemory::open(const HostRanks& ranks, const std::string& folder, std::string* why) {
  ranks_ = ranks.count;
  const bool is_first = ranks.rank == 0;
  const std::string own = is_first && folder != "off" ? new_name(folder) : "";
  int file = own.empty() ? -1 : ::open(own.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  std::string trouble = file < 0 ? words_of(own, errno) : "";
  const std::string name = all_say(ranks, own)[0];
  if (name.empty()) return false;
  if (!is_first) file = ::open(name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (!is_first) trouble = file < 0 ? words_of(name, errno) : "";
  *why = first_trouble(ranks, trouble);
  if (is_first && file >= 0) unlink(own.c_str());
  if (why->empty()) *why = first_trouble(ranks, is_first ? make_room(file, slots_at(kLanes)) : "");
  if (why->empty()) *why = first_trouble(ranks, map(file));
  if (file >= 0) close(file);
  if (why->empty()) return true;
  if (memory_ != nullptr) munmap(memory_, slots_at(kLanes));
  memory_ = nullptr;
  return false;
}

std::string HostMemory::map(int file) {
  void* const memory = mmap(nullptr, slots_at(kLanes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return words_of("it cannot be mapped", errno);
  memory_ = static_cast<char*>(memory);
  return "";
}

/** Bells, the counters of all lanes, the slots of all lanes. */
int64_t HostMemory::counters_at(int lane) const {
  return ranks_ * static_cast<int64_t>(sizeof(Bell)) + lane * kSlots * static_cast<int64_t>(sizeof(Counters));
}

int64_t HostMemory::slots_at(int lane) const {
  int64_t place = whole_pages(counters_at(kLanes));
  for (int before = 0; before < lane; ++before) place += whole_pages(kSlots * ranks_ * slot_bytes_of(before, ranks_));
  return place;
}

LaneMemory HostMemory::lane(Lane lane) const {
  auto* const counters = reinterpret_cast<Counters*>(memory_ + counters_at(lane));
  return {counters, memory_ + slots_at(lane), slot_bytes_of(lane, ranks_)};
}

}  // namespace bluewaters
