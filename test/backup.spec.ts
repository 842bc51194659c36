import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory, until } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, startCli } from './support/cli.js';
import { bash, bashOutput } from './support/docker.js';
import { digestFolder } from './support/folders.js';
import { commandsIn, markedBlock, ROOT } from './support/pages.js';
import { archiveFlags, writeArchive } from './support/pictures.js';

const PAGE = 'docs/operations.md';
const RECIPE = ['--dataset', 'pictures', '--network', 'lenet', '--batch', '24', '--learning-rate', '0.003'];
/** More epochs than any test waits for. */
const LONG = ['--run', 'long', '--epochs', '5000', '--checkpoint-every-steps', '150', '--threads', '1'];

/** What `status --json` tells, as far as a copy has to tell the same. */
interface Status {
  readonly indexes: readonly object[];
  readonly datasets: readonly object[];
  readonly models: readonly object[];
  readonly runs: readonly { readonly run: string; readonly state: string; readonly checkpointStep?: number }[];
}

/** The commands that the page marks with `<!-- run: NAME -->`, as one script. */
const marked = (name: string): string =>
  markedBlock(commandsIn(PAGE), name)
    .lines.map((line) => line.replace(/^npx /u, 'npx --no-install '))
    .join('\n');

describe('a store that was backed up as the page says', { timeout: 180_000 }, () => {
  let directory: string;
  let flags: string[];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    flags = archiveFlags(await writeArchive(join(directory, 'archive')));
    // So that npx finds the command as it does in the repository.
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    const ended = await command('run', ...flags, ...RECIPE, '--epochs', '2');
    expect(ended.code, ended.stderr).toBe(0);
  }, 120_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** In the folder whose `run` is the store. */
  const command = (...args: string[]) => runCli(args, { cwd: directory });
  const statusOf = async (...args: string[]): Promise<Status> =>
    (await command('status', '--json', ...args)).json<Status>();
  const evaluation = async (): Promise<unknown> => {
    const { imagesPerSecond: _, ...said } = (await command('evaluate', '--model', 'pictures', '--json')).json();
    return said;
  };
  const script = (name: string): string => `set -e -o pipefail; cd ${directory}\n${marked(name)}`;
  const classified = async (...args: string[]): Promise<unknown> =>
    (await command('classify', 'archive/picture.jpg', '--model', 'pictures', '--json', ...args)).json();

  it('gives a run and a model away by themselves', async () => {
    await bashOutput(script('back up a part'));
    const other = join(directory, 'other');
    await mkdir(other);
    await bashOutput(`cd ${directory} && tar -xf run.tar -C other && tar -xf model.tar -C other`);
    const store = ['--store', other];
    expect(await classified(...store)).toEqual(await classified());
    const [run] = (await statusOf(...store)).runs;
    expect(run).toMatchObject({ run: 'pictures-lenet', state: 'done' });
    // Beside its dataset it goes on.
    await cp(join(directory, 'run/datasets'), join(other, 'datasets'), { recursive: true });
    const ended = await command('train', ...RECIPE, '--epochs', '4', ...store);
    expect(ended.stderr).toMatch(/going on from the checkpoint of step \d+/u);
    expect(ended.code).toBe(0);
  });

  it('is the same again after it was lost: what there is, answers, and files byte for byte', async () => {
    const before = [await statusOf(), await evaluation(), await classified()];
    await bashOutput(script('back up'));
    const files = await digestFolder(join(directory, 'run'));
    await rm(join(directory, 'run'), { recursive: true });
    expect((await statusOf()).models).toEqual([]);
    const said = await bashOutput(script('restore'));
    expect(said).toMatch(/pictures-lenet +lenet +done/u);
    expect(said).toMatch(/top-1/iu);
    expect([await statusOf(), await evaluation(), await classified()]).toEqual(before);
    const kept = Object.entries(files).filter(([name]) => !name.includes('/leases/'));
    expect(await digestFolder(join(directory, 'run'))).toMatchObject(Object.fromEntries(kept));
    // Going on with the run from its checkpoint, to one epoch more.
    const ended = await command('train', ...RECIPE, '--epochs', '3');
    expect(ended.stderr).toMatch(/going on from the checkpoint of step \d+/u);
    expect(ended.code).toBe(0);
  });

  it('has whole checkpoints, and goes on from one, though training went on while it was copied', async () => {
    const training = startCli(['train', ...RECIPE, ...LONG], { cwd: directory });
    const standing = async () => (await statusOf()).runs.find(({ run }) => run === 'long');
    /** 1 says that a file has grown meanwhile, as summaries do. */
    const copied = async (): Promise<boolean> => ((await bash(script('back up'))).code ?? 2) <= 1;
    try {
      await until('two checkpoints', async () => ((await standing())?.checkpointStep ?? 0) > 150, 60_000);
      await until('a copy during which none was replaced', copied, 60_000);
    } finally {
      training.process.kill('SIGKILL');
      await training.ended;
    }
    // The rank lives on for a moment.
    await until('the rank to be gone', async () => (await standing())?.state === 'interrupted');
    await rm(join(directory, 'run'), { recursive: true });
    await bashOutput(script('restore').replace('pictures-lenet', 'long'));
    const { checkpoints } = (await command('checkpoint', 'ls', 'long', '--json')).json<{
      checkpoints: { step: number; state: string }[];
    }>();
    const whole = checkpoints.filter(({ state }) => state === 'whole').map(({ step }) => step);
    expect(whole.length).toBeGreaterThan(0);
    expect(checkpoints.filter(({ state }) => state === 'damaged')).toEqual([]);
    const again = startCli(['train', ...RECIPE, ...LONG], { cwd: directory });
    expect(await again.line(/going on from the checkpoint of step \d+/u)).toContain(`step ${whole.at(-1)}`);
    again.process.kill('SIGTERM');
    expect((await again.ended).code).toBe(130);
  });
});
