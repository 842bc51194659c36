import { Jobs, type JobRecord } from './jobs.js';
import type { Latest } from './latest.js';
import type { MessageBus, StateTable, Subscription } from './message-bus.js';

type Follower = (record: JobRecord | undefined) => void;

/**
 * One watch of the table of jobs for all who follow some job over the same bus: on NATS each watch is sent the whole table
 * and then every change of it, so that a watch for each of many jobs would cost their number squared.
 */
class JobsWatch {
  readonly #followers = new Map<string, Set<Follower>>();
  #watch: Promise<Subscription> | undefined;

  /** Adds a follower; resolves when it will hear of all changes. @returns how it leaves. */
  async add(jobs: StateTable<JobRecord>, job: string, follower: Follower): Promise<Subscription> {
    const followers = this.#followers.get(job) ?? new Set();
    this.#followers.set(job, followers.add(follower));
    try {
      await (this.#watch ??= jobs.watch('', (key, record) => this.#tell(key, record)));
    } catch (error) {
      this.#watch = undefined;
      await this.#remove(job, follower);
      throw error;
    }
    return { stop: () => this.#remove(job, follower) };
  }

  #tell(job: string, record: JobRecord | undefined): void {
    this.#followers.get(job)?.forEach((follower) => follower(record));
  }

  async #remove(job: string, follower: Follower): Promise<void> {
    const followers = this.#followers.get(job);
    followers?.delete(follower);
    if (followers?.size === 0) this.#followers.delete(job);
    if (this.#followers.size > 0) return;
    const watch = this.#watch;
    this.#watch = undefined;
    await (await watch)?.stop();
  }
}

const watches = new WeakMap<MessageBus, JobsWatch>();

/**
 * Sets `records` to what becomes of a job's record, from what it is now on. A change that is older than that may still be
 * told: who acts on a record for good should look at the table first.
 *
 * @throws {CodedError} the bus's.
 */
export async function followJob(
  bus: MessageBus,
  job: string,
  records: Latest<JobRecord | undefined>,
): Promise<Subscription> {
  const watch = watches.get(bus) ?? new JobsWatch();
  watches.set(bus, watch);
  const jobs = await bus.state(Jobs);
  let isTold = false;
  const following = await watch.add(jobs, job, (record) => {
    isTold = true;
    records.set(record);
  });
  // Others may have opened the watch long ago: it then tells changes only.
  const entry = await jobs.get(job).catch(async (error: unknown) => {
    await following.stop();
    throw error;
  });
  if (entry && !isTold) records.set(entry.value);
  return following;
}
