import { optimisers } from '@bluewaters/tensorflow';
import type { OptimiserSettings } from './hyperparameters.js';

interface Placed {
  readonly velocities?: string | undefined;
  readonly fusesDense?: boolean;
}

/**
 * The optimiser that the settings name, with clipping where they ask for it.
 *
 * @param placed `velocities`: a device, where momentum is to be each worker's own; `fusesDense`: whether gradients of dense
 * layers may be computed while they are applied.
 */
export function optimiserOf(settings: OptimiserSettings, placed: Placed = {}): optimisers.Optimiser {
  const plain = unclipped(settings, placed);
  return settings.gradientClip === undefined ? plain : optimisers.clippedByGlobalNorm(plain, settings.gradientClip);
}

function unclipped(
  { optimiser = 'momentum', momentum, weightDecay }: OptimiserSettings,
  { velocities: device, fusesDense = false }: Placed,
): optimisers.Optimiser {
  switch (optimiser) {
    case 'sgd':
      return optimisers.sgd({ weightDecay });
    case 'momentum':
    case 'nesterov':
      if (device !== undefined && momentum > 0) return optimisers.workerMomentum({ momentum, weightDecay, device });
      return optimisers.momentum({ momentum, weightDecay, nesterov: optimiser === 'nesterov', fusesDense });
    case 'rms-prop':
      return optimisers.rmsProp({ momentum, weightDecay });
    case 'adam':
      return optimisers.adam({ beta1: momentum, weightDecay });
    case 'adam-w':
      return optimisers.adamW({ beta1: momentum, weightDecay });
    case 'lars':
      return optimisers.lars({ momentum, weightDecay });
  }
}
