/**
 * One thread makes all calls of MPI, so that any MPI will do, however little it knows of threads. Others hand it work
 * and wait. While a collective is under way it tests, and after some tests in vain naps between two: where ranks share
 * cores, one that only tests would take the core from the one it waits for. What goes through the memory of a host needs
 * no naps: whoever lets the others go on rings their bells.
 *
 * The same thread is the watchdog. MPI cannot go on without a rank that died; survivors wait forever. So every rank
 * tells rank 0, and rank 0 every rank, once a second that it lives and how many collectives it has begun. Whoever hears
 * nothing for too long, or sees a collective wait too long for someone, names the missing ranks, tells the others, and
 * ends: by `_exit`, since nothing that waits in MPI can be ended otherwise.
 */
#include "ranks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "half.h"
#include "host-memory.h"
#include "memory-lane.h"
#include "mpi.h"

namespace bluewaters {
namespace {

constexpr int kHostNameBytes = 64;
constexpr int kVersionBytes = 8192;
constexpr int kTestsBeforeNaps = 200;
constexpr long kNapNanoseconds = 20000;
/** Without a bell; the watchdog wants to look around then. */
constexpr long kSleepNanoseconds = 20000000;
constexpr double kSignEverySeconds = 1;
constexpr double kLastWordSeconds = 2;
/** `src/exit-codes.ts` has the same. */
constexpr int kExitRankLost = 76;

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

void nap(long nanoseconds) {
  const timespec time{0, nanoseconds};
  nanosleep(&time, nullptr);
}

enum Kind { kAllReduce, kAllGather, kBroadcast, kBarrier };

/** What is waited for: work from this process, another rank's bell, or MPI, which rings none. */
enum Waiting { kForWork, kForBell, kForMpi };

/** What of an all-reduce is under way: all of it, or by hosts its steps. */
enum Step { kWhole, kWithinHost, kBetweenHosts, kBackWithinHost };

/** A collective that someone waits for. */
struct Work {
  Kind kind;
  Lane lane;
  void* data = nullptr;
  const void* own = nullptr;  // of an all-gather: this rank's part
  int64_t count = 0;          // of bytes
  int root = 0;
  Number number = kFloat32;  // of an all-reduce, as the next four
  Route route = kFlat;
  float factor = 1;
  Step step = kWhole;
  std::vector<Part> parts;
  std::vector<Handle> requests = {nullptr};  // one for each part of an all-reduce, one of the others
  double begun_at = 0;
  bool done = false;
};

/** What a rank tells: that it lives, that it has no more to tell, or that this generation ends with an exit code. */
enum Word : int32_t { kLiving = -1, kParting = -2 };

struct Sign {
  int32_t from;
  int32_t word;
  int64_t begun[kLanes];
};

/** What is known of another rank. */
struct Neighbour {
  double heard_at;
  int64_t begun[kLanes] = {};
  Sign sending;
  Handle request = nullptr;
  bool is_sending = false;
};

class Ranks {
 public:
  bool load(const char* path, std::string* why) { return mpi_.open(path, why); }

  bool join(double silence, double patience, double seconds, std::string* why) {
    silence_ = silence;
    patience_ = patience;
    std::thread(&Ranks::run, this).detach();
    std::unique_lock<std::mutex> lock(mutex_);
    const auto settled = [this] { return state_ != kJoining; };
    const bool in_time = changed_.wait_for(lock, std::chrono::duration<double>(seconds), settled);
    *why = in_time ? failure_ : "not all ranks came within " + in_words(seconds);
    return state_ == kOpen;
  }

  bool wait_for(Work* work, std::string* why) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (state_ != kOpen) {
      *why = "no world of ranks is open in this process";
      return false;
    }
    queues_[work->lane].push_back(work);
    bell_->ring();
    changed_.wait(lock, [work] { return work->done; });
    return true;
  }

  /** Ends this generation for the other ranks; this one ends itself. */
  void tell_end(int exit_code) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (state_ != kOpen) return;
    ending_ = exit_code;
    bell_->ring();
    changed_.wait_for(lock, std::chrono::duration<double>(2 * kLastWordSeconds), [this] { return state_ == kClosed; });
  }

