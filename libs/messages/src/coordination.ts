import { z } from 'zod';
import { defineCommand, defineEvent, defineState } from './definitions.js';
import { Evaluation } from './training.js';
import { Name } from './vocabulary.js';

/**
 * What ranks, those who launch them, people and the coordinator say to one another. Training goes on without a
 * coordinator, and while it cannot be reached; nothing here is needed to make a step.
 */

/** Ranks that one coordinator keeps account of in one generation, at most. */
export const MOST_RANKS = 65_536;

/**
 * Where a run is: `submitted` until somebody who launches runs has room for it, `admitted` until they have begun,
 * `launching` until all ranks of a generation have come, `ending` from an order to stop until they have gone. `lost` is a
 * generation that ended by itself and that nobody has launched again yet.
 */
export const CoordinatedPhase = z.enum([
  'submitted',
  'admitted',
  'launching',
  'running',
  'ending',
  'paused',
  'stopped',
  'lost',
  'failed',
  'done',
]);
/** See {@link CoordinatedPhase:variable}. */
export type CoordinatedPhase = z.infer<typeof CoordinatedPhase>;

const Generation = z.int().positive();
const WorldSize = z.int().positive().max(MOST_RANKS);
const ProcessOnHost = z.strictObject({ host: z.string().max(255), pid: z.int().positive() });

/** Where the time of a step goes on a rank, in seconds: waiting for pictures, computing, exchanging gradients. */
export const StepSplit = z.strictObject({
  input: z.number().nonnegative(),
  compute: z.number().nonnegative(),
  reduce: z.number().nonnegative(),
});
/** See {@link StepSplit:variable}. */
export type StepSplit = z.infer<typeof StepSplit>;

/** When somebody ordered an evaluation, by the coordinator's clock: what tells one order from another. */
const OrderedAt = z.int().positive();

/** What was found between two steps, since somebody wanted to know. */
export const OrderedEvaluation = z.strictObject({
  ordered: OrderedAt,
  step: z.int().nonnegative(),
  evaluation: Evaluation,
});
/** See {@link OrderedEvaluation:variable}. */
export type OrderedEvaluation = z.infer<typeof OrderedEvaluation>;

/** What a rank knows of its own steps. */
export const RankFigures = z.strictObject({
  /** Steps of the run that are made. */
  step: z.int().nonnegative(),
  /** Passes over the training split that are completed. */
  epoch: z.int().nonnegative(),
  /** Mean over the batch of a step of late. */
  loss: z.number().optional(),
  /** Images a step, of all ranks together. */
  batch: z.int().positive(),
  /** Of the whole run. */
  imagesPerSecond: z.number().nonnegative(),
  /** Of a step, on average of late. */
  seconds: StepSplit,
  /** Updates by others between a worker's read of the variables and its write, on average. */
  staleness: z.number().nonnegative().optional(),
  /** Gradients of this generation so far that came after their update, where there are backup workers. */
  dropped: z.int().nonnegative().optional(),
  /** What came of the last order to evaluate that this process followed. */
  evaluated: OrderedEvaluation.optional(),
});
/** See {@link RankFigures:variable}. */
export type RankFigures = z.infer<typeof RankFigures>;

/** How the steps of a rank go that trains alone. Sent once a second at most. */
export const RankStepped = defineEvent('training.v1.stepped', z.strictObject({ run: Name, figures: RankFigures }));

/**
 * What a rank does where not all do the same: a `server` keeps variables, the `chief` is the worker that leads, a
 * `bystander` is left over.
 */
export const RankRole = z.enum(['server', 'chief', 'worker', 'bystander']);
/** See {@link RankRole:variable}. */
export type RankRole = z.infer<typeof RankRole>;

/** A rank shows that it lives. */
export const RankBeat = z.strictObject({
  run: Name,
  generation: Generation,
  rank: z
    .int()
    .nonnegative()
    .max(MOST_RANKS - 1),
  /** World size of the generation. */
  ranks: WorldSize,
  ...ProcessOnHost.shape,
  /** Absent where all ranks do the same, and rank 0 leads. */
  role: RankRole.optional(),
  /** Absent before its first steps. */
  figures: RankFigures.optional(),
});
/** See {@link RankBeat:variable}. */
export type RankBeat = z.infer<typeof RankBeat>;

