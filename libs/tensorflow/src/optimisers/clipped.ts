/** Optimisers that see clipped gradients. */
import { clipByGlobalNorm } from '../operations/clipping.js';
import type { Optimiser } from './optimiser.js';

/**
 * An optimiser whose gradients are scaled down together, so that their common norm is `limit` at most.
 *
 * @see Pascanu, Mikolov and Bengio 2013, algorithm 1; {@link clipByGlobalNorm} for norms that are not finite.
 */
export function clippedByGlobalNorm(optimiser: Optimiser, limit: number): Optimiser {
  return {
    apply(scope, parameters, learningRate) {
      const { clipped } = clipByGlobalNorm(
        scope,
        parameters.map(({ gradient }) => gradient),
        limit,
      );
      const shortened = parameters.map((parameter, i) => ({
        ...parameter,
        gradient: clipped[i] ?? parameter.gradient,
      }));
      return optimiser.apply(scope, shortened, learningRate);
    },
  };
}
