/** The ranks of a generation, as one process sees them. All calls of MPI are made by one thread of this module. */
#ifndef BLUEWATERS_RANKS_H_
#define BLUEWATERS_RANKS_H_

#include <stdint.h>

#include <string>
#include <vector>

namespace bluewaters {

/**
 * Lanes in which collectives follow one another. Within a lane every rank must start the same ones in the same order;
 * between lanes there is no order, so that what waits in one holds nothing up in another.
 */
enum Lane { kHost, kStatistics, kGradients, kLanes };

/** What numbers are: the last two are of 16 bits, as `half.h` has them. */
enum Number { kFloat32, kBfloat16, kFloat16, kNumbers };

/** Between which ranks sums are taken: all at once, or those of each host first, and then one of each host. */
enum Route { kFlat, kByHosts };

/** How an all-reduce is made. */
struct Way {
  Lane lane;
  Number number;
  Route route;
};

/** Numbers that lie together. */
struct Part {
  void* values;
  int64_t count;
};

/**
 * Sums numbers over all ranks, in place. All parts travel at the same time; every rank gives parts of the same lengths.
 *
 * @param factor By which sums are multiplied then; 1 for numbers other than `kFloat32`.
 * @param why Filled when it returns false.
 */
bool all_reduce(const std::vector<Part>& parts, const Way& way, float factor, std::string* why);

/**
 * Whether all ranks share memory, through which what is given to one all-reduce goes as one stream: its lengths do not
 * matter then, nor how many parts it has.
 */
bool is_all_in_memory();

/** Ranks in this world; 0 before it is opened. */
int world_size();

}  // namespace bluewaters

#endif  // BLUEWATERS_RANKS_H_
