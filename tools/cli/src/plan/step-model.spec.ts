import { describe, expect, it } from 'vitest';
import { nodeNames } from '../machines/find-machine.js';
import { limitOf, rankCounts, WORTHWHILE } from './limits.js';
import { planFor, PlannedNodes } from './planned-nodes.js';
import { plotEfficiency } from './plot.js';
import { endurance, planStep, type Work } from './step-model.js';

const GIGABIT = 1e9 / 8;
/** Of GPUs, which run alone on their node; of CPUs, which share it with the operating system. Estimates. */
const JITTER = { gpu: 0.02, cpu: 0.05 } as const;
/** All but the nodes of Delta without a GPU, whose figures nobody has written down. */
const machines = await Promise.all((await nodeNames()).filter((name) => name !== 'delta-cpu').map(planFor));
const { nodes: XK } = await planFor('bluewaters-xk');

/** What the machines of publications have alike: input and checkpoints were not what held them up. */
const PUBLISHED = {
  ...{ source: '', nodeMtbfHours: 1e5, checkpoint: { bandwidth: 1e9, restart: 60 } },
  input: { perNode: 1e9, total: 1e12, decoded: 5_000 },
  local: { latency: 5e-6, bandwidth: 20e9 },
};
/** TensorFlow's own benchmarks of 2017 on one P100, 64 pictures a step; ResNet-101 by its arithmetic. */
const P100 = { 'inception-v3': 142, 'resnet-101': 129, 'vgg-16': 154 };

/** Sergeev and Del Balso 2018: servers of four P100, 25 Gbit/s Ethernet with RDMA. */
const HOROVOD = PlannedNodes.parse({
  ...{ nodes: 128, ranksPerNode: 4, ...PUBLISHED },
  device: { name: 'P100', peakFlops: 1e13, efficiency: 0.5, imagesPerSecond: P100, jitter: JITTER.gpu },
  network: { latency: 5e-6, bandwidth: 25 * GIGABIT },
});
/** Goyal et al. 2017: servers of eight P100, 50 Gbit/s Ethernet; an hour for 90 epochs tells the rate of a GPU. */
const GOYAL = PlannedNodes.parse({
  ...{ nodes: 32, ranksPerNode: 8, ...PUBLISHED },
  device: { name: 'P100', peakFlops: 1e13, efficiency: 0.5, imagesPerSecond: { 'resnet-50': 139 }, jitter: JITTER.gpu },
  network: { latency: 5e-6, bandwidth: 50 * GIGABIT },
});
/** Mathuriya et al. 2018: nodes of Cori with one Xeon Phi, Aries network; 129 ms for the one volume of a step. */
const COSMOFLOW = PlannedNodes.parse({
  ...{ nodes: 9_688, ranksPerNode: 1, ...PUBLISHED },
  device: {
    name: 'KNL',
    peakFlops: 6e12,
    efficiency: 0.1,
    imagesPerSecond: { cosmoflow: 1 / 0.129 },
    jitter: JITTER.cpu,
  },
  network: { latency: 2e-6, bandwidth: 10e9 },
});

/**
 * Ranks of one thread on two cores, measured by `npm run bench:distributed -- --only plans`, docs/results.md: a rank alone,
 * and how fast two exchange.
 */
const TWO_CORES = PlannedNodes.parse({
  ...{ nodes: 1, cores: 2, ranksPerNode: 4, ...PUBLISHED },
  device: {
    ...{ name: 'a core', peakFlops: 1e11, efficiency: 0.5, jitter: JITTER.cpu },
    ...{ threads: 1, imagesPerSecond: { 'resnet-20': 328 } },
  },
  network: { latency: 1, bandwidth: 1 },
  local: { latency: 1e-5, bandwidth: 2.9e9 },
});

const work = (network: string, parameters: number, batch: number, multiplyAdds = 4e9): Work => {
  return { network, parameters, multiplyAdds, batch, gradientBytes: 4, pictureBytes: 110_000 };
};
const RESNET_50 = work('resnet-50', 25_557_032, 32, 4_089_184_256);

