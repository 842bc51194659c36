/**
 * Servers and workers of one run on several hosts, each of which has a launcher of its own for its part. These agree by a
 * folder that all of them see. The first host's leads, or that of the first with a GPU: the chief is on it.
 *
 *     gpu/PART            of each, where GPUs decide who is a server: whether it has one
 *     generation          the leader's: the one that begins
 *     ended/N/PART        of a part: how generation N ended, where it saw that first
 *     stop                of a part that was asked to stop: so must the chief
 *     over                the leader's: nothing follows, and why
 *     alive/PART          of each, again and again
 *     meetings/N/         where the tasks of generation N find one another
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Layout } from '@bluewaters/collectives';
import { CodedError } from '@bluewaters/errors';
import { GenerationEnd } from '@bluewaters/messages';
import { openStore, type ObjectStore } from '@bluewaters/storage';
import { z } from 'zod';
import { byGpu, LOOK_EVERY_MS, PATIENCE_MS, read, tasksOf, write, type Hosts } from './cluster-hosts.js';
import type { Outcome } from './generations.js';

/** What a part is told at its start. */
export interface PartOptions {
  /** By which the hosts reach one another; the first one's launcher leads. */
  readonly hosts: readonly string[];
  /** Which of them this is; by default the one that has this machine's name. */
  readonly host?: string | undefined;
  /** A new folder that all of them see. */
  readonly rendezvous?: string | undefined;
  /** Whether this one has a GPU, where that decides who is a server. */
  readonly hasGpu?: boolean | undefined;
}

/** A generation as the leader begins it. */
const Begun = z.strictObject({
  generation: z.int().positive(),
  workers: z.int().positive(),
  /** Where a coordinator knows of it: what tells workers so, as `BLUEWATERS_GENERATION`. */
  coordinated: z.string().optional(),
});
/** See {@link Begun:variable}. */
export type Begun = z.infer<typeof Begun>;

const Over = GenerationEnd.omit({ generation: true });

const SHOW_EVERY_MS = 2_000;
/** Without a new sign of life, after which a launcher counts as lost, in milliseconds. */
const SILENCE_MS = 20_000;
/** For the leader to say how all ended, once this part was asked to stop, in milliseconds. */
const LEAVING_MS = 10_000;
const ENDED = 'ended';

/** One host's part. Whoever opens it closes it. */
export class ClusterPart {
  readonly #hosts: readonly string[];
  readonly #index: number;
  readonly #folder: string;
  readonly #store: ObjectStore;
  readonly #showing: NodeJS.Timeout;
  /** What other parts have shown last, and since when. */
  readonly #seen = new Map<number, { readonly text: string; readonly at: number }>();
  #shown = 0;

  /** How many servers and workers there are, where GPUs decide. */
  readonly layout: Layout | undefined;

  private constructor({ hosts, index, layout }: Hosts, folder: string, store: ObjectStore) {
    this.#hosts = hosts;
    this.#index = index;
    this.layout = layout;
    this.#folder = folder;
    this.#store = store;
    this.#showing = setInterval(() => void this.#show(), SHOW_EVERY_MS);
  }

