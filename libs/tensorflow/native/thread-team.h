/** Threads that share the tasks of an operation. TensorFlow's C interface does not lend its own. */
#ifndef BLUEWATERS_THREAD_TEAM_H_
#define BLUEWATERS_THREAD_TEAM_H_

#include <stdint.h>

#include <functional>

namespace bluewaters {

/** Processors that this process may run on. */
int available_processors();

/**
 * Does `task` for each number below `tasks`, in any order, on at most `threads` threads, of which the caller's is one.
 * Comes back when all are done. Threads are kept for the next call. `task` must not throw.
 */
void share_tasks(int64_t tasks, int threads, const std::function<void(int64_t)>& task);

}  // namespace bluewaters

#endif  // BLUEWATERS_THREAD_TEAM_H_