describe('a plan', () => {
  it.each([
    ['Inception v3 on 512 GPUs', HOROVOD, work('inception-v3', 23_817_352, 64), { ranks: 512, over: 1 }, 0.9],
    ['ResNet-101 on 512 GPUs', HOROVOD, work('resnet-101', 44_549_160, 64), { ranks: 512, over: 1 }, 0.9],
    ['VGG-16 on 512 GPUs', HOROVOD, work('vgg-16', 138_357_544, 64), { ranks: 512, over: 1 }, 0.68],
    ['ResNet-50 from 8 to 256 GPUs', GOYAL, RESNET_50, { ranks: 256, over: 8 }, 0.9],
    ['CosmoFlow on 8,192 nodes', COSMOFLOW, work('cosmoflow', 7_040_000, 1), { ranks: 8_192, over: 1 }, 0.77],
  ] as const)(
    'comes within 10 points of the published efficiency of %s',
    (_, machine, of, { ranks, over }, published) => {
      const efficiency = planStep(machine, of, ranks).efficiency / planStep(machine, of, over).efficiency;
      expect(Math.abs(efficiency - published)).toBeLessThan(0.1);
    },
  );

  it.each([
    [1, 1],
    [2, 0.99],
    [4, 0.92],
  ])('comes within 10 points of what %i ranks on two cores keep of what they do apart', (ranks, kept) => {
    const { efficiency, parts } = planStep(TWO_CORES, work('resnet-20', 269_722, 64, 40_551_040), ranks);
    // Apart, too, they have the two cores only.
    expect(Math.abs(efficiency * Math.max(1, ranks / TWO_CORES.cores) - kept)).toBeLessThan(0.1);
    expect(parts.sharing > 0).toBe(ranks > TWO_CORES.cores);
  });

  it('loses nothing by ranks that have a core each, or compute on no core', () => {
    const { device } = TWO_CORES;
    for (const machine of [
      { ...TWO_CORES, cores: 4 },
      { ...TWO_CORES, device: { ...device, threads: 0 } },
    ]) {
      expect(planStep(machine, RESNET_50, 4).parts.sharing).toBe(0);
    }
  });

  it('finds that too few cores end the scaling, and that more would let it go on', () => {
    const { ranks, because, moves } = limitOf(TWO_CORES, RESNET_50);
    expect([ranks, because, moves[0]?.what]).toEqual([2, 'sharing', 'twice the cores a node']);
  });

  it.each(machines)('of $name spends a step on its parts, and on more ranks no less of each', ({ nodes: machine }) => {
    const steps = [1, ...rankCounts(machine).slice(0, -1)].map((ranks) => planStep(machine, RESNET_50, ranks));
    for (const [index, { parts, seconds, efficiency }] of steps.entries()) {
      expect(parts.compute + parts.sharing + parts.waiting + parts.input + parts.exchange).toBeCloseTo(seconds, 12);
      expect(efficiency).toBeLessThanOrEqual(1);
      const before = steps[index - 1]?.parts ?? { compute: 0, sharing: 0, waiting: 0, input: 0, exchange: 0 };
      for (const part of ['compute', 'sharing', 'waiting', 'exchange'] as const) {
        expect(parts[part]).toBeGreaterThanOrEqual(before[part] * (1 - 1e-12));
      }
    }
    expect(steps[0]).toMatchObject({ efficiency: 1, parts: { sharing: 0, waiting: 0, exchange: 0 } });
  });

  it('finds that gradients end the scaling of a network with many parameters and little arithmetic', () => {
    const alexnet = work('alexnet', 61_100_840, 64, 714_188_480);
    const { ranks, isWholeMachine, because, moves } = limitOf(XK, alexnet);
    expect([isWholeMachine, because]).toEqual([false, 'exchange']);
    expect(planStep(XK, alexnet, 2 * Math.max(1, ranks)).efficiency).toBeLessThan(WORTHWHILE);
    expect(moves.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['gradients in half the bytes', 'twice the pictures a rank']),
    );
    expect(moves.every((move) => move.ranks > ranks)).toBe(true);
  });

  it('finds that pictures end the scaling where the file system is slow', () => {
    const slow = { ...XK, input: { perNode: 1e9, total: 50e6, decoded: 1_000 } };
    expect(limitOf(slow, RESNET_50)).toMatchObject({ isWholeMachine: false, because: 'input' });
  });

  it('writes checkpoints more rarely than they take, and more often on more nodes', () => {
    const [few, many] = [endurance(XK, RESNET_50, 16), endurance(XK, RESNET_50, 4_228)];
    expect(many.checkpointEvery).toBeLessThan(few.checkpointEvery);
    expect(many.useful).toBeLessThan(few.useful);
    expect(few.useful).toBeGreaterThan(0.99);
    // Of 27,000 nodes one failed every 4.2 hours.
    expect(endurance(XK, RESNET_50, 27_000).meanTimeBetweenFailures).toBeCloseTo(4.2 * 3600, 6);
  });

  it.each(machines)('takes one jitter for all GPUs and one for all processors: $name', ({ nodes }) => {
    expect(nodes.device.jitter).toBe(/^[AGK]\S+$/u.test(nodes.device.name) ? JITTER.gpu : JITTER.cpu);
  });

  it('refuses nodes without figures', async () => {
    await expect(planFor('delta-cpu')).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { got: 'delta-cpu' } });
  });

  it('draws a line for each network within the picture', () => {
    const points = [1, 16, 4_096].map((ranks) => [ranks, planStep(HOROVOD, RESNET_50, ranks).efficiency] as const);
    const svg = plotEfficiency('a & b', [{ name: 'resnet-50', points }]);
    expect(svg).toContain('a &amp; b');
    const [, path = ''] = /class="curve"[^>]* d="M([^"]+)"/u.exec(svg) ?? [];
    const places = path.split('L').map((place) => place.split(' ').map(Number));
    expect(places).toHaveLength(3);
    for (const [x = -1, y = -1] of places) expect(x > 0 && x < 720 && y > 0 && y < 420).toBe(true);
  });
});
