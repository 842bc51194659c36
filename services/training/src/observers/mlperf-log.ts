import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** A value that MLPerf's log takes. */
export type MlperfValue = string | number | boolean | null;

/** What is told at the start of a run: who submits, and with what. */
export interface MlperfSubmission {
  readonly org: string;
  readonly platform: string;
  readonly trainExamples: number;
  readonly validationExamples: number;
  /** Hyper-parameters, by MLPerf's keys such as `global_batch_size`. */
  readonly hyperparameters: Readonly<Record<string, MlperfValue>>;
}

/**
 * The log of one training in the form that MLPerf's compliance checker reads (training, open division, resnet). A run
 * that goes on after a stop adds to its log, without a second beginning.
 *
 * Epochs count from 1, as MLPerf's do. Lines are written at once: there are few, and a kill loses none.
 *
 * @see https://github.com/mlcommons/logging, training_4.0.0/common.yaml
 */
export class MlperfLog {
  readonly path: string;
  readonly #continues: boolean;

  /** @param path A file that exists is of an earlier start of the run, which may have ended before the run began. */
  constructor(path: string) {
    this.path = path;
    this.#continues = existsSync(path) && readFileSync(path, 'utf8').includes('"run_start"');
    if (this.#continues) this.#write('POINT_IN_TIME', 'bluewaters_resumed', null);
    else this.#write('INTERVAL_START', 'init_start', null);
  }

  /** The network is built and its variables have their start; from here on data may be read. */
  initialised({ org, platform, trainExamples, validationExamples, hyperparameters }: MlperfSubmission): void {
    if (this.#continues) return;
    const facts: Readonly<Record<string, MlperfValue>> = {
      submission_benchmark: 'resnet',
      submission_division: 'open',
      submission_status: 'research',
      submission_org: org,
      submission_platform: platform,
      // The system may still have the records in memory; throwing them out takes rights that a run has not.
      cache_clear: false,
      train_samples: trainExamples,
      eval_samples: validationExamples,
      ...hyperparameters,
    };
    for (const [key, value] of Object.entries(facts)) this.#write('POINT_IN_TIME', key, value);
    this.#write('INTERVAL_END', 'init_stop', null);
    this.#write('INTERVAL_START', 'run_start', null);
  }

  /** @param epoch From 1; told again when a start goes on within it. */
  epochStarted(epoch: number): void {
    this.#write('INTERVAL_START', 'epoch_start', null, { epoch_num: epoch });
  }

  /** @param epoch From 1. */
  epochStopped(epoch: number): void {
    this.#write('INTERVAL_END', 'epoch_stop', null, { epoch_num: epoch });
  }

  /** @param epoch The last that was trained. */
  evaluationStarted(epoch: number): void {
    this.#write('INTERVAL_START', 'eval_start', null, { epoch_num: epoch });
  }

  /** @param accuracy Top-1, 0 to 1. */
  evaluated(epoch: number, accuracy: number): void {
    this.#write('POINT_IN_TIME', 'eval_accuracy', accuracy, { epoch_num: epoch });
    this.#write('INTERVAL_END', 'eval_stop', null, { epoch_num: epoch });
  }

  /** The run has had all its epochs. */
  done(): void {
    this.#write('INTERVAL_END', 'run_stop', null, { status: 'success' });
  }

  #write(
    event: 'INTERVAL_START' | 'INTERVAL_END' | 'POINT_IN_TIME',
    key: string,
    value: MlperfValue,
    metadata: Readonly<Record<string, MlperfValue>> = {},
  ): void {
    const line = { namespace: '', time_ms: Date.now(), event_type: event, key, value, metadata };
    appendFileSync(this.path, `:::MLLOG ${JSON.stringify(line)}\n`);
  }
}
