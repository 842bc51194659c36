export { augment, pictureFeatures, type Augmentation, type AugmentOptions } from './augment.js';
export { eager } from './eager.js';
export { convolution, dense, flatten, pooling } from './layers.js';
export { classificationMetrics, type ClassificationMetrics, type Predictions } from './metrics.js';
export { type BuildContext, type InputContract, type Network, type Recipe } from './network.js';
export { listNetworks, networkByName } from './networks/registry.js';
export { preprocess } from './preprocess.js';
export { VariableStore, type InitialValue, type Parameter } from './variable-store.js';
