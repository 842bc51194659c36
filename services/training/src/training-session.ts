import { cpus } from 'node:os';
import { join } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import { Checkpointed, Evaluated, Runs, type Evaluation } from '@bluewaters/messages';
import { Session, tensorflowVersion } from '@bluewaters/tensorflow';
import { diverged, findFirstNonFinite } from './divergence.js';
import { evaluate } from './evaluate.js';
import { Laps } from './laps.js';
import type { LocalShards } from './local-shards.js';
import { countExamples } from './manifest.js';
import { rateOf, startFrom } from './parent.js';
import { positionAt, type Position } from './position.js';
import { nameCheckpoints, removeCheckpoints } from './retention.js';
import type { RunContext } from './run-context.js';
import { writeConfusion } from './report/confusion.js';
import { writeReport } from './report/report.js';
import { runRecord, writeRunEntry, type RunEntry } from './run-entry.js';
import { StepTracer } from './step-tracer.js';
import { observersOf } from './observers/observers-of.js';
import type { Observers } from './observers/observer.js';
import { buildTrainingGraph, type TrainingGraph } from './training-graph.js';
import type { Checkpoint } from './checkpoints.js';
import { Stepper, type Runner } from './stepper.js';

/** Steps between two values of a curve, and between two words to the user at most. */
const SUMMARY_EVERY_STEPS = 20;

/** TensorFlow's session of one start of a run, and what it has reached. */
export class TrainingSession {
  readonly #run: RunContext;
  readonly #shards: LocalShards;
  readonly #graph: TrainingGraph;
  readonly #session: Session;
  readonly #observers: Observers;
  readonly #stepper: Stepper;
  readonly #laps: Laps;
  readonly #tracer: StepTracer;
  #notices: string[] = [];
  #step = 0;
  #checkpoint: Checkpoint | undefined;
  #evaluation: Evaluation | undefined;
  #evaluatedStep: number | undefined;
  #found: Awaited<ReturnType<typeof evaluate>> | undefined;

  private constructor(run: RunContext, shards: LocalShards, graph: TrainingGraph) {
    this.#run = run;
    this.#shards = shards;
    this.#graph = graph;
    this.#session = new Session(graph.graph, { intraOpThreads: run.threads, interOpThreads: run.threads });
    this.#observers = observersOf(run, graph.graph.toGraphDef());
    this.#stepper = new Stepper({ run, shards, graph, session: this.#session });
    this.#laps = new Laps(run.request.batch);
    this.#tracer = new StepTracer(run, (notice) => this.#notices.push(notice));
    this.#evaluation = run.entry?.evaluation;
    if (run.lease.notice !== undefined) this.#notices.push(run.lease.notice);
  }

