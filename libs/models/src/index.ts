export { augment, pictureFeatures, type Augmentation, type AugmentOptions } from './augment.js';
export { buildNetwork } from './build-network.js';
export { eager } from './eager.js';
export { ALONE, type BatchStatistics, type Collected, type GradientExchange } from './gradient-exchange.js';
export {
  convolution,
  dense,
  flatten,
  globalMean,
  joinChannels,
  pooling,
  type ConvolutionOptions,
  type PoolingOptions,
} from './layers.js';
export type {
  DecayName,
  Hyperparameters,
  OptimiserName,
  RateSettings,
  SizePhase,
  StepSettings,
} from './hyperparameters.js';
export { learningRate, peakRate, type RunLength } from './learning-rate.js';
export { classificationMetrics, type ClassificationMetrics, type Predictions } from './metrics.js';
export type { BuildContext, InputContract, Network, Publication } from './network.js';
export { classify, type Views } from './views.js';
export { listNetworks, networkByName } from './networks/registry.js';
export { batchNorm, dropout, localResponseNorm, type BatchNormSettings } from './normalisation.js';
export { spreadBySize, TOGETHER, type Placement } from './placement.js';
export { preprocess } from './preprocess.js';
export { networkMemory, type MemoryOptions, type NetworkMemory } from './profile/memory.js';
export { profileNetwork, type LayerProfile, type NetworkProfile, type ProfileOptions } from './profile/profile.js';
export { assertProgressiveSizes, imageSizeAt, type SizeSettings } from './progressive-sizes.js';
export type { Recipe } from './recipes/recipe.js';
export { listRecipes, recipeByName } from './recipes/registry.js';
export { syntheticTraining, type SyntheticTraining, type SyntheticTrainingOptions } from './synthetic-training.js';
export { trainingStep, type TrainingStep, type TrainingStepOptions } from './training-step.js';
export { TrainingTower, type AuxiliaryHead } from './training-tower.js';
export { VariableStore, type InitialValue, type Parameter } from './variable-store.js';
export { importWeights, type ImportReport, type ImportTarget } from './weights/import-weights.js';
export { listPublished, publishedWeights, type PublishedInput, type PublishedWeights } from './weights/mappings.js';
export type { MappedFile, Mapping, Origin, Origins } from './weights/origins.js';
export { openWeights, type SourceTensor, type WeightSource } from './weights/weight-source.js';
export { WHITENED_CHANNELS, whitening } from './whitening.js';
