import { zerosLike, type GradientRules, type Operation, type Output, type Scope } from '@bluewaters/tensorflow';
import { native } from './native.js';

/** As in `native/ranks.h`: collectives of one lane follow one another, in the same order on every rank. */
const LANES = { statistics: 1, gradients: 2 } as const;
type Lane = keyof typeof LANES;

/** The operation's name in graphs. */
const TYPE = 'BluewatersAllReduce';

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
 * An operation that waits for other ranks occupies a thread of the session, one in each of two lanes at most: give
 * a session {@link waitingThreads} more threads for operations than it has to compute with, else ranks that wait in
 * different lanes would wait for each other. More than that would have operations of one rank take turns on its cores.
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

  /** Threads for operations that may wait for other ranks, of any graph. */
  static readonly mostWaitingThreads = Object.keys(LANES).length;

  /** Threads for operations that may wait for other ranks, of the graph as it is now. */
  get waitingThreads(): number {
    return this.#last.size;
  }

  /**
   * What `gradients` needs to go back through {@link averageStatistics}: where gradients are averaged over the ranks in
   * the end, that of a mean over ranks is the mean of what arrives on each.
   */
  readonly gradientRules: GradientRules = {
    [TYPE]: (scope, { inputs }, arriving) => {
      const all = inputs.map((input, index) => arriving[index] ?? zerosLike(scope, input));
      return this.#reduce(scope, all, 'statistics');
    },
  };

  /**
   * The mean of each over all ranks, float32. They travel in the order that they are given, some together; of several
   * calls, those of the first before those of the next.
   */
  average(scope: Scope, values: readonly Output[]): Output[] {
    const buckets = inBuckets(values, this.#bucketBytes);
    return buckets.flatMap((bucket) => this.#reduce(scope, bucket, 'gradients'));
  }

  /** The mean of each over all ranks, float32, within the forward pass: gradients go back through it. */
  averageStatistics(scope: Scope, values: readonly Output[]): Output[] {
    return this.#reduce(scope, values, 'statistics');
  }

  #reduce(scope: Scope, values: readonly Output[], lane: Lane): Output[] {
    const last = this.#last.get(lane);
    const compression = lane === 'gradients' ? this.#compression : 'none';
    const reduced = (last ? scope.after(last) : scope).op(TYPE, {
      inputs: [values],
      attributes: { lane: LANES[lane], average: true, compression, route: this.#route },
    });
    this.#last.set(lane, reduced);
    return reduced.outputs;
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
