import type { Hyperparameters } from '../hyperparameters.js';

/** A way to train that has a name: what stands in a file can be cited, repeated and compared. */
export interface Recipe {
  readonly name: string;
  /** One line for people. */
  readonly description: string;
  /** Where it comes from: paper and section, or program. */
  readonly source: string;
  /** The network that it was made for, and that it trains unless another is asked for. */
  readonly network: string;
  /** All of them: nothing is taken from the network's own. */
  readonly hyperparameters: Hyperparameters;
  /** What it costs, or how fast its network is, as measured by this repository, with the machine; else `not measured here`. */
  readonly cost: string;
  /** What comes of it, as measured by this repository, with the command's seed; else `not measured here`. */
  readonly result: string;
}

/** For {@link Recipe.cost} and {@link Recipe.result}: only what was measured is told. */
export const NOT_MEASURED = 'not measured here';
