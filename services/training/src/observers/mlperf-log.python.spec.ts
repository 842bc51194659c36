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

/** A log as a run of some epochs writes it, in some starts. */
async function writeLog(accuracies: readonly number[], { stopAfter = Infinity } = {}): Promise<string> {
  const path = join(await temporaryDirectory(), 'mlperf.log');
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

  it('is accepted of a real run, and kept of no other network than it is for', async () => {
    const { start, directory } = await workplace();
    await start({ network: 'resnet-20', epochs: 2, mlperfLog: true });
    const path = join(directory, 'store', runKeys.checkpoints('r'), 'mlperf.log');
    expect(await check(path)).toMatchObject({ accepted: true });
    const accuracies = (await readFile(path, 'utf8')).split('\n').filter((line) => line.includes('eval_accuracy'));
    expect(accuracies.map((line) => /"epoch_num":(\d+)/u.exec(line)?.[1])).toEqual(['1', '2']);
    await expect(start({ run: 'other', mlperfLog: true })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
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