  /** All ranks must call it; collectives under way have ended. */
  void close() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (state_ != kOpen) return;
    closing_ = true;
    bell_->ring();
    changed_.wait(lock, [this] { return state_ == kClosed; });
  }

  int rank() const { return rank_; }
  int size() const { return size_; }
  /** Whether all-reduces go through memory from the first step to the last. */
  bool is_all_in_memory() const { return memory_.is_open() && is_one_host_; }
  const std::vector<char>& hosts() const { return hosts_; }
  const char* version() const { return version_.data(); }

 private:
  enum State { kJoining, kOpen, kClosed };

  // ---- The thread ----------------------------------------------------------------------------------------------------

  void run() {
    prctl(PR_SET_TIMERSLACK, 1000);  // else a nap is at least 50 microseconds longer
    const bool joined = initialise();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (!joined) failure_ = "MPI_Init_thread failed";
      state_ = joined ? kOpen : kClosed;
    }
    changed_.notify_all();
    if (!joined) return;
    for (int tests = 0;;) {
      const uint32_t rings = bell_->rings();  // if it rings from now on, there is no rest
      if (leave_if_asked()) return;
      const Waiting waiting = advance(&tests);
      watch();
      rest(waiting, tests, rings);
    }
  }

  bool initialise() {
    int provided = 0;
    version_.resize(kVersionBytes);
    int length = 0;
    if (mpi_.init_thread(nullptr, nullptr, kThreadFunneled, &provided) != 0) return false;
    mpi_.comm_set_errhandler(mpi_.world, mpi_.errors_return);
    mpi_.get_library_version(version_.data(), &length);
    mpi_.comm_rank(mpi_.world, &rank_);
    mpi_.comm_size(mpi_.world, &size_);
    mpi_.comm_dup(mpi_.world, &signs_);
    sums_[kFloat32] = mpi_.sum;
    mpi_.op_create(add_halves<Bfloat16>, 1, &sums_[kBfloat16]);
    mpi_.op_create(add_halves<Float16>, 1, &sums_[kFloat16]);
    char own[kHostNameBytes] = {};
    const char* const given = getenv("BLUEWATERS_RANK_HOST");  // containers of several hosts may have one name
    if (given == nullptr || *given == 0) gethostname(own, sizeof own - 1);
    else strncpy(own, given, sizeof own - 1);
    hosts_.resize(static_cast<size_t>(size_) * kHostNameBytes);
    mpi_.allgather(own, sizeof own, mpi_.byte, hosts_.data(), sizeof own, mpi_.byte, mpi_.world);
    make_lanes();
    neighbours_.resize(size_);
    for (Neighbour& neighbour : neighbours_) neighbour.heard_at = now();
    watched_at_ = now();
    to_part_ = rank_ == 0 ? size_ - 1 : 1 - (size_ == 1);
    listen();
    return true;
  }

  const char* host_of(int rank) const { return &hosts_[static_cast<size_t>(rank) * kHostNameBytes]; }

  /** For each lane communicators of all ranks, of those of a host, and of the first, second.. of all hosts. */
  void make_lanes() {
    std::vector<int> host;  // its ranks
    for (int rank = 0; rank < size_; ++rank) {
      if (strcmp(host_of(rank), host_of(rank_)) == 0) host.push_back(rank);
    }
    const int local = static_cast<int>(std::find(host.begin(), host.end(), rank_) - host.begin());
    is_first_of_host_ = local == 0;
    is_one_host_ = static_cast<int>(host.size()) == size_;
    for (int lane = 0; lane < kLanes; ++lane) {
      mpi_.comm_dup(mpi_.world, &lanes_[lane]);
      mpi_.comm_split(mpi_.world, host[0], rank_, &within_[lane]);
      mpi_.comm_split(mpi_.world, local, rank_, &between_[lane]);
    }
    if (host.size() > 1) open_memory(local, static_cast<int>(host.size()));
  }

  /** Where it cannot be had for all ranks of a host, their messages go by MPI. */
  void open_memory(int local, int ranks) {
    const auto gather = [this](const void* own, int bytes, void* all) {
      mpi_.allgather(own, bytes, mpi_.byte, all, bytes, mpi_.byte, within_[kHost]);
    };
    const char* const given = getenv("BLUEWATERS_RANK_MEMORY");
    std::string why;
    if (memory_.open({local, ranks, gather}, given == nullptr || *given == 0 ? "/dev/shm" : given, &why)) {
      std::vector<Bell*> bells;
      for (int rank = 0; rank < ranks; ++rank) bells.push_back(memory_.bell(rank));
      for (int lane = 0; lane < kLanes; ++lane) {
        streams_.emplace_back(memory_.lane(static_cast<Lane>(lane)), local, bells);
      }
      bell_ = bells[local];
    } else if (is_first_of_host_ && !why.empty()) {
      say("the ranks of " + std::string(host_of(rank_)) + " exchange by MPI, not by memory that they share: " + why);
    }
  }

  bool leave_if_asked() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (ending_ == 0 && !closing_) return false;
    const int ending = ending_;
    lock.unlock();
    if (ending != 0) {
      spread_end(ending);
    } else {
      part();
    }
    lock.lock();
    state_ = kClosed;
    changed_.notify_all();
    return true;
  }

  /** Starts what waits and tests what is under way. */
  Waiting advance(int* tests) {
    Waiting waiting = kForWork;
    for (int lane = 0; lane < kLanes; ++lane) {
      Work* const work = front(lane);
      if (work == nullptr) continue;
      if (work->begun_at == 0) {
        start(work);
        *tests = 0;
      }
      const bool is_in_memory = uses_memory(*work);
      waiting = std::max(waiting, is_in_memory ? kForBell : kForMpi);
      if (is_in_memory && streams_[lane].advance()) *tests = 0;
      if (is_step_complete(work)) {
        if (!go_on(work)) finish(work);
        *tests = 0;
      }
    }
    ++*tests;
    return waiting;
  }

  Work* front(int lane) {
    std::lock_guard<std::mutex> lock(mutex_);
    return queues_[lane].empty() ? nullptr : queues_[lane].front();
  }

  void start(Work* work) {
    const Handle comm = lanes_[work->lane];
    const int count = static_cast<int>(work->count);
    Handle* const request = &work->requests[0];
    work->begun_at = now();
    ++begun_[work->lane];
    switch (work->kind) {
      case kAllReduce:
        work->step = work->route == kFlat || is_all_in_memory() ? kWhole : kWithinHost;
        return start_step(work);
      case kAllGather:
        return check(mpi_.iallgather(work->own, count, mpi_.byte, work->data, count, mpi_.byte, comm, request));
      case kBroadcast:
        return check(mpi_.ibcast(work->data, count, mpi_.byte, work->root, comm, request));
      case kBarrier:
        return check(mpi_.ibarrier(comm, request));
    }
  }

  /** Whether the step that is under way goes through memory. */
  bool uses_memory(const Work& work) const {
    if (work.kind != kAllReduce || !memory_.is_open()) return false;
    return work.step == kWithinHost || work.step == kBackWithinHost || (work.step == kWhole && is_one_host_);
  }

  void start_step(Work* work) {
    if (uses_memory(*work)) {
      const Deed deed = work->step == kWhole ? kSumForAll : work->step == kWithinHost ? kSumForFirst : kFirstsForAll;
      return streams_[work->lane].begin(work->parts, work->number, deed, work->step == kWhole ? work->factor : 1);
    }
    for (size_t i = 0; i < work->parts.size(); ++i) start_part(*work, work->parts[i], &work->requests[i]);
  }

  void start_part(const Work& work, const Part& part, Handle* request) {
    const Handle type = work.number == kFloat32 ? mpi_.float32 : mpi_.uint16, sum = sums_[work.number];
    const int count = static_cast<int>(part.count);
    const Handle within = within_[work.lane];
    void* const values = part.values;
    switch (work.step) {
      case kWhole:
        return check(mpi_.iallreduce(mpi_.in_place, values, count, type, sum, lanes_[work.lane], request));
      case kWithinHost:
        return check(mpi_.ireduce(is_first_of_host_ ? mpi_.in_place : values, values, count, type, sum, 0, within, request));
      case kBetweenHosts:
        return check(mpi_.iallreduce(mpi_.in_place, values, count, type, sum, between_[work.lane], request));
      case kBackWithinHost:
        return check(mpi_.ibcast(values, count, type, 0, within, request));
    }
  }

  /** Starts the next step of an all-reduce by hosts, if there is one. */
  bool go_on(Work* work) {
    if (work->kind != kAllReduce || work->step == kWhole || work->step == kBackWithinHost) return false;
    const bool meets_others = work->step == kWithinHost && is_first_of_host_;
    work->step = meets_others ? kBetweenHosts : kBackWithinHost;
    work->requests.assign(work->parts.size(), nullptr);
    start_step(work);
    return true;
  }

  bool is_step_complete(Work* work) {
    return uses_memory(*work) ? streams_[work->lane].is_complete() : are_complete(&work->requests);
  }

  /** Those that are complete need not be asked again. */
  bool are_complete(std::vector<Handle>* requests) {
    while (!requests->empty() && is_complete(&requests->back())) requests->pop_back();
    return requests->empty();
  }

  bool is_complete(Handle* request) {
    int complete = 0;
    check(mpi_.test(request, &complete, mpi_.status_ignore));
    return complete != 0;
  }

  void finish(Work* work) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      queues_[work->lane].pop_front();
      work->done = true;
    }
    changed_.notify_all();
  }

  /** @param rings How often the bell had rung before it was found that there is nothing to do. */
  void rest(Waiting waiting, int tests, uint32_t rings) {
    if (waiting != kForWork && tests <= kTestsBeforeNaps) return;
    bell_->wait(rings, waiting == kForMpi ? kNapNanoseconds : kSleepNanoseconds);
  }

  // ---- The watchdog --------------------------------------------------------------------------------------------------

  /** Rank 0 watches all, all watch rank 0. */
  bool is_watched(int rank) const { return rank != rank_ && (rank_ == 0 || rank == 0); }

  void watch() {
    const double time = now();
    if (time - watched_at_ < kSignEverySeconds / 10) return;
    // Whoever was stopped for a while has not listened either: the others get their time anew.
    if (time - watched_at_ > silence_ / 2) {
      for (Neighbour& neighbour : neighbours_) neighbour.heard_at = time;
    }
    watched_at_ = time;
    hear_all();
    if (time - told_at_ >= kSignEverySeconds) {
      told_at_ = time;
      tell_neighbours(kLiving);
    }
    name_silent(time);
    name_late(time);
  }

  /** Nothing comes any more once all have parted. */
  void listen() {
    if (to_part_ == 0) return;
    check(mpi_.irecv(&heard_, sizeof heard_, mpi_.byte, mpi_.any_source, 0, signs_, &hearing_));
  }

  void hear_all() {
    while (to_part_ > 0 && is_complete(&hearing_)) {
      hear();
      listen();
    }
  }

  void hear() {
    if (heard_.word >= 0) leave_after(heard_.word);
    Neighbour& neighbour = neighbours_[heard_.from];
    neighbour.heard_at = heard_.word == kParting ? INFINITY : now();
    if (heard_.word == kParting) --to_part_;
    std::copy(heard_.begun, heard_.begun + kLanes, neighbour.begun);
  }

  /** @param word An end is for all, the rest for whoever watches this rank. */
  void tell_neighbours(int32_t word) {
    for (int rank = 0; rank < size_; ++rank) {
      if (word < 0 ? is_watched(rank) : rank != rank_) tell(&neighbours_[rank], rank, word);
    }
  }

  void tell(Neighbour* neighbour, int rank, int32_t word) {
    if (!has_sent(neighbour)) return;  // it has not heard the last one yet
    neighbour->sending = Sign{rank_, word, {}};
    std::copy(begun_, begun_ + kLanes, neighbour->sending.begun);
    check(mpi_.isend(&neighbour->sending, sizeof(Sign), mpi_.byte, rank, 0, signs_, &neighbour->request));
    neighbour->is_sending = true;
  }

  bool has_sent(Neighbour* neighbour) {
    if (neighbour->is_sending && is_complete(&neighbour->request)) neighbour->is_sending = false;
    return !neighbour->is_sending;
  }

  bool has_sent_all() {
    bool all = true;
    for (Neighbour& neighbour : neighbours_) all = has_sent(&neighbour) && all;
    return all;
  }

  /** Leaves MPI once no sign is under way, since a message that nobody takes may upset it. */
  void part() {
    const double until = now() + silence_;
    while (!has_sent_all() && now() < until) hear_all();
    tell_neighbours(kParting);
    while ((to_part_ > 0 || !has_sent_all()) && now() < until) {
      hear_all();
      nap(1000000);
    }
    mpi_.finalize();
  }

  /** Those that have shown no sign of life for too long. */
  void name_silent(double time) {
    std::string lost;
    for (int rank = 0; rank < size_; ++rank) {
      if (is_watched(rank) && time - neighbours_[rank].heard_at > silence_) add_name(&lost, rank);
    }
    if (!lost.empty()) end("no sign of life for " + in_words(silence_) + " from " + lost);
  }

  /** Those that live, but have not come to a collective that this rank has waited in for too long. */
  void name_late(double time) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const Work* const work = front(lane);
      if (work == nullptr || work->begun_at == 0 || time - work->begun_at <= patience_) continue;
      std::string late;
      for (int rank = 0; rank < size_; ++rank) {
        if (is_watched(rank) && neighbours_[rank].begun[lane] < begun_[lane]) add_name(&late, rank);
      }
      if (!late.empty()) end("a collective has waited " + in_words(patience_) + " for " + late);
    }
  }

  void add_name(std::string* names, int rank) const {
    if (!names->empty()) *names += ", ";
    *names += "rank " + std::to_string(rank) + " on " + host_of(rank);
  }

  static std::string in_words(double seconds) {
    char text[32];
    snprintf(text, sizeof text, "%g s", seconds);
    return text;
  }

  void check(int error) {
    if (error == 0) return;
    char words[1024] = {};
    int length = 0;
    mpi_.error_string(error, words, &length);
    end(std::string("MPI reports: ") + words);
  }

  [[noreturn]] void end(const std::string& words) {
    if (!say("rank " + std::to_string(rank_) + " ends this generation: " + words)) _exit(kExitRankLost);
    if (!is_ending_) spread_end(kExitRankLost);
    nap(200000000);  // launchers drop the last words of a process that ends at once
    _exit(kExitRankLost);
  }

  static bool say(const std::string& words) {
    const std::string line = "bluewaters: " + words + "\n";
    return write(STDERR_FILENO, line.data(), line.size()) >= 0;
  }

  /** Ends as another rank did, which has said why: whoever reads of it is to read that before this process is gone. */
  [[noreturn]] static void leave_after(int exit_code) {
    nap(300000000);
    _exit(exit_code);
  }

  /** Tells all who can still hear. What goes wrong on the way does not matter any more. */
  void spread_end(int exit_code) {
    is_ending_ = true;
    const double until = now() + kLastWordSeconds;
    while (!has_sent_all() && now() < until) nap(1000000);
    tell_neighbours(exit_code);
    while (!has_sent_all() && now() < until) nap(1000000);
  }

  Mpi mpi_;
  Handle lanes_[kLanes] = {}, within_[kLanes] = {}, between_[kLanes] = {};
  bool is_first_of_host_ = false, is_one_host_ = false;
  HostMemory memory_;
  std::vector<MemoryLane> streams_;  // one of each lane, where there is memory
  Bell own_bell_;
  Bell* bell_ = &own_bell_;  // that in the memory, where there is any
  Handle sums_[kNumbers] = {};
  Handle signs_ = nullptr;
  int rank_ = 0;
  int size_ = 0;
  std::vector<char> hosts_, version_;

  double silence_ = 0, patience_ = 0;
  std::vector<Neighbour> neighbours_;
  int64_t begun_[kLanes] = {};
  Sign heard_;
  Handle hearing_ = nullptr;
  int to_part_ = 0;  // of those that are watched
  double watched_at_ = 0, told_at_ = 0;
  bool is_ending_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = kJoining;
  std::string failure_;
  std::deque<Work*> queues_[kLanes];
  bool closing_ = false;
  int ending_ = 0;
};

