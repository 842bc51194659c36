export { adam, adamW, type AdamOptions } from './adam.js';
export { clippedByGlobalNorm } from './clipped.js';
export { lars, type LarsOptions } from './lars.js';
export { momentum, type MomentumOptions } from './momentum.js';
export type { Optimiser, TrainedParameter, Update, WeightDecay } from './optimiser.js';
export { rmsProp, type RmsPropOptions } from './rms-prop.js';
export { sgd } from './sgd.js';
export { workerMomentum, type WorkerMomentumOptions } from './worker-momentum.js';
