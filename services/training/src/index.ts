/** What needs no TensorFlow: a process that only starts others, or looks at what they did, takes less memory and starts sooner. */
export { runHolder, type RunHolder } from './lease.js';
export { startPage, type PageOptions, type RunningPage } from './coordinator/page/page-server.js';
export { TrainingOptions } from './options.js';
export { codeDigest } from './code-version.js';
export { start } from './service.js';
export type { RunPlace } from './checkpoint-folder.js';
export type { RankWord } from './among-ranks.js';
export { Coordinator, type CoordinatorOptions, type CoordinatorPorts } from './coordinator/coordinator.js';