  /** Builds the graph and takes the run up where its last whole checkpoint left it. */
  static async open(run: RunContext, shards: LocalShards): Promise<TrainingSession> {
    const graph = buildTrainingGraph({
      network: run.network,
      request: run.request,
      input: run.input,
      rateOf: (name) => rateOf(name, run.parent),
      outputs: run.outputs,
      threads: run.threads,
    });
    const session = new TrainingSession(run, shards, graph);
    try {
      await session.#restore();
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

  /** Of the present step, if it has been made. */
  get evaluation(): Evaluation | undefined {
    return this.#evaluatedStep === this.#step ? this.#evaluation : undefined;
  }

  /** Mean over the training steps of this start; undefined before the first. */
  get imagesPerSecond(): number | undefined {
    return this.#laps.mean;
  }

  /** Trains to the end of the epoch. @throws {CodedError} INTERRUPTED, after a checkpoint, when asked to stop. */
  async trainEpoch(): Promise<void> {
    const { epoch } = this.position;
    const end = (epoch + 1) * this.#run.stepsPerEpoch;
    const runner: Runner = (...asked) => this.#tracer.run(...asked);
    await this.#stepper.start(this.#step);
    this.#observers.tell((observer) => observer.epochStarted?.(epoch));
    this.#laps.start();
    while (this.#step < end) {
      const inspection = this.#step + 1 === end ? this.#graph.inspection : undefined;
      const { loss, rate, inspected } = await this.#stepper.make(this.#step, { runner, inspection });
      await this.#refuseLostWeights(loss);
      this.#step += 1;
      if (inspected) await this.#observers.tellAll((observer) => observer.inspected?.(this.#step, inspected));
      this.#run.lease.reached(this.#step);
      // Looking into a step takes time that is not the step's.
      if (inspected && this.#laps.mean !== undefined) this.#laps.start();
      else this.#laps.lap();
      if (this.#step % SUMMARY_EVERY_STEPS === 0 || this.#step === end) this.#tell(loss, rate);
      if (this.#step % this.#run.request.checkpointEverySteps === 0) await this.checkpoint();
      if (this.#run.signal.aborted) await this.#interrupt();
    }
    this.#observers.tell((observer) => observer.epochEnded?.(epoch));
    await this.checkpoint();
  }

  /** Evaluates on the validation split, exactly. */
  async evaluate(): Promise<Evaluation> {
    const { run } = this.#run.request;
    const startedAt = performance.now();
    const examples = countExamples(this.#run.manifest, 'validation');
    this.#observers.tell((observer) => observer.evaluationStarted?.(this.position));
    const found = await evaluate(this.#session, this.#graph, {
      files: this.#shards.validation,
      examples,
      outputs: this.#run.outputs,
      onProgress: (done) => {
        const ratePerSecond = (1000 * done) / (performance.now() - startedAt);
        this.#report('evaluating', { done, total: examples, unit: 'images', ratePerSecond });
      },
    });
    const { confusion, ...evaluation } = found.metrics;
    if (!Number.isFinite(evaluation.loss)) {
      throw diverged(this.#run.request, { what: 'the loss on the validation split', value: evaluation.loss });
    }
    this.#found = found;
    this.#evaluation = evaluation;
    this.#evaluatedStep = this.#step;
    await this.#observers.tellAll((observer) => observer.evaluated?.(this.position, found.metrics));
    await writeConfusion(this.#run, this.#step, confusion);
    await this.#run.bus.publish(Evaluated, { run, step: this.#step, evaluation });
    await this.#writeEntry('running');
    return evaluation;
  }

  /** Makes the present step durable: TensorFlow's files, digests, entry, and then the store's copy. */
  async checkpoint(): Promise<Checkpoint> {
    if (this.#checkpoint?.step === this.#step) return this.#checkpoint;
    const { checkpoints, request, bus } = this.#run;
    this.#laps.pause();
    const startedAt = performance.now();
    await this.#run.lease.confirm();
    const checkpoint = await this.#save().catch(async (error: unknown) => {
      // A full disk is not made emptier by half a checkpoint.
      await checkpoints.removeUnfinished().catch(() => undefined);
      throw error;
    });
    this.#checkpoint = checkpoint;
    const seconds = (performance.now() - startedAt) / 1000;
    this.#observers.tell((observer) => observer.checkpointed?.(this.#step, seconds));
    await this.#observers.tellAll((observer) => observer.flush?.());
    const { stale } = await nameCheckpoints(this.#run, checkpoint);
    await this.#run.mirror.commitEvents();
    await removeCheckpoints(this.#run, stale);
    await this.#writeEntry('running');
    const { epoch } = this.position;
    await bus.publish(Checkpointed, { run: request.run, step: this.#step, epoch, key: `model.ckpt-${this.#step}` });
    this.#laps.start();
    return checkpoint;
  }

  async #save(): Promise<Checkpoint> {
    const { checkpoints, threads } = this.#run;
    await this.#graph.saver.save(this.#session, checkpoints.prefix(this.#step));
    return checkpoints.complete(this.#step, {
      tensorflow: tensorflowVersion(),
      cpu: cpus()[0]?.model ?? 'unknown',
      oneDnn: process.env['TF_ENABLE_ONEDNN_OPTS'] === '1',
      threads,
    });
  }

  /** Writes the report on what the last evaluation found. */
  async report(version: number): Promise<void> {
    if (!this.#found) return;
    await this.#observers.tellAll((observer) => observer.flush?.());
    const { validation: files, validationRecords: records } = this.#shards;
    const path = await writeReport(this.#run, { ...this.#found, files, records, step: this.#step, version });
    this.#notices.push(`the report is ${path}`);
  }

  /** Marks the run as done. */
  async finish(version: number): Promise<void> {
    this.#observers.tell((observer) => observer.done?.(this.position));
    await this.#writeEntry('done', version);
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    await this.#observers.tellAll((observer) => observer.close?.());
    await this.#run.mirror.commitEvents();
    this.#session[Symbol.dispose]();
    this.#graph.graph[Symbol.dispose]();
  }

  async #restore(): Promise<void> {
    const latest = await this.#load();
    if (!latest) return;
    this.#step = latest.step;
    this.#checkpoint = latest;
    // Nothing is removed yet: what could not be read just now may still be of use to someone.
    await nameCheckpoints(this.#run, latest);
    this.#notices.push(`going on from the checkpoint of step ${latest.step}`);
  }

  /** Gives every variable its value of the last whole checkpoint, or its start where there is none. */
  async #load(): Promise<Checkpoint | undefined> {
    const latest = await this.#run.checkpoints.latest((error) => this.#notices.push(error.message));
    if (latest) await this.#graph.saver.restore(this.#session, latest.prefix);
    await this.#session.run({ targets: [latest ? this.#graph.prepare : this.#graph.initialize] });
    if (!latest) this.#notices.push(...(await startFrom(this.#run, { ...this.#graph, session: this.#session })));
    return latest;
  }

  /** Before anything is written: a checkpoint of lost weights would replace one that can be gone on from. */
  async #refuseLostWeights(loss: number): Promise<void> {
    if (Number.isFinite(loss)) return;
    const goBack = async (): Promise<number> => (await this.#load())?.step ?? 0;
    const divergence = { graph: this.#graph, stepper: this.#stepper, failed: this.#step, goBack };
    const first = await findFirstNonFinite(this.#run, divergence);
    throw diverged(this.#run.request, { what: 'the loss of a batch', value: loss, first });
  }

  #tell(loss: number, learningRate: number): void {
    const imagesPerSecond = this.#laps.recent;
    this.#observers.tell((observer) => observer.stepped?.({ step: this.#step, loss, learningRate, imagesPerSecond }));
    const { epoch } = positionAt(this.#step - 1, this.#run.stepsPerEpoch);
    this.#report(`epoch ${epoch + 1} of ${this.#run.request.epochs}`, {
      done: this.#step * this.#run.request.batch,
      total: this.#run.totalSteps * this.#run.request.batch,
      unit: 'images',
      ratePerSecond: imagesPerSecond,
      figures: { loss },
    });
  }

  #report(phase: string, figures: Omit<Parameters<RunContext['report']>[0], 'phase'>): void {
    this.#run.report({
      phase,
      ...figures,
      ...(this.#notices.length > 0 ? { notices: this.#notices.slice(0, 20) } : {}),
    });
  }

  async #interrupt(): Promise<never> {
    await this.checkpoint();
    await this.#writeEntry('stopped');
    throw new CodedError('INTERRUPTED', `Training was stopped after a checkpoint at step ${this.#step}`);
  }

  async #writeEntry(state: RunEntry['state'], version?: number): Promise<void> {
    const { request, directory, mirror, bus } = this.#run;
    const entry: RunEntry = {
      format: 'bluewaters.run.v1',
      request,
      state,
      step: this.#step,
      epoch: this.position.epoch,
      ...(this.#checkpoint ? { checkpointStep: this.#checkpoint.step } : {}),
      ...(this.#evaluation ? { evaluation: this.#evaluation } : {}),
      ...(version === undefined ? {} : { version }),
    };
    await writeRunEntry(directory, entry);
    await mirror.commit([join(directory, 'run.json')]);
    await (await bus.state(Runs)).put(request.run, runRecord(entry));
  }
}
