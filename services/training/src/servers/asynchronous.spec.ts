import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasNativeOperations } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { bringShards } from '../local-shards.js';
import { openRun } from '../run-context.js';
import { train } from '../train.js';
import { TrainingEngine } from '../training-engine.js';
import { work } from '../work.js';
import { kept, workplace } from '../workplace.fixture.js';
import { startCluster, trainOn } from './cluster.fixture.js';

// Servers know the operations of their process only.
hasNativeOperations();

describe('workers of parameter servers that do not wait for one another', { timeout: 120_000 }, () => {
  it('make as many steps as one process, and learn as well', async () => {
    const place = await workplace();
    const result = await trainOn(await startCluster({ servers: 2, workers: 2 }), place);
    expect(result).toMatchObject({ steps: 36, epochs: 6, evaluation: { examples: 21, top1: 1 } });
    const staleness = place.said.flatMap(({ figures }) => figures?.['staleness'] ?? []);
    expect(staleness.length).toBeGreaterThan(0);
    expect(staleness.every((value) => value >= 0 && value <= 4)).toBe(true);
  });

  it('leave a run that one process goes on with, and go on with that of one process', async () => {
    const place = await workplace();
    expect(
      await trainOn(await startCluster({ servers: 1, workers: 2 }), place, { changes: { epochs: 2 } }),
    ).toMatchObject({ steps: 12, version: 1 });
    expect(await place.start({ epochs: 4 })).toMatchObject({ steps: 24, version: 2 });
    expect(place.said.flatMap(({ notices = [] }) => notices)).toContain('going on from the checkpoint of step 12');
    const members = await startCluster({ servers: 3, workers: 1 });
    expect(await trainOn(members, place)).toMatchObject({ steps: 36, evaluation: { top1: 1 } });
  });

  it('go on from the checkpoint of a stop in the middle of an epoch', async () => {
    const place = await workplace();
    const stopped = trainOn(await startCluster({ servers: 1, workers: 2 }), place, { stopAfter: 4 });
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await trainOn(await startCluster({ servers: 1, workers: 2 }), place)).toMatchObject({ steps: 36 });
  });

  it('take the place of one that went, with what it had left undone', async () => {
    const place = await workplace();
    const [chief, other] = await startCluster({ servers: 1, workers: 2 });
    const request = place.requestWith({ epochs: 40 });
    const training = train(request, { ...place.ports(), member: chief! });
    for (const patience of [600, 300, 0]) {
      const leaving = new AbortController();
      const ports = { ...place.ports(), report: () => undefined, signal: leaving.signal, member: other! };
      const working = work(request, ports).catch((error: unknown) => error);
      await (patience === 0 ? training : sleep(patience));
      leaving.abort();
      await working;
    }
    expect(await training).toMatchObject({ steps: 240 });
  });

  it('keep momentum each for itself: one whose others never come is one process with Nesterov’s', async () => {
    const [apart, alone] = await Promise.all([workplace(), workplace()]);
    const [chief] = await startCluster({ servers: 1, workers: 2 });
    await train(apart.requestWith({ epochs: 2 }), { ...apart.ports(), member: chief! });
    await alone.start({ epochs: 2, optimiser: 'nesterov' });
    for (const name of ['conv1/weights', 'conv1/weights/Momentum']) {
      const [ours, expected] = await Promise.all([apart, alone].map((place) => kept(place, name, 12)));
      expected!.forEach((value, n) => expect(ours![n]).toBeCloseTo(value, 5));
    }
  });

  it('compute all but the updates themselves, on the server only what changes variables', async () => {
    const place = await workplace();
    const [member] = await startCluster({ servers: 1, workers: 1 });
    const run = await openRun(place.requestWith({ epochs: 1 }), { ...place.ports(), member: member! });
    const cache = `${run.workDirectory}/shards/d`;
    using engine = new TrainingEngine(
      run,
      await bringShards(run.store, run.manifest, { cache, report: run.report }),
      0,
    );
    await engine.goTo(undefined);
    await engine.stepper.start(0);
    const devices = new Map<string, string[]>();
    await engine.stepper.make(0, {
      runner: async (session, request) => {
        const { tensors, metadata } = await session.trace(request);
        for (const { device, nodeStats } of metadata.stepStats?.devStats ?? []) {
          devices.set(
            /job:\w+/u.exec(device)?.[0] ?? device,
            nodeStats.map(({ nodeName }) => nodeName),
          );
        }
        return tensors;
      },
    });
    const onServer = devices.get('job:ps') ?? [];
    expect(onServer.filter((name) => /Apply/u.test(name)).length).toBeGreaterThan(0);
    expect(
      onServer.filter((name) => /Conv|MatMul|Grad|Pool|BiasAdd|Relu/u.test(name) && !/Apply|Read/u.test(name)),
    ).toEqual([]);
    expect((devices.get('job:worker') ?? []).filter((name) => /Conv2D/u.test(name)).length).toBeGreaterThan(0);
    await rm(place.directory, { recursive: true });
  });
});
