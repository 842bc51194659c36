/** Starts ranks over MPI, and finds out how they ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { ranksOfJob } from '@bluewaters/collectives';
import { CodedError } from '@bluewaters/errors';
import { onAbort } from '@bluewaters/service';
import type { RankWord } from '@bluewaters/training';
import { throughGenerations, type GenerationOptions, type NextGeneration, type Outcome } from './generations.js';
import { RankLines } from './rank-lines.js';
import { RANK_WORD } from './rank-word.js';
import { PROGRAM } from './start-process.js';
import { RankStopper } from './stop-ranks.js';
import type { VerbContext } from './verb.js';

/** The programs that start ranks, with what each wants to know of their number. */
const LAUNCHERS = {
  mpiexec: (ranks: number) => ['-n', String(ranks)],
  // Not --kill-on-bad-exit: ranks that stop with a checkpoint end with 75, some a little before the others.
  srun: (ranks: number) => ['--ntasks', String(ranks), '--wait=60'],
  aprun: (ranks: number) => ['-n', String(ranks)],
} as const;

/** Names of {@link LAUNCHERS}. */
export const LAUNCHER_NAMES = Object.keys(LAUNCHERS) as [keyof typeof LAUNCHERS];

/** What is to be launched. */
export interface LaunchOptions extends GenerationOptions {
  readonly launcher: keyof typeof LAUNCHERS;
  /** Further arguments of the launcher, such as `-cc none`. */
  readonly launcherArguments: readonly string[];
  /** A command of `bluewaters` and its options. */
  readonly command: readonly string[];
  /** What each rank is started with, beside its place. */
  readonly environment: NodeJS.ProcessEnv;
}

/** How a generation of ranks ended. */
export interface Generation {
  readonly exitCode: number;
  /** What the ranks said themselves. */
  readonly words: readonly RankWord[];
  /** What the launcher or the watchdog wrote of a lost rank. */
  readonly lost: string | undefined;
  /** The last line on stdout. */
  readonly lastLine: string;
}

/** What came of it. */
export interface Launched {
  readonly ranks: number;
  /** 1 where no rank was lost. */
  readonly generations: number;
  /** What rank 0 had to say, where it was asked for JSON. */
  readonly result?: unknown;
}

/**
 * Runs a command on some ranks, as {@link throughGenerations} says.
 *
 * @param run Runs one generation.
 */
export async function launch<Options extends GenerationOptions>(
  options: Options,
  context: VerbContext,
  run: (options: Options & NextGeneration, context: VerbContext) => Promise<Generation>,
): Promise<Launched> {
  const { last, ...launched } = await throughGenerations(options, context, async (next) => {
    const seen = await run({ ...options, ...next }, context);
    return { ...outcomeOf(seen), lastLine: seen.lastLine };
  });
  return { ...launched, ...resultIn(last.lastLine) };
}

/** How a generation ended, in the words of whoever knows best. */
function outcomeOf({ exitCode, words, lost }: Generation): Outcome {
  if (exitCode === 0) return { outcome: 'done' };
  for (const word of words) {
    if (!('failed' in word)) continue;
    const who = word.rank === undefined ? 'a rank' : `rank ${word.rank}`;
    return { outcome: 'failed', reason: `${who} ended with ${word.failed}` };
  }
  const stopped = words.flatMap((word) => ('stopped' in word ? [word] : []));
  // Rank 0 knows of the checkpoint; whose word comes first is chance.
  const told = stopped.find(({ rank }) => rank === 0) ?? stopped[0];
  if (told) return { outcome: 'stopped', reason: told.stopped };
  return { outcome: 'lost', reason: lost ?? `the ranks ended with exit code ${exitCode} and without a word` };
}

/** Lets the launcher of an MPI run a generation. */
export async function runByLauncher(
  options: LaunchOptions & NextGeneration,
  context: VerbContext,
): Promise<Generation> {
  const { signal, print } = context;
  const { launcher, ranks } = options;
  const words: RankWord[] = [];
  const lines = await RankLines.open({ ranks, areHere: areHere(options), hear: (word) => words.push(word) });
  const child = spawnLauncher(options, lines.variables);
  const stopper = new RankStopper(child, context);
  const stopHeeding = onAbort(signal, () => stopper.stop());
  // Of a lost rank: what came first of the watchdog's word and the end of a connection, and what the launcher says.
  let [found, said, lastLine] = ['', '', ''];
  onLines(child.stderr, (line) => {
    const word = wordIn(line);
    if (word) {
      words.push(word);
      stopper.hear(word);
    } else if (/ends this generation/u.test(line)) found ||= lines.lost ?? line;
    else if (!found) said ||= lostRank(line, words) ?? (process.stderr.write(`${line}\n`), '');
  });
  onLines(child.stdout, (line) => {
    said ||= lostRank(line, words) ?? '';
    lastLine = line;
    print(line);
  });
  try {
    const exitCode = await exitOf(child, launcher);
    return { exitCode, words, lost: found || lines.lost || said || undefined, lastLine };
  } finally {
    stopHeeding();
    lines.close();
  }
}

/** Starts it in a process group of its own: Ctrl-C is for this process, which lets the ranks write a checkpoint. */
function spawnLauncher(
  options: LaunchOptions & NextGeneration,
  variables: Readonly<Record<string, string>>,
): ChildProcess {
  const { launcher, ranks, launcherArguments, command, environment, generations } = options;
  const args = [...LAUNCHERS[launcher](ranks), ...launcherArguments, process.execPath, PROGRAM, ...command];
  return spawn(launcher, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: {
      ...environment,
      BLUEWATERS_LAUNCHED: '1',
      ...variables,
      ...generations.variables(options),
      ...(launcher === 'aprun' && { BLUEWATERS_WORLD_SIZE: String(ranks) }),
    },
  });
}

/** Whether nothing says that ranks may be on other machines. */
function areHere({ launcher, launcherArguments }: LaunchOptions): boolean {
  return launcher === 'mpiexec' && launcherArguments.length === 0 && ranksOfJob(process.env) === undefined;
}

/** MPICH's launcher names a process and its host: `=   PID 123 RUNNING AT nid00012`. */
function lostRank(line: string, words: readonly RankWord[]): string | undefined {
  const [, pid, host] = /\bPID (\d+) RUNNING AT (\S+)/u.exec(line) ?? [];
  if (pid === undefined) return undefined;
  const word = words.find((each) => 'pid' in each && each.pid === Number(pid));
  return word ? `rank ${word.rank} on ${host} was lost` : `process ${pid} on ${host} was lost`;
}

/** What a rank tells by a line on stderr; undefined for what is meant for people. */
export function wordIn(line: string): RankWord | undefined {
  return line.startsWith(RANK_WORD) ? (JSON.parse(line.slice(RANK_WORD.length)) as RankWord) : undefined;
}

/** Tells each line that comes. */
export function onLines(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  if (stream) createInterface({ input: stream }).on('line', take);
}

function exitOf(child: ChildProcess, launcher: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      const message = `${launcher} cannot be started; it comes with MPI, on Debian by \`apt-get install mpich\`; --over grpc does without`;
      reject(new CodedError('TOOL_MISSING', message, { cause }));
    });
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals]));
  });
}

/** What the process that leads had to say on its last line, where it was asked for JSON. */
export function resultIn(lastLine: string): { readonly result?: unknown } {
  return lastLine.startsWith('{') ? { result: JSON.parse(lastLine) as unknown } : {};
}
