export { BusOptions, openBus, prepareBus } from './open-bus.js';
export { BusFile, readBusFile, writeBusFile } from './bus-file.js';
export { InProcessBus } from './in-process/in-process-bus.js';
export { ParentBus } from './parent-child/parent-bus.js';
export { serveChild } from './parent-child/serve-child.js';
export type { Channel } from './parent-child/channel.js';
export type { FaultListener } from './faults.js';
export {
  defineCommand,
  defineEvent,
  defineState,
  defineWork,
  type CommandDefinition,
  type EventDefinition,
  type StateDefinition,
  type WorkDefinition,
} from './definitions.js';
export type { Delivery, MessageBus, StateEntry, StateTable, Subscription } from './message-bus.js';
export { JobRecord, Jobs, Progress, jobRequest, type JobEnvelope } from './jobs.js';
export { consumeJobs, type JobContext } from './consume-jobs.js';
export { submitJob, type SubmitOptions } from './submit-job.js';
export { Augmentation, Hyperparameters, SizePhase } from './hyperparameters.js';
export { Digest, Name, Source, Split } from './vocabulary.js';
export {
  IndexArchive,
  Indexed,
  Indexes,
  IndexSynset,
  IngestRequest,
  IngestResult,
  SynsetIndexed,
  SynsetRequest,
} from './ingest.js';
export {
  BuildRequest,
  BuildResult,
  BuildShards,
  DatasetCommitted,
  Datasets,
  ShardWritten,
  ValidationRule,
} from './shards.js';
export {
  Checkpointed,
  ImportModel,
  ImportRequest,
  ImportResult,
  ClassEvaluation,
  Evaluated,
  EvaluateModel,
  EvaluateRequest,
  EvaluateResult,
  Evaluation,
  EvaluatedStep,
  ExportCheckpoint,
  ExportRequest,
  ExportResult,
  ModelRecord,
  ModelRegistered,
  Models,
  RankEnded,
  RankReported,
  RunRecord,
  Runs,
  Train,
  TrainRequest,
  TrainResult,
} from './training.js';
export {
  AdmissionQuestion,
  AskForRun,
  AskToLaunch,
  Beat,
  BeatAnswer,
  CoordinatedPhase,
  CoordinatedRun,
  CoordinatedRuns,
  CoordinatorEntry,
  Coordinators,
  GenerationEnd,
  LaunchAnswer,
  LaunchQuestion,
  MOST_RANKS,
  OrderedEvaluation,
  PhaseChanged,
  RankBeat,
  RankFigures,
  RankRole,
  RankStepped,
  RoleShare,
  Steer,
  SteerRequest,
  StepSplit,
  Submission,
  SubmitRequest,
  SubmitRun,
} from './coordination.js';
export { ModelReady, RefreshModels, ServedModel, ServedModels } from './inference.js';
export { Told } from './told.js';
