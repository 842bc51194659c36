/** Starts parameter servers and workers, or this host's part of them, and sees to it that their run goes on when one is lost. */
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_CODES } from '@bluewaters/collectives';
import { CodedError, toCodedError } from '@bluewaters/errors';
import { onAbort } from '@bluewaters/service';
import { tasksOf } from './cluster-hosts.js';
import type { Begun, ClusterPart } from './cluster-part.js';
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
  /** Where they are spread over several hosts: what of them is this host's. */
  readonly part?: ClusterPart | undefined;
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
  const { servers, generations, part } = options;
  const counts = { replaced: 0 };
  const launching = throughGenerations({ ...options, ranks: options.workers }, context, async (next) => {
    const { generation, ranks: workers } = next;
    const coordinated = generations.variables(next)[GENERATION];
    await part?.begin({ generation, workers, coordinated });
    return new RunningCluster({ ...options, generation, workers, coordinated }, context, counts).ended();
  });
  const launched = await (part ? telling(part, launching) : launching);
  const { replaced } = counts;
  const ended = { servers, workers: launched.ranks, generations: launched.generations, replaced };
  return { ...ended, ...resultIn(launched.last.lastLine ?? '') };
}

/** Lets the other hosts' parts know how all ended. */
async function telling<Launched>(part: ClusterPart, launching: Promise<Launched>): Promise<Launched> {
  try {
    const launched = await launching;
    await part.finish({ outcome: 'done' });
    return launched;
  } catch (error) {
    const { code, message } = toCodedError(error);
    await part.finish({ outcome: code === 'INTERRUPTED' ? 'stopped' : 'failed', reason: message.slice(0, 1000) });
    throw error;
  }
}

/**
 * Runs this host's part of a cluster that another host's launcher leads.
 *
 * @throws {CodedError} INTERRUPTED, PROCESS_DIED as all ended; what {@link ClusterPart.next} says.
 */
export async function launchPart(
  options: Omit<ClusterOptions, 'generations'> & { readonly part: ClusterPart },
  context: VerbContext,
): Promise<ClusterLaunched> {
  const { servers, part } = options;
  const counts = { replaced: 0 };
  for (let [last, generations, workers] = [0, 0, options.workers]; ; generations += 1) {
    const next = await part.next(last, context.signal);
    if ('generation' in next) {
      [last, workers] = [next.generation, next.workers];
      await new RunningCluster({ ...options, ...next }, context, counts).ended();
    } else if (next.outcome === 'done') {
      return { servers, workers, generations, ...counts };
    } else {
      throw new CodedError(next.outcome === 'stopped' ? 'INTERRUPTED' : 'PROCESS_DIED', next.reason ?? next.outcome);
    }
  }
}

/** What a generation of it is given. */
interface RunningOptions extends Omit<ClusterOptions, 'generations' | 'workers'>, Begun {}

/** One generation. */
class RunningCluster {
  readonly #options: RunningOptions;
  readonly #context: VerbContext;
  readonly #counts: { replaced: number };
  readonly #rendezvous: string;
  readonly #tasks: readonly string[];
  readonly #children = new Map<string, ChildProcess>();
  readonly #words = new Map<string, TaskWord>();
  /** What a task said that ended before it knew that it was one. */
  readonly #errors = new Map<string, string>();
  #lastLine = '';
  /** How it ended, once it has; what ends then is not looked at. */
  #ending: Ending | undefined;
  #isStopping = false;
  #tell: () => void = () => undefined;

  constructor(options: RunningOptions, context: VerbContext, counts: { replaced: number }) {
    this.#options = options;
    this.#context = context;
    this.#counts = counts;
    const { part, generation } = options;
    this.#rendezvous = part?.meeting(generation) ?? join(tmpdir(), `bluewaters-${randomUUID()}`);
    this.#tasks = part ? part.tasks(options) : tasksOf(0, 1, options);
  }

  /** Starts all tasks. @returns Once none is left. */
  async ended(): Promise<Ending> {
    const { signal } = this.#context;
    const settled = new Promise<void>((resolve) => (this.#tell = resolve));
    const { part } = this.#options;
    this.#tasks.forEach((task) => this.#start(task));
    const stopHeeding = onAbort(signal, () => this.#stop());
    const looking = part && this.#keepLooking(part);
    try {
      // A run that was scaled may have fewer tasks than hosts.
      if (this.#tasks.length === 0) this.#settle({ outcome: 'done' });
      await settled;
      const ending = this.#ending as Ending;
      await this.#endAll(ending.outcome === 'lost' ? 0 : GRACE_MS);
      return ending;
    } finally {
      stopHeeding();
      await looking;
      // Tasks of other hosts may not have read yet that all is over.
      if (!part) await rm(this.#rendezvous, { recursive: true, force: true });
    }
  }

  /** The chief writes a checkpoint and lets the others end. */
  #stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const chief = this.#children.get(CHIEF);
    if (chief) chief.kill('SIGTERM');
    else void this.#options.part?.askToStop();
  }

  /** Heeds what the other hosts' parts say until this one has ended, and says how if they may not know. */
  async #keepLooking(part: ClusterPart): Promise<void> {
    const { generation } = this.#options;
    while (!this.#ending) {
      const told = await part.heard(generation);
      if (told) return this.#settle(told);
      if (await part.isToStop()) this.#stop();
      await sleep(LOOK_EVERY_MS);
    }
    if (['lost', 'failed'].includes(this.#ending.outcome)) await part.tell(generation, this.#ending);
  }

  #start(task: string): void {
    const { command, servers, workers, environment, coordinated, part } = this.#options;
    const layout = ['--servers', String(servers), '--workers', String(workers), '--rendezvous', this.#rendezvous];
    const variables = {
      ...(coordinated !== undefined && { [GENERATION]: coordinated }),
      ...(part && { BLUEWATERS_RANK_HOST: part.host }),
    };
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
    // Where there is no chief: it has let all of them end.
    if (code === 0)
      return this.#children.size > 0 || this.#tasks.includes(CHIEF) ? undefined : this.#settle({ outcome: 'done' });
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

/** Between two looks at what the parts of other hosts say. */
const LOOK_EVERY_MS = 250;

/** Tells a worker which generation of which run it belongs to, where a coordinator knows of it. */
const GENERATION = 'BLUEWATERS_GENERATION';

/** The worker that alone writes. */
const CHIEF = 'worker:0';

/** TensorFlow's notes on a server that it starts, which no setting holds back. */
const CHATTER = /^I\d{4} |before absl::InitializeLog/u;
