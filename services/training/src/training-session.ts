import { CodedError } from '@bluewaters/errors';
import { Checkpointed, Evaluated, Runs } from '@bluewaters/messages';
import { imageSizeAt } from '@bluewaters/models';
import { Announcer } from './announcer.js';
import type { Checkpoint } from './checkpoints.js';
import { refuseLostWeights } from './divergence.js';
import { evaluateAsOrdered, evaluateStep, type Evaluable } from './evaluate-step.js';
import type { EvaluatedSplit } from './evaluate.js';
import type { TrainedWeights } from './export.js';
import { Laps } from './laps.js';
import type { LocalShards } from './local-shards.js';
import { known, type Observers } from './observers/observer.js';
import { observersOf } from './observers/observers-of.js';
import { positionAt, type Position } from './position.js';
import { writeReport } from './report/report.js';
import { nameCheckpoints, removeCheckpoints, type Kept } from './retention.js';
import type { RunContext } from './run-context.js';
import { runRecord, writeRunEntry, type RunEntry } from './run-entry.js';
import { bestOf, epochsSinceBest, hasStalled, upTo, withEvaluation, type Evaluations } from './standing.js';
import { StepTracer } from './step-tracer.js';
import type { MadeStep, Runner } from './stepper.js';
import { TrainingEngine, type StartingPoint } from './training-engine.js';
import { worldsFrom, type World } from './worlds.js';

/** Steps between two values of a curve, and between two words to the user at most. */
const SUMMARY_EVERY_STEPS = 20;

/** What was found on the validation split with the weights of a step. */
type Found = EvaluatedSplit & { readonly step: number };

/** One start of a run, and what it has reached. */
export class TrainingSession {
  readonly #run: RunContext;
  readonly #shards: LocalShards;
  #engine: TrainingEngine;
  readonly #observers: Observers;
  readonly #laps: Laps;
  readonly #tracer: StepTracer;
  readonly #announcer: Announcer;
  #step = 0;
  #checkpoint: Checkpoint | undefined;
  #evaluations: Evaluations = [];
  #worlds: readonly World[] = [];
  #found: Found | undefined;

  private constructor(run: RunContext, shards: LocalShards, latest: Checkpoint | undefined) {
    this.#run = run;
    this.#shards = shards;
    this.#announcer = new Announcer(run);
    this.#step = latest?.step ?? 0;
    this.#engine = new TrainingEngine(run, shards, this.position.epoch);
    this.#observers = observersOf(run, this.#engine.graph.graph.toGraphDef());
    this.#laps = new Laps(run.request.batch);
    this.#tracer = new StepTracer(run, (notice) => this.#announcer.note(notice));
    if (run.lease.notice !== undefined) this.#announcer.note(run.lease.notice);
  }

  /** Builds the graph and takes the run up where its last whole checkpoint left it. */
  static async open(run: RunContext, shards: LocalShards): Promise<TrainingSession> {
    const notices: string[] = [];
    const latest = await run.checkpoints.latest((error) => notices.push(error.message));
    const session = new TrainingSession(run, shards, latest);
    session.#announcer.note(...notices);
    try {
      await session.#begin(latest);
      await session.#observers.tellAll((observer) => observer.started?.(shards));
      await session.#writeEntry('running');
      return session;
    } catch (error) {
      await session.close().catch(() => undefined); // what went wrong first is told
      throw error;
    }
  }

