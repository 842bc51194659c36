/** What needs TensorFlow: programs that compute, and what reads checkpoints. */
export { trainByRole, type RoleOptions } from './train-by-role.js';
export { trainTogether, type TogetherOptions } from './train-together.js';
export { stepRates, type StepRates } from './synthetic/step-rates.js';
export { trainSynthetic, type SyntheticReport, type SyntheticTask } from './synthetic/synthetic.js';
export { trainWithServers, type TaskOptions } from './train-with-servers.js';
export { LINE, regression, type RegressionResult } from './regression.js';
export type { CoordinationOptions } from './presence/coordination.js';
export { repair, type Repaired } from './stored-run/repair.js';
export { StoredRun, type ListedCheckpoint, type Pruned } from './stored-run/stored-run.js';
