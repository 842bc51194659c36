/** Operations of TensorFlow's own registry, by family. */
export * from './arrays.js';
export * from './mathematics.js';
export * from './networks.js';
export * from './images.js';
export * from './random.js';
export * from './strings.js';
export * from './datasets.js';
export * from './variables.js';
export * from './training.js';
export * from './checkpoints.js';
export * from './control.js';
export * from './collectives.js';
