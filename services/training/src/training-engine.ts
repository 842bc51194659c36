import { cpus } from 'node:os';
import { imageSizeAt } from '@bluewaters/models';
import { givingMemoryBack, hasNativeOperations, Session, Tensor, tensorflowVersion } from '@bluewaters/tensorflow';
import type { Checkpoint } from './checkpoints.js';
import type { LocalShards } from './local-shards.js';
import { rateOf, startFrom } from './parent.js';
import type { OpenedRun } from './run-context.js';
import type { Stepper } from './stepper.js';
import { buildTrainingGraph, type TrainingGraph } from './training-graph.js';
import { wayOf } from './ways.js';

/** Which weights all ranks start with: those of a checkpoint's step, or the first ones. */
export interface StartingPoint {
  readonly step: number;
  readonly restored: boolean;
}

/**
 * What a run computes with: its graph, and the session that holds the variables' values. One for each size of training
 * pictures, since shapes are known while a graph is built; the next one goes on from a checkpoint, as a later start does.
 */
export class TrainingEngine {
  /** Side of training pictures, in pixels. */
  readonly imageSize: number;
  readonly graph: TrainingGraph;
  readonly session: Session;
  readonly stepper: Stepper;
  readonly #run: OpenedRun;

  /** @param epoch The one that it is to train, from 0. */
  constructor(run: OpenedRun, shards: LocalShards, epoch: number) {
    this.#run = run;
    this.imageSize = imageSizeAt(run.request, epoch);
    const way = wayOf(run);
    this.graph = buildTrainingGraph({
      network: run.network,
      request: run.request,
      input: run.input,
      trainingSize: this.imageSize,
      rateOf: (name) => rateOf(name, run.parent),
      outputs: run.outputs,
      threads: run.threads,
      way,
    });
    this.session = new Session(this.graph.graph, way.session());
    this.stepper = way.stepper({ run, shards, graph: this.graph, session: this.session });
  }

  /**
   * Gives every variable its value of a checkpoint; without one its start: the network's own, or its value in the model
   * that the run starts from.
   *
   * @returns What the user should know.
   */
  async goTo(checkpoint: Pick<Checkpoint, 'prefix'> | undefined): Promise<readonly string[]> {
    if (checkpoint) await this.graph.saver.restore(this.session, checkpoint.prefix);
    const first = checkpoint ? this.graph.prepare : this.graph.initialize;
    await givingMemoryBack(() => this.session.run({ targets: [first] }));
    return checkpoint ? [] : startFrom(this.#run, { ...this.graph, session: this.session });
  }

  /** The same of what rank 0 says, which knows whether there is a checkpoint. */
  goToStart({ step, restored }: StartingPoint): Promise<readonly string[]> {
    return this.goTo(restored ? { prefix: this.#run.checkpoints.prefix(step) } : undefined);
  }

  /** Writes every variable's value as the checkpoint of a step; nothing half-written stays behind when that fails. */
  async save(step: number): Promise<Checkpoint> {
    const { checkpoints, threads } = this.#run;
    // Others may make steps meanwhile; a checkpoint counts those that it is named by.
    using count = Tensor.scalar('int64', step);
    try {
      await this.graph.saver.save(this.session, checkpoints.prefix(step), [[this.graph.globalStep.value, count]]);
      return await checkpoints.complete(step, {
        tensorflow: tensorflowVersion(),
        cpu: cpus()[0]?.model ?? 'unknown',
        oneDnn: process.env['TF_ENABLE_ONEDNN_OPTS'] === '1',
        ownOperations: hasNativeOperations(),
        threads,
      });
    } catch (error) {
      // A full disk is not made emptier by half a checkpoint.
      await checkpoints.removeUnfinished().catch(() => undefined);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.session[Symbol.dispose]();
    this.graph.graph[Symbol.dispose]();
  }
}
