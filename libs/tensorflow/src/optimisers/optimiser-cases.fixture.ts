/** Every optimiser on the same numbers: as it is built here, as Python names it, and as plain arithmetic. */
import { Graph, optimisers, Session, Tensor, variable, type Optimiser, type Output } from '../index.js';

/** A parameter as plain arithmetic sees it. */
export interface PlainStep {
  readonly w: number[];
  /** With the coupled decay of weights already in it, where the case has one. */
  readonly g: number[];
  readonly decayed: boolean;
  readonly rate: number;
  /** From 1. */
  readonly t: number;
}

/** One optimiser, three ways. */
export interface OptimiserCase {
  readonly name: string;
  readonly optimiser: Optimiser;
  readonly rate: number;
  /** Added to the gradients by whoever calls Python's optimiser or the plain one. */
  readonly coupledDecay: number;
  /** An expression that makes Python's own. */
  readonly python: string;
  /** Makes the arithmetic of one parameter, with its state within. */
  readonly plain: () => (step: PlainStep) => number[];
}

const DECAY = 0.01;

const each = (length: number, value: number) => new Array<number>(length).fill(value);

function plainMomentum(nesterov: boolean) {
  return () => {
    let a: number[] | undefined;
    return ({ w, g, rate }: PlainStep) => {
      a = (a ?? each(w.length, 0)).map((v, i) => 0.9 * v + g[i]!);
      return w.map((v, i) => v - rate * (nesterov ? g[i]! + 0.9 * a![i]! : a![i]!));
    };
  };
}

function plainRmsProp() {
  let [s, v]: number[][] = [];
  return ({ w, g, rate }: PlainStep) => {
    s = (s ?? each(w.length, 1)).map((old, i) => 0.9 * old + 0.1 * g[i]! ** 2);
    v = (v ?? each(w.length, 0)).map((old, i) => 0.9 * old + (rate * g[i]!) / Math.sqrt(s![i]! + 1));
    return w.map((old, i) => old - v![i]!);
  };
}

function plainAdam(decoupledDecay: number) {
  return () => {
    let [m, v]: number[][] = [];
    return ({ w, g, rate, t, decayed }: PlainStep) => {
      m = (m ?? each(w.length, 0)).map((old, i) => 0.9 * old + 0.1 * g[i]!);
      v = (v ?? each(w.length, 0)).map((old, i) => 0.999 * old + 0.001 * g[i]! ** 2);
      const shrunk = decayed ? 1 - rate * decoupledDecay : 1;
      const corrected = (i: number) => m![i]! / (1 - 0.9 ** t) / (Math.sqrt(v![i]! / (1 - 0.999 ** t)) + 1e-8);
      return w.map((old, i) => old * shrunk - rate * corrected(i));
    };
  };
}

function plainLars() {
  let v: number[] | undefined;
  const norm = (x: readonly number[]) => Math.hypot(...x);
  return ({ w, g, rate, decayed }: PlainStep) => {
    const trust = decayed ? (0.001 * norm(w)) / (norm(g) + DECAY * norm(w)) : 1;
    v = (v ?? each(w.length, 0)).map((old, i) => 0.9 * old + rate * trust * (g[i]! + (decayed ? DECAY * w[i]! : 0)));
    return w.map((old, i) => old - v![i]!);
  };
}

const v1 = (call: string) => `tf.compat.v1.train.${call}`;

