import {
  zerosLike,
  type GradientRules,
  type Operation,
  type OperationOptions,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import { native } from './native.js';

/** As in `native/ranks.h`: collectives of one lane follow one another, in the same order on every rank. */
const LANES = { statistics: 1, gradients: 2 } as const;
type Lane = keyof typeof LANES;

/** The operations' names in graphs: one that waits for all ranks, and the two halves of one that does not. */
const TYPES = {
  whole: 'BluewatersAllReduce',
  begin: 'BluewatersBeginAllReduce',
  end: 'BluewatersEndAllReduce',
} as const;

/** Tensors that are smaller together travel together: large enough that the start of an exchange costs nothing. */
export const BUCKET_BYTES = 4 << 20;

/** How ranks are averaged over. */
export interface RankExchangeOptions {
  /** From 0. */
  readonly rank: number;
  readonly worldSize: number;
  /** For whoever builds batch normalisation; it changes nothing here. */
  readonly batchStatistics?: 'own' | 'averaged' | 'synchronised';
  /** Most bytes of the tensors that travel together; 4 MiB by default. */
  readonly bucketBytes?: number;
  /** What gradients travel as; `none`, the default, is float32. Statistics always do so as float32. */
  readonly compression?: 'none' | 'bfloat16' | 'float16';
  /** Whether all ranks reduce at once, the default, or those of each host first, then one of each host. */
  readonly route?: 'flat' | 'by-hosts';
}

/**
 * Means over all ranks, inside a graph: an all-reduce as an operation, so that it runs while back-propagation goes on.
 * For one graph, which is the same on every rank.
 *
 * What travels of gradients is begun as they come, which occupies no thread of the session, and waited for when all are on
 * their way: nothing is left to compute then. Statistics are needed where they are made, so that their operation waits, and
 * ranks that wait in different lanes would wait for each other: give a session {@link waitingThreads} more threads for
 * operations than it has to compute with. More would have operations of one rank take turns on its cores.
 */
export class RankExchange {
  readonly rank: number;
  readonly worldSize: number;
  readonly batchStatistics: NonNullable<RankExchangeOptions['batchStatistics']>;
  readonly #bucketBytes: number;
  readonly #compression: NonNullable<RankExchangeOptions['compression']>;
  readonly #route: NonNullable<RankExchangeOptions['route']>;
  readonly #last = new Map<Lane, Operation>();

  constructor(options: RankExchangeOptions) {
    const { rank, worldSize, batchStatistics = 'own', bucketBytes = BUCKET_BYTES } = options;
    native();
    this.rank = rank;
    this.worldSize = worldSize;
    this.batchStatistics = batchStatistics;
    this.#bucketBytes = bucketBytes;
    this.#compression = options.compression ?? 'none';
    this.#route = options.route ?? 'flat';
  }

  /** Threads for operations that wait for other ranks where there may be something to compute, of any graph. */
  static readonly mostWaitingThreads = 1;

  /** The same of the graph as it is now. */
  get waitingThreads(): number {
    return this.#last.has('statistics') ? 1 : 0;
  }

  /**
   * What `gradients` needs to go back through {@link averageStatistics}: where gradients are averaged over the ranks in
   * the end, that of a mean over ranks is the mean of what arrives on each.
   */
  readonly gradientRules: GradientRules = {
    [TYPES.whole]: (scope, { inputs }, arriving) => {
      const all = inputs.map((input, index) => arriving[index] ?? zerosLike(scope, input));
      return this.averageStatistics(scope, all);
    },
  };

  /**
   * The mean of each over all ranks, float32. They travel in the order that they are given, some together; of several
   * calls, those of the first before those of the next.
   */
  average(scope: Scope, values: readonly Output[]): Output[] {
    const buckets = inBuckets(values, this.#bucketBytes);
    const begun = buckets.map((bucket) => this.#next(scope, 'gradients', TYPES.begin, bucket));
    const attributes = this.#attributes('gradients');
    return begun.flatMap(({ outputs }) => {
      // The last is the ticket.
      const inputs = [outputs.slice(0, -1), ...outputs.slice(-1)];
      return scope.after(...begun.slice(-1)).op(TYPES.end, { inputs, attributes }).outputs;
    });
  }

  /** The mean of each over all ranks, float32, within the forward pass: gradients go back through it. */
  averageStatistics(scope: Scope, values: readonly Output[]): Output[] {
    return this.#next(scope, 'statistics', TYPES.whole, values).outputs;
  }

  /** Adds what begins after all that was begun in its lane. */
  #next(scope: Scope, lane: Lane, type: string, values: readonly Output[]): Operation {
    const last = this.#last.get(lane);
    const next = (last ? scope.after(last) : scope).op(type, { inputs: [values], attributes: this.#attributes(lane) });
    this.#last.set(lane, next);
    return next;
  }

  #attributes(lane: Lane): NonNullable<OperationOptions['attributes']> {
    const compression = lane === 'gradients' ? this.#compression : 'none';
    return { lane: LANES[lane], average: true, compression, route: this.#route };
  }
}

/** Neighbours together until they would be too large; what is as large alone stays alone, and is not copied. */
export function inBuckets<Value extends Pick<Output, 'shape'>>(
  values: readonly Value[],
  bucketBytes: number,
): Value[][] {
  const buckets: Value[][] = [];
  let room = 0;
  for (const value of values) {
    const bytes = bytesOf(value);
    if (bytes > room) {
      buckets.push([]);
      room = bucketBytes;
    }
    buckets.at(-1)?.push(value);
    room -= bytes;
  }
  return buckets;
}

/** Where a length is not known the tensor counts as large. */
function bytesOf({ shape }: Pick<Output, 'shape'>): number {
  return shape?.reduce((product: number, length) => product * (length ?? Infinity), 4) ?? Infinity;
}