  /** Where the run stands. */
  get position(): Position {
    return positionAt(this.#step, this.#run.stepsPerEpoch);
  }

  /** Whether an epoch to evaluate was ended, by an earlier start too, or the run, maybe within one, and not evaluated. */
  get awaitsEvaluation(): boolean {
    const { epoch, stepInEpoch } = this.position;
    const isDue = stepInEpoch === 0 && epoch % this.#run.request.evaluateEvery === 0;
    return this.#step > 0 && (isDue || this.isOver) && this.#evaluations.at(-1)?.step !== this.#step;
  }

  /** Whether the run has had its epochs, or no longer gets better. */
  get isOver(): boolean {
    return this.#step >= this.#run.totalSteps || hasStalled(this.#evaluations, this.#run.request.earlyStop);
  }

  get #evaluable(): Evaluable {
    return { run: this.#run, shards: this.#shards, announcer: this.#announcer };
  }

  get #kept(): Kept {
    return { newest: this.#run.request.keepCheckpoints, best: bestOf(this.#evaluations) };
  }

  /** Mean over the training steps of this start; undefined before the first. */
  get imagesPerSecond(): number | undefined {
    return this.#laps.mean;
  }

  /** Trains to the end of the epoch. @throws {CodedError} INTERRUPTED, after a checkpoint, when asked to stop. */
  async trainEpoch(): Promise<void> {
    const { epoch } = this.position;
    await this.#resize(epoch);
    const { graph, stepper } = this.#engine;
    const end = (epoch + 1) * this.#run.stepsPerEpoch;
    const runner: Runner = (...asked) => this.#tracer.run(...asked);
    await stepper.start(this.#step);
    this.#observers.tell((observer) => observer.epochStarted?.(epoch));
    this.#laps.start();
    while (this.#step < end) {
      const before = this.#step;
      const inspection = before + 1 === end ? graph.inspection : undefined;
      const made = await stepper.make(before, { runner, inspection });
      await refuseLostWeights(made.loss, this.#run, { engine: this.#engine, failed: this.#step });
      this.#step = made.reached;
      const { inspected, stopping } = made;
      if (inspected) await this.#observers.tellAll((observer) => observer.inspected?.(this.#step, inspected));
      this.#run.lease.reached(this.#step);
      // Looking into a step takes time that is not the step's.
      if (inspected && this.#laps.mean !== undefined) this.#laps.start();
      else this.#laps.lap(made.seconds, this.#step - before);
      const isDue = (every: number): boolean => Math.floor(this.#step / every) > Math.floor(before / every);
      if (isDue(SUMMARY_EVERY_STEPS) || this.#step === end) this.#tell(made);
      if (isDue(this.#run.request.checkpointEverySteps)) await this.checkpoint();
      if (!stopping) await this.#heedOrders();
      // Alone it need not wait until others know.
      if (stopping || (this.#run.ranks.size === 1 && this.#run.signal.aborted)) await this.#interrupt();
    }
    this.#observers.tell((observer) => observer.epochEnded?.(epoch));
    await this.checkpoint();
  }

  /** Evaluates the epoch that has ended, or what of it was trained, on the validation split, exactly. */
  async evaluate(): Promise<void> {
    const { run, earlyStop } = this.#run.request;
    this.#observers.tell((observer) => observer.evaluationStarted?.(this.position));
    const found = await this.#evaluateAt(this.#step);
    const { confusion: _, ...evaluation } = found.metrics;
    const { step, epoch } = this.position;
    const evaluations = withEvaluation(this.#evaluations, { step, epoch, evaluation });
    this.#evaluations = evaluations;
    const standing = {
      best: bestOf(evaluations)?.evaluation.top1 ?? NaN,
      epochsSinceBest: epochsSinceBest(evaluations),
    };
    const figures = { ...found.metrics, ...standing, first: found.first };
    await this.#observers.tellAll((observer) => observer.evaluated?.(this.position, figures));
    await this.#run.bus.publish(Evaluated, { run, step, evaluation });
    await this.#writeEntry('running');
    if (hasStalled(evaluations, earlyStop)) {
      this.#announcer.note(`the run ends after epoch ${epoch}: the best was epoch ${epoch - standing.epochsSinceBest}`);
    }
    this.#announcer.reached(step, `epoch ${epoch} of ${this.#run.request.epochs} evaluated`, {
      figures: { 'top-1': evaluation.top1, best: standing.best },
    });
  }

  /** Makes the present step durable: TensorFlow's files, digests, entry, and then the store's copy. */
  async checkpoint(): Promise<Checkpoint> {
    if (this.#checkpoint?.step === this.#step) return this.#checkpoint;
    const { request, bus } = this.#run;
    this.#laps.pause();
    const startedAt = performance.now();
    await this.#run.lease.confirm();
    const checkpoint = await this.#engine.save(this.#step);
    this.#checkpoint = checkpoint;
    const seconds = (performance.now() - startedAt) / 1000;
    this.#observers.tell((observer) => observer.checkpointed?.(this.#step, seconds));
    await this.#observers.tellAll((observer) => observer.flush?.());
    const { stale } = await nameCheckpoints(this.#run, checkpoint, this.#kept);
    await this.#run.mirror.commitEvents();
    await removeCheckpoints(this.#run, stale);
    await this.#writeEntry('running');
    const { epoch } = this.position;
    await bus.publish(Checkpointed, { run: request.run, step: this.#step, epoch, key: `model.ckpt-${this.#step}` });
    this.#laps.start();
    return checkpoint;
  }

  /**
   * Goes to the weights that are to become the model, and evaluates them unless they were just now. No step is made
   * behind it.
   *
   * @throws {CodedError} CHECKPOINT_INVALID when the best's are lost; the last ones can be asked for instead.
   */
  async choose(): Promise<TrainedWeights> {
    const last = await this.checkpoint();
    await this.#engine.stepper.end?.();
    const best = bestOf(this.#evaluations);
    const wanted = this.#run.request.export === 'best' && best ? best.step : last.step;
    const checkpoint = wanted === last.step ? last : await this.#run.checkpoints.at(wanted);
    if (checkpoint !== last) await this.#engine.goTo(checkpoint);
    if (this.#found?.step !== wanted) await this.#evaluateAt(wanted);
    const evaluation = this.#evaluations.find(({ step }) => step === wanted)?.evaluation;
    if (evaluation) return { checkpoint, evaluation };
    throw new CodedError('INTERNAL', `Step ${wanted} is to become a model and was not evaluated`);
  }

  /** Writes the report on the weights that were chosen, and marks the run as done. */
  async finish(version: number): Promise<RunEntry> {
    await this.#observers.tellAll((observer) => observer.flush?.());
    if (this.#found) {
      const { validation: files, validationRecords: records } = this.#shards;
      const stood = { evaluations: this.#evaluations, worlds: this.#worlds };
      const sources = { ...this.#found, ...stood, files, records, version };
      this.#announcer.note(`the report is ${await writeReport(this.#run, sources)}`);
    }
    this.#observers.tell((observer) => observer.done?.(this.position));
    const entry = await this.#writeEntry('done', version);
    this.#announcer.reached(this.#step, 'done');
    return entry;
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    await this.#observers.tellAll((observer) => observer.close?.());
    await this.#run.mirror.commitEvents();
    this.#engine[Symbol.dispose]();
  }

  async #begin(latest: Checkpoint | undefined): Promise<void> {
    this.#announcer.note(...(await this.#engine.goTo(latest)));
    this.#worlds = worldsFrom(this.#run, this.#step);
    await this.#run.ranks.broadcast<StartingPoint>({ step: this.#step, restored: latest !== undefined });
    if (!latest) return;
    this.#checkpoint = latest;
    this.#evaluations = upTo(this.#run.entry?.evaluations ?? [], latest.step);
    // Nothing is removed yet: what could not be read just now may still be of use to someone.
    await nameCheckpoints(this.#run, latest, this.#kept);
    this.#announcer.note(`going on from the checkpoint of step ${latest.step}`);
  }

  /** Makes ready for an epoch whose pictures have another size than those before. */
  async #resize(epoch: number): Promise<void> {
    if (imageSizeAt(this.#run.request, epoch) === this.#engine.imageSize) return;
    const checkpoint = await this.checkpoint();
    this.#engine[Symbol.dispose]();
    this.#engine = new TrainingEngine(this.#run, this.#shards, epoch);
    await this.#engine.goTo(checkpoint);
    this.#announcer.note(`from epoch ${epoch + 1} on training pictures have ${this.#engine.imageSize} pixels`);
  }

  /** Evaluates the weights that the session has, those of a step. */
  async #evaluateAt(step: number): Promise<Found> {
    const found = await evaluateStep(this.#engine, { ...this.#evaluable, step });
    this.#found = { ...found, step };
    return this.#found;
  }

  /** Evaluates between two steps, where somebody wants to know. */
  async #heedOrders(): Promise<void> {
    const ordered = this.#run.evaluations?.next();
    if (ordered === undefined) return;
    this.#laps.pause();
    await evaluateAsOrdered(this.#engine, { ...this.#evaluable, step: this.#step, ordered });
    this.#laps.start();
  }

  #tell({ loss, rate: learningRate, staleness, dropped }: MadeStep): void {
    if (loss === undefined) return;
    const { recent: imagesPerSecond, times: seconds } = this.#laps;
    const figures = { step: this.#step, loss, learningRate, imagesPerSecond, seconds, staleness, dropped };
    this.#observers.tell((observer) => observer.stepped?.(figures));
    const { epoch } = positionAt(this.#step - 1, this.#run.stepsPerEpoch);
    const best = bestOf(this.#evaluations)?.evaluation.top1;
    this.#announcer.reached(this.#step, `epoch ${epoch + 1} of ${this.#run.request.epochs}`, {
      ratePerSecond: imagesPerSecond,
      figures: { loss, ...known({ best, staleness, dropped }) },
    });
  }

  async #interrupt(): Promise<never> {
    await this.checkpoint();
    await this.#engine.stepper.end?.();
    await this.#writeEntry('stopped');
    throw new CodedError('INTERRUPTED', `Training was stopped after a checkpoint at step ${this.#step}`);
  }

  async #writeEntry(state: RunEntry['state'], version?: number): Promise<RunEntry> {
    const { request, directory, mirror, bus } = this.#run;
    const evaluation = this.#evaluations.at(-1)?.evaluation;
    const entry: RunEntry = {
      format: 'bluewaters.run.v1',
      ...{ request, state, step: this.#step, epoch: this.position.epoch },
      ...(this.#checkpoint ? { checkpointStep: this.#checkpoint.step } : {}),
      ...(evaluation ? { evaluation } : {}),
      evaluations: [...this.#evaluations],
      worlds: [...this.#worlds],
      ...(version === undefined ? {} : { version }),
    };
    await mirror.commit([await writeRunEntry(directory, entry)]);
    await (await bus.state(Runs)).put(request.run, runRecord(entry));
    return entry;
  }
}
