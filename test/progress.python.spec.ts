import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters, promisify } from 'node:util';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMAND, runCli, withoutOptions } from './support/cli.js';
import { archiveFlags, writeArchive } from './support/pictures.js';
import { PYTHON } from './support/python.js';

/** Runs a program on a terminal of its own, and writes on stdout what appears there. */
const ON_A_TERMINAL = 'import pty, sys, os; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

const TRAINING = /^ {2}training: epoch \d+ of 40, \d+ %, [\d,]+ images\/s, (\d+ min )?\d+ s left, loss \d/u;
const SHARE = /^ {2}(ingest|shards|training): .*\b\d+ %/u;

describe('progress', { timeout: 120_000 }, () => {
  let directory: string;
  let line: string[];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    const archive = await writeArchive(join(directory, 'archive'));
    line = ['run', ...archiveFlags(archive), '--epochs', '40', '--batch', '24'];
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('on a terminal is one live line with share, rate and time left', async () => {
    const command = [process.execPath, COMMAND, ...line, '--store', join(directory, 'live')];
    const env = withoutOptions(process.env);
    const { stdout } = await promisify(execFile)(PYTHON ?? 'python3', ['-c', ON_A_TERMINAL, ...command], { env });
    // What one line held, one state after another: each clears the one before.
    const states = stdout.split('\n').map((text) => text.split('\r\x1b[K'));
    const training = states.find((line) => line.filter((state) => TRAINING.test(state)).length > 1);
    expect(training).toBeDefined();
    expect(training?.at(-1)).not.toMatch(TRAINING);
    expect(states.map((line) => line.at(-1)?.trimEnd())).toContainEqual(
      expect.stringMatching(/^ {2}training: \d+ steps at /u),
    );
  });

  it('elsewhere is plain lines with share, rate and time left, without escape sequences', async () => {
    const ended = await runCli([...line, '--store', join(directory, 'plain')]);
    expect(ended.code).toBe(0);
    for (const text of [ended.stdout, ended.stderr]) {
      expect(text).toBe(stripVTControlCharacters(text));
      expect(text).not.toContain('\r');
    }
    const lines = ended.stderr.split('\n');
    expect(lines.filter((text) => TRAINING.test(text))).not.toEqual([]);
    // A new phase may say its first rate, and each of 40 epochs trains and evaluates; a live line changes far more often.
    expect(lines.filter((text) => SHARE.test(text)).length).toBeLessThan(100);
  });
});
