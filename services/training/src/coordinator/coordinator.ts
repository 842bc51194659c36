/**
 * The coordinator keeps account of the runs that several ranks train: which generation is under way, who of its ranks
 * has come and lives, how fast it is, what people ordered. It starts no process and trains nothing: whoever launches
 * ranks asks it what to do next (`AskToLaunch`) or for a run that somebody submitted (`AskForRun`), ranks show themselves
 * (`Beat`), people submit runs and steer them (`SubmitRun`, `Steer`).
 *
 *     lead, or stand by until the one that leads is gone
 *     leading: answer the five commands
 *              every second: look for ranks that are late or silent, tell the table of runs what has changed
 *
 * Nobody waits for it: with no coordinator, or none that can be reached, launchers and ranks go on by themselves, and
 * one that comes back believes what it hears from them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '@bluewaters/errors';
import {
  AskForRun,
  AskToLaunch,
  Beat,
  CoordinatedRuns,
  PhaseChanged,
  Steer,
  SubmitRun,
  type AdmissionQuestion,
  type CoordinatedRun,
  type MessageBus,
  type SubmitRequest,
  type Subscription,
} from '@bluewaters/messages';
import type { Logger } from '@bluewaters/service';
import { Leadership } from './leadership.js';
import { RunAccount, type CoordinatorTimes } from './run-account.js';
import type { CurvePoint, LogLine, RankCell, Watched } from './watched.js';

/** What a coordinator is given. */
export interface CoordinatorPorts {
  readonly bus: MessageBus;
  readonly log: Logger;
}

/** What may be set of a coordinator, in milliseconds. */
export interface CoordinatorOptions extends CoordinatorTimes {
  /** Without a renewal of the one that leads, after which another takes its place. */
  readonly term: number;
  /** Between two looks. */
  readonly lookEvery: number;
}

/** See {@link CoordinatorOptions:interface}. */
export const COORDINATOR_DEFAULTS: CoordinatorOptions = {
  missingAfter: 30_000,
  silentAfter: 15_000,
  lostAfter: 60_000,
  term: 6_000,
  lookEvery: 1_000,
};

/** Runs of which account is kept; those that have ended longest ago are forgotten first. */
const MOST_RUNS = 1000;
const MOST_LOG_LINES = 500;
const MOST_UNTOLD = 1000;

/** A coordinator that was started. */
export class Coordinator implements Watched {
  readonly #ports: CoordinatorPorts;
  readonly #options: CoordinatorOptions;
  readonly #leadership: Leadership;
  readonly #stopping = new AbortController();
  readonly #accounts = new Map<string, RunAccount>();
  readonly #lines: LogLine[] = [];
  /** Changes that the bus does not know of yet, oldest first. */
  #untold: CoordinatedRun[] = [];
  /** What the table says of each run, as JSON. */
  readonly #told = new Map<string, string>();
  #served: Subscription[] = [];
  #ended: Promise<unknown> = Promise.resolve();

  private constructor(ports: CoordinatorPorts, options: CoordinatorOptions) {
    this.#ports = ports;
    this.#options = options;
    const office = { take: () => this.#take(), leave: () => this.#leave() };
    this.#leadership = new Leadership(ports.bus, office, options.term);
  }

  /** Starts one; it leads or stands by when it is resolved. */
  static async start(ports: CoordinatorPorts, options: Partial<CoordinatorOptions> = {}): Promise<Coordinator> {
    const coordinator = new Coordinator(ports, { ...COORDINATOR_DEFAULTS, ...options });
    await coordinator.#leadership.renew();
    // Apart, since telling may wait for a bus that is away, and the lead must not.
    const kept = [() => coordinator.#leadership.renew(), () => coordinator.#look()];
    coordinator.#ended = Promise.all(kept.map((doing) => coordinator.#keep(doing)));
    return coordinator;
  }

  /** Lets another lead, and answers nothing any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
    // An entry that is not taken back runs out by itself.
    await this.#leadership.resign().catch((err: unknown) => this.#ports.log.warn({ err }, 'resigned without a word'));
  }

  get leads(): boolean {
    return this.#leadership.leads;
  }

  records(): CoordinatedRun[] {
    const records = [...this.#accounts.values()].map((account) => account.record(now()));
    return records.sort((one, other) => (one.run < other.run ? -1 : 1));
  }

  cells(run: string, from: number, count: number): RankCell[] {
    return this.#accounts.get(run)?.attendance.cells(from, count, now()) ?? [];
  }

  curve(run: string): readonly CurvePoint[] {
    return this.#accounts.get(run)?.curve.points ?? [];
  }

  log(): readonly LogLine[] {
    return this.#lines;
  }

  /** Does something again and again until this one stops, however long it takes or fails. */
  async #keep(doing: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(this.#options.lookEvery, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await doing();
    }
  }

