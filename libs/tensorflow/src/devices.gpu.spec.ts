import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Graph, initializers, listDevices, matMul, Session, variable } from './index.js';

/** Memory of each GPU in MiB, as the driver counts it. */
async function memoryMib(): Promise<{ used: number; total: number }[]> {
  const query = ['--query-gpu=memory.used,memory.total', '--format=csv,noheader,nounits'];
  const { stdout } = await promisify(execFile)('nvidia-smi', query);
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number))
    .map(([used, total]) => ({ used: used!, total: total! }));
}

/** A product of two random matrices, [256, 256], on one device. */
async function productOn(device: string): Promise<Float32Array> {
  using graph = new Graph();
  const scope = graph.scope().on(device);
  const matrices = [1, 2].map((seed) =>
    variable(graph.scope().on('/cpu:0'), `matrix${seed}`, {
      dtype: 'float32',
      shape: [256, 256],
      initializer: initializers.truncatedNormal({ stddev: 1, seed }),
    }),
  );
  const product = matMul(scope, matrices[0]!.value, matrices[1]!.value);
  using session = new Session(graph, { allowGrowth: true });
  await session.run({ targets: matrices.map(({ initializer }) => initializer) });
  using value = (await session.run({ fetches: [product] }))[0]!;
  return Float32Array.from(value.values() as Float32Array);
}

// In this order: the first session of a process that sees the GPUs decides how their memory is taken.
describe('GPUs', { timeout: 300_000 }, () => {
  it('are hidden by a count of 0', () => {
    using graph = new Graph();
    using session = new Session(graph, { deviceCount: { GPU: 0 } });
    expect(session.listDevices().map(({ type }) => type)).not.toContain('GPU');
  });

  it('keep most of their memory free where it is taken as needed', async () => {
    const before = await memoryMib();
    await productOn('/gpu:0');
    const after = await memoryMib();
    after.forEach(({ used, total }, index) => expect(used - before[index]!.used).toBeLessThan(total / 2));
  });

  it('are listed with their memory', () => {
    const gpus = listDevices().filter(({ type }) => type === 'GPU');
    expect(gpus.length).toBeGreaterThan(0);
    expect(gpus[0]!.name).toMatch(/device:GPU:0$/u);
    expect(gpus.every(({ memoryBytes }) => memoryBytes > 1 << 30)).toBe(true);
  });

  it("give the CPU's product of matrices, but for rounding", async () => {
    const [gpu, cpu] = [await productOn('/gpu:0'), await productOn('/cpu:0')];
    // A term of TensorFloat-32, which newer GPUs multiply in, has 10 bits; a sum has 256 of them.
    const largest = Math.max(...cpu.map(Math.abs));
    expect(Math.max(...gpu.map((value, index) => Math.abs(value - cpu[index]!))) / largest).toBeLessThan(5e-3);
  });
});
