/** A gradient case as a graph: a scalar loss of fed inputs, and the gradients by them. */
import { gradients, Graph, mul, Session, sum, Tensor, type DType, type Output, type Scope } from '../index.js';
import { ARRAY_CASES } from './arrays.fixture.js';
import type { Differentiable, GradientCase } from './case.fixture.js';
import { LAYER_CASES } from './layers.fixture.js';

/** Every operation that networks are made of, as a function whose gradients are checked. */
export const GRADIENT_CASES: readonly GradientCase[] = [...LAYER_CASES, ...ARRAY_CASES];

/** Distinct values from -0.5 to 0.5, none near another, so that a small step crosses no kink of ReLU or of pooling. */
export function spreadValues(count: number): number[] {
  const stride = [37, 41, 43].find((prime) => count % prime !== 0) as number;
  return Array.from({ length: count }, (_, i) => (((i * stride) % count) + 0.5) / count - 0.5);
}

/** Where a case is tried: one list of values for each input; no value of one input is near one of another. */
export function valuesOf({ shapes, values }: GradientCase): number[][] {
  const counts = shapes.map((shape) => shape.reduce((product, length) => product * length, 1));
  const total = counts.reduce((a, b) => a + b, 0);
  const all = spreadValues(total).map((value) => Math.fround(value + (values === 'positive' ? 1 : 0)));
  let start = 0;
  return counts.map((count) => all.slice(start, (start += count)));
}

/** A case in a graph of its own. */
export interface BuiltCase extends Disposable {
  readonly graph: Graph;
  readonly session: Session;
  readonly inputs: readonly Output[];
  /** Scalar: weighted, so that no part of the gradient cancels out. */
  readonly loss: Output;
}

/** @param f The case's function, or what it is compared with. */
export function buildCase({ shapes }: GradientCase, f: Differentiable, dtype: DType): BuiltCase {
  const graph = new Graph();
  const scope = graph.scope();
  const inputs = shapes.map((shape, i) => scope.placeholder(dtype, shape, { name: `x${i}` }));
  const loss = weightedSum(scope, f(scope, inputs));
  const session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
  const dispose = () => {
    session[Symbol.dispose]();
    graph[Symbol.dispose]();
  };
  return { graph, session, inputs, loss, [Symbol.dispose]: dispose };
}

function weightedSum(scope: Scope, y: Output): Output {
  const shape = y.shape as readonly number[];
  const count = shape.reduce((product, length) => product * length, 1);
  const weights = spreadValues(count).map((value) => 0.3 + value);
  return sum(scope, mul(scope, y, scope.constant(weights, { dtype: y.dtype, shape })), { name: 'loss' });
}

/** The gradient by each input, as `gradients` adds it. */
export function deriveCase({ graph, inputs, loss }: Pick<BuiltCase, 'graph' | 'inputs' | 'loss'>): Output[] {
  return gradients(graph.scope(), [loss], inputs);
}

/** Runs a case once. */
export async function runCase(
  { session, inputs }: BuiltCase,
  fetches: readonly Output[],
  at: readonly (readonly number[])[],
): Promise<number[][]> {
  const fed = inputs.map(({ dtype, shape }, i) => Tensor.of(dtype, shape as number[], at[i]!));
  const tensors = await session.run({ feeds: inputs.map((input, i) => [input, fed[i]!] as const), fetches });
  const values = tensors.map((tensor) => Array.from(tensor.values(), Number));
  for (const tensor of [...fed, ...tensors]) tensor[Symbol.dispose]();
  return values;
}