  /**
   * Where GPUs decide, it waits for all hosts to have said whether they have one.
   *
   * @throws {CodedError} CONFIG_INVALID where it is not clear which host this is, or the folder was used before; TIMED_OUT
   * where not all hosts come; INTERRUPTED.
   */
  static async open({ hosts, host, rendezvous, hasGpu }: PartOptions, signal: AbortSignal): Promise<ClusterPart> {
    if (rendezvous === undefined) throw invalid('rendezvous', 'a new folder that all hosts see', 'none');
    const index = hosts.findIndex((name) => (host === undefined ? isThisMachine(name) : name === host));
    if (index < 0) throw invalid('host', hosts.join(' or '), host ?? hostname());
    const store = await openStore({ kind: 'directory', path: rendezvous });
    try {
      if ((index === 0 || hasGpu !== undefined) && (await read(store, 'generation')) !== undefined) {
        throw invalid('rendezvous', 'a new folder', rendezvous);
      }
      const given = { hosts, index };
      const cast = hasGpu === undefined ? given : await byGpu(given, hasGpu, store, signal);
      const part = new ClusterPart(cast, rendezvous, store);
      await part.#show();
      return part;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Whether this part has the chief. */
  get leads(): boolean {
    return this.#index === 0;
  }

  /** By which the others reach this host. */
  get host(): string {
    return this.#hosts[this.#index] ?? '';
  }

  /** What of the cluster runs here. */
  tasks(layout: Layout): string[] {
    return tasksOf(this.#index, this.#hosts.length, layout);
  }

  /** Where the tasks of a generation meet. */
  meeting(generation: number): string {
    return join(this.#folder, 'meetings', String(generation));
  }

  /** The leader's: a generation begins. */
  async begin(begun: Begun): Promise<void> {
    await this.#write('generation', begun);
  }

  /** The leader's: nothing follows. */
  async finish(outcome: Outcome): Promise<void> {
    await this.#write('over', outcome);
  }

  /**
   * Waits for the leader to begin a generation after another.
   *
   * @returns How all ended, where nothing follows.
   * @throws {CodedError} TIMED_OUT where no leader comes; PROCESS_DIED when it is gone; INTERRUPTED.
   */
  async next(after: number, signal: AbortSignal): Promise<Begun | Outcome> {
    const deadline = performance.now() + PATIENCE_MS;
    let leavesAt: number | undefined;
    for (;;) {
      const now = performance.now();
      const [over, begun] = [await this.#read('over'), await this.#read('generation')];
      if (over !== undefined) return Over.parse(over);
      // What the leader makes of a stop that it has heard of is worth waiting for.
      if (signal.aborted) leavesAt ??= now + (after === 0 ? 0 : LEAVING_MS);
      else if (begun !== undefined && Begun.parse(begun).generation > after) return Begun.parse(begun);
      if (now >= (leavesAt ?? Infinity)) {
        throw new CodedError('INTERRUPTED', 'Stopped while no tasks were under way here');
      }
      if ((await this.#silent()) === 0) throw new CodedError('PROCESS_DIED', this.#lost(0));
      if (!this.#seen.has(0) && now > deadline) {
        throw new CodedError('TIMED_OUT', `Nobody launched the first part on ${this.#hosts[0]}`);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Says how a generation ended that others think is under way. */
  async tell(generation: number, { outcome, reason }: Outcome): Promise<void> {
    const told = { outcome, ...(reason !== undefined && { reason: `${reason} on ${this.host}`.slice(0, 1000) }) };
    await this.#write(`ended/${generation}/${this.#index}`, told);
  }

  /** How the generation that is under way here ended elsewhere, if it did other than by the chief's word to its tasks. */
  async heard(generation: number): Promise<Outcome | undefined> {
    const over = await this.#read('over');
    if (over !== undefined)
      return ['done', 'stopped'].includes(Over.parse(over).outcome) ? undefined : Over.parse(over);
    for (const other of this.#others()) {
      const told = await this.#read(`ended/${generation}/${other}`);
      if (told !== undefined) return Over.parse(told);
    }
    const silent = await this.#silent();
    return silent === undefined ? undefined : { outcome: 'lost', reason: this.#lost(silent) };
  }

  /** Passes on to the chief that this part was asked to stop. */
  async askToStop(): Promise<void> {
    await this.#write('stop', {});
  }

  /** The leader's: whether another part was. */
  async isToStop(): Promise<boolean> {
    return this.leads && (await this.#read('stop')) !== undefined;
  }

  /** Shows itself no more. */
  async close(): Promise<void> {
    clearInterval(this.#showing);
    await this.#write(`alive/${this.#index}`, ENDED).catch(() => undefined);
    await this.#store.close();
  }

  #others(): number[] {
    return this.#hosts.map((_, index) => index).filter((index) => index !== this.#index);
  }

  #lost(part: number): string {
    return `the part on ${this.#hosts[part]} was lost`;
  }

  async #show(): Promise<void> {
    this.#shown += 1;
    // Who sees the folder no more is missed by the others.
    await this.#write(`alive/${this.#index}`, this.#shown).catch(() => undefined);
  }

  /** A part that has come and is gone. */
  async #silent(): Promise<number | undefined> {
    const now = performance.now();
    for (const other of this.#others()) {
      const text = JSON.stringify(await this.#read(`alive/${other}`)) as string | undefined;
      if (text === undefined) continue;
      const seen = this.#seen.get(other);
      if (seen?.text !== text) this.#seen.set(other, { text, at: now });
      if (text === JSON.stringify(ENDED) || (seen?.text === text && now - seen.at > SILENCE_MS)) return other;
    }
    return undefined;
  }

  #write(key: string, value: unknown): Promise<void> {
    return write(this.#store, key, value);
  }

  #read(key: string): Promise<unknown> {
    return read(this.#store, key);
  }
}

/** By its whole name, or by the first part of it. */
function isThisMachine(name: string): boolean {
  const first = (whole: string): string => whole.split('.')[0] ?? '';
  return name === hostname() || first(name) === first(hostname());
}

function invalid(field: string, expected: string, got: string): CodedError {
  const message = 'Each host that starts a part must know which it is, and where the others are';
  return new CodedError('CONFIG_INVALID', message, { details: { field, expected, got } });
}
