import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '@bluewaters/errors';
import { positionAt } from '../position.js';
import { requestDigest } from '../run-entry.js';
import {
  makeUpdate,
  startInput,
  type MadeStep,
  type StepOptions,
  type Stepper,
  type StepperParts,
} from '../stepper.js';
import { blockAt, blocksThrough, blockStepsOf, type BlockPlan } from './blocks.js';
import { ledgerOf, type Ledger, type Standing } from './ledger.js';
import type { Member } from './member.js';

/** Between two looks of a worker that has nothing to do. */
const LOOK_EVERY_MS = 10;

/**
 * Makes steps on variables that other workers change meanwhile. It takes a portion of the epoch that nobody else has,
 * makes its steps, and takes the next. At the end of an epoch all wait until it is made, and until the chief has
 * evaluated it and begins the next.
 */
export class AsynchronousStepper implements Stepper {
  readonly #parts: StepperParts;
  readonly #member: Member;
  readonly #ledger: Ledger;
  #plan: BlockPlan | undefined;
  /** The step to make next, and the end of its portion. */
  #next = 0;
  #until = 0;
  #loss: number | undefined;
  #seen: Standing | undefined;
  #staleness: number | undefined;

  constructor(parts: StepperParts, member: Member) {
    this.#parts = parts;
    this.#member = member;
    this.#ledger = ledgerOf(parts.graph);
  }

  /** The chief's: lets all workers begin with the epoch of a step; the first time also with the run itself. */
  async start(step: number): Promise<void> {
    const { session, run } = this.#parts;
    if (!this.#plan) {
      this.join(step);
      await session.run({ targets: [this.#ledger.reset] });
      await this.#member.rendezvous.begin({ first: step, request: requestDigest(run.request) });
    }
    const { epoch } = positionAt(step, run.stepsPerEpoch);
    await this.#ledger.open(session, blocksThrough(epoch, this.#planned));
  }

  /** Another worker's: goes on in a generation that begins with a step. */
  join(first: number): void {
    const { stepsPerEpoch } = this.#parts.run;
    const blockSteps = blockStepsOf(stepsPerEpoch, this.#member.workers);
    this.#plan = { first, stepsPerEpoch, blockSteps };
  }

  /** The chief's: lets the others end. */
  async end(): Promise<void> {
    await this.#ledger.close(this.#parts.session);
  }

  /**
   * Makes one step, or waits where there is none: then it comes back when the epoch of `step` is made.
   *
   * @returns `reached` is infinite when the run is over.
   */
  async make(step: number, options: StepOptions): Promise<MadeStep> {
    const end = (positionAt(step, this.#planned.stepsPerEpoch).epoch + 1) * this.#planned.stepsPerEpoch;
    const reached = this.#next < this.#until ? undefined : await this.#begin(end);
    if (reached !== undefined) return this.#waited(reached);
    const made = await makeUpdate(this.#parts, step, options);
    this.#next += 1;
    this.#loss = made.loss;
    const { step: now } = await this.#look();
    return { ...made, stopping: this.#parts.run.signal.aborted, reached: now, staleness: this.#staleness };
  }

  /** Begins with a portion; else what the run has come to. */
  async #begin(end: number): Promise<number | undefined> {
    const { session, run } = this.#parts;
    for (;;) {
      const { step, open, taken } = await this.#look();
      if (step >= end || run.signal.aborted) return step;
      const block = taken && blockAt(taken.block, this.#planned);
      if (!block || block.from + taken.made >= block.until) await this.#ledger.claim(session);
      else if (taken.block < open) return this.#read(block.from + taken.made, block.until);
      else await sleep(LOOK_EVERY_MS);
    }
  }

  async #read(from: number, until: number): Promise<undefined> {
    [this.#next, this.#until] = [from, until];
    await startInput(this.#parts, from, { rank: 0, worldSize: 1, steps: until - from });
  }

  async #look(): Promise<Standing> {
    const now = await this.#ledger.look(this.#parts.session);
    if (!now) return { step: Infinity, open: 0, staleness: 0, taken: undefined };
    const steps = now.step - (this.#seen?.step ?? now.step);
    if (!this.#seen || steps >= this.#planned.blockSteps) {
      if (this.#seen) this.#staleness = (now.staleness - this.#seen.staleness) / steps;
      this.#seen = now;
    }
    return now;
  }

  #waited(reached: number): MadeStep {
    const { run } = this.#parts;
    return {
      reached,
      loss: this.#loss,
      rate: run.rateAt(Math.min(reached, run.totalSteps)),
      seconds: { input: 0, reduce: 0 },
      stopping: run.signal.aborted,
      staleness: this.#staleness,
    };
  }

  get #planned(): BlockPlan {
    if (this.#plan) return this.#plan;
    throw new CodedError('INTERNAL', 'A worker makes steps before it knows with which the run goes on');
  }
}
