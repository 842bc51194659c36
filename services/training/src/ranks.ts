import { cpus } from 'node:os';
import type { RankGroup } from '@bluewaters/collectives';
import { ALONE as NO_EXCHANGE } from '@bluewaters/models';
import { availableCores } from '@bluewaters/service';

/** The ranks that train a run together, as one of them sees them. Every call is made by all, in the same order. */
export type Ranks = Pick<
  RankGroup,
  'rank' | 'size' | 'local' | 'exchanged' | 'graphs' | 'barrier' | 'broadcast' | 'gather'
>;

/** One rank alone. */
export const ALONE: Ranks = {
  rank: 0,
  size: 1,
  local: { rank: 0, host: 0 },
  exchanged: 0,
  graphs: {
    device: '',
    exchange: () => NO_EXCHANGE,
    session: sessionThreads,
  },
  barrier: () => Promise.resolve(),
  broadcast: (value) => Promise.resolve(value as never),
  gather: (own) => Promise.resolve([own]),
};

/**
 * The threads of a session that trains alone. Two operations at a time, each on both of two cores, are in one another's way
 * (`docs/decisions/0011-defaults-of-sessions.md`); the input pipeline has threads of its own.
 *
 * @param threads Within one operation.
 */
export function sessionThreads(threads: number): { readonly intraOpThreads: number; readonly interOpThreads: number } {
  return { intraOpThreads: threads, interOpThreads: threads > 2 ? threads : 1 };
}

/**
 * Lets every rank do what it has to do with files that others use too: rank 0 first, then the first rank of every other
 * host, then the rest, which find done what they would have done.
 */
export async function inTurns<Result>(ranks: Ranks, work: () => Promise<Result>): Promise<Result> {
  const own = ranks.rank === 0 ? 0 : ranks.local.rank === 0 ? 1 : 2;
  let result: Promise<Result> | undefined;
  for (let turn = 0; turn < 3; turn += 1) {
    if (turn === own) await (result = work());
    await ranks.barrier();
  }
  return result as Promise<Result>;
}

/** The cores that this rank is bound to, or its share of all of its host's. */
export function ownCores({ hosts, rank }: Pick<RankGroup, 'hosts' | 'rank'>): number {
  const available = availableCores();
  if (available < cpus().length) return available;
  const neighbours = hosts.filter((host) => host === hosts[rank]).length;
  return Math.max(1, Math.floor(available / neighbours));
}