/** All optimisers of this package. */
export const OPTIMISER_CASES: readonly OptimiserCase[] = [
  {
    name: 'sgd',
    optimiser: optimisers.sgd({ weightDecay: DECAY }),
    rate: 0.1,
    coupledDecay: DECAY,
    python: v1('GradientDescentOptimizer(rate)'),
    plain: () => (step) => step.w.map((v, i) => v - step.rate * step.g[i]!),
  },
  {
    name: 'momentum',
    optimiser: optimisers.momentum({ weightDecay: DECAY }),
    rate: 0.1,
    coupledDecay: DECAY,
    python: v1('MomentumOptimizer(rate, 0.9)'),
    plain: plainMomentum(false),
  },
  {
    name: 'momentum with Nesterov',
    optimiser: optimisers.momentum({ nesterov: true }),
    rate: 0.1,
    coupledDecay: 0,
    python: v1('MomentumOptimizer(rate, 0.9, use_nesterov=True)'),
    plain: plainMomentum(true),
  },
  {
    name: 'momentum of a worker that has no others',
    optimiser: optimisers.workerMomentum({ momentum: 0.9, device: '/device:CPU:0', weightDecay: DECAY }),
    rate: 0.1,
    coupledDecay: DECAY,
    python: v1('MomentumOptimizer(rate, 0.9, use_nesterov=True)'),
    plain: plainMomentum(true),
  },
  {
    name: "RMSProp of Inception's recipe",
    optimiser: optimisers.rmsProp(),
    rate: 0.1,
    coupledDecay: 0,
    python: v1('RMSPropOptimizer(rate, decay=0.9, momentum=0.9, epsilon=1.0)'),
    plain: plainRmsProp,
  },
  {
    name: 'Adam',
    optimiser: optimisers.adam({ weightDecay: DECAY }),
    rate: 0.05,
    coupledDecay: DECAY,
    python: v1('AdamOptimizer(rate)'),
    plain: plainAdam(0),
  },
  {
    name: 'AdamW',
    optimiser: optimisers.adamW({ weightDecay: DECAY }),
    rate: 0.05,
    coupledDecay: 0,
    python: `keras_adamw(rate, weight_decay=${DECAY})`,
    plain: plainAdam(DECAY),
  },
  {
    name: 'LARS',
    optimiser: optimisers.lars({ weightDecay: DECAY }),
    rate: 20,
    coupledDecay: 0,
    python: `Lars(rate, weight_decay=${DECAY})`,
    plain: plainLars,
  },
];

/** Steps of each case. */
export const STEPS = 6;

/** Where the parameters start: `layer/weights` [2, 3], decayed, and `layer/biases` [3], not decayed. */
export const WEIGHTS = [0.5, -1.25, 2, 0.75, -0.3, 1.1];
export const BIASES = [0.1, -0.2, 0.3];

/** Gradients of a step, from 0; of the weights and of the biases. */
export function gradientsAt(step: number): { weights: number[]; biases: number[] } {
  const wave = (count: number, phase: number) =>
    Array.from({ length: count }, (_, i) => Math.fround(Math.sin(1 + phase + 3 * i + 2 * step)));
  return { weights: wave(WEIGHTS.length, 0), biases: wave(BIASES.length, 0.5) };
}

/** What a case leads to. */
export interface Trained {
  /** After each step: weights, then biases. */
  readonly history: readonly (readonly number[])[];
  /** In the end, by name. */
  readonly slots: Readonly<Record<string, readonly number[]>>;
}

/** Builds and runs the optimiser of a case. */
export async function train({ optimiser, rate }: OptimiserCase): Promise<Trained> {
  using graph = new Graph();
  const scope = graph.scope();
  const made = (name: string, shape: readonly number[], values: readonly number[]) =>
    variable(scope, name, { dtype: 'float32', shape, initializer: (at) => at.constant([...values], { shape }) });
  const parameters = [made('layer/weights', [2, 3], WEIGHTS), made('layer/biases', [3], BIASES)] as const;
  const slopes = parameters.map(({ shape }) => scope.placeholder('float32', shape));
  const update = optimiser.apply(
    scope.child('train'),
    parameters.map((parameter, i) => ({ variable: parameter, gradient: slopes[i]!, decayed: i === 0 })),
    scope.constant(rate),
  );
  using session = new Session(graph);
  await session.run({ targets: [...parameters, ...update.slots].map(({ initializer }) => initializer) });
  const history: number[][] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const { weights, biases } = gradientsAt(step);
    using w = Tensor.of('float32', [2, 3], weights);
    using b = Tensor.of('float32', [3], biases);
    const feeds = [w, b].map((tensor, i) => [slopes[i]!, tensor] as const);
    await session.run({ feeds, targets: [update.operation] });
    history.push((await Promise.all(parameters.map(({ value }) => read(session, value)))).flat());
  }
  const slots: Record<string, number[]> = {};
  for (const { name, value } of update.slots) slots[name] = await read(session, value);
  return { history, slots };
}

async function read(session: Session, output: Output): Promise<number[]> {
  using tensor = (await session.run({ fetches: [output] }))[0]!;
  return Array.from(tensor.values(), Number);
}
