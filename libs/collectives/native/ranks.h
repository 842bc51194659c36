/** The ranks of a generation, as one process sees them. All calls of MPI are made by one thread of this module. */
#ifndef BLUEWATERS_RANKS_H_
#define BLUEWATERS_RANKS_H_

#include <stdint.h>

#include <string>

namespace bluewaters {

/**
 * Lanes in which collectives follow one another. Within a lane every rank must start the same ones in the same order;
 * between lanes there is no order, so that what waits in one holds nothing up in another.
 */
enum Lane { kHost, kStatistics, kGradients, kLanes };

/**
 * Sums float32 numbers over all ranks, in place.
 *
 * @param why Filled when it returns false.
 */
bool all_reduce(float* values, int64_t count, Lane lane, std::string* why);

/** Ranks in this world; 0 before it is opened. */
int world_size();

}  // namespace bluewaters

#endif  // BLUEWATERS_RANKS_H_
