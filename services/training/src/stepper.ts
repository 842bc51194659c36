import { learningRate } from '@bluewaters/models';
import { Tensor, type Operation, type RunRequest, type Schedule, type Session } from '@bluewaters/tensorflow';
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
  /** For which gradients were exchanged between ranks. */
  readonly reduce: number;
}

/** What a step gave. */
export interface MadeStep {
  /** Mean over its batch, before the update. */
  readonly loss: number;
  readonly rate: number;
  readonly seconds: StepSeconds;
  /** Whether this rank or another had been asked to stop before it; all know it at the same step. */
  readonly stopping: boolean;
  readonly inspected?: InspectedStep;
}

/** Makes steps of a run: the same ones, whenever they are made from the same variables. */
export class Stepper {
  readonly #run: OpenedRun;
  readonly #shards: LocalShards;
  readonly #graph: TrainingGraph;
  readonly #session: Session;
  readonly #schedule: Schedule;

  /** @param parts The session is of the graph. */
  constructor(parts: { run: OpenedRun; shards: LocalShards; graph: TrainingGraph; session: Session }) {
    this.#run = parts.run;
    this.#shards = parts.shards;
    this.#graph = parts.graph;
    this.#session = parts.session;
    this.#schedule = learningRate(parts.run.request, parts.run);
  }

  /** Lets the input pipeline give what is left of an epoch from a step of the run on. */
  async start(step: number): Promise<void> {
    const { training } = this.#graph;
    const { ranks } = this.#run;
    const { seed, batch } = this.#run.request;
    const { epoch, stepInEpoch } = positionAt(step, this.#run.stepsPerEpoch);
    using part = epochFeeds(training, this.#shards, {
      seed,
      epoch,
      batch,
      fromStep: stepInEpoch,
      rank: ranks.rank,
      worldSize: ranks.size,
    });
    await this.#session.run({ feeds: part.feeds, targets: [training.start] });
  }

  /**
   * Makes the update of a step, which {@link start} or the step before came to.
   *
   * @param options `inspection` is what is to be looked at in it; the update is the same.
   */
  async make(step: number, { runner, inspection }: StepOptions): Promise<MadeStep> {
    const { training } = this.#graph;
    const { microBatches } = this.#run.request;
    const rate = this.#schedule(step);
    let [losses, input] = [0, 0];
    for (let micro = 1; training.accumulate && micro < microBatches; micro += 1) {
      const part = await this.#runBatch(training.accumulate, rate, { runner });
      losses += part.loss;
      input += part.wait;
    }
    const { loss, wait, ...seen } = await this.#runBatch(training.step, rate, { runner, inspection });
    // Exchanging goes on beside computing, and is not told apart from it.
    const seconds = { input: input + wait, reduce: 0 };
    return { ...seen, loss: (losses + loss) / microBatches, rate, seconds };
  }

  async #runBatch(
    target: Operation,
    rate: number,
    { runner, inspection }: StepOptions,
  ): Promise<Pick<MadeStep, 'loss' | 'stopping' | 'inspected'> & { readonly wait: number }> {
    const { training } = this.#graph;
    using fed = Tensor.scalar('float32', rate);
    using asked = Tensor.scalar('float32', this.#run.signal.aborted ? 1 : 0);
    const tensors = await runner(this.#session, {
      feeds: [
        [training.learningRate, fed],
        [training.askedToStop, asked],
      ],
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
}

/** Gives all of them back at the end of a block. */
function allOf(tensors: readonly Tensor[]): Disposable {
  return {
    [Symbol.dispose]: () => {
      for (const tensor of tensors) tensor[Symbol.dispose]();
    },
  };
}
