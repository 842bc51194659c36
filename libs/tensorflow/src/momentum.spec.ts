import { describe, expect, it } from 'vitest';
import { difference, random, ROUNDING } from './convolutions.fixture.js';
import {
  add,
  afterLastReads,
  assign,
  gradients,
  Graph,
  group,
  hasNativeOperations,
  initializers,
  matMul,
  mul,
  optimisers,
  Session,
  sum,
  variable,
  type Operation,
  type Output,
  type Scope,
  type Tensor,
  type Variable,
} from './index.js';

const [RATE, DECAY, MOMENTUM] = [0.05, 0.0005, 0.9];

/** One float, less than a piece, several pieces with a rest, several tasks with a rest; none at all. */
const SHAPES = [[], [1], [3, 5, 7], [5000], [300_001], [4, 0]];

interface Change {
  readonly decay?: number;
  readonly nesterov?: boolean;
  readonly threads?: bigint;
}

/** Weights and their velocity. */
function variablesOf(scope: Scope, name: string, shape: readonly number[]): [weights: Variable, velocity: Variable] {
  const initializer = initializers.zeros();
  const make = (of: string) => variable(scope, `${name}/${of}`, { dtype: 'float32', shape, initializer });
  return [make('weights'), make('velocity')];
}

/** Gives several weights the same random values, and their velocities others. */
function start(scope: Scope, all: readonly (readonly Variable[])[], shape: readonly number[]): Operation {
  const values = [random(scope, shape, 1), random(scope, shape, 2)];
  return group(
    scope,
    all.flatMap((variables) => variables.map((one, i) => assign(scope, one, values[i] as Output))),
  );
}

function ours(scope: Scope, [weights, velocity]: Variable[], gradient: Output, change: Change = {}): Operation {
  const { decay = DECAY, nesterov = false, threads = 2n } = change;
  const inputs = [weights!.handle, velocity!.handle, scope.constant(RATE), gradient];
  return scope.op('BluewatersMomentum', { inputs, attributes: { decay, momentum: MOMENTUM, nesterov, threads } });
}

function stock(scope: Scope, [weights, velocity]: Variable[], gradient: Output, change: Change = {}): Operation {
  const { decay = DECAY, nesterov = false } = change;
  const decayed = decay === 0 ? gradient : add(scope, gradient, mul(scope, weights!.value, decay));
  const inputs = [weights!.handle, velocity!.handle, scope.constant(RATE), decayed, scope.constant(MOMENTUM)];
  return scope.op('ResourceApplyMomentum', { inputs, attributes: { use_nesterov: nesterov } });
}

async function bytesOf(session: Session, variables: readonly Variable[]): Promise<Buffer> {
  const tensors = await session.run({ fetches: variables.map(({ value }) => value) });
  return Buffer.concat(
    tensors.map((tensor) => {
      using owned = tensor;
      return Buffer.from(Float32Array.from(owned.values() as Float32Array).buffer);
    }),
  );
}

/** Rows, inputs and units of dense layers: less than a tile, tiles and pieces with a rest, more of all. */
const LAYERS = [
  [1, 1, 1],
  [4, 5, 40],
  [33, 100, 1100],
  [128, 13, 2052],
  [7, 250, 64],
  [0, 3, 4],
  [5, 0, 4],
] as const;

const floatsOf = ({ buffer, byteOffset, byteLength }: Buffer): Float32Array =>
  new Float32Array(buffer, byteOffset, byteLength / 4);

