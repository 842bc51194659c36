/**
 * Which ranks keep variables, as parameter servers, and which compute, as workers. On Blue Waters servers were best on nodes
 * without a GPU, of which there were plenty; where every node has one, a quarter of the nodes became servers.
 */
import { CodedError } from '@bluewaters/errors';

/** How many of each. */
export interface Layout {
  readonly servers: number;
  readonly workers: number;
}

/** What a rank does: `ps` keeps variables, `worker` computes, as TensorFlow calls them; of each the first has index 0. */
export interface RankTask {
  readonly job: 'ps' | 'worker';
  readonly index: number;
}

/** What each rank does, by its number; undefined for one that is left over. */
export type Cast = readonly (RankTask | undefined)[];

/**
 * A quarter of all for servers, one at least.
 *
 * @param all Undefined where nobody knows how many there are.
 * @throws {CodedError} CONFIG_INVALID for less than two.
 */
export function quarterOf(all: number | undefined): Layout {
  if (all !== undefined && all > 1) {
    const servers = Math.max(1, Math.floor(all / 4));
    return { servers, workers: all - servers };
  }
  throw new CodedError('CONFIG_INVALID', 'Of how many are some to be parameter servers, and the others workers?', {
    details: {
      field: 'layout',
      expected: 'two hosts or ranks at least',
      got: String(all ?? 'nothing that says how many'),
    },
  });
}

/** What is asked of numbers alone: all ranks but the servers are workers, where it does not say how many. */
export interface AskedLayout {
  readonly servers: number;
  readonly workers?: number | undefined;
}

/**
 * By their numbers alone: the first ones are servers, then come workers.
 *
 * @throws {CodedError} CONFIG_INVALID where that takes more ranks than there are.
 */
export function castInOrder(size: number, { servers, workers = size - servers }: AskedLayout): Cast {
  if (workers > 0 && servers + workers <= size) {
    return Array.from({ length: size }, (_, rank) => taskInOrder(rank, { servers, workers }));
  }
  throw new CodedError('CONFIG_INVALID', 'There are too few ranks for so many servers and workers', {
    details: { field: 'servers', expected: `together ${size} at most`, got: `${servers} and ${workers} workers` },
  });
}

/** What {@link castInOrder} gives a rank, which it can say by its number before it has met the others. */
export function taskInOrder(rank: number, { servers, workers = Infinity }: AskedLayout): RankTask | undefined {
  if (rank < servers) return { job: 'ps', index: rank };
  return rank < servers + workers ? { job: 'worker', index: rank - servers } : undefined;
}

/**
 * By what they compute on: those without a GPU are servers, those that have one workers. Where all have one, or none has,
 * the first quarter are servers.
 *
 * @param hasGpu Of each rank, by its number.
 * @throws {CodedError} CONFIG_INVALID for less than two ranks.
 */
export function castByGpu(hasGpu: readonly boolean[]): Cast {
  if (new Set(hasGpu).size < 2) return castInOrder(hasGpu.length, quarterOf(hasGpu.length));
  const next = { ps: 0, worker: 0 };
  return hasGpu.map((has) => {
    const job = has ? 'worker' : 'ps';
    return { job, index: next[job]++ };
  });
}

/** How many of each a cast has. */
export function layoutOfCast(cast: Cast): Layout {
  const count = (job: RankTask['job']): number => cast.filter((task) => task?.job === job).length;
  return { servers: count('ps'), workers: count('worker') };
}
