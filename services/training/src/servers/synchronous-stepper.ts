import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '@bluewaters/errors';
import { Tensor } from '@bluewaters/tensorflow';
import { positionAt } from '../position.js';
import { requestDigest } from '../run-entry.js';
import {
  contribute,
  startInput,
  type MadeStep,
  type StepOptions,
  type Stepper,
  type StepperParts,
} from '../stepper.js';
import type { AccumulatedExchange } from './accumulated-exchange.js';
import { ledgerOf, type Ledger } from './ledger.js';
import type { Member } from './member.js';

/** Between two looks at whether the update has been made, in milliseconds. */
const LOOK_EVERY_MS = 2;

/** What a worker found in its part of a batch. */
type Contribution = Omit<MadeStep, 'reached' | 'loss'> & { readonly loss: number };

/**
 * Makes steps together with other workers: each contributes the gradients of its part of the batch, and the chief makes
 * the update as soon as there are enough of them. Where there are backup workers none waits for the slowest.
 */
export class SynchronousStepper implements Stepper {
  readonly #parts: StepperParts;
  readonly #member: Member;
  readonly #exchange: AccumulatedExchange;
  readonly #ledger: Ledger;
  #begun = false;
  /** The epoch that the input pipeline gives. */
  #epoch = -1;
  /** The step of the last contribution. */
  #contributed = -1;
  #contributing: Promise<void> | undefined;
  /** The chief's: the step that is being made. */
  #asked: { readonly step: number; readonly options: StepOptions } | undefined;
  #last: Contribution | undefined;
  /** The chief's: gradients that came too late. */
  #dropped = 0;
  #failure: unknown;

  constructor(parts: StepperParts, member: Member, exchange: AccumulatedExchange) {
    this.#parts = parts;
    this.#member = member;
    this.#exchange = exchange;
    this.#ledger = ledgerOf(parts.graph);
  }

  /** The chief's: lets all workers begin with the epoch of a step; the first time also with the run itself. */
  async start(step: number): Promise<void> {
    const { session, run } = this.#parts;
    const { epoch } = positionAt(step, run.stepsPerEpoch);
    if (!this.#begun) {
      this.#begun = true;
      using first = Tensor.scalar('int64', step);
      await session.run({
        feeds: [[this.#counting.readAt, first]],
        targets: [this.#counting.begin, this.#ledger.reset],
      });
      await this.#member.rendezvous.begin({ first: step, request: requestDigest(run.request) });
    }
    await this.#ledger.open(session, (epoch + 1) * run.stepsPerEpoch);
  }

  /** The chief's: lets the others end. */
  async end(): Promise<void> {
    await this.#contributing;
    await this.#ledger.close(this.#parts.session);
  }

  /**
   * Makes the next update, where this is the chief; else contributes to the next one that it has not contributed to.
   *
   * @returns `reached` is infinite when the run is over.
   */
  async make(step: number, options: StepOptions): Promise<MadeStep> {
    return this.#member.worker === 0 ? this.#update(step, options) : this.#follow(options);
  }

  async #update(step: number, options: StepOptions): Promise<MadeStep> {
    const { run, session, graph } = this.#parts;
    // Its own contribution may be late as anyone's.
    this.#asked = { step, options };
    this.#contributing ??= this.#contributeOnwards();
    using rate = Tensor.scalar('float32', run.rateAt(step));
    const { learningRate, dropped, step: update } = graph.training;
    const fetches = dropped ? [dropped] : [];
    const [late] = await session.run({ feeds: [[learningRate, rate]], fetches, targets: [update] });
    this.#note(late);
    if (this.#member.backupWorkers === 0) await this.#contributing;
    if (this.#failure !== undefined) throw this.#failure as Error;
    return this.#made(step + 1);
  }

  /** One that is counted late, while it waits for the next update, must not be taken back. */
  #note(late: Tensor | undefined): void {
    this.#dropped = Math.max(this.#dropped, late?.number() ?? 0);
    late?.[Symbol.dispose]();
  }

  async #follow(options: StepOptions): Promise<MadeStep> {
    for (;;) {
      const now = await this.#ledger.look(this.#parts.session);
      if (!now || this.#parts.run.signal.aborted) return this.#made(now ? now.step : Infinity);
      if (now.step < now.open && now.step > this.#contributed) {
        await this.#contribute(now.step, options);
        if (this.#failure !== undefined) throw this.#failure as Error;
        return this.#made(now.step);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Contributes to the step that is being made, and to the next ones that are begun meanwhile. */
  async #contributeOnwards(): Promise<void> {
    while (this.#asked && this.#asked.step > this.#contributed && this.#failure === undefined) {
      await this.#contribute(this.#asked.step, this.#asked.options);
    }
    this.#contributing = undefined;
  }

  /** Remembers what went wrong: nobody may be waiting for it. */
  async #contribute(step: number, options: StepOptions): Promise<void> {
    try {
      await this.#readEpochOf(step);
      this.#contributed = step;
      this.#last = await contribute(this.#parts, step, { ...options, readAt: this.#counting.readAt });
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Backup workers read in an order of their own: which of them count, nobody can know. */
  async #readEpochOf(step: number): Promise<void> {
    const { epoch } = positionAt(step, this.#parts.run.stepsPerEpoch);
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    const { rank, worldSize } = this.#exchange;
    const seed = this.#parts.run.request.seed + Math.floor(rank / worldSize);
    await startInput(this.#parts, step, { rank: rank % worldSize, worldSize, seed });
  }

  #made(reached: number): MadeStep {
    const { run } = this.#parts;
    const none = { rate: run.rateAt(Math.min(reached, run.totalSteps)), seconds: { input: 0, reduce: 0 } };
    const { worker, backupWorkers } = this.#member;
    const dropped = worker === 0 && backupWorkers > 0 ? this.#dropped : undefined;
    return { ...none, loss: undefined, ...this.#last, stopping: run.signal.aborted, reached, dropped };
  }

  get #counting(): NonNullable<AccumulatedExchange['counting']> {
    const { counting } = this.#exchange;
    if (counting) return counting;
    throw new CodedError('INTERNAL', 'A worker makes steps of a graph that collects no gradients');
  }
}
