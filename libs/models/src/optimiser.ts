import { optimisers } from '@bluewaters/tensorflow';
import type { OptimiserSettings } from './hyperparameters.js';

/** The optimiser that the settings name, with clipping where they ask for it. */
export function optimiserOf(settings: OptimiserSettings): optimisers.Optimiser {
  const plain = unclipped(settings);
  return settings.gradientClip === undefined ? plain : optimisers.clippedByGlobalNorm(plain, settings.gradientClip);
}

function unclipped({ optimiser = 'momentum', momentum, weightDecay }: OptimiserSettings): optimisers.Optimiser {
  switch (optimiser) {
    case 'sgd':
      return optimisers.sgd({ weightDecay });
    case 'momentum':
      return optimisers.momentum({ momentum, weightDecay });
    case 'nesterov':
      return optimisers.momentum({ momentum, weightDecay, nesterov: true });
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