Ranks& ranks() {
  static Ranks* const ranks = new Ranks;  // never destroyed: its thread may run until the process ends
  return *ranks;
}

/** For which gradients were under way. */
std::atomic<int64_t> exchanged_ns{0};

void multiply(const std::vector<Part>& parts, float factor) {
  for (const Part& part : parts) {
    float* const values = static_cast<float*>(part.values);
    for (int64_t i = 0; i < part.count; ++i) values[i] *= factor;
  }
}

int run(Work work) {
  std::string why;
  return ranks().wait_for(&work, &why) ? 0 : 1;
}

}  // namespace

bool all_reduce(const std::vector<Part>& parts, const Way& way, float factor, std::string* why) {
  Work work{kAllReduce, way.lane};
  work.number = way.number;
  work.route = way.route;
  work.factor = factor;
  work.parts = parts;
  work.requests.assign(parts.size(), nullptr);
  const double begun = now();
  const bool is_done = ranks().wait_for(&work, why);
  if (way.lane == kGradients) exchanged_ns += static_cast<int64_t>((now() - begun) * 1e9);
  if (is_done && factor != 1 && !ranks().is_all_in_memory()) multiply(parts, factor);
  return is_done;
}

bool is_all_in_memory() { return ranks().is_all_in_memory(); }