/** What a rank is answered. */
export const BeatAnswer = z.strictObject({
  /** Whether it is to go on, or to stop with the others after a checkpoint. */
  order: z.enum(['go on', 'stop']),
  /** Of the rank that leads: an order to evaluate that was not followed yet. */
  evaluate: OrderedAt.optional(),
});
/** See {@link BeatAnswer:variable}. */
export type BeatAnswer = z.infer<typeof BeatAnswer>;

/**
 * Sent by each rank every few seconds. GENERATION_OVER refuses a rank of another generation than the one that is under
 * way.
 */
export const Beat = defineCommand('training.v1.beat', RankBeat, BeatAnswer);

/** How a generation came to its end. */
export const GenerationEnd = z.strictObject({
  generation: Generation,
  /** `stopped` after a checkpoint, when asked to; `failed` by an error that would come again; `lost` otherwise. */
  outcome: z.enum(['done', 'stopped', 'failed', 'lost']),
  reason: z.string().max(1000).optional(),
});
/** See {@link GenerationEnd:variable}. */
export type GenerationEnd = z.infer<typeof GenerationEnd>;

/** What whoever launches the ranks of a run asks: what to do next. */
export const LaunchQuestion = z.strictObject({
  run: Name,
  launcher: ProcessOnHost,
  /** Ranks that it would launch; an order to scale goes before it. */
  ranks: WorldSize,
  /** How the generation ended that it launched before. */
  ended: GenerationEnd.optional(),
  /** It launches nothing any more, and only says how that ended. */
  ends: z.boolean(),
});
/** See {@link LaunchQuestion:variable}. */
export type LaunchQuestion = z.infer<typeof LaunchQuestion>;

/** What the coordinator answers: launch so many ranks as that generation, ask again in a while, or end. */
export const LaunchAnswer = z.discriminatedUnion('next', [
  z.strictObject({ next: z.literal('launch'), generation: Generation, ranks: WorldSize }),
  z.strictObject({ next: z.literal('wait') }),
  z.strictObject({ next: z.literal('end'), phase: CoordinatedPhase }),
]);
/** See {@link LaunchAnswer:variable}. */
export type LaunchAnswer = z.infer<typeof LaunchAnswer>;

/** Sent by whoever launches ranks, before the first generation, after each, and while it is told to wait. */
export const AskToLaunch = defineCommand('training.v1.launch', LaunchQuestion, LaunchAnswer);

/** A run that is to be launched by whoever has room for it. */
export const Submission = z.strictObject({
  ranks: WorldSize,
  /** What each rank runs: words of a command line, after the name of the program. */
  command: z.array(z.string().max(1000)).min(1).max(200),
});
/** See {@link Submission:variable}. */
export type Submission = z.infer<typeof Submission>;

/** Ranks of a generation, as far as a message has room for their names. */
const SomeRanks = z.array(z.int().nonnegative()).max(16);

/** The ranks of one role that have shown themselves: how many, and as many of their numbers and hosts as there is room for. */
export const RoleShare = z.strictObject({
  role: RankRole,
  count: z.int().positive(),
  ranks: SomeRanks,
  hosts: z.array(z.string().max(255)).max(16),
});
/** See {@link RoleShare:variable}. */
export type RoleShare = z.infer<typeof RoleShare>;

