import {
  InProcessBus,
  Jobs,
  Runs,
  type CoordinatedRun,
  type JobRecord,
  type MessageBus,
  type RankFigures,
  type RunRecord,
} from '@bluewaters/messages';
import { createLogger } from '@bluewaters/service';
import { startPage, type PageOptions, type RunningPage } from './page-server.js';
import type { CurvePoint, LogLine, RankCell, Watched } from '../watched.js';

/** Figures of a rank at a step; its loss falls and its time goes mostly to computing. */
export function figuresAt(step: number, changes: Partial<RankFigures> = {}): RankFigures {
  return {
    step,
    epoch: Math.floor(step / 100),
    loss: 2.3 / (1 + step / 100),
    batch: 128,
    imagesPerSecond: 1000 + (step % 7),
    seconds: { input: 0.01, compute: 0.08, reduce: 0.01 },
    ...changes,
  };
}

const SINCE = Date.now() - 200_000;

/** A run of four ranks on two hosts, under way. */
export function coordinatedRun(changes: Partial<CoordinatedRun> = {}): CoordinatedRun {
  return {
    run: 'digits',
    phase: 'running',
    since: SINCE,
    generation: 1,
    ranks: 4,
    launcher: { host: 'mom1', pid: 4711 },
    arrived: 4,
    missing: [],
    silent: [],
    hosts: 2,
    figures: figuresAt(120),
    ...changes,
  };
}

/** A coordinator whose knowledge a test writes by hand. */
export class KnownRuns implements Watched {
  leads = true;
  lines: LogLine[] = [];
  readonly #runs = new Map<string, { record: CoordinatedRun; quiet: ReadonlySet<number> }>();

  /** @param quiet Ranks not heard of for a minute. Those from `record.arrived` on have not come yet. */
  know(record: CoordinatedRun, quiet: readonly number[] = []): void {
    this.#runs.set(record.run, { record, quiet: new Set(quiet) });
  }

  records(): readonly CoordinatedRun[] {
    return [...this.#runs.values()].map(({ record }) => record);
  }

  cells(run: string, from: number, count: number): readonly RankCell[] {
    const known = this.#runs.get(run);
    if (!known) return [];
    const { record, quiet } = known;
    const ranks = Array.from({ length: Math.max(0, Math.min(count, record.ranks - from)) }, (_, index) => from + index);
    return ranks.map((rank) => {
      if (rank >= record.arrived) return { rank };
      const host = `nid${String(1 + (rank % record.hosts)).padStart(5, '0')}`;
      const share = record.roles?.find(({ ranks }) => ranks.includes(rank));
      return {
        rank,
        host,
        ...(share && { role: share.role }),
        secondsSilent: quiet.has(rank) ? 60 : 1,
        ...(record.figures && { figures: record.figures }),
      };
    });
  }

  curve(run: string): readonly CurvePoint[] {
    const last = this.#runs.get(run)?.record.figures?.step;
    return last === undefined ? [] : Array.from({ length: 13 }, (_, index) => figuresAt((last / 12) * index));
  }

  log(): readonly LogLine[] {
    return this.lines;
  }
}

/** A run as training writes it. */
export function runRecord(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    run: 'digits',
    model: 'digits',
    network: 'lenet',
    dataset: 'mnist',
    state: 'running',
    step: 100,
    epoch: 1,
    ...changes,
  };
}

/** What services would put into their tables. */
export interface Told {
  readonly runs?: readonly RunRecord[];
  readonly jobs?: readonly JobRecord[];
}

/** Resolves when whoever watches the tables has heard it. */
export async function tell(bus: MessageBus, { runs = [], jobs = [] }: Told): Promise<void> {
  const [runTable, jobTable] = [await bus.state(Runs), await bus.state(Jobs)];
  for (const run of runs) await runTable.put(run.run, run);
  for (const job of jobs) await jobTable.put(job.job, job);
}

/** A page over runs that are known by hand, and a bus of this process. */
export class PageRig {
  readonly watched = new KnownRuns();
  readonly bus = new InProcessBus();
  #page: RunningPage | undefined;

  async start(changes: Partial<PageOptions> = {}): Promise<this> {
    this.#page = await startPage({
      watched: this.watched,
      bus: this.bus,
      log: createLogger({ service: 'coordinator', level: 'silent' }),
      listen: { host: '127.0.0.1', port: 0 },
      ...changes,
    });
    return this;
  }

  get address(): string {
    if (!this.#page) throw new Error('The page is not served');
    return this.#page.address;
  }

  /** What the server answers, as JSON. */
  async ask<Body>(path: string, options: RequestInit = {}): Promise<{ readonly status: number; readonly body: Body }> {
    const response = await fetch(`${this.address}${path}`, options);
    return { status: response.status, body: (await response.json()) as Body };
  }

  /** Ends the server alone, as a crash of the coordinator would. */
  async stopPage(): Promise<void> {
    await this.#page?.stop();
  }

  async stop(): Promise<void> {
    await this.stopPage();
    await this.bus.close();
  }
}
