import { CodedError } from '@bluewaters/errors';
import type { MessageBus, Progress, RankFigures, TrainRequest } from '@bluewaters/messages';
import {
  assertProgressiveSizes,
  learningRate,
  networkByName,
  type InputContract,
  type Network,
  type StepSettings,
} from '@bluewaters/models';
import { runKeys, type CodeVersion, type Manifest, type Terms } from '@bluewaters/records';
import { findTerms, restrict } from '@bluewaters/registry';
import type { ObjectStore } from '@bluewaters/storage';
import type { Schedule } from '@bluewaters/tensorflow';
import { makeCheckpointFolder } from './checkpoint-folder.js';
import { CheckpointDirectory } from './checkpoints.js';
import { codeVersion } from './code-version.js';
import type { Lease } from './lease.js';
import { countExamples, readManifest } from './manifest.js';
import { Mirror } from './mirror.js';
import type { EvaluationOrders } from './presence/coordination.js';
import { ALONE, type Ranks } from './ranks.js';
import { partsOf, type Member } from './servers/member.js';
import { inputOf, readParent, type Parent } from './parent.js';
import { stepsInEpoch } from './position.js';
import { assertSameRun, readRunEntry, requestDigest, type RunEntry } from './run-entry.js';

/** What a rank is given from outside. */
export interface RankPorts {
  readonly bus: MessageBus;
  readonly store: ObjectStore;
  /** Folder of this machine for copies of shards, and for `checkpoint_dir` where the store is remote. */
  readonly workDirectory: string;
  /** Explicit, since results depend on it: threads of an operation, and of the decoding map. */
  readonly threads: number;
  readonly report: (progress: Progress) => void;
  /** Aborted to end soon, with a checkpoint. */
  readonly signal: AbortSignal;
  /** Waits for another who works on the run instead of refusing: for work that came again while its worker lives. */
  readonly patient?: boolean;
  /** Those that train with this one; it is alone by default. */
  readonly ranks?: Ranks;
  /** Shows how this rank's steps go to a coordinator, or where it is alone to who started it. */
  readonly show?: ((figures: RankFigures) => void) | undefined;
  /** Of the rank that leads: when a coordinator wants the run to be evaluated. */
  readonly evaluations?: EvaluationOrders | undefined;
  /** Where variables are on parameter servers: this worker and its cluster. */
  readonly member?: Member;
}

/** A run that this process may write: rank 0 of those that train it. */
export interface RunContext extends OpenedRun {
  /** The right to write it. */
  readonly lease: Lease;
}

/** A run as it stands at the start of a rank: what was asked, what it is made from, and how far it came before. */
export interface OpenedRun extends RankPorts {
  readonly ranks: Ranks;
  readonly request: TrainRequest;
  readonly manifest: Manifest;
  /** Of the dataset, where it has some: what the run shows of its pictures is under them too. */
  readonly terms: Terms | undefined;
  readonly network: Network;
  readonly input: InputContract;
  /** What this process makes models and reports with. */
  readonly code: CodeVersion;
  /** The model whose weights the run starts from, if it does. */
  readonly parent: Parent | undefined;
  /** Classes + 1: output 0 is background. */
  readonly outputs: number;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** The learning rate of the step after so many. */
  readonly rateAt: Schedule;
  /** `checkpoint_dir` on this machine. */
  readonly directory: string;
  readonly checkpoints: CheckpointDirectory;
  /** Keeps the store's copy of `checkpoint_dir` up to date. */
  readonly mirror: Mirror;
  /** What an earlier start left, if there was one. */
  readonly entry: RunEntry | undefined;
}

/** What follows from a request and its dataset, wherever the run is. */
export type RunParts = Pick<
  OpenedRun,
  | 'ranks'
  | 'request'
  | 'manifest'
  | 'terms'
  | 'network'
  | 'input'
  | 'code'
  | 'parent'
  | 'outputs'
  | 'stepsPerEpoch'
  | 'totalSteps'
  | 'rateAt'
>;

/**
 * Takes a run up to go on with it: reads what it is made from, and brings what the store has of it.
 * @throws {CodedError} MANIFEST_INVALID, NETWORK_UNKNOWN, CONFIG_INVALID when the run was started with other options or
 * asks for MLPerf's log of another network than it is for.
 */
