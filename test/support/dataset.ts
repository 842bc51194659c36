import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll } from 'vitest';
import { runCli } from './cli.js';
import { archiveFlags, writeArchive } from './pictures.js';

/** What the tests of a suite train in, from before the first of them until after the last. */
export interface Premises {
  /** Theirs to write to; the store is within. */
  readonly directory: string;
  /** The folder of the store. */
  readonly folder: string;
  /** The option that names the store. */
  readonly store: readonly string[];
}

/**
 * Gives the tests of a suite a store with the dataset `d` of the tests' pictures: 96 records to train on, in two shards.
 * What it returns is filled in before the first test: to be read within tests and hooks, not while they are declared.
 */
export function useStoreWithDataset(): Premises {
  const premises = { directory: '', folder: '', store: [] as string[] };
  beforeAll(async () => {
    const directory = await temporaryDirectory();
    const folder = join(directory, 'store');
    Object.assign(premises, { directory, folder, store: ['--store', folder] });
    await fillStore(premises);
  }, 120_000);
  afterAll(() => rm(premises.directory, { recursive: true, force: true }));
  return premises;
}

async function fillStore({ directory, store }: Premises): Promise<void> {
  const archive = await writeArchive(join(directory, 'archive'));
  await runCli(['ingest', ...archiveFlags(archive), '--dataset', 'd', ...store]);
  await runCli(['shards', 'build', '--dataset', 'd', '--train-shards', '2', '--validation-share', '0.2', ...store]);
}

/** Trains lenet on the dataset of {@link useStoreWithDataset}, in 12 steps an epoch. */
export const LENET_TRAINING = [
  ...['--dataset', 'd', '--network', 'lenet', '--batch', '8', '--learning-rate', '0.005', '--threads', '1'],
  ...['--checkpoint-every-steps', '10'],
];

/** A process of this machine by its arguments and its environment. @throws {Error} When there is none. */
export async function findProcess(
  isIt: (args: readonly string[], environment: readonly string[]) => boolean,
): Promise<number> {
  const read = async (pid: string, file: string): Promise<string[]> =>
    (await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')).split('\0');
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/u.test(name))) {
    if (isIt(await read(pid, 'cmdline'), await read(pid, 'environ'))) return Number(pid);
  }
  throw new Error(`no process is as ${isIt.toString()} wants`);
}

/** The process of a rank of a run that MPICH started on this machine, where no test beside this one has a run of that name. */
export function findRank(run: string, rank: number): Promise<number> {
  return findProcess((args, environment) => hasOption(args, '--run', run) && environment.includes(`PMI_RANK=${rank}`));
}

/** Whether an option stands among arguments with a value. */
export function hasOption(args: readonly string[], option: string, value: string): boolean {
  return args.some((arg, index) => arg === option && args[index + 1] === value);
}
