export { runHolder, type RunHolder } from './lease.js';
export { TrainingOptions } from './options.js';
export { repair, type Repaired } from './stored-run/repair.js';
export { start } from './service.js';
export { StoredRun, type ListedCheckpoint, type Pruned, type RunPlace } from './stored-run/stored-run.js';
export { trainTogether, type RankWord, type TogetherOptions } from './train-together.js';
export { stepRates, type StepRates } from './synthetic/step-rates.js';
export { trainSynthetic, type SyntheticReport, type SyntheticTask } from './synthetic/synthetic.js';
