/**
 * Who works on a run. Two writers of one `checkpoint_dir` would spoil it, so whoever trains holds a lease: an object of
 * the store, `runs/RUN/leases/GENERATION.json`, that its holder writes anew every few seconds. The highest generation
 * counts. It is taken over by putting the next one if absent, which every store does in one step, so that of many who
 * try exactly one succeeds; a holder that comes to and finds a higher generation has lost the run and stops.
 *
 * A holder is gone when it has given the lease back, when it was a process of this machine that has ended, or when it
 * has shown no sign of life for the time of a lease while it was watched by the clock of who waits: clocks of two
 * machines are never compared closely.
 *
 * @see Gray and Cheriton, Leases, 1989; the growing number is what is called a fencing token.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError, isCodedError } from '@bluewaters/errors';
import { runKeys } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import { z } from 'zod';
import { isDead, thisProcess } from './process-identity.js';

/** How long a holder may be silent before it counts as gone, in milliseconds. It tells three times as often. */
export const LEASE_MS = 15_000;
/** Between two looks at a lease that another holds. */
const LOOK_EVERY_MS = 250;
/** A rank whose parent was killed lives on for half a second and may write once more. */
const ORPHAN_MS = 2_000;

/** What a lease says of its holder. */
const LeaseRecord = z.strictObject({
  format: z.literal('bluewaters.lease.v1'),
  host: z.string(),
  process: z.strictObject({ pid: z.int(), place: z.string().optional(), startedAt: z.string().optional() }),
  /** Of the run, at the last sign of life. */
  step: z.int().nonnegative(),
  /** The last sign of life, in milliseconds since 1970 by the holder's clock. */
  seenAt: z.number(),
  /** The longest silence, in milliseconds. */
  leaseMs: z.number().positive(),
  /** True after the holder has given the run back. */
  released: z.boolean(),
});
type LeaseRecord = z.infer<typeof LeaseRecord>;

/** Who is working on a run. */
export interface RunHolder {
  readonly host: string;
  readonly pid: number;
  /** Of the run, at the holder's last sign of life. */
  readonly step: number;
  /** In milliseconds since 1970. */
  readonly seenAt: number;
}

/** How a lease is taken. */
export interface LeaseOptions {
  /** Waits for a holder that lives until it has ended, instead of refusing: for work that came again. */
  readonly patient?: boolean;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Told once, when someone else holds the run. */
  readonly onWait?: (holder: string) => void;
  /** {@link LEASE_MS}; less in tests. */
  readonly leaseMs?: number;
}

/** The right to write a run, until it is released or lost. */
export class Lease {
  readonly generation: number;
  /** For the user: from whom the run was taken over, where it had not been given back. */
  readonly notice: string | undefined;
  readonly #store: ObjectStore;
  readonly #run: string;
  readonly #leaseMs: number;
  readonly #timer: NodeJS.Timeout;
  #step = 0;
  #renewing: Promise<void> = Promise.resolve();
  #lostTo: CodedError | undefined;

  private constructor(place: { store: ObjectStore; run: string; leaseMs: number }, gone: SeenLease | undefined) {
    this.#store = place.store;
    this.#run = place.run;
    this.#leaseMs = place.leaseMs;
    this.generation = (gone?.generation ?? 0) + 1;
    const wasGivenBack = gone === undefined || gone.record?.released === true;
    this.notice = wasGivenBack ? undefined : `took the run over from ${nameOf(gone)}, which is gone`;
    this.#timer = setInterval(() => this.#renew(), place.leaseMs / 3).unref();
  }

  /**
   * Takes a run, as soon as nobody else works on it.
   *
   * @throws {CodedError} RUN_HELD naming the holder, when it shows a sign of life; INTERRUPTED.
   */
  static async take(store: ObjectStore, run: string, options: LeaseOptions = {}): Promise<Lease> {
    const { leaseMs = LEASE_MS } = options;
    for (;;) {
      const last = await lastLease(store, run);
      const gone = last && (await untilGone({ store, run }, last, { ...options, leaseMs }));
      const generation = (gone?.generation ?? 0) + 1;
      if (await putGeneration(store, run, { generation, leaseMs })) return new Lease({ store, run, leaseMs }, gone);
    }
  }

