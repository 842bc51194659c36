import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  Graph,
  initializers,
  movingAverages,
  schedules,
  Session,
  variable,
  type Output,
  type Schedule,
  type Scope,
} from './index.js';
import {
  BIASES,
  gradientsAt,
  OPTIMISER_CASES,
  STEPS,
  train,
  WEIGHTS,
  type Trained,
} from './optimisers/optimiser-cases.fixture.js';

const python = process.env['BLUEWATERS_PYTHON'];

/** What Keras calls each schedule. */
const SCHEDULES: readonly { readonly name: string; readonly schedule: Schedule; readonly python: string }[] = [
  {
    name: 'piecewise',
    schedule: schedules.piecewise({ boundaries: [3, 7], rates: [1, 0.1, 0.01] }),
    python: 'PiecewiseConstantDecay([3, 7], [1.0, 0.1, 0.01])',
  },
  {
    name: 'polynomial',
    schedule: schedules.polynomial({ initial: 0.1, end: 0.01, steps: 9, power: 2 }),
    python: 'PolynomialDecay(0.1, 9, 0.01, 2.0)',
  },
  {
    name: 'exponential',
    schedule: schedules.exponential({ initial: 0.045, steps: 2, factor: 0.94 }),
    python: 'ExponentialDecay(0.045, 2, 0.94)',
  },
  {
    name: 'staircase',
    schedule: schedules.exponential({ initial: 0.045, steps: 2, factor: 0.94, staircase: true }),
    python: 'ExponentialDecay(0.045, 2, 0.94, staircase=True)',
  },
  { name: 'cosine', schedule: schedules.cosine({ initial: 0.4, steps: 9 }), python: 'CosineDecay(0.4, 9)' },
];

const CLIPPED = [
  [3, -4],
  [0.5, 12],
] as const;

const PROGRAM = `
import sys, json
import numpy as np
import tensorflow as tf
from tensorflow import raw_ops
given = json.load(sys.stdin)
v1 = tf.compat.v1

class Lars:
    """You et al. 2017, algorithm 1, of TensorFlow's Python operations."""
    def __init__(self, rate, weight_decay): self.rate, self.weight_decay, self.slots = rate, weight_decay, []
    def variables(self): return self.slots
    def apply_gradients(self, pairs):
        return tf.group(*[self.apply(g, w) for g, w in pairs])
    def apply(self, g, w):
        slot = v1.get_variable(w.op.name + '/Momentum', shape=w.shape, initializer=tf.zeros_initializer(), use_resource=True)
        self.slots.append(slot)
        rate = tf.constant(self.rate, tf.float32)
        if 'weights' in w.name:
            norm, slope = tf.norm(w), tf.norm(g)
            rate = rate * (0.001 * norm / (slope + self.weight_decay * norm))
            g = g + self.weight_decay * w
        return raw_ops.ResourceApplyMomentum(var=w.handle, accum=slot.handle, lr=1.0, grad=g * rate, momentum=0.9)

def keras_adamw(rate, weight_decay):
    made = tf.keras.optimizers.AdamW(rate, weight_decay=weight_decay, epsilon=1e-8)
    made.exclude_from_weight_decay(var_names=['biases'])
    return made

def in_graph(case):
    rate, history = case['rate'], []
    with tf.Graph().as_default(), v1.Session() as session:
        get = lambda name, value: v1.get_variable(name, initializer=np.array(value, 'float32'), use_resource=True)
        w, b = get('layer/weights', np.reshape(given['weights'], [2, 3])), get('layer/biases', given['biases'])
        gw, gb = v1.placeholder(tf.float32, [2, 3]), v1.placeholder(tf.float32, [3])
        optimiser = eval(case['python'])
        step = optimiser.apply_gradients([(gw + case['coupledDecay'] * w if case['coupledDecay'] else gw, w), (gb, b)])
        session.run(v1.global_variables_initializer())
        for g in given['gradients']:
            session.run(step, {gw: np.reshape(g['weights'], [2, 3]), gb: g['biases']})
            history.append(np.concatenate([v.ravel() for v in session.run([w, b])]).tolist())
        slots = {v.op.name: np.ravel(session.run(v)).tolist() for v in optimiser.variables()}
    return {'history': history, 'slots': slots}

def eagerly(case):
    rate, history = case['rate'], []
    w = tf.Variable(np.reshape(given['weights'], [2, 3]), dtype=tf.float32, name='weights')
    b = tf.Variable(given['biases'], dtype=tf.float32, name='biases')
    optimiser = eval(case['python'])
    for g in given['gradients']:
        tensors = [tf.constant(np.reshape(g['weights'], [2, 3]), tf.float32), tf.constant(g['biases'], tf.float32)]
        optimiser.apply_gradients(zip(tensors, [w, b]))
        history.append(np.concatenate([w.numpy().ravel(), b.numpy()]).tolist())
    return {'history': history}

def average():
    values = []
    with tf.Graph().as_default(), v1.Session() as session:
        count = v1.placeholder(tf.int64, [])
        w = v1.get_variable('layer/weights', initializer=[1.0, -2.0], use_resource=True)
        with tf.control_dependencies([w.assign_add([0.5, 0.25])]):
            ema = tf.train.ExponentialMovingAverage(0.9, num_updates=count)
            update = ema.apply([w])
        session.run(v1.global_variables_initializer())
        for step in range(6):
            session.run(update, {count: step})
            values.append(session.run(ema.average(w)).tolist())
        return {'name': ema.average(w).op.name, 'values': values}

xs = [tf.constant(x, tf.float32) for x in given['clipped']]
together, norm = tf.clip_by_global_norm(xs, 2.0)
print(json.dumps({
    'optimisers': {c['name']: (eagerly if 'keras' in c['python'] else in_graph)(c) for c in given['cases']},
    'schedules': {s['name']: [float(eval('tf.keras.optimizers.schedules.' + s['python'])(i)) for i in range(12)]
                  for s in given['schedules']},
    'average': average(),
    'clipped': [tf.clip_by_value(xs[0], -1.0, 2.0).numpy().tolist(), tf.clip_by_norm(xs[0], 2.0).numpy().tolist(),
                together[0].numpy().tolist(), together[1].numpy().tolist(), [float(norm)]],
    'broken': [bool(tf.reduce_all(tf.math.is_nan(x))) for x in tf.clip_by_global_norm([xs[0], xs[1] / 0.0], 2.0)[0]],
}))
`;

