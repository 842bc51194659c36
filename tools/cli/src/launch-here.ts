/** Starts ranks that speak over gRPC, as processes of this machine. */
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { constants, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { onAbort } from '@bluewaters/service';
import type { RankWord } from '@bluewaters/training';
import type { GenerationOptions, NextGeneration } from './generations.js';
import { onLines, wordIn, type Generation } from './launch.js';
import { startProcess } from './start-process.js';
import type { VerbContext } from './verb.js';

/** What is to be run. */
export interface HereOptions extends GenerationOptions {
  /** A command of `bluewaters` that takes a rank's place, and its options. */
  readonly command: readonly string[];
  /** What each is started with, beside its place. */
  readonly environment: NodeJS.ProcessEnv;
}

/** How long ranks may take to end once one of them has, in milliseconds. */
const GRACE_MS = 10_000;

/** Runs one generation. */
export async function runHere(options: HereOptions & NextGeneration, context: VerbContext): Promise<Generation> {
  const { signal } = context;
  const rendezvous = join(tmpdir(), `bluewaters-${randomUUID()}`);
  const heard: Heard = { words: [], ends: '', lastLine: '' };
  const ranks = Array.from({ length: options.ranks }, (_, rank) => {
    const child = startRank(rank, rendezvous, options);
    listen(child, rank, heard, context);
    return child;
  });
  // One rank that knows is enough, since all agree on the step after which they stop.
  const stopHeeding = onAbort(signal, () => void ranks[0]?.kill('SIGTERM'));
  try {
    const { codes, killed } = await ended(ranks);
    const lost = killed < 0 ? heard.ends || undefined : `rank ${killed} on ${hostname()} was lost`;
    const exitCode = codes.find((code) => code !== 0) ?? 0;
    return { exitCode, words: heard.words, lost, lastLine: heard.lastLine };
  } finally {
    stopHeeding();
    await rm(rendezvous, { recursive: true, force: true });
  }
}

/** What was heard of the ranks. */
interface Heard {
  readonly words: RankWord[];
  /** Why one of them ended the generation. */
  ends: string;
  /** Of rank 0's stdout. */
  lastLine: string;
}

function startRank(rank: number, rendezvous: string, options: HereOptions & NextGeneration): ChildProcess {
  const { ranks, command, environment, generations } = options;
  const place = ['--task', `rank:${rank}`, '--world-size', String(ranks), '--rendezvous', rendezvous];
  return startProcess([...command, ...place], {
    // What goes wrong in TensorFlow comes as an error, too; its own lines would hide who is lost.
    defaults: { TF_CPP_MIN_LOG_LEVEL: '3' },
    environment,
    variables: { BLUEWATERS_RANK_HOST: 'localhost', ...generations.variables(options) },
  });
}

function listen(child: ChildProcess, rank: number, heard: Heard, { print }: Pick<VerbContext, 'print'>): void {
  onLines(child.stderr, (line) => {
    const word = wordIn(line);
    if (word) heard.words.push(word);
    else if (/ends this generation/u.test(line)) heard.ends = line;
    else if (!CHATTER.test(line)) process.stderr.write(`${line}\n`);
  });
  onLines(child.stdout, (line) => {
    if (rank !== 0) return;
    heard.lastLine = line;
    print(line);
  });
}

/** Waits for all, and no longer than a while once the first has ended. @returns The first one that others killed; -1. */
async function ended(
  ranks: readonly ChildProcess[],
): Promise<{ readonly codes: readonly number[]; readonly killed: number }> {
  let grace: NodeJS.Timeout | undefined;
  let [killed, isLate] = [-1, false];
  const endAll = (): void => {
    isLate = true;
    for (const child of ranks) child.kill('SIGKILL');
  };
  const codes = ranks.map(
    (child, rank) =>
      new Promise<number>((resolve) => {
        child.once('close', (code, signal) => {
          if (signal && killed < 0 && !isLate) killed = rank;
          grace ??= setTimeout(endAll, GRACE_MS);
          resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals]);
        });
      }),
  );
  try {
    return { codes: await Promise.all(codes), killed };
  } finally {
    clearTimeout(grace);
  }
}

/** TensorFlow's notes on a server that it starts, which no setting holds back. */
const CHATTER = /^[IE]\d{4} |before absl::InitializeLog/u;
