/**
 * The smoke test of a cluster: a straight line is fitted by workers whose two variables are on a parameter server. It needs
 * no data set and seconds only, and shows that tasks find, reach and understand one another.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '@bluewaters/errors';
import {
  add,
  gradients,
  Graph,
  group,
  initializers,
  mean,
  mul,
  optimisers,
  Session,
  square,
  sub,
  variable,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import { joinCluster, type ClusterOptions } from './servers/join-cluster.js';

/** The line that the points are of. */
export const LINE = { slope: 0.3, intercept: -3 } as const;

/** Updates that all workers make together. */
const STEPS = 600;
const BATCH = 32;
const RATE = 0.1;
/** Between two looks at whether the chief has begun. */
const LOOK_EVERY_MS = 20;

/** What the chief found. */
export interface RegressionResult {
  readonly slope: number;
  readonly intercept: number;
  /** Made by all workers together. */
  readonly steps: number;
  /** Of which the chief made those. */
  readonly own: number;
  readonly seconds: number;
}

/**
 * Does the part of one task.
 *
 * @returns Of the chief the line that was found; of the others nothing.
 * @throws {CodedError} PROCESS_DIED when another task was lost; TIMED_OUT when one did not come; INTERRUPTED.
 */
export function regression(options: ClusterOptions): Promise<RegressionResult | undefined> {
  return joinCluster(options, async ({ worker, server }) => {
    const own = `/job:worker/task:${worker}`;
    using graph = new Graph();
    const line = fitLine(graph.scope().on(own), worker);
    using session = new Session(graph, { target: server.target, deviceFilters: ['/job:ps', own] });
    if (worker === 0) await session.run({ targets: [line.initialize] });
    else await untilBegun(session, line.begun, options.signal);
    const startedAt = performance.now();
    let [steps, made, slope, intercept] = [0, 0, NaN, NaN];
    for (; steps < STEPS; made += 1) {
      [steps = NaN, slope = NaN, intercept = NaN] = await numbers(session, line.after);
      if (options.signal.aborted) throw new CodedError('INTERRUPTED', 'The regression was stopped');
    }
    return { slope, intercept, steps, own: made, seconds: (performance.now() - startedAt) / 1000 };
  });
}

/** One step of gradient descent on the mean square, with points that each worker draws for itself. */
function fitLine(scope: Scope, worker: number) {
  const server = scope.on('/job:ps/task:0/device:CPU:0');
  const number = (name: string) =>
    variable(server, name, { dtype: 'float32', shape: [], initializer: initializers.zeros() });
  const [slope, intercept] = [number('slope'), number('intercept')];
  const steps = variable(server, 'global_step', {
    ...{ dtype: 'int64', shape: [], initializer: initializers.zeros(), trainable: false },
  });
  const x = pointsOf(scope, steps.value, worker);
  const y = add(scope, mul(scope, x, LINE.slope), LINE.intercept);
  const error = sub(scope, add(scope, mul(scope, x, slope.value), intercept.value), y);
  const loss = mean(scope, square(scope, error));
  const slopes = gradients(scope, [loss], [slope.value, intercept.value]);
  const parameters = [slope, intercept].map((each, index) => ({ variable: each, gradient: slopes[index] as Output }));
  const { operation } = optimisers.sgd().apply(scope, parameters, scope.constant(RATE));
  const counted = server.after(operation).op('AssignAddVariableOp', {
    inputs: [steps.handle, server.constant(1n)],
    attributes: { dtype: 'int64' },
  });
  const after = server.after(counted);
  return {
    initialize: group(
      scope,
      [slope, intercept, steps].map(({ initializer }) => initializer),
    ),
    begun: server.op('VarIsInitializedOp', { inputs: [steps.handle] }).output(),
    after: [steps.read(after), slope.read(after), intercept.read(after)],
  };
}

/** float32 [batch], -1 to 1: others for each worker and step. */
function pointsOf(scope: Scope, step: Output, worker: number): Output {
  const seed = scope.op('Pack', { inputs: [[scope.constant(BigInt(worker)), step]] }).output();
  const shape = scope.constant(Int32Array.of(BATCH));
  const unit = scope.op('StatelessRandomUniform', { inputs: [shape, seed], attributes: { dtype: 'float32' } });
  return sub(scope, mul(scope, unit.output(), 2), 1);
}

async function untilBegun(session: Session, begun: Output, signal: AbortSignal): Promise<void> {
  while ((await numbers(session, [begun]))[0] !== 1) {
    if (signal.aborted) throw new CodedError('INTERRUPTED', 'The regression was stopped');
    await sleep(LOOK_EVERY_MS);
  }
}

async function numbers(session: Session, fetches: readonly Output[]): Promise<number[]> {
  const tensors = await session.run({ fetches });
  const found = tensors.map((tensor) => Number(tensor.values()[0]));
  for (const tensor of tensors) tensor[Symbol.dispose]();
  return found;
}
