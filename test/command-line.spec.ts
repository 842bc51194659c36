import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { COMMAND, listVerbs, runCli, withoutOptions } from './support/cli.js';

const VERBS = await listVerbs();

describe('the command line', () => {
  it('lists the verbs that the README speaks of, with a line on each', async () => {
    const { code, stdout } = await runCli(['--help']);
    expect(code).toBe(0);
    const spoken = ['run', 'ingest', 'shards', 'train', 'serve', 'classify', 'status', 'doctor', 'completion'];
    for (const verb of spoken) expect(stdout).toMatch(new RegExp(`bluewaters ${verb}\\b.* {2}\\S`, 'u'));
    expect(VERBS).toEqual(expect.arrayContaining(['shards build', 'shards verify', 'shards ls']));
  });

  it.each(VERBS)('explains every option of %s, and shows an example', async (verb) => {
    const { stdout } = await runCli([...verb.split(' '), '--help']);
    const [list = '', examples = ''] = stdout.split('\nExamples:');
    // A line that goes on with an explanation may begin with an option's name too, but further in.
    const options = list.split('\n').filter((line) => /^ {2,6}--/u.test(line));
    expect(options.length).toBeGreaterThan(2);
    for (const option of options) expect(option).toMatch(/--[a-z-]+ {2,}\S/u);
    expect(examples).toContain(`bluewaters ${verb}`);
  });

  it('ends without a word when whoever reads has seen enough, as for head', async () => {
    const drawing = join(await temporaryDirectory(), 'plan.svg');
    // It has more to do after it has printed.
    const line = `"${process.execPath}" "${COMMAND}" plan --network lenet --svg "${drawing}" | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', line], { env: withoutOptions(process.env) });
    expect([stdout, stderr]).toEqual(['141\n', '']);
  });

  it('refuses an unknown option by name, proposes the nearest, and says where all are, with exit code 2', async () => {
    const { code, stderr } = await runCli(['shards', 'build', '--train-shard', '3']);
    expect(code).toBe(2);
    expect(stderr.split('\n').slice(-4)).toEqual([
      'Unknown argument: train-shard',
      'Did you mean --train-shards?',
      'See `bluewaters shards build --help`.',
      '',
    ]);
  });

  it('refuses an unknown verb and proposes the nearest', async () => {
    const { code, stderr } = await runCli(['trian']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean train?');
  });

  it('refuses an unknown BLUEWATERS_ variable by name', async () => {
    const { code, stderr } = await runCli(['status'], { env: { BLUEWATERS_STOER: '/x' } });
    expect(code).toBe(1);
    expect(stderr).toContain('BLUEWATERS_STOER');
  });

  it('takes options from flags before the environment before a file', async () => {
    const directory = await temporaryDirectory();
    const config = join(directory, 'options.json');
    await writeFile(config, JSON.stringify({ store: join(directory, 'from-file') }));
    const env = { BLUEWATERS_STORE: join(directory, 'from-environment') };
    const where = async (flags: string[], environment: NodeJS.ProcessEnv): Promise<string> =>
      (await runCli(['shards', 'ls', ...flags], { env: environment })).stdout;
    expect(await where(['--config', config], {})).toContain('from-file');
    expect(await where(['--config', config], env)).toContain('from-environment');
    expect(await where(['--config', config, '--store', join(directory, 'from-flag')], env)).toContain('from-flag');
  });

  it('refuses an unknown entry of the file by name', async () => {
    const config = join(await temporaryDirectory(), 'options.json');
    await writeFile(config, '{"stroe": "x"}');
    const { code, stderr } = await runCli(['status', '--config', config]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/CONFIG_INVALID.*stroe.*expected store/su);
  });

  it.each([
    ['text for a number', ['train', '--epochs', 'many'], /--epochs, expected a number/u],
    ['a fraction for a count', ['train', '--epochs', '1.5'], /--epochs, expected a whole number, got 1\.5/u],
    ['a store without a name', ['status', '--store', ''], /field store/u],
    [
      'workers for services that have their own',
      ['ingest', '--workers', '2', '--bus', 'nats://127.0.0.1:1'],
      /field workers/u,
    ],
    ['an archive beside the quickstart', ['run', '--quickstart', '--images', 'A.tar'], /field images, .* got both/u],
  ])('refuses %s in plain words', async (_what, args, complaint) => {
    const { code, stderr } = await runCli(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/CONFIG_INVALID/u);
    expect(stderr).toMatch(complaint);
  });

  it('prints a completion script, by which bash completes verbs and options', async () => {
    const directory = await temporaryDirectory();
    await symlink(COMMAND, join(directory, 'bluewaters'));
    const env = {
      ...withoutOptions(process.env),
      PATH: `${directory}:${process.env['PATH'] ?? ''}`,
      SHELL: '/bin/bash',
    };
    const typed = [[''], ['tr'], ['shards', 'b'], ['train', '--ep']];
    const asks = typed.map((words) => {
      const line = ['bluewaters', ...words].map((word) => `'${word}'`).join(' ');
      return `COMP_WORDS=(${line}) COMP_CWORD=${words.length}; _bluewaters_yargs_completions; echo "\${COMPREPLY[@]}"`;
    });
    const script = ['source <(bluewaters completion)', ...asks].join('\n');
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { env });
    const [verbs = '', ...others] = stdout.trimEnd().split('\n');
    expect(verbs.split(' ')).toEqual(expect.arrayContaining(VERBS.map((verb) => verb.replace(/ .*/u, ''))));
    expect(others).toEqual(['train', 'build', '--epochs']);
  });

  it('says with --json how it failed, as one JSON object on the last line', async () => {
    const ended = await runCli(['train', '--dataset', 'nothing', '--store', await temporaryDirectory(), '--json']);
    expect(ended.code).toBe(1);
    expect(ended.json()).toMatchObject({ error: { code: 'MANIFEST_INVALID' } });
    const mistyped = await runCli(['train', '--epoch', '3', '--json']);
    expect(mistyped.code).toBe(2);
    expect(mistyped.json()).toMatchObject({ error: { code: 'CONFIG_INVALID' } });
  });

  it('gives the JSON object also when the environment or a file asks for it', async () => {
    const directory = await temporaryDirectory();
    const config = join(directory, 'options.json');
    await writeFile(config, '{"json": true}');
    const ls = ['shards', 'ls', '--store', directory];
    expect((await runCli(ls, { env: { BLUEWATERS_JSON: 'true' } })).json()).toHaveProperty('datasets');
    expect((await runCli([...ls, '--config', config])).json()).toHaveProperty('datasets');
  });
});
