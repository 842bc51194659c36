export { InferenceOptions } from './options.js';
export { start, type RunningInference } from './service.js';
