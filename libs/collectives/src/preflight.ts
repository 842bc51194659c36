import { CodedError } from '@bluewaters/errors';
import type { Facts, RankGroup } from './rank-group.js';

/** Clocks further apart, in seconds, would confuse what is ordered by time: leases and curves. */
const CLOCK_TOLERANCE_SECONDS = 60;

/**
 * Compares what ranks run and read, before they start to work together. Every rank finds the same difference.
 *
 * @throws {CodedError} RANKS_DIFFER naming the first fact that differs, and the first rank that has another one.
 */
export async function preflight(ranks: RankGroup, facts: Facts): Promise<void> {
  await ranks.barrier();
  const clock = Date.now() / 1000;
  const own: Facts = { ...facts, ...ranks.facts };
  const all = await ranks.gather({ facts: own, clock });
  const [leader, ...others] = all;
  others.forEach((other, index) => {
    const rank = index + 1;
    const apart = other.clock - (leader?.clock ?? 0);
    if (Math.abs(apart) > CLOCK_TOLERANCE_SECONDS) {
      throw differ(ranks, rank, {
        field: 'clock',
        expected: `that of rank 0, within ${CLOCK_TOLERANCE_SECONDS} s`,
        got: `${apart.toFixed(0)} s apart`,
      });
    }
    for (const [field, expected] of Object.entries(leader?.facts ?? {})) {
      const got = other.facts[field] ?? 'nothing';
      if (got !== expected) throw differ(ranks, rank, { field, expected, got });
    }
  });
}

function differ(ranks: RankGroup, rank: number, details: CodedError['details']): CodedError {
  const message = `Rank ${rank} on ${ranks.hosts[rank]} is not like rank 0 on ${ranks.hosts[0]}`;
  return new CodedError('RANKS_DIFFER', message, { details });
}
