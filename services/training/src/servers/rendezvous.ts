/**
 * How the tasks of a generation find one another: each puts its address into a folder that all of them see, and reads
 * those of the others there. Whoever is started in a lost worker's place finds that one's address, and takes it.
 */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, ownHost, serverAddresses, type Layout, type RankTask } from '@bluewaters/collectives';
import { CodedError, toCodedError } from '@bluewaters/errors';
import type { Cluster, Task } from '@bluewaters/tensorflow';
import { z } from 'zod';
import { writeWhole } from '../files.js';

/** What a task writes of itself. */
const Entry = z.strictObject({
  host: z.string(),
  port: z.int().positive(),
  /** Tells two versions of the code, and two runs, apart. */
  code: z.string(),
});
type Entry = z.infer<typeof Entry>;

/** What the chief writes. */
const Begun = z.strictObject({
  /** The step that training goes on with. */
  first: z.int().nonnegative(),
  /** Digest of what is trained. */
  request: z.string(),
});
type Begun = z.infer<typeof Begun>;

const BEGUN = 'begun.json';
const OVER = 'over.json';
const STOP = 'stop.json';

const LOOK_EVERY_MS = 50;
/** For all tasks to have started, in milliseconds. */
const PATIENCE_MS = 120_000;

/** The tasks that have met. */
export interface Met {
  readonly cluster: Cluster;
  /** Workers on the host of this task. */
  readonly workersHere: number;
}

/** The folder of one generation. */
export class Rendezvous {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Makes this task known, and waits for all others.
   *
   * @throws {CodedError} TIMED_OUT naming a task that did not come; RANKS_DIFFER when one runs other code.
   */
  async meet(task: RankTask, { servers, workers }: Layout, code: string): Promise<Met> {
    await mkdir(this.#folder, { recursive: true });
    const own = await this.#announce(task, code);
    const deadline = performance.now() + PATIENCE_MS;
    const all = async (job: RankTask['job'], count: number): Promise<Entry[]> => {
      const entries: Entry[] = [];
      for (let index = 0; index < count; index += 1) entries.push(await this.#wait({ job, index }, deadline));
      return entries;
    };
    const found = { ps: await all('ps', servers), worker: await all('worker', workers) };
    assertAlike(own, found);
    const addresses = serverAddresses([...found.ps, ...found.worker]);
    const cluster = { ps: addresses.slice(0, servers), worker: addresses.slice(servers) };
    return { cluster, workersHere: found.worker.filter(({ host }) => host === own.host).length };
  }

  /** The chief's: the variables have their values. */
  async begin(begun: Begun): Promise<void> {
    await writeWhole(join(this.#folder, BEGUN), `${JSON.stringify(begun)}\n`);
  }

  /** Waits for {@link begin}. @returns Undefined when all is over. @throws {CodedError} INTERRUPTED. */
  async begun(signal: AbortSignal): Promise<Begun | undefined> {
    for (;;) {
      if (await this.#read(OVER)) return undefined;
      const text = await this.#read(BEGUN);
      if (text !== undefined) return Begun.parse(JSON.parse(text));
      await this.#pause(signal);
    }
  }

  /** The chief's: nothing follows. */
  async end(): Promise<void> {
    await writeWhole(join(this.#folder, OVER), '{}\n');
  }

  /** Waits for {@link end}. @throws {CodedError} INTERRUPTED. */
  async ended(signal: AbortSignal): Promise<void> {
    while ((await this.#read(OVER)) === undefined) await this.#pause(signal);
  }

  /** Passes on to the chief that somebody else was asked to stop. Several may ask at once, or when all is over. */
  async askToStop(): Promise<void> {
    try {
      // That it is there says all: nobody could read half of it.
      await appendFile(join(this.#folder, STOP), '');
    } catch (error) {
      if (toCodedError(error).code !== 'FILE_NOT_FOUND') throw error;
    }
  }

  /** The chief's: whether one of the others has. */
  async isToStop(): Promise<boolean> {
    return (await this.#read(STOP)) !== undefined;
  }

  async #pause(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new CodedError('INTERRUPTED', 'Stopped while waiting for the other tasks');
    await sleep(4 * LOOK_EVERY_MS);
  }

  async #announce({ job, index }: Task, code: string): Promise<Entry> {
    const name = `${job}-${index}.json`;
    const before = await this.#read(name);
    const host = ownHost();
    const last = before === undefined ? undefined : Entry.parse(JSON.parse(before));
    // Those that go on know this address only.
    const port = last?.host === host ? last.port : await freePort();
    const entry = { host, port, code };
    await writeWhole(join(this.#folder, name), `${JSON.stringify(entry)}\n`);
    return entry;
  }

  async #wait({ job, index }: Task, deadline: number): Promise<Entry> {
    for (;;) {
      const text = await this.#read(`${job}-${index}.json`);
      if (text !== undefined) return Entry.parse(JSON.parse(text));
      if (performance.now() > deadline) {
        throw new CodedError('TIMED_OUT', `${job} ${index} did not come within ${PATIENCE_MS / 1000} s`, {
          details: { file: join(this.#folder, `${job}-${index}.json`) },
        });
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.#folder, name), 'utf8');
    } catch (error) {
      if (toCodedError(error).code === 'FILE_NOT_FOUND') return undefined;
      throw error;
    }
  }
}

function assertAlike(own: Entry, found: Readonly<Record<RankTask['job'], readonly Entry[]>>): void {
  for (const [job, entries] of Object.entries(found)) {
    const index = entries.findIndex(({ code }) => code !== own.code);
    if (index < 0) continue;
    throw new CodedError(
      'RANKS_DIFFER',
      `${job} ${index} on ${entries[index]?.host} does not run what this task runs`,
      {
        details: { field: 'code', expected: own.code, got: entries[index]?.code ?? '' },
      },
    );
  }
}