interface Theirs {
  readonly optimisers: Readonly<Record<string, Trained>>;
  readonly schedules: Readonly<Record<string, readonly number[]>>;
  readonly average: { readonly name: string; readonly values: readonly (readonly number[])[] };
  readonly clipped: readonly (readonly number[])[];
  readonly broken: readonly boolean[];
}

async function askPython(): Promise<Theirs> {
  const environment = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '' };
  const running = promisify(execFile)(python!, ['-c', PROGRAM], { env: environment });
  const given = {
    weights: WEIGHTS,
    biases: BIASES,
    gradients: Array.from({ length: STEPS }, (_, step) => gradientsAt(step)),
    cases: OPTIMISER_CASES.map(({ name, rate, coupledDecay, python: made }) => ({
      name,
      rate,
      coupledDecay,
      python: made,
    })),
    schedules: SCHEDULES.map(({ name, python: made }) => ({ name, python: made })),
    clipped: CLIPPED,
  };
  running.child.stdin!.end(JSON.stringify(given));
  return JSON.parse((await running).stdout.trim().split('\n').at(-1)!) as Theirs;
}

async function evaluated(build: (scope: Scope) => readonly Output[]): Promise<number[][]> {
  using graph = new Graph();
  const outputs = build(graph.scope());
  using session = new Session(graph);
  return (await session.run({ fetches: outputs })).map((tensor) => {
    using owned = tensor;
    return Array.from(owned.values(), Number);
  });
}

/** To the last bits of float32: Python's formulas round in another order here and there. */
function expectClose(ours: readonly number[], theirs: readonly number[]): void {
  expect(ours).toHaveLength(theirs.length);
  ours.forEach((value, i) =>
    expect(Math.abs(value - theirs[i]!)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value))),
  );
}

describe.skipIf(!python)("what Python's TensorFlow computes as well (needs BLUEWATERS_PYTHON)", () => {
  let theirs: Theirs;
  beforeAll(async () => {
    theirs = await askPython();
  }, 180_000);

  it.each(OPTIMISER_CASES)('are the steps and slots of $name', async (one) => {
    const ours = await train(one);
    const { history, slots } = theirs.optimisers[one.name]!;
    history.forEach((values, step) => expectClose(ours.history[step]!, values));
    if (!slots) return; // Keras names its slots in a way of its own.
    expect(Object.keys(ours.slots).sort()).toEqual(Object.keys(slots).sort());
    for (const [name, values] of Object.entries(slots)) expectClose(ours.slots[name]!, values);
  });

  it.each(SCHEDULES)('are the rates of the schedule $name', ({ name, schedule }) => {
    expectClose(
      Array.from({ length: 12 }, (_, step) => schedule(step)),
      theirs.schedules[name]!,
    );
  });

  it('are moving averages, under their name', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const updates = variable(scope, 'count', { dtype: 'int64', shape: [], initializer: initializers.zeros() });
    const initializer = (at: Scope) => at.constant([1, -2]);
    const weights = variable(scope.child('layer'), 'weights', { dtype: 'float32', shape: [2], initializer });
    const raise = scope.op('AssignAddVariableOp', { inputs: [weights.handle, scope.constant([0.5, 0.25])] });
    const moved = movingAverages(scope.after(raise), [weights], { decay: 0.9, updates: updates.value });
    const count = scope.after(moved.update).op('AssignAddVariableOp', { inputs: [updates.handle, scope.constant(1n)] });
    const [average] = moved.averages;
    expect(average!.name).toBe(theirs.average.name);
    using session = new Session(graph);
    await session.run({ targets: [weights, updates, average!].map((one) => one.initializer) });
    for (const values of theirs.average.values) {
      await session.run({ targets: [count] });
      using value = (await session.run({ fetches: [average!.value] }))[0]!;
      expectClose([...value.values('float32')], values);
    }
  });

  it('are clipped gradients, and NaN where their norm is not finite', async () => {
    const ours = await evaluated((scope) => {
      const xs = CLIPPED.map((x) => scope.constant(x));
      const { clipped, norm } = clipByGlobalNorm(scope, xs, 2);
      return [clipByValue(scope, xs[0]!, [-1, 2]), clipByNorm(scope, xs[0]!, 2), ...clipped, norm];
    });
    ours.forEach((values, i) => expectClose(values, theirs.clipped[i]!));
    expect(theirs.broken).toEqual([true, true]);
    const broken = await evaluated((scope) => {
      const xs = [scope.constant(CLIPPED[0]), scope.constant([Infinity, 1])];
      return clipByGlobalNorm(scope, xs, 2).clipped;
    });
    expect(broken.flat().every(Number.isNaN)).toBe(true);
  });
});
