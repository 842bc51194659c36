import { setTimeout as sleep } from 'node:timers/promises';
import {
  AskForRun,
  AskToLaunch,
  Beat,
  CoordinatedRuns,
  Coordinators,
  openBus,
  PhaseChanged,
  Steer,
  SubmitRun,
  type MessageBus,
} from '@bluewaters/messages';
import { createLogger } from '@bluewaters/service';
import { describeWith, startNats, until, type TestServer } from '@bluewaters/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Coordinator, type CoordinatorOptions } from './coordinator.js';

const QUICK = { term: 1_000, lookEvery: 100, silentAfter: 500 };

await describeWith(['nats'], 'the coordinator', () => {
  let server: TestServer;
  const started: Coordinator[] = [];
  const buses: MessageBus[] = [];

  const openOne = async (): Promise<MessageBus> => {
    const bus = await openBus({ kind: 'nats', url: server.url });
    buses.push(bus);
    return bus;
  };

  const start = async (options: Partial<CoordinatorOptions> = QUICK) => {
    const bus = await openOne();
    const coordinator = await Coordinator.start(
      { bus, log: createLogger({ service: 'coordinator', level: 'silent' }) },
      options,
    );
    started.push(coordinator);
    return { bus, coordinator };
  };

  const ask = (bus: MessageBus, ended?: { generation: number; outcome: 'stopped' | 'lost' | 'done' }) =>
    bus.request(AskToLaunch, {
      ...{ run: 'cifar', launcher: { host: 'here', pid: 1 }, ranks: 2, ends: false },
      ...(ended && { ended }),
    });

  const beat = (bus: MessageBus, generation: number, rank: number) =>
    bus.request(Beat, { run: 'cifar', generation, rank, ranks: 2, host: 'here', pid: 10 + rank });

  const table = async (bus: MessageBus) => (await (await bus.state(CoordinatedRuns)).get('cifar'))?.value;

  beforeEach(async () => {
    server = await startNats();
  });

  afterEach(async () => {
    await Promise.all(started.splice(0).map((coordinator) => coordinator.stop()));
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
    await server.stop();
  });

  it('answers launchers, ranks and people, and tells everyone how the run stands', async () => {
    await start();
    const bus = await openOne();
    const phases: string[] = [];
    await bus.subscribe(PhaseChanged, ({ phase }) => void phases.push(phase));
    expect(await ask(bus)).toEqual({ next: 'launch', generation: 1, ranks: 2 });
    expect(await beat(bus, 1, 0)).toEqual({ order: 'go on' });
    expect(await beat(bus, 1, 1)).toEqual({ order: 'go on' });
    await until('the table', async () => (await table(bus))?.phase === 'running');
    expect(await bus.request(Steer, { run: 'cifar', order: 'pause' })).toMatchObject({ phase: 'ending' });
    expect(await beat(bus, 1, 1)).toEqual({ order: 'stop' });
    expect(await ask(bus, { generation: 1, outcome: 'stopped' })).toEqual({ next: 'wait' });
    await until('the table', async () => (await table(bus))?.phase === 'paused');
    await until('the events', () => phases.length === 4);
    expect(phases).toEqual(['launching', 'running', 'ending', 'paused']);
    await expect(beat(bus, 2, 5)).resolves.toEqual({ order: 'go on' });
    await expect(bus.request(Steer, { run: 'other', order: 'stop' })).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
  });

  it('gives runs that are submitted to launchers, the oldest first that there is room for, and so does the next one', async () => {
    const { coordinator } = await start();
    const bus = await openOne();
    const admit = (ranks: number) => bus.request(AskForRun, { launcher: { host: 'there', pid: 2 }, ranks });
    const submit = (run: string, ranks: number) =>
      bus.request(SubmitRun, { run, ranks, command: ['train', '--run', run] });
    expect(await admit(9)).toEqual({});
    for (const [run, ranks] of [
      ['large', 8],
      ['first', 2],
      ['second', 1],
    ] as const) {
      await submit(run, ranks);
      await sleep(5);
    }
    expect(await admit(2)).toEqual({ admitted: { run: 'first', ranks: 2, command: ['train', '--run', 'first'] } });
    const rows = async () => (await (await bus.state(CoordinatedRuns)).list()).map(({ value }) => value.phase);
    await until('the table', async () => (await rows()).filter((phase) => phase === 'submitted').length === 2);
    started.splice(started.indexOf(coordinator), 1);
    await coordinator.stop();
    await start();
    expect(await admit(2)).toMatchObject({ admitted: { run: 'second' } });
    expect(await admit(2)).toEqual({});
    expect(await admit(8)).toMatchObject({ admitted: { run: 'large', ranks: 8 } });
  });

  it('lets one of two lead, and the other take its place with what it knew when it is gone', async () => {
    // Longer than this process may be held up by others.
    const term = 4_000;
    const first = await start({ ...QUICK, term });
    const second = await start({ ...QUICK, term });
    expect([first.coordinator.leads, second.coordinator.leads]).toEqual([true, false]);
    const bus = await openOne();
    await ask(bus);
    await beat(bus, 1, 0);
    await beat(bus, 1, 1);
    await until('the table', async () => (await table(bus))?.phase === 'running');
    // Gone without a word: it neither answers nor renews any more.
    await first.bus.close();
    await until('the second', () => second.coordinator.leads);
    expect(first.coordinator.leads).toBe(false);
    expect(await beat(bus, 1, 1)).toEqual({ order: 'go on' });
    await expect(beat(bus, 1, 7)).rejects.toMatchObject({ code: 'GENERATION_OVER' });
    expect(second.coordinator.records()).toMatchObject([{ run: 'cifar', phase: 'running', generation: 1, ranks: 2 }]);
  });

  it('hands over at once when it is stopped', async () => {
    const first = await start();
    const second = await start({ ...QUICK, term: 60_000 });
    await first.coordinator.stop();
    await until('the second', () => second.coordinator.leads, 5_000);
  });

  it('never has two that lead, however often the lead is taken away', async () => {
    const both = [await start(), await start()];
    const bus = await openOne();
    const leader = await bus.state(Coordinators);
    let seen = 0;
    for (let turn = 0; turn < 5; turn += 1) {
      await until('one that leads', () => both.some(({ coordinator }) => coordinator.leads));
      await leader.delete('leader');
      for (let look = 0; look < 40; look += 1) {
        const leading = both.filter(({ coordinator }) => coordinator.leads).length;
        expect(leading).toBeLessThanOrEqual(1);
        seen += leading;
        await sleep(10);
      }
    }
    expect(seen).toBeGreaterThan(0);
  });

  it('knows from its ranks how the run stands when NATS was gone and has forgotten everything', async () => {
    const { coordinator } = await start({ ...QUICK, silentAfter: 30_000 });
    const bus = await openOne();
    await ask(bus);
    await beat(bus, 1, 0);
    await beat(bus, 1, 1);
    await server.restart({ empty: true });
    await until('the lead', () => coordinator.leads);
    await until('a word', () =>
      beat(bus, 1, 0).then(
        () => true,
        () => false,
      ),
    );
    await beat(bus, 1, 1);
    await until('the table', async () => (await table(bus))?.phase === 'running');
    expect(await table(bus)).toMatchObject({ generation: 1, ranks: 2, arrived: 2, missing: [], silent: [] });
  });
});
