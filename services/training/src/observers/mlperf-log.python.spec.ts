import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runKeys } from '@bluewaters/records';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { workplace } from '../workplace.fixture.js';
import { MlperfLog } from './mlperf-log.js';

const PYTHON = process.env['BLUEWATERS_PYTHON'];

/** What MLPerf's own checker says of a log. */
async function check(path: string): Promise<{ readonly accepted: boolean; readonly said: string }> {
  const args = ['-m', 'mlperf_logging.compliance_checker', '--usage', 'training', '--ruleset', '4.0.0', path];
  const options = { cwd: await temporaryDirectory() }; // it writes a log of its own
  const ended = await promisify(execFile)(PYTHON ?? '', args, options).catch((error: unknown) => error);
  const { code = 0, stdout, stderr } = ended as { code?: number; stdout: string; stderr: string };
  return { accepted: code === 0, said: stdout + stderr };
}

async function newPath(): Promise<string> {
  return join(await temporaryDirectory(), 'mlperf.log');
}

/** The values of a field on the lines of a key, in order. */
async function valuesOf(path: string, key: string, field: string): Promise<unknown[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.includes(`"key":"${key}"`));
  return lines.map((line) => (JSON.parse(line.slice(line.indexOf('{'))) as Record<string, unknown>)[field]);
}

/** How a log is written. */
interface Writing {
  /** Epochs that the first start has; all of them by default. */
  readonly stopAfter?: number;
  /** A file of its own by default. */
  readonly path?: string;
}

/** A log as a run of some epochs writes it, in some starts. */
async function writeLog(accuracies: readonly number[], writing: Writing = {}): Promise<string> {
  const { stopAfter = Infinity, path = await newPath() } = writing;
  let log: MlperfLog | undefined;
  for (const [index, accuracy] of accuracies.entries()) {
    if (!log || index === stopAfter) {
      log = new MlperfLog(path);
      log.initialised({
        ...{ org: 'someone', platform: 'one machine', trainExamples: 64, validationExamples: 21 },
        hyperparameters: { global_batch_size: 8, opt_name: 'sgd', seed: 1 },
      });
    }
    log.epochStarted(index + 1);
    log.epochStopped(index + 1);
    log.evaluationStarted(index + 1);
    log.evaluated(index + 1, accuracy);
  }
  log?.done();
  return path;
}

describe.skipIf(!PYTHON)("the log for MLPerf's checker (needs BLUEWATERS_PYTHON)", { timeout: 120_000 }, () => {
  it('is accepted, also of a run that was stopped and went on', async () => {
    for (const path of [await writeLog([0.4, 0.6]), await writeLog([0.4, 0.5, 0.6], { stopAfter: 2 })]) {
      expect(await check(path)).toMatchObject({ accepted: true });
    }
  });

  it('is accepted of a real run that was stopped within an epoch, and kept of no other network than it is for', async () => {
    const { start, directory } = await workplace();
    // Hardly taught: the checker believes no run that is right on everything.
    const run = { network: 'resnet-20', imageSize: 16, batch: 4, learningRate: 1e-6, epochs: 2, mlperfLog: true };
    await expect(start(run, 40)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await start(run);
    const path = join(directory, 'store', runKeys.checkpoints('r'), 'mlperf.log');
    expect(await check(path)).toMatchObject({ accepted: true });
    const [first, second] = [{ epoch_num: 1 }, { epoch_num: 2 }];
    expect(await valuesOf(path, 'epoch_start', 'metadata')).toEqual([first, first, second]);
    expect(await valuesOf(path, 'epoch_stop', 'metadata')).toEqual([first, second]);
    expect(await valuesOf(path, 'eval_accuracy', 'metadata')).toEqual([first, second]);
    expect(await valuesOf(path, 'cache_clear', 'value')).toEqual([false]);
    await expect(start({ run: 'other', mlperfLog: true })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('is accepted of a run that got more epochs when it was done', async () => {
    const path = await writeLog([0.4]);
    expect(await check(await writeLog([0.4, 0.6], { path }))).toMatchObject({ accepted: true });
    expect(await valuesOf(path, 'run_stop', 'metadata')).toHaveLength(2);
  });

  it('is accepted of a run whose first start ended before the run began', async () => {
    const { path } = new MlperfLog(await newPath()); // its process was killed while it built the graph
    await writeLog([0.4], { path });
    expect(await check(path)).toMatchObject({ accepted: true });
  });

  it.each(['submission_org', 'init_stop', 'run_stop', 'eval_accuracy', 'train_samples'])(
    'would be refused without its line %s',
    async (key) => {
      const path = await writeLog([0.4]);
      const lines = (await readFile(path, 'utf8')).split('\n');
      await writeFile(path, lines.filter((line) => !line.includes(`"key":"${key}"`)).join('\n'));
      expect(await check(path)).toMatchObject({ accepted: false });
    },
  );
});
