import { CodedError } from '@bluewaters/errors';
import { Tensor, type Operation, type Output, type RunRequest, type Session } from '@bluewaters/tensorflow';
import { epochFeeds } from './epoch-feeds.js';
import type { InspectedStep, Inspection } from './inspection.js';
import type { LocalShards } from './local-shards.js';
import { positionAt } from './position.js';
import type { OpenedRun } from './run-context.js';
import type { TrainingGraph } from './training-graph.js';

/** How a step's requests are run: by the session itself, or by someone who looks at them as well. */
export type Runner = (session: Session, request: RunRequest) => Promise<Tensor[]>;

/** How a step is made. */
export interface StepOptions {
  readonly runner: Runner;
  readonly inspection?: Inspection | undefined;
}

/** What of a step was no arithmetic of this rank, in seconds. */
export interface StepSeconds {
  /** For which it waited for its pictures: they are read and decoded beside the step before. */
  readonly input: number;
  /** For which gradients were under way between ranks, at first beside computing. A rank that is slow waits least. */
  readonly reduce: number;
}

/** What a step gave. */
export interface MadeStep {
  /** Steps of the run that are made now: others may have made some meanwhile. */
  readonly reached: number;
  /** Mean over its batch, before the update; undefined where others have made all steps so far. */
  readonly loss: number | undefined;
  readonly rate: number;
  readonly seconds: StepSeconds;
  /** Whether this rank or another had been asked to stop before it; all know it at the same step. */
  readonly stopping: boolean;
  /** Where workers do not wait for one another: updates by others between a read and its write, on average of late. */
  readonly staleness?: number | undefined;
  /** Where there are backup workers: gradients of this generation so far that came after their update. */
  readonly dropped?: number | undefined;
  readonly inspected?: InspectedStep;
}

/** Makes the steps of a run, alone or its share of them. */
export interface Stepper {
  /** Begins with an epoch, or goes on within it, from a step of the run on. */
  start(step: number): Promise<void>;
  /** Takes part in what another began with a step, where one can come later. */
  join?(first: number): void;
  /** Lets those who took part know that no step follows. */
  end?(): Promise<void>;
  /**
   * Makes the next update, or takes part in it.
   *
   * @param step Those that are made.
   * @param options `inspection` is what is to be looked at in it; the update is the same.
   */
  make(step: number, options: StepOptions): Promise<MadeStep>;
}

/** What a stepper works with. */
export interface StepperParts {
  readonly run: OpenedRun;
  readonly shards: LocalShards;
  readonly graph: TrainingGraph;
  /** Of the graph. */
  readonly session: Session;
}

/**
 * Makes the steps of a run one after the other, alone or at the same time as other ranks: the same ones, whenever they
 * are made from the same variables.
 */
export class OrderedStepper implements Stepper {
  readonly #parts: StepperParts;

  constructor(parts: StepperParts) {
    this.#parts = parts;
  }

  /** Lets the input pipeline give what is left of an epoch from a step of the run on. */
  async start(step: number): Promise<void> {
    const { rank, size: worldSize } = this.#parts.run.ranks;
    await startInput(this.#parts, step, { rank, worldSize });
  }

  /** Makes the update of a step, which {@link start} or the step before came to. */
  async make(step: number, options: StepOptions): Promise<MadeStep> {
    return { ...(await makeUpdate(this.#parts, step, options)), reached: step + 1 };
  }
}

/**
 * Lets the input pipeline give one rank's part of the batches of an epoch, from a step of the run on.
 *
 * @param part `steps` are how many of them; all that are left by default.
 */
export async function startInput(
  { run, shards, graph: { training }, session }: StepperParts,
  step: number,
  part: { readonly rank: number; readonly worldSize: number; readonly steps?: number; readonly seed?: number },
): Promise<void> {
  const { seed, batch } = run.request;
  const { epoch, stepInEpoch } = positionAt(step, run.stepsPerEpoch);
  using rows = epochFeeds(training, shards, { seed, epoch, batch, fromStep: stepInEpoch, ...part });
  await session.run({ feeds: rows.feeds, targets: [training.start] });
}

/** Makes an update of what the input pipeline gives next, at the rate of a step. */
export async function makeUpdate(
  parts: StepperParts,
  step: number,
  { runner, inspection }: StepOptions,
): Promise<Omit<MadeStep, 'reached'> & { readonly loss: number }> {
  const { training } = parts.graph;
  const { ranks, request } = parts.run;
  const { microBatches } = request;
  const exchanged = ranks.exchanged;
  const rate = parts.run.rateAt(step);
  let [losses, input] = [0, 0];
  for (let micro = 1; training.accumulate && micro < microBatches; micro += 1) {
    const part = await runBatch(parts, training.accumulate, { rate, runner });
    losses += part.loss;
    input += part.wait;
  }
  const { loss, wait, ...seen } = await runBatch(parts, training.step, { rate, runner, inspection });
  const seconds = { input: input + wait, reduce: ranks.exchanged - exchanged };
  return { ...seen, loss: (losses + loss) / microBatches, rate, seconds };
}

/**
 * Hands the gradients of what the input pipeline gives next over to an update that another makes.
 *
 * @param step Before which the variables are read; `readAt` is fed with it.
 */
export async function contribute(
  parts: StepperParts,
  step: number,
  { readAt, ...options }: StepOptions & { readonly readAt: Output },
): Promise<Omit<MadeStep, 'reached'> & { readonly loss: number }> {
  const target = parts.graph.training.contribute;
  if (!target) throw new CodedError('INTERNAL', 'A graph that collects no gradients takes no contributions');
  const rate = parts.run.rateAt(step);
  using at = Tensor.scalar('int64', step);
  const { wait, ...seen } = await runBatch(parts, target, { ...options, rate, feeds: [[readAt, at]] });
  return { ...seen, rate, seconds: { input: wait, reduce: 0 } };
}

async function runBatch(
  { run, graph: { training }, session }: StepperParts,
  target: Operation,
  { rate, runner, inspection, feeds = [] }: StepOptions & Pick<RunRequest, 'feeds'> & { readonly rate: number },
): Promise<Pick<MadeStep, 'stopping' | 'inspected'> & { readonly loss: number; readonly wait: number }> {
  using fed = Tensor.scalar('float32', rate);
  using asked = Tensor.scalar('float32', run.signal.aborted ? 1 : 0);
  const tensors = await runner(session, {
    feeds: [[training.learningRate, fed], [training.askedToStop, asked], ...feeds],
    fetches: [training.loss, training.stopping, training.wait, ...(inspection?.fetches ?? [])],
    targets: [target],
  });
  using _ = allOf(tensors);
  const [loss, stopping, wait, ...seen] = tensors;
  return {
    loss: loss?.number() ?? NaN,
    stopping: (stopping?.number() ?? 0) > 0,
    // The machine's clock may be set in between.
    wait: Math.max(0, wait?.number() ?? NaN),
    ...(inspection && { inspected: inspection.read(seen) }),
  };
}

/** Gives all of them back at the end of a block. */
function allOf(tensors: readonly Tensor[]): Disposable {
  return {
    [Symbol.dispose]: () => {
      for (const tensor of tensors) tensor[Symbol.dispose]();
    },
  };
}
