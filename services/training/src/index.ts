export { TrainingOptions } from './options.js';
export { start } from './service.js';
