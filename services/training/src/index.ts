export { runHolder, type RunHolder } from './lease.js';
export { TrainingOptions } from './options.js';
export { start } from './service.js';
