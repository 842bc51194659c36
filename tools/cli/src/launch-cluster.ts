/** Starts parameter servers and workers on this machine, and sees to it that their run goes on when one is lost. */
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT_CODES } from '@bluewaters/collectives';
import { throughGenerations, type Generations, type Outcome } from './generations.js';
import { onLines, resultIn } from './launch.js';
import { RANK_WORD } from './rank-word.js';
import { startProcess } from './start-process.js';
import type { TaskWord } from './task.js';
import type { VerbContext } from './verb.js';

/** What is to be launched. */
export interface ClusterOptions {
  readonly servers: number;
  readonly workers: number;
  /** A command of `bluewaters` that takes a task, and its options. */
  readonly command: readonly string[];
  /** What each is started with, beside its place. */
  readonly environment: NodeJS.ProcessEnv;
  /** Times that a lost worker is replaced, and that all are started again. */
  readonly restarts: number;
  readonly generations: Generations;
}

/** What came of it. */
export interface ClusterLaunched {
  readonly servers: number;
  readonly workers: number;
  /** 1 where neither a server nor the chief was lost. */
  readonly generations: number;
  /** Workers that were started in the place of lost ones. */
  readonly replaced: number;
  /** What the chief had to say, where it was asked for JSON. */
  readonly result?: unknown;
}

/** How long tasks may take to end once the chief has, in milliseconds. */
const GRACE_MS = 10_000;

/** How a generation ended, and what its chief printed last where it was done. */
type Ending = Outcome & { readonly lastLine?: string };

/**
 * Runs a command as a cluster, as {@link throughGenerations} says. A worker that is lost is replaced while the others go
 * on; when a server is lost, or the chief, all are started again, from the last checkpoint.
 */
export async function launchCluster(options: ClusterOptions, context: VerbContext): Promise<ClusterLaunched> {
  const { servers, generations } = options;
  const counts = { replaced: 0 };
  const launched = await throughGenerations({ ...options, ranks: options.workers }, context, async (next) => {
    const variables = generations.variables(next);
    return new RunningCluster({ ...options, workers: next.ranks, variables }, context, counts).ended();
  });
  const { replaced } = counts;
  const ended = { servers, workers: launched.ranks, generations: launched.generations, replaced };
  return { ...ended, ...resultIn(launched.last.lastLine ?? '') };
}

/** What a generation of it is given. */
interface RunningOptions extends ClusterOptions {
  /** Tells its workers which generation they belong to. */
  readonly variables: Readonly<Record<string, string>>;
}

/** One generation. */
class RunningCluster {
  readonly #options: RunningOptions;
  readonly #context: VerbContext;
  readonly #counts: { replaced: number };
  readonly #rendezvous = join(tmpdir(), `bluewaters-${randomUUID()}`);
  readonly #children = new Map<string, ChildProcess>();
  readonly #words = new Map<string, TaskWord>();
  /** What a task said that ended before it knew that it was one. */
  readonly #errors = new Map<string, string>();
  #lastLine = '';
  /** How it ended, once it has; what ends then is not looked at. */
  #ending: Ending | undefined;
  #tell: () => void = () => undefined;

  constructor(options: RunningOptions, context: VerbContext, counts: { replaced: number }) {
    this.#options = options;
    this.#context = context;
    this.#counts = counts;
  }

  /** Starts all tasks. @returns Once none is left. */
  async ended(): Promise<Ending> {
    const { signal } = this.#context;
    const settled = new Promise<void>((resolve) => (this.#tell = resolve));
    // The chief writes a checkpoint and lets the others end.
    const stop = (): void => void this.#children.get(CHIEF)?.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    try {
      for (const [job, count] of [['ps', this.#options.servers] as const, ['worker', this.#options.workers] as const]) {
        for (let index = 0; index < count; index += 1) this.#start(`${job}:${index}`);
      }
      await settled;
      const ending = this.#ending as Ending;
      await this.#endAll(ending.outcome === 'lost' ? 0 : GRACE_MS);
      return ending;
    } finally {
      signal.removeEventListener('abort', stop);
      await rm(this.#rendezvous, { recursive: true, force: true });
    }
  }

  #start(task: string): void {
    const { command, servers, workers, environment, variables } = this.#options;
    const layout = ['--servers', String(servers), '--workers', String(workers), '--rendezvous', this.#rendezvous];
    const child = startProcess([...command, '--task', task, ...layout], { environment, variables });
    this.#children.set(task, child);
    onLines(child.stderr, (line) => this.#heard(task, line));
    onLines(child.stdout, (line) => {
      if (task !== CHIEF) return;
      this.#lastLine = line;
      this.#context.print(line);
    });
    child.once('close', (code) => this.#gone(task, code));
  }

  #heard(task: string, line: string): void {
    if (line.startsWith(RANK_WORD)) this.#words.set(task, JSON.parse(line.slice(RANK_WORD.length)) as TaskWord);
    else if (line.startsWith('error ')) this.#errors.set(task, line);
    else if (task === CHIEF && !CHATTER.test(line)) process.stderr.write(`${line}\n`);
  }

  #gone(task: string, code: number | null): void {
    this.#children.delete(task);
    if (this.#ending) return;
    const word = this.#words.get(task);
    if (word && 'failed' in word) return this.#fail(`${task} ended with ${word.failed}`);
    if (task === CHIEF && word) return this.#settle({ outcome: 'stopped', reason: word.stopped });
    if (task === CHIEF && code === 0) return this.#settle({ outcome: 'done', lastLine: this.#lastLine });
    if (code === 0) return;
    if (code === EXIT_CODES.failed) return this.#fail(`${task} ended with ${this.#errors.get(task)}`);
    // Most often a server or the chief is lost as well, and that is to be told. Else a connection broke, or someone
    // stopped this one alone: what it has taken would be waited for without end.
    const isLeaving = code === EXIT_CODES.stopped || code === EXIT_CODES.rankLost;
    if (isLeaving) setTimeout(() => this.#lost(task), PARTING_MS);
    else this.#lost(task);
  }

  /** Replaces a worker, as often as is allowed; without another task the generation ends. */
  #lost(task: string): void {
    if (this.#ending) return;
    const { restarts, workers } = this.#options;
    const isNeeded = task === CHIEF || task.startsWith('ps:');
    if (isNeeded || this.#counts.replaced >= restarts * workers) {
      return this.#settle({ outcome: 'lost', reason: `${task} was lost` });
    }
    this.#counts.replaced += 1;
    this.#context.terminal.say(`  ${task} was lost and is replaced`);
    this.#start(task);
  }

  #fail(reason: string): void {
    this.#settle({ outcome: 'failed', reason });
  }

  #settle(ending: Ending): void {
    this.#ending ??= ending;
    this.#tell();
  }

  /** Waits for those that are left, and no longer than that. */
  async #endAll(graceMs: number): Promise<void> {
    const left = [...this.#children.values()];
    const gone = left.map((child) => new Promise((resolve) => child.once('close', resolve)));
    const kill = setTimeout(() => left.forEach((child) => child.kill('SIGKILL')), graceMs);
    await Promise.all(gone);
    clearTimeout(kill);
  }
}

/** Within which the launcher has seen the end of a server, once a worker has. */
const PARTING_MS = 2_000;

/** The worker that alone writes. */
const CHIEF = 'worker:0';

/** TensorFlow's notes on a server that it starts, which no setting holds back. */
const CHATTER = /^I\d{4} |before absl::InitializeLog/u;
