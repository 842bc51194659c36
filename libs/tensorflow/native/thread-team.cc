#include "thread-team.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

namespace bluewaters {
namespace {

/** The most threads of the team, whatever is asked for. */
constexpr int kMostThreads = 256;

/**
 * How often who waits looks, and lets others have the processor, before it sleeps: some 100 microseconds. Mostly the next
 * job comes earlier than that, and to be woken for it would take nearly as long.
 */
constexpr int kLooks = 300;

template <class Ready>
void look_for(const Ready& ready) {
  for (int i = 0; i < kLooks && !ready(); ++i) sched_yield();
}

/** What one caller wants done. It lives on the caller's stack, until no thread is in it. */
struct Job {
  const std::function<void(int64_t)>& task;
  const int64_t tasks;
  /** Threads of the team that may still join. */
  int places;
  std::atomic<int> joined{0};
  std::atomic<int64_t> next{0};

  void work() {
    for (int64_t i = next.fetch_add(1); i < tasks; i = next.fetch_add(1)) task(i);
  }
};

class Team {
 public:
  void run(Job* job) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      grow(job->places);
      jobs_.push_back(job);
      open_ = jobs_.size();
    }
    for (int i = 0; i < job->places; ++i) wake_.notify_one();
    job->work();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      close(job);
    }
    look_for([job] { return job->joined == 0; });
    std::unique_lock<std::mutex> lock(mutex_);
    left_.wait(lock, [job] { return job->joined == 0; });
  }

 private:
  /** Fewer threads than asked for will do. */
  void grow(int wanted) {
    try {
      for (; threads_ < std::min(wanted, kMostThreads); ++threads_) std::thread([this] { serve(); }).detach();
    } catch (const std::system_error&) {
    }
  }

  void serve() {
    for (;;) {
      look_for([this] { return open_ > 0; });
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return !jobs_.empty(); });
      Job* const job = jobs_.front();
      ++job->joined;
      if (--job->places == 0) close(job);
      lock.unlock();
      job->work();
      lock.lock();
      close(job);
      if (--job->joined == 0) left_.notify_all();
    }
  }

  /** Nobody else joins. */
  void close(Job* job) {
    jobs_.erase(std::remove(jobs_.begin(), jobs_.end(), job), jobs_.end());
    open_ = jobs_.size();
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable left_;
  std::deque<Job*> jobs_;
  /** As many as there are in it, for who looks without the lock. */
  std::atomic<size_t> open_{0};
  int threads_ = 0;
};

Team& team() {
  static Team* const made = new Team;  // never destroyed: its threads wait in it until the process ends
  return *made;
}

}  // namespace

int available_processors() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return std::max(1, CPU_COUNT(&allowed));
}

void share_tasks(int64_t tasks, int threads, const std::function<void(int64_t)>& task) {
  const int others = static_cast<int>(std::min<int64_t>(tasks, std::min(threads, kMostThreads))) - 1;
  if (others < 1) {
    for (int64_t i = 0; i < tasks; ++i) task(i);
    return;
  }
  Job job{task, tasks, others};
  team().run(&job);
}

}  // namespace bluewaters