int world_size() { return ranks().size(); }

}  // namespace bluewaters

// ---- For src/native.ts: each returns 0 when all is well ---------------------------------------------------------------

#define EXPORT extern "C" __attribute__((visibility("default")))
using namespace bluewaters;

/** @param words Room for what went wrong. */
EXPORT int bluewaters_load(const char* path, char* words, int room) {
  std::string why;
  if (ranks().load(path, &why)) return 0;
  snprintf(words, room, "%s", why.c_str());
  return 1;
}

/** @param seconds How long all ranks may take to come. */
EXPORT int bluewaters_join(double silence, double patience, double seconds, char* words, int room) {
  std::string why;
  if (ranks().join(silence, patience, seconds, &why)) return 0;
  snprintf(words, room, "%s", why.c_str());
  return 1;
}

EXPORT int bluewaters_rank() { return ranks().rank(); }
EXPORT int bluewaters_size() { return ranks().size(); }
EXPORT const char* bluewaters_version() { return ranks().version(); }
EXPORT const char* bluewaters_host(int rank) { return &ranks().hosts()[static_cast<size_t>(rank) * kHostNameBytes]; }

/** Seconds so far for which gradients were under way between ranks. */
EXPORT double bluewaters_exchanged() { return static_cast<double>(exchanged_ns) / 1e9; }

EXPORT int bluewaters_barrier() { return run(Work{kBarrier, kHost}); }

EXPORT int bluewaters_broadcast(void* data, int bytes, int root) {
  Work work{kBroadcast, kHost};
  work.data = data;
  work.count = bytes;
  work.root = root;
  return run(work);
}

/** @param all Room for `bytes` of each rank. */
EXPORT int bluewaters_gather(const void* own, int bytes, void* all) {
  Work work{kAllGather, kHost};
  work.own = own;
  work.data = all;
  work.count = bytes;
  return run(work);
}

EXPORT int bluewaters_end(int exit_code) {
  ranks().tell_end(exit_code);
  return 0;
}
EXPORT int bluewaters_close() {
  ranks().close();
  return 0;
}
/** Ends this process at once, whatever its threads wait for. */
EXPORT void bluewaters_exit(int code) { _exit(code); }
