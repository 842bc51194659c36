import { CodedError } from '@bluewaters/errors';
import {
  Checkpointed,
  CoordinatedRuns,
  Coordinators,
  Evaluated,
  InProcessBus,
  Models,
  type JobRecord,
  type StateDefinition,
  type StateTable,
} from '@bluewaters/messages';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OverviewSource } from './overview-source.js';
import { coordinatedRun, figuresAt, KnownRuns, runRecord, tell } from './page.fixture.js';

/** A bus whose tables can be kept from answering. */
class FlakyBus extends InProcessBus {
  isAway = false;

  override async state<T>(definition: StateDefinition<T>): Promise<StateTable<T>> {
    const table = await super.state(definition);
    const get = table.get.bind(table);
    table.get = (key) => (this.isAway ? Promise.reject(new CodedError('BUS_UNAVAILABLE', 'away')) : get(key));
    return table;
  }
}

describe('the overview', () => {
  let bus: InProcessBus;
  let watched: KnownRuns;
  let source: OverviewSource;

  beforeEach(async () => {
    bus = new InProcessBus();
    watched = new KnownRuns();
    source = await OverviewSource.open({ watched, bus, silentSeconds: 10 });
  });
  afterEach(async () => {
    await source.stop();
    await bus.close();
  });

  const job = (changes: Partial<JobRecord>): JobRecord => ({
    job: 'one',
    work: 'shards.v1.build',
    state: 'running',
    attempt: 1,
    updatedAt: 5,
    ...changes,
  });

  it('joins what the coordinator knows of a run with what training wrote of it', async () => {
    watched.know(coordinatedRun());
    await tell(bus, { runs: [runRecord({ run: 'digits' }), runRecord({ run: 'alone', state: 'done' })] });
    const { runs } = source.overview();
    expect(runs.map(({ run, coordinated, record }) => [run, coordinated?.phase, record?.state])).toEqual([
      ['digits', 'running', 'running'],
      ['alone', undefined, 'done'],
    ]);
  });

  it('shows the runs that are under way before those that are over', async () => {
    watched.know(coordinatedRun({ run: 'a', phase: 'done' }));
    watched.know(coordinatedRun({ run: 'c' }));
    watched.know(coordinatedRun({ run: 'b', phase: 'paused' }));
    expect(source.overview().runs.map(({ run }) => run)).toEqual(['b', 'c', 'a']);
  });

  it('counts ranks by whether they have come and were heard of', () => {
    watched.know(coordinatedRun({ ranks: 8, arrived: 6 }), [2]);
    expect(source.overview().runs[0]?.counts).toEqual({ fresh: 5, silent: 1, missing: 2 });
  });

  it.each([1, 255, 256, 257, 10_000, 65_536])('has each of %i ranks in one of 256 squares at most', (ranks) => {
    watched.know(coordinatedRun({ ranks, arrived: ranks, hosts: 7 }), [ranks - 1]);
    const picture = source.detail('digits')?.ranks;
    expect(picture?.squares.length).toBeLessThanOrEqual(256);
    const sum = (state: 'fresh' | 'silent') => picture?.squares.reduce((total, square) => total + square[state], 0);
    expect([sum('fresh'), sum('silent')]).toEqual([ranks - 1, 1]);
    expect(picture?.squares.at(-1)?.silent).toBe(1);
    const before = (picture?.squares.length ?? 0) * (picture?.perSquare ?? 0);
    expect(before - ranks).toBeLessThan(picture?.perSquare ?? 0);
  });

  it('knows from the table alone what another coordinator leads', async () => {
    watched.leads = false;
    watched.know(coordinatedRun({ run: 'of-my-own' }));
    await (await bus.state(CoordinatedRuns)).put('digits', coordinatedRun());
    await (await bus.state(Coordinators)).put('leader', { host: 'mom1', pid: 7, id: 'x', resigned: false });
    const { leads, leader, runs } = source.overview();
    expect({ leads, leader, runs: runs.map(({ run, counts }) => [run, counts]) }).toEqual({
      leads: false,
      leader: { host: 'mom1', pid: 7 },
      runs: [['digits', undefined]],
    });
  });

  it('tells of jobs how long they take yet, the unfinished ones first, and leaves their results and units out', async () => {
    const progress = { phase: 'writing', done: 30, total: 100, unit: 'shards', ratePerSecond: 2 };
    await tell(bus, {
      jobs: [
        job({ job: 'old', state: 'done', updatedAt: 9, result: { huge: 'x'.repeat(500_000) } }),
        job({ job: 'waits', state: 'queued', updatedAt: 1 }),
        job({ job: 'unit', work: 'ingest.v1.synset' }),
        job({ job: 'works', progress }),
      ],
    });
    const { jobs } = source.overview();
    expect(jobs.map(({ job: id, secondsLeft }) => [id, secondsLeft])).toEqual([
      ['works', 35],
      ['waits', undefined],
      ['old', undefined],
    ]);
    expect(JSON.stringify(jobs).length).toBeLessThan(2000);
  });

  it('draws a curve of what was evaluated, and of the best before it listened', async () => {
    const evaluation = { examples: 10, top1: 0.5, top5: 0.9, loss: 1 };
    await tell(bus, { runs: [runRecord({ run: 'digits', best: { step: 10, epoch: 1, evaluation } })] });
    expect(source.detail('digits')?.charts.join()).toContain('Accuracy');
    const dots = () =>
      source
        .detail('digits')
        ?.charts.join()
        .match(/<circle class="curve-0"/gu)?.length;
    expect(dots()).toBe(1);
    // It may arrive twice.
    for (const step of [20, 20, 30]) await bus.publish(Evaluated, { run: 'digits', step, evaluation });
    await vi.waitFor(() => expect(dots()).toBe(3));
  });

  it('draws loss, rate and the parts of a step of a run that makes steps, and nothing of one that does not', () => {
    watched.know(coordinatedRun({ figures: figuresAt(1200) }));
    const { figures: _, ...quiet } = coordinatedRun({ run: 'new' });
    watched.know(quiet);
    const titles = source.detail('digits')?.charts.map((chart) => /aria-label="([^"]*)"/u.exec(chart)?.[1]);
    expect(titles).toEqual(['Loss', 'Images a second', 'Time of a step, ms']);
    expect(source.detail('new')?.charts).toEqual([]);
    expect(source.detail('nobody')).toBeUndefined();
  });

  it('keeps a bounded past of a bounded number of runs', async () => {
    watched.know(coordinatedRun());
    for (let step = 1; step <= 1000; step += 1) {
      await bus.publish(Checkpointed, { run: 'digits', step, epoch: 0, key: `k/${step}` });
    }
    await vi.waitFor(() => expect(source.detail('digits')?.checkpoints.at(-1)?.step).toBe(1000));
    expect(source.detail('digits')?.checkpoints.length).toBe(20);
    const models = await bus.state(Models);
    for (let version = 1; version <= 500; version += 1) {
      await models.put(`m.${version}`, { model: 'm', version, prefix: 'p' });
    }
    expect(source.overview().models.length).toBe(200);
    expect(source.overview().models.map(({ version }) => version)).toContain(500);
  });

  it('says since when the bus is away, and goes on to tell what it knew', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
    const flaky = new FlakyBus();
    watched.leads = false;
    const away = await OverviewSource.open({ watched, bus: flaky, silentSeconds: 10 });
    await (await flaky.state(CoordinatedRuns)).put('digits', coordinatedRun());
    await vi.advanceTimersByTimeAsync(8_000);
    expect(away.overview().busSilentSince).toBeUndefined();
    const heardAt = Date.now();
    flaky.isAway = true;
    await vi.advanceTimersByTimeAsync(8_000);
    expect(away.overview()).toMatchObject({ busSilentSince: heardAt, runs: [{ run: 'digits' }] });
    flaky.isAway = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(away.overview().busSilentSince).toBeUndefined();
    await away.stop();
    await flaky.close();
    vi.useRealTimers();
  });
});