export async function openRun(request: TrainRequest, ports: RankPorts): Promise<OpenedRun> {
  const parts = await readParts(request, ports);
  const directory = await makeCheckpointFolder({ ...ports, run: request.run });
  const checkpoints = new CheckpointDirectory(directory, requestDigest(request));
  const mirror = new Mirror(ports.store, runKeys.checkpoints(request.run), directory);
  if (isWriter(ports)) {
    if (parts.terms) await restrict(ports.store, runKeys.checkpoints(request.run), parts.terms);
    // Before the store's files come: a half-written one must not stand where a whole one belongs.
    await checkpoints.removeUnfinished();
    await mirror.fetchMissing();
  }
  const entry = await readRunEntry(directory);
  // With no checkpoint there is nothing yet that other options would spoil.
  if (entry?.checkpointStep !== undefined) assertSameRun(entry, request);
  return { ...ports, ...parts, directory, checkpoints, mirror, entry };
}

/** Reads what a run is made from, and changes nothing. @throws {CodedError} As {@link openRun}. */
export async function readParts(
  request: TrainRequest,
  { store, member, ranks = ALONE }: Pick<RankPorts, 'store' | 'member' | 'ranks'>,
): Promise<RunParts> {
  const manifest = await readManifest(store, request);
  const network = networkByName(request.network);
  if (request.mlperfLog) assertMlperf(network);
  assertWholeParts(request, { size: member ? partsOf(member) : ranks.size });
  if (member) assertForServers(request, member);
  assertProgressiveSizes(network, request);
  assertOneSize(request, { size: member?.workers ?? ranks.size });
  const parent = await readParent(store, request, manifest);
  const stepsPerEpoch = stepsInEpoch(countExamples(manifest, 'train'), request.batch);
  const totalSteps = stepsPerEpoch * request.epochs;
  return {
    ranks,
    request,
    manifest,
    terms: await findTerms(store, request.dataset),
    network,
    input: inputOf(network, request, parent),
    code: await codeVersion(),
    parent,
    outputs: manifest.classes.length + 1,
    stepsPerEpoch,
    totalSteps,
    rateAt: learningRate(request, { stepsPerEpoch, totalSteps }),
  };
}

/** A worker may come while the chief writes; ranks over MPI come to this one after the other. */
function isWriter({ member }: RankPorts): boolean {
  return member === undefined || member.worker === 0;
}

/** The graph of every rank would have to be built anew between two epochs. */
function assertOneSize({ progressiveSizes }: TrainRequest, { size }: Pick<Ranks, 'size'>): void {
  if (size === 1 || progressiveSizes.length === 0) return;
  throw new CodedError('CONFIG_INVALID', 'Pictures that grow over the epochs are for one rank alone', {
    details: { field: 'progressiveSizes', expected: 'none', got: JSON.stringify(progressiveSizes) },
  });
}

/** What workers of parameter servers cannot do. @throws {CodedError} CONFIG_INVALID. */
function assertForServers(request: TrainRequest, { update, workers, backupWorkers }: Member): void {
  const refuse = (field: string, expected: string, got: unknown): void => {
    throw new CodedError('CONFIG_INVALID', 'Training with parameter servers does without this', {
      details: { field, expected, got: String(got) },
    });
  };
  if (request.precision === 'float16') refuse('precision', 'float32 or bfloat16', request.precision);
  if (request.compression !== 'none') refuse('compression', 'none', request.compression);
  if (request.route !== 'flat') refuse('route', 'flat', request.route);
  if (request.batchStatistics !== 'own') refuse('batchStatistics', 'own', request.batchStatistics);
  if (update === 'synchronous' && request.microBatches > 1) refuse('microBatches', '1', request.microBatches);
  if (backupWorkers >= workers) refuse('backupWorkers', `fewer than ${workers}`, backupWorkers);
}

/** @throws {CodedError} CONFIG_INVALID when a batch cannot be shared evenly among the ranks and their micro-batches. */
export function assertWholeParts(
  { batch, microBatches = 1 }: Pick<StepSettings, 'microBatches'> & { readonly batch: number },
  { size }: Pick<Ranks, 'size'> = ALONE,
): void {
  if (batch % (microBatches * size) === 0) return;
  throw new CodedError('CONFIG_INVALID', 'A batch is shared evenly among the ranks and their micro-batches', {
    details: { field: 'batch', expected: `a multiple of ${microBatches * size}`, got: String(batch) },
  });
}

/** Of MLPerf's benchmarks this is the only one that classifies pictures. */
function assertMlperf({ name }: Network): void {
  if (name.startsWith('resnet')) return;
  throw new CodedError('CONFIG_INVALID', "MLPerf's log is that of its benchmark resnet", {
    details: { field: 'mlperfLog', expected: 'a residual network', got: name },
  });
}
