import { RankExchange, type Communicator } from '@bluewaters/collectives';
import { ALONE as NO_EXCHANGE, type BatchStatistics, type GradientExchange } from '@bluewaters/models';

/** The ranks that train a run together, as one of them sees them. Every call is made by all, in the same order. */
export type Ranks = Pick<Communicator, 'rank' | 'size' | 'local' | 'barrier' | 'broadcast'>;

/** One rank alone. */
export const ALONE: Ranks = {
  rank: 0,
  size: 1,
  local: { rank: 0, host: 0 },
  barrier: () => Promise.resolve(),
  broadcast: (value) => Promise.resolve(value as never),
};

/** How a graph of this run exchanges gradients; for one graph. */
export function exchangeOf({ rank, size }: Ranks, batchStatistics: BatchStatistics): GradientExchange {
  return size === 1 ? NO_EXCHANGE : new RankExchange({ rank, worldSize: size, batchStatistics });
}

/** Threads that a session needs beside those that compute, since operations wait in them for other ranks. */
export function waitingThreads({ size }: Ranks): number {
  return size === 1 ? 0 : RankExchange.waitingThreads;
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
