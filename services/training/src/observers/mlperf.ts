import { cpus } from 'node:os';
import { join } from 'node:path';
import type { ClassificationMetrics } from '@bluewaters/models';
import { countExamples } from '../manifest.js';
import type { Position } from '../position.js';
import type { RunContext } from '../run-context.js';
import { MlperfLog } from './mlperf-log.js';
import type { RunObserver } from './observer.js';

/** Keeps `checkpoint_dir/mlperf.log`. Made when the graph is begun; see {@link MlperfLog}. */
export class MlperfObserver implements RunObserver {
  readonly #run: RunContext;
  readonly #log: MlperfLog;

  constructor(run: RunContext) {
    this.#run = run;
    this.#log = new MlperfLog(join(run.directory, 'mlperf.log'));
  }

  /** From here on pictures are read. */
  async started(): Promise<void> {
    const { request, manifest } = this.#run;
    this.#log.initialised({
      org: 'unnamed',
      platform: `1 x ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`,
      trainExamples: countExamples(manifest, 'train'),
      validationExamples: countExamples(manifest, 'validation'),
      hyperparameters: {
        global_batch_size: request.batch,
        gradient_accumulation_steps: request.microBatches,
        opt_name: request.optimiser,
        opt_base_learning_rate: request.learningRate,
        opt_weight_decay: request.weightDecay,
        opt_learning_rate_warmup_epochs: request.warmUpEpochs ?? null,
        seed: request.seed,
      },
    });
    await this.flush();
  }

  epochStarted(epoch: number): void {
    this.#log.epochStarted(epoch + 1);
  }

  epochEnded(epoch: number): void {
    this.#log.epochStopped(epoch + 1);
  }

  evaluationStarted({ epoch }: Position): void {
    this.#log.evaluationStarted(epoch);
  }

  async evaluated({ epoch }: Position, { top1 }: ClassificationMetrics): Promise<void> {
    this.#log.evaluated(epoch, top1);
    await this.flush();
  }

  done(): void {
    this.#log.done();
  }

  async flush(): Promise<void> {
    await this.#run.mirror.commit([this.#log.path]);
  }
}