/** A run as its coordinator sees it. */
export const CoordinatedRun = z.strictObject({
  run: Name,
  phase: CoordinatedPhase,
  /** Of this phase, in milliseconds since 1970, by the coordinator's clock. */
  since: z.int(),
  /** Why it is in this phase, where there is more to say. */
  reason: z.string().max(1000).optional(),
  /** 0 before the first is launched. */
  generation: z.int().nonnegative(),
  /** World size of the generation. */
  ranks: WorldSize,
  /** World size of the next one, where it is to be another. */
  scaleTo: WorldSize.optional(),
  /** What is to become of the run once its ranks have stopped, or once it is no longer paused. */
  order: z.enum(['stop', 'pause', 'go on']).optional(),
  /** An order to evaluate that was not followed yet. */
  evaluate: OrderedAt.optional(),
  launcher: ProcessOnHost.optional(),
  /** What was submitted, until the run has ended. */
  submission: Submission.optional(),
  /** Ranks that have shown themselves in this generation. */
  arrived: z.int().nonnegative(),
  /** The first ones that have not, and should have by now. */
  missing: SomeRanks,
  /** The first ones that have, and were not heard of for too long. */
  silent: SomeRanks,
  hosts: z.int().nonnegative(),
  /** Who is where, in the order of their ranks; absent where all ranks do the same. */
  roles: z.array(RoleShare).max(RankRole.options.length).optional(),
  /** The rank for which the others wait most, where one stands out. */
  slowest: z.strictObject({ rank: z.int().nonnegative(), host: z.string(), times: z.number() }).optional(),
  /** Of the rank that leads. */
  figures: RankFigures.optional(),
});
/** See {@link CoordinatedRun:variable}. */
export type CoordinatedRun = z.infer<typeof CoordinatedRun>;

/** Runs with ranks, by name. Written by the coordinator that leads; rebuilt from what ranks say when it was lost. */
export const CoordinatedRuns = defineState('coordinated', CoordinatedRun);

/** A run has gone over to another phase. */
export const PhaseChanged = defineEvent(
  'training.v1.phase',
  CoordinatedRun.pick({ run: true, generation: true, ranks: true, phase: true, since: true, reason: true }),
);

/** What a person may order. */
export const SteerRequest = z.discriminatedUnion('order', [
  /** After a checkpoint the ranks end, and so does who launched them; the same command goes on later. */
  z.strictObject({ run: Name, order: z.literal('stop') }),
  /** The same, but who launched them waits. */
  z.strictObject({ run: Name, order: z.literal('pause') }),
  z.strictObject({ run: Name, order: z.literal('resume') }),
  /** The run goes on from a checkpoint with another number of ranks; its batch stays. */
  z.strictObject({ run: Name, order: z.literal('scale'), ranks: WorldSize }),
  /** The run is evaluated between two steps, beside what it does after each epoch. */
  z.strictObject({ run: Name, order: z.literal('evaluate') }),
]);
/** See {@link SteerRequest:variable}. */
export type SteerRequest = z.infer<typeof SteerRequest>;

/** Asked by a person; answered at once with how the run stands then. RUN_UNKNOWN, or ORDER_REFUSED and why. */
export const Steer = defineCommand('training.v1.steer', SteerRequest, CoordinatedRun);

/** A run that is submitted. */
export const SubmitRequest = Submission.extend({ run: Name });
/** See {@link SubmitRequest:variable}. */
export type SubmitRequest = z.infer<typeof SubmitRequest>;

/**
 * Lets a run wait for somebody who launches it; one that was trained before goes on from its checkpoint. Answered with how
 * the run stands then, or ORDER_REFUSED.
 */
export const SubmitRun = defineCommand('training.v1.submit', SubmitRequest, CoordinatedRun);

/** What somebody asks who launches the runs that others submit, one after the other. */
export const AdmissionQuestion = z.strictObject({
  launcher: ProcessOnHost,
  /** Ranks that there is room for. */
  ranks: WorldSize,
  /** The run that was given before, where it could not even be launched, and why. */
  failed: z.strictObject({ run: Name, reason: z.string().max(1000) }).optional(),
});
/** See {@link AdmissionQuestion:variable}. */
export type AdmissionQuestion = z.infer<typeof AdmissionQuestion>;

/** The run that has waited longest of those that there is room for, if any; it is this launcher's from now on. */
export const AskForRun = defineCommand(
  'training.v1.admit',
  AdmissionQuestion,
  z.strictObject({ admitted: SubmitRequest.optional() }),
);

/** The process that coordinates. */
export const CoordinatorEntry = z.strictObject({
  ...ProcessOnHost.shape,
  id: z.string(),
  /** It has gone, and another may take its place at once. */
  resigned: z.boolean(),
});
/** See {@link CoordinatorEntry:variable}. */
export type CoordinatorEntry = z.infer<typeof CoordinatorEntry>;

/** Who coordinates: the one entry, `leader`. Another takes its place when it is not renewed. */
export const Coordinators = defineState('coordinator', CoordinatorEntry);