  /** Takes over what the one before told of the runs, and begins to answer. */
  async #take(): Promise<void> {
    const { bus, log } = this.#ports;
    await this.#leave();
    this.#told.clear();
    for (const { key, value } of await (await bus.state(CoordinatedRuns)).list()) {
      const own = this.#accounts.get(key)?.record(now());
      // What this one knows of its ranks is worth keeping, if no other has gone on meanwhile.
      if (own?.generation !== value.generation || own.phase !== value.phase) this.#open(key, value);
    }
    for (const { attendance } of this.#accounts.values()) attendance.excuse(now());
    this.#served = await Promise.all([
      bus.serve(Beat, async (beat) => this.#account(beat.run).beat(beat, now())),
      bus.serve(AskToLaunch, async (question) => this.#account(question.run).ask(question, now())),
      bus.serve(AskForRun, async (question) => this.#admit(question)),
      bus.serve(Steer, async (request) => this.#known(request.run).steer(request, now())),
      bus.serve(SubmitRun, async ({ run, ...submission }) => this.#account(run).submit(submission, now())),
    ]);
    log.info({ runs: this.#accounts.size }, 'coordinating');
  }

  async #leave(): Promise<void> {
    const served = this.#served;
    this.#served = [];
    await Promise.all(served.map((each) => each.stop()));
  }

  async #look(): Promise<void> {
    if (!this.leads) return;
    for (const account of this.#accounts.values()) account.look(now());
    try {
      await this.#tellChanges();
      await this.#tellTable();
    } catch (error) {
      this.#ports.log.warn({ err: error }, 'the bus cannot be told of runs; it will be when it is back');
    }
  }

  async #tellChanges(): Promise<void> {
    for (let next = this.#untold[0]; next; next = this.#untold[0]) {
      const { run, generation, ranks, phase, since, reason } = next;
      await this.#ports.bus.publish(PhaseChanged, {
        ...{ run, generation, ranks, phase, since },
        ...(reason !== undefined && { reason }),
      });
      this.#untold.shift();
    }
  }

  async #tellTable(): Promise<void> {
    const table = await this.#ports.bus.state(CoordinatedRuns);
    for (const record of this.records()) {
      const text = JSON.stringify(record);
      if (this.#told.get(record.run) === text) continue;
      await table.put(record.run, record);
      this.#told.set(record.run, text);
    }
  }

  /** The account of a run, a new one if need be. @throws {CodedError} OVERLOADED. */
  #account(run: string): RunAccount {
    return this.#accounts.get(run) ?? this.#open(run);
  }

  /** The run that has waited longest of those that there is room for. */
  #admit(question: AdmissionQuestion): { readonly admitted?: SubmitRequest } {
    const { failed } = question;
    if (failed) this.#accounts.get(failed.run)?.notLaunched(failed.reason, now());
    for (const account of [...this.#accounts.values()].sort((one, other) => one.since - other.since)) {
      const submission = account.admit(question, now());
      if (submission) return { admitted: { run: account.run, ...submission } };
    }
    return {};
  }

  #known(run: string): RunAccount {
    const account = this.#accounts.get(run);
    if (account) return account;
    throw new CodedError('RUN_UNKNOWN', `No ranks of a run ${run} are known to the coordinator`, {
      details: { field: 'run', expected: [...this.#accounts.keys()].slice(0, 20).join(', ') || 'none', got: run },
    });
  }

  #open(run: string, known?: CoordinatedRun): RunAccount {
    if (!this.#accounts.has(run) && this.#accounts.size >= MOST_RUNS) this.#forgetOne();
    const changed = (record: CoordinatedRun): void => this.#note(record);
    const account = new RunAccount(run, { known, now: now(), times: this.#options, changed });
    this.#accounts.set(run, account);
    return account;
  }

  #forgetOne(): void {
    const ended = [...this.#accounts.values()].filter(({ hasEnded }) => hasEnded);
    const [oldest] = ended.sort((one, other) => one.since - other.since);
    if (!oldest) throw new CodedError('OVERLOADED', `${MOST_RUNS} runs are under way, and no more are kept account of`);
    this.#accounts.delete(oldest.run);
    this.#told.delete(oldest.run);
  }

  #note(record: CoordinatedRun): void {
    const { run, generation, ranks, phase, since, reason } = record;
    const text = `generation ${generation} of ${ranks} ranks: ${phase}${reason === undefined ? '' : `, ${reason}`}`;
    this.#lines.push({ at: since, run, text });
    if (this.#lines.length > MOST_LOG_LINES) this.#lines.shift();
    this.#untold = [...this.#untold, record].slice(-MOST_UNTOLD);
    this.#ports.log.info({ run, generation, ranks, phase, reason }, 'a run has gone over to another phase');
  }
}

/** Milliseconds since 1970 by a clock that nobody sets while the process lives. */
function now(): number {
  return Math.round(performance.timeOrigin + performance.now());
}
