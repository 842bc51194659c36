import {
  CoordinatedRuns,
  Coordinators,
  Datasets,
  Indexes,
  IndexSynset,
  Jobs,
  Models,
  Runs,
  type JobRecord,
  type MessageBus,
  type RankFigures,
  type RankRole,
  type StateDefinition,
  type StateTable,
} from '@bluewaters/messages';
import type { RankCell, Watched } from '../watched.js';
import { History } from './history.js';
import {
  isUnderWay,
  overviewOf,
  type JobOverview,
  type Overview,
  type RunDetail,
  type RunOverview,
} from './overview.js';
import { countRanks, pictureRanks, rankState, type RankState } from './ranks-picture.js';
import { followTable } from './recent.js';
import { runCharts, withBest } from './run-charts.js';

/** Entries that are kept of each table. */
const MOST_ENTRIES = 200;
const LOOK_EVERY_MS = 2_000;
/** So many looks in vain mean that the bus is away. */
const AWAY_AFTER_MS = 3 * LOOK_EVERY_MS;

/** Where an overview comes from. */
export interface OverviewPorts {
  readonly watched: Watched;
  readonly bus: MessageBus;
  /** After so long without a word a rank is silent. */
  readonly silentSeconds: number;
}

/** A rank as it is asked for by number. */
export interface RankOverview {
  readonly rank: number;
  readonly state: RankState;
  readonly host?: string;
  readonly role?: RankRole;
  readonly secondsSilent?: number;
  readonly figures?: RankFigures;
}

/** Every table and event that the page shows. */
async function followAll(bus: MessageBus) {
  /** Units of a job are counted in the job's own progress, and would bury the rest. */
  const unlessUnit = (record: JobRecord): JobOverview | undefined =>
    record.work === IndexSynset.subject ? undefined : overviewOf(record);
  const same = <Value>(definition: StateDefinition<Value>) =>
    followTable(bus, definition, { most: MOST_ENTRIES, keep: (value) => value });
  return {
    coordinated: await same(CoordinatedRuns),
    runs: await same(Runs),
    indexes: await same(Indexes),
    datasets: await same(Datasets),
    models: await same(Models),
    leaders: await same(Coordinators),
    jobs: await followTable(bus, Jobs, { most: MOST_ENTRIES, keep: unlessUnit }),
    history: await History.open(bus),
  };
}

/**
 * Gathers what can be seen of runs: from the coordinator of this process, and from the tables and events of the bus. All
 * of it is bounded. While the bus is away it tells what it knew.
 */
export class OverviewSource {
  readonly #watched: Watched;
  readonly #silentSeconds: number;
  readonly #followed: Awaited<ReturnType<typeof followAll>>;
  readonly #asked: StateTable<unknown>;
  readonly #looking: NodeJS.Timeout;
  #heardAt = Date.now();

  private constructor(
    { watched, silentSeconds }: OverviewPorts,
    followed: Awaited<ReturnType<typeof followAll>>,
    asked: StateTable<unknown>,
  ) {
    this.#watched = watched;
    this.#silentSeconds = silentSeconds;
    this.#followed = followed;
    this.#asked = asked;
    this.#looking = setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  /** @throws {CodedError} BUS_UNAVAILABLE where the bus does not answer at the start. */
  static async open(ports: OverviewPorts): Promise<OverviewSource> {
    return new OverviewSource(ports, await followAll(ports.bus), await ports.bus.state(Coordinators));
  }

  /** What there is to see now. */
  overview(): Overview {
    const { jobs, indexes, datasets, models, leaders } = this.#followed;
    const leader = leaders.recent.get('leader');
    return {
      leads: this.#watched.leads,
      ...(leader && !leader.resigned && { leader: { host: leader.host, pid: leader.pid } }),
      ...(Date.now() - this.#heardAt > AWAY_AFTER_MS && { busSilentSince: this.#heardAt }),
      runs: this.#runs().map((run) => this.#withCounts(run)),
      jobs: jobs.recent.values().sort(byUrgency),
      indexes: indexes.recent.values(),
      datasets: datasets.recent.values(),
      models: models.recent.values(),
      log: this.#watched.log(),
    };
  }

  /** Undefined where no run of that name is known. */
  detail(name: string): RunDetail | undefined {
    const run = this.#runs().find(({ run }) => run === name);
    if (!run) return undefined;
    const { checkpoints, evaluations } = this.#followed.history.of(name);
    const charts = runCharts(this.#watched.curve(name), withBest(evaluations, run.record?.best));
    const cells = this.#cells(run);
    return { run: name, charts, ...(cells && { ranks: pictureRanks(cells, this.#silentSeconds) }), checkpoints };
  }

  /** Ranks `from` to `from + count - 1`; none where this coordinator keeps no account of them. */
  ranks(run: string, from: number, count: number): RankOverview[] {
    return this.#watched
      .cells(run, from, count)
      .map((cell) => ({ ...cell, state: rankState(cell, this.#silentSeconds) }));
  }

  /** Gives back what it listens to. */
  async stop(): Promise<void> {
    clearInterval(this.#looking);
    await Promise.all(Object.values(this.#followed).map((followed) => followed.stop()));
  }

  #runs(): RunOverview[] {
    const { coordinated, runs } = this.#followed;
    const shown = new Map<string, RunOverview>();
    for (const record of runs.recent.values()) shown.set(record.run, { run: record.run, record });
    for (const one of this.#watched.leads ? this.#watched.records() : coordinated.recent.values()) {
      shown.set(one.run, { ...shown.get(one.run), run: one.run, coordinated: one });
    }
    return [...shown.values()].sort(
      (a, b) => Number(isUnderWay(b)) - Number(isUnderWay(a)) || (a.run < b.run ? -1 : 1),
    );
  }

  #withCounts(run: RunOverview): RunOverview {
    const cells = this.#cells(run);
    return cells ? { ...run, counts: countRanks(cells, this.#silentSeconds) } : run;
  }

  /** Of all ranks; undefined where this coordinator keeps no account of them, or they are of no interest any more. */
  #cells(run: RunOverview): readonly RankCell[] | undefined {
    if (!this.#watched.leads || !run.coordinated || !isUnderWay(run)) return undefined;
    return this.#watched.cells(run.run, 0, run.coordinated.ranks);
  }

  async #look(): Promise<void> {
    // A bus that is away keeps some of these waiting, or refuses them; either way nothing is heard.
    const answered = await this.#asked.get('leader').then(
      () => true,
      () => false,
    );
    if (answered) this.#heardAt = Date.now();
  }
}

function byUrgency(a: JobOverview, b: JobOverview): number {
  const over = ({ state }: JobOverview): number => Number(state === 'done' || state === 'failed');
  return over(a) - over(b) || b.updatedAt - a.updatedAt;
}
