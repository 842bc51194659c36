import { optimisers } from '@bluewaters/tensorflow';
import type { OptimiserSettings } from './hyperparameters.js';

/**
 * The optimiser that the settings name, with clipping where they ask for it.
 *
 * @param velocities A device, where momentum is to be each worker's own.
 */
export function optimiserOf(settings: OptimiserSettings, velocities?: string): optimisers.Optimiser {
  const plain = unclipped(settings, velocities);
  return settings.gradientClip === undefined ? plain : optimisers.clippedByGlobalNorm(plain, settings.gradientClip);
}

function unclipped(
  { optimiser = 'momentum', momentum, weightDecay }: OptimiserSettings,
  device: string | undefined,
): optimisers.Optimiser {
  switch (optimiser) {
    case 'sgd':
      return optimisers.sgd({ weightDecay });
    case 'momentum':
    case 'nesterov':
      if (device !== undefined && momentum > 0) return optimisers.workerMomentum({ momentum, weightDecay, device });
      return optimisers.momentum({ momentum, weightDecay, nesterov: optimiser === 'nesterov' });
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
