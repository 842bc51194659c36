import {
  cast,
  concat,
  mul,
  raw,
  reshape,
  split,
  type GradientRules,
  type Operation,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import { CodedError } from '@bluewaters/errors';
import { BUCKET_BYTES, inBuckets, type RankExchangeOptions } from '../rank-exchange.js';
import type { Exchange } from '../rank-group.js';

const TYPE = 'CollectiveReduceV2';
/** All exchanges are among the same ranks. */
const GROUP = 1;

/** How ranks are averaged over. */
export interface CollectiveExchangeOptions extends RankExchangeOptions {
  /** Of this rank's operations, such as '/job:worker/task:1'. */
  readonly device: string;
  /** Gives each operation a number that no other one of this process has, the same on every rank. */
  readonly nextKey: () => number;
}

/**
 * Means over all ranks, inside a graph, by TensorFlow's own collective operations: they find one another by their
 * numbers, need no order among them, and wait in no thread. For one graph, which is the same on every rank.
 */
export class CollectiveExchange implements Exchange {
  readonly rank: number;
  readonly worldSize: number;
  readonly batchStatistics: Exchange['batchStatistics'];
  readonly #options: CollectiveExchangeOptions;

  /** @throws {CodedError} CONFIG_INVALID for a route that is not `flat`. */
  constructor(options: CollectiveExchangeOptions) {
    const { rank, worldSize, batchStatistics = 'own', route = 'flat' } = options;
    if (route !== 'flat') {
      throw new CodedError('CONFIG_INVALID', 'Ranks over gRPC send everything around one ring', {
        details: { field: 'route', expected: 'flat', got: route },
      });
    }
    this.rank = rank;
    this.worldSize = worldSize;
    this.batchStatistics = batchStatistics;
    this.#options = options;
  }

  /** Where gradients are averaged in the end, that of a mean over ranks is the mean of what arrives on each. */
  readonly gradientRules: GradientRules = {
    [TYPE]: (scope, { inputs }: Operation, [arriving]) =>
      inputs.map((_, index) => (index === 0 && arriving ? this.#reduce(scope, arriving, 'none') : undefined)),
  };

  /** The mean of each over all ranks, float32; small ones travel together, large ones alone. */
  average(scope: Scope, values: readonly Output[]): Output[] {
    const { bucketBytes = BUCKET_BYTES, compression = 'none' } = this.#options;
    return inBuckets(values, bucketBytes).flatMap((bucket) => this.#together(scope, bucket, compression));
  }

  /** The mean of each over all ranks, float32, within the forward pass: gradients go back through it. */
  averageStatistics(scope: Scope, values: readonly Output[]): Output[] {
    return this.#together(scope, values, 'none');
  }

  /** As one vector. */
  #together(scope: Scope, values: readonly Output[], compression: Compression): Output[] {
    const shapes = values.map((value) => value.shape?.filter((length) => length !== null));
    const isKnown = shapes.every((shape, index) => shape?.length === values[index]?.shape?.length);
    if (values.length === 1 || !isKnown) return values.map((value) => this.#reduce(scope, value, compression));
    const flat = values.map((value) => reshape(scope, value, [-1]));
    const means = this.#reduce(scope, concat(scope, flat, 0), compression);
    const lengths = shapes.map((shape) => (shape ?? []).reduce((product, length) => product * length, 1));
    return split(scope, means, lengths).map((mean, index) => reshape(scope, mean, shapes[index] ?? []));
  }

  #reduce(scope: Scope, value: Output, compression: Compression): Output {
    if (compression === 'none') return this.#collective(scope, value, 'Div');
    // Shares, since a sum may be too large for the smaller type.
    const share = cast(scope, mul(scope, value, 1 / this.worldSize), compression);
    return cast(scope, this.#collective(scope, share, 'Id'), 'float32');
  }

  #collective(scope: Scope, input: Output, final_op: 'Div' | 'Id'): Output {
    const { device, nextKey } = this.#options;
    const own = scope.on(device).child('reduce');
    const int = (value: number): Output<'int32'> => own.constant(value, { dtype: 'int32' });
    return raw.collectiveReduceV2(
      own,
      {
        input: input as Output<'float32'>,
        group_size: int(this.worldSize),
        group_key: int(GROUP),
        instance_key: int(nextKey()),
        ordering_token: [],
      },
      { merge_op: 'Add', final_op, communication_hint: 'ring' },
    );
  }
}

type Compression = NonNullable<RankExchangeOptions['compression']>;
