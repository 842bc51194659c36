import type { Operation, Output, Scope } from '@bluewaters/tensorflow';
import { ALONE, type GradientExchange } from './gradient-exchange.js';

/** Logits whose loss is added to the network's own, so that early layers learn sooner. */
export interface AuxiliaryHead {
  /** [batch, outputs], of the dtype that the network computes in. */
  readonly logits: Output;
  /** What its loss is multiplied by. */
  readonly weight: number;
}

/**
 * What building a network for training leaves behind beside its logits. One for each tower; layers add to it, and
 * whoever makes the training step takes from it.
 */
export class TrainingTower {
  /** The ranks that train together, for layers that look at the whole batch. */
  readonly exchange: GradientExchange;
  readonly #seed: number;
  readonly #step: Output;
  readonly #isFrozen: (name: string) => boolean;
  readonly #updates: Operation[] = [];
  readonly #auxiliaryHeads: AuxiliaryHead[] = [];
  #draws = 0;

  /**
   * @param seed Of the run.
   * @param step int64 scalar, another one each step: random draws depend on the run's seed, the step, and the order of
   * the layers only, so that a resumed run draws what an uninterrupted one would have.
   * @param rest `isFrozen` says whether the variable of a name stays as it is; none does by default. `exchange` is with
   * the other ranks; there are none by default.
   */
  constructor(
    seed: number,
    step: Output,
    { isFrozen = () => false, exchange = ALONE }: Partial<Pick<TrainingTower, 'isFrozen' | 'exchange'>> = {},
  ) {
    this.exchange = exchange;
    this.#seed = seed;
    this.#step = step;
    this.#isFrozen = isFrozen;
  }

  /** What must run with each step beside the optimiser's update: the moving averages. */
  get updates(): readonly Operation[] {
    return this.#updates;
  }

  /** In the order in which the network added them. */
  get auxiliaryHeads(): readonly AuxiliaryHead[] {
    return this.#auxiliaryHeads;
  }

  /** Whether a layer's variables stay as they are: it then does what it does when it is served. */
  isFrozen(name: string): boolean {
    return this.#isFrozen(name);
  }

  /** Adds operations to {@link updates}. */
  addUpdates(...updates: readonly Operation[]): void {
    this.#updates.push(...updates);
  }

  /** Adds a head to {@link auxiliaryHeads}. */
  addAuxiliaryHead(head: AuxiliaryHead): void {
    this.#auxiliaryHeads.push(head);
  }

  /** int64 [2]: the seed of one layer's draws at the present step; another one at each call. */
  drawSeed(scope: Scope): Output {
    const layer = scope.constant((BigInt(this.#seed) << 16n) + BigInt((this.#draws += 1)));
    return scope.op('Pack', { name: 'seed', inputs: [[layer, this.#step]] }).output();
  }
}