  /** Notes how far the run has come. @throws {CodedError} RUN_HELD when it is known that another has taken the run. */
  reached(step: number): void {
    this.#step = step;
    if (this.#lostTo) throw this.#lostTo;
  }

  /** Asks the store, before something is written. @throws {CodedError} RUN_HELD when another has taken the run. */
  async confirm(): Promise<void> {
    this.#renew();
    await this.#renewing;
    if (this.#lostTo) throw this.#lostTo;
  }

  /** Gives the run back; a lease that is lost is left to who has it. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    if (this.#lostTo) return;
    const bytes = encode({ step: this.#step, leaseMs: this.#leaseMs, released: true });
    // A store that does not answer must not hide how the run ended; the next one finds this process ended.
    await this.#store.put(runKeys.lease(this.#run, this.generation), bytes).catch(() => undefined);
  }

  #renew(): void {
    // What goes wrong here goes wrong for checkpoints too, which is where it is told.
    this.#renewing = this.#renewing.then(() => this.#tell()).catch(() => undefined);
  }

  async #tell(): Promise<void> {
    const last = await lastLease(this.#store, this.#run);
    if (last && last.generation > this.generation) {
      clearInterval(this.#timer);
      this.#lostTo ??= held(this.#run, last);
    }
    if (this.#lostTo) return;
    const bytes = encode({ step: this.#step, leaseMs: this.#leaseMs, released: false });
    await this.#store.put(runKeys.lease(this.#run, this.generation), bytes);
  }
}

/** Who works on a run now, as far as the store and this machine know; undefined for a run that rests. */
export async function runHolder(store: ObjectStore, run: string): Promise<RunHolder | undefined> {
  const record = (await lastLease(store, run))?.record;
  if (!record || isGone(record)) return undefined;
  const { host, process, step, seenAt } = record;
  return { host, pid: process.pid, step, seenAt };
}

/** The lease that counts. */
interface SeenLease {
  readonly generation: number;
  /** Undefined for one that is of another form: all that can be seen is whether it changes. */
  readonly record: LeaseRecord | undefined;
  readonly text: string;
  /** All that are there, ascending; this one is the last. */
  readonly generations: readonly number[];
}

async function lastLease(store: ObjectStore, run: string): Promise<SeenLease | undefined> {
  const generations: number[] = [];
  for await (const { key } of store.list(runKeys.leases(run))) {
    const [, number] = /(\d+)\.json$/u.exec(key) ?? [];
    if (number !== undefined) generations.push(Number(number));
  }
  const generation = generations.at(-1);
  if (generation === undefined) return undefined;
  try {
    const text = Buffer.from(await store.get(runKeys.lease(run, generation))).toString('utf8');
    return { generation, record: parse(text), text, generations };
  } catch (error) {
    // Taken over and removed since it was listed.
    if (isCodedError(error, 'OBJECT_NOT_FOUND')) return lastLease(store, run);
    throw error;
  }
}

/** Waits until a lease may be taken over. Resolves to the one that may, or undefined when there is none any more. */
async function untilGone(
  { store, run }: { readonly store: ObjectStore; readonly run: string },
  last: SeenLease,
  options: LeaseOptions & { readonly leaseMs: number },
): Promise<SeenLease | undefined> {
  const startedAt = performance.now();
  const refuseAfterMs = Math.min(ORPHAN_MS, options.leaseMs / 3);
  let seen = last;
  let since = startedAt;
  if (!isGoneSince(seen, since, options.leaseMs)) options.onWait?.(nameOf(seen));
  while (!isGoneSince(seen, since, options.leaseMs)) {
    await sleep(Math.min(LOOK_EVERY_MS, options.leaseMs / 6));
    if (options.signal?.aborted) throw new CodedError('INTERRUPTED', `Waiting for the run ${run} was stopped`);
    const now = await lastLease(store, run);
    if (now === undefined) return undefined;
    if (now.text === seen.text && now.generation === seen.generation) continue;
    const lives = !(now.record && isGone(now.record)) && performance.now() - startedAt > refuseAfterMs;
    if (lives && options.patient !== true) throw held(run, now);
    [seen, since] = [now, performance.now()];
  }
  return seen;
}

/**
 * True when the generation was free and is the highest. It may be free because it is an old one that was removed: then
 * a higher one is there, since nobody removes the old before the new is.
 */
async function putGeneration(
  store: ObjectStore,
  run: string,
  { generation, leaseMs }: { readonly generation: number; readonly leaseMs: number },
): Promise<boolean> {
  const key = runKeys.lease(run, generation);
  try {
    await store.put(key, encode({ step: 0, leaseMs, released: false }), { ifAbsent: true });
  } catch (error) {
    if (isCodedError(error, 'OBJECT_EXISTS')) return false;
    throw error;
  }
  const { generations = [] } = (await lastLease(store, run)) ?? {};
  const isHighest = generations.at(-1) === generation;
  const obsolete = isHighest ? generations.slice(0, -1) : [generation];
  for (const each of obsolete) await store.delete(runKeys.lease(run, each));
  return isHighest;
}

function isGoneSince({ record }: SeenLease, watchedSince: number, leaseMs: number): boolean {
  if (record && isGone(record)) return true;
  return performance.now() - watchedSince > Math.max(record?.leaseMs ?? 0, leaseMs);
}

/** Gone for sure; twice the silence is more than the clocks of two machines are apart. */
function isGone(record: LeaseRecord): boolean {
  return record.released || isDead(record.process) || Date.now() - record.seenAt > 2 * record.leaseMs;
}

function held(run: string, seen: SeenLease): CodedError {
  const message = `The run ${run} is being worked on: wait for that to end, stop it, or name another run`;
  return new CodedError('RUN_HELD', message, {
    details: { field: 'run', expected: 'a run that nobody works on', got: `one held by ${nameOf(seen)}` },
  });
}

function nameOf({ record }: SeenLease): string {
  return record ? `process ${record.process.pid} on ${record.host}` : 'a process of another version';
}

function encode(changing: Pick<LeaseRecord, 'step' | 'leaseMs' | 'released'>): string {
  const record: LeaseRecord = {
    format: 'bluewaters.lease.v1',
    host: hostname(),
    process: thisProcess(),
    seenAt: Date.now(),
    ...changing,
  };
  return `${JSON.stringify(record)}\n`;
}

function parse(text: string): LeaseRecord | undefined {
  try {
    return LeaseRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