describe.skipIf(!hasNativeOperations())('our momentum of a dense layer [needs a C++ compiler at set-up]', () => {
  it.each(LAYERS)('is that of its gradient, up to rounding, for any number of threads', async (rows, inputs, units) => {
    for (const nesterov of [false, true]) {
      using graph = new Graph();
      const scope = graph.scope();
      const [x, arriving] = [random(scope, [rows, inputs], 4), random(scope, [rows, units], 5)] as const;
      const all = ['apart', 'one', 'two', 'all'].map((name) => variablesOf(scope, name, [inputs, units]));
      const gradient = matMul(scope, x, arriving, { transposeA: true });
      const updates = all.map((variables, i) => {
        if (i === 0) return ours(scope, variables, gradient, { nesterov });
        const handles = variables.map(({ handle }) => handle);
        const attributes = { decay: DECAY, momentum: MOMENTUM, nesterov, threads: [1n, 2n, 0n][i - 1] as bigint };
        return scope.op('BluewatersDenseMomentum', {
          inputs: [...handles, scope.constant(RATE), x, arriving],
          attributes,
        });
      });
      using session = new Session(graph, { intraOpThreads: 2 });
      await session.run({ targets: [start(scope, all, [inputs, units])] });
      await session.run({ targets: updates });
      const [apart, ...found] = await Promise.all(all.map((variables) => bytesOf(session, variables)));
      for (const bytes of found) expect(bytes.equals(found[0]!)).toBe(true);
      if (apart!.length > 0) expect(difference(floatsOf(found[0]!), floatsOf(apart!))).toBeLessThan(ROUNDING);
    }
  });

  it.each([
    ['other rows', [3, 4], [2, 5], 'matrices of as many rows'],
    ['other weights', [3, 4], [3, 6], 'as many as inputs times units'],
    ['a vector', [3], [3, 5], 'matrices of as many rows'],
  ] as const)('refuses %s', async (_what, x, arriving, message) => {
    using graph = new Graph();
    const scope = graph.scope();
    const variables = variablesOf(scope, 'refused', [4, 5]);
    const inputs = [
      ...variables.map(({ handle }) => handle),
      scope.constant(RATE),
      ...[x, arriving].map((shape) => random(scope, shape, 1)),
    ];
    const update = scope.op('BluewatersDenseMomentum', {
      inputs,
      attributes: { decay: 0, momentum: MOMENTUM, nesterov: false },
    });
    using session = new Session(graph);
    await session.run({ targets: variables.map(({ initializer }) => initializer) });
    await expect(session.run({ targets: [update] })).rejects.toThrow(message);
  });

  it.each([
    { rows: 8, inputs: 2050, units: 2051, type: 'BluewatersDenseMomentum' },
    { rows: 3, inputs: 2050, units: 2051, type: 'BluewatersMomentum' },
    { rows: 129, inputs: 2050, units: 2051, type: 'BluewatersMomentum' },
    { rows: 8, inputs: 2050, units: 1024, type: 'BluewatersMomentum' },
  ])('takes large layers with few rows, behind who reads them last: $rows, $inputs, $units', async (layer) => {
    const { rows, inputs, units, type } = layer;
    const weightsBy = async (fusesDense: boolean) => {
      using graph = new Graph();
      const scope = graph.scope();
      const [weights] = variablesOf(scope, 'layer', [inputs, units]);
      const x = random(scope, [rows, inputs], 1);
      const loss = sum(scope, mul(scope, matMul(scope, x, weights.value), random(scope, [rows, units], 3)));
      const slopes = gradients(scope, [loss], [weights.value, x]);
      const [gradient] = afterLastReads(scope.child('last'), slopes, { values: [weights.value, x], step: slopes });
      const parameters = [{ variable: weights, gradient: gradient as Output }];
      const { operation, slots } = optimisers
        .momentum({ weightDecay: DECAY, fusesDense })
        .apply(scope, parameters, scope.constant(RATE));
      const types = graph.operations().filter((one) => one.type.endsWith('Momentum'));
      expect(types.map((one) => one.type)).toEqual([fusesDense ? type : 'BluewatersMomentum']);
      using session = new Session(graph, { intraOpThreads: 2 });
      await session.run({ targets: [start(scope, [[weights, slots[0] as Variable]], [inputs, units])] });
      await session.run({ fetches: [slopes[1] as Output], targets: [operation] });
      return floatsOf(await bytesOf(session, [weights]));
    };
    expect(difference(await weightsBy(true), await weightsBy(false))).toBeLessThan(ROUNDING);
  });
});

describe.skipIf(!hasNativeOperations())('our momentum [needs a C++ compiler at set-up]', () => {
  it.each([{}, { nesterov: true }, { decay: 0 }, { decay: 0, nesterov: true }] satisfies Change[])(
    "is TensorFlow's with the weights' decay, to the last bit, for any number of threads (%o)",
    async (change) => {
      for (const shape of SHAPES) {
        using graph = new Graph();
        const scope = graph.scope();
        const gradient = random(scope, shape, 3);
        const all = ['stock', 'one', 'two', 'all'].map((name) => variablesOf(scope, name, shape));
        const updates = all.map((variables, i) =>
          i === 0
            ? stock(scope, variables, gradient, change)
            : ours(scope, variables, gradient, { ...change, threads: [1n, 2n, 0n][i - 1] as bigint }),
        );
        using session = new Session(graph, { intraOpThreads: 2 });
        await session.run({ targets: [start(scope, all, shape)] });
        const before = await bytesOf(session, all[0]!);
        for (let step = 0; step < 3; step += 1)
          await session.run({ targets: [group(scope.child(`${step}`), updates)] });
        const [theirs, ...found] = await Promise.all(all.map((variables) => bytesOf(session, variables)));
        expect(theirs!.equals(before)).toBe(before.length === 0);
        for (const bytes of found) expect(bytes.equals(theirs!), shape.join('x')).toBe(true);
      }
    },
  );

  it('leaves those who read the weights before it what they read', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const variables = variablesOf(scope, 'read', [4000]);
    const [weights] = variables;
    const gradient = random(scope, [4000], 3);
    const read = scope.op('ReadVariableOp', { inputs: [weights.handle], attributes: { dtype: 'float32' } }).output();
    const update = ours(scope.after(read.operation), variables, gradient);
    const later = mul(scope.after(update), read, 1);
    using session = new Session(graph, { intraOpThreads: 2 });
    await session.run({ targets: [start(scope, [variables], [4000])] });
    const before = await bytesOf(session, [weights]);
    using kept = (await session.run({ fetches: [later] }))[0] as Tensor;
    expect(Buffer.from(Float32Array.from(kept.values() as Float32Array).buffer).equals(before)).toBe(true);
    expect((await bytesOf(session, [weights])).equals(before)).toBe(false);
  });

  it('refuses a gradient of another size, and weights that nobody has initialised', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const variables = variablesOf(scope, 'refused', [6]);
    const update = ours(scope, variables, random(scope, [5], 3));
    using session = new Session(graph);
    await expect(session.run({ targets: [update] })).rejects.toThrow('Invalid variable reference');
    await session.run({ targets: variables.map(({ initializer }) => initializer) });
    await expect(session.run({ targets: [update] })).rejects.toThrow('must be as many float32, and the rate one');
  });
});
