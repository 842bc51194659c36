/** Control flow within a graph: branches, loops, and steps that are made only where a condition holds. */
import { CodedError } from '@bluewaters/errors';
import { defineFunction } from './functions.js';
import type { GraphFunction } from './graph-function.js';
import type { Operation, Output } from './operation.js';
import { identityAfter } from './operations/control.js';
import { NAMESAKE, type Named, type Scope } from './scope.js';
import { describeShape, type Shape } from './shape.js';

/** Adds the operations of a function of its own: it may use nothing but what it is given. */
export type FunctionBody = (scope: Scope, inputs: Output[]) => readonly Output[];

/** What is done either way; both give equally many outputs, of the same dtypes. */
export interface Branches {
  readonly then: FunctionBody;
  readonly otherwise: FunctionBody;
}

/**
 * Computes one of two branches. No gradient passes through it.
 *
 * @param condition bool scalar.
 * @param captured What the branches use of this graph, variables' handles included; each gets them in this order.
 * @returns What the branch gives that the condition chose.
 * @throws {CodedError} GRAPH_INVALID when the branches differ in number or dtypes of their outputs.
 */
export function cond(
  scope: Scope,
  condition: Output,
  captured: readonly Output[],
  { name = 'cond', ...branches }: Branches & Named,
): Output[] {
  const own = scope.child(name);
  const then = bodyFunction(`${own.name}/then`, captured, branches.then);
  const otherwise = bodyFunction(`${own.name}/otherwise`, captured, branches.otherwise);
  using thenBody = then.body;
  using elseBody = otherwise.body;
  const kinds = ({ outputs }: GraphFunction) => outputs.map(({ dtype }) => dtype).join(', ');
  checkSame(own, 'both branches must give the same kinds', [kinds(thenBody), kinds(elseBody)]);
  const attributes = {
    Tout: thenBody.outputs.map(({ dtype }) => dtype),
    then_branch: thenBody,
    else_branch: elseBody,
    output_shapes: thenBody.outputs.map(({ shape }, i) => commonShape(shape, elseBody.outputs[i]?.shape)),
  };
  const type = then.stateful || otherwise.stateful ? 'If' : 'StatelessIf';
  return own.op(type, { ...NAMESAKE, inputs: [condition, captured], attributes }).outputs;
}

/** What a loop does. */
export interface Loop {
  /** Gives one bool scalar: whether to go round once more. */
  readonly condition: FunctionBody;
  /** Gives the next values: as many as before, of the same dtypes and shapes. */
  readonly body: FunctionBody;
}

/** How a loop is asked for. */
export interface LoopOptions extends Named {
  /** What condition and body use of this graph beside the values; they get it after them. */
  readonly captured?: readonly Output[];
}

/**
 * Goes round while a condition holds. No gradient passes through it.
 *
 * @param initial The values before the first round.
 * @returns The values after the last round.
 * @throws {CodedError} GRAPH_INVALID when the body changes number, dtypes or shapes of the values.
 */
export function whileLoop(
  scope: Scope,
  initial: readonly Output[],
  loop: Loop,
  { captured = [], name = 'while' }: LoopOptions = {},
): Output[] {
  const own = scope.child(name);
  const inputs = [...initial, ...captured];
  const condition = bodyFunction(`${own.name}/condition`, inputs, loop.condition);
  const round = bodyFunction(`${own.name}/body`, inputs, (inner, values) => {
    const next = loop.body(inner, values);
    checkSame(own, 'the values of a loop must stay of one kind', [describeAll(initial), describeAll(next)]);
    return [...next, ...values.slice(initial.length)];
  });
  using conditionBody = condition.body;
  using roundBody = round.body;
  const output_shapes = inputs.map(({ shape }) => shape);
  const attributes = { cond: conditionBody, body: roundBody, output_shapes };
  const type = condition.stateful || round.stateful ? 'While' : 'StatelessWhile';
  return own.op(type, { ...NAMESAKE, inputs: [inputs], attributes }).outputs.slice(0, initial.length);
}

/**
 * Makes a step only where a condition holds, and is done either way. Unlike in {@link cond} the step stays in this
 * graph, so that it may change variables wherever they are.
 *
 * @param condition bool scalar.
 * @param inputs What the step depends on. Every operation in it that changes something must depend on one of them, at
 * least by a control input: that is what keeps it from running.
 * @param step Adds the step; its inputs come in the same order.
 */
export function runIf(
  scope: Scope,
  condition: Output,
  inputs: readonly Output[],
  step: (scope: Scope, inputs: Output[]) => Operation,
): Operation {
  const own = scope.child('run_if');
  const split = (x: Output) => own.op('Switch', { inputs: [x, condition] });
  const made = step(
    own,
    inputs.map((x) => split(x).output(1)),
  );
  const which = split(condition);
  const afterStep = identityAfter(own, [made], which.output(1));
  return own.op('Merge', { inputs: [[which.output(0), afterStep]] });
}

interface Built {
  readonly body: GraphFunction;
  /** Whether it does more than compute: its operations must then neither be merged nor left out. */
  readonly stateful: boolean;
}

function bodyFunction(name: string, inputs: readonly Output[], build: FunctionBody): Built {
  let stateful = false;
  const specs = inputs.map(({ dtype, shape }) => ({ dtype, shape }));
  const body = defineFunction(
    name,
    specs,
    (scope, parameters) => {
      const outputs = build(scope, parameters);
      stateful = scope.graph.operations().some(({ type }) => scope.graph.definition(type)?.isStateful ?? false);
      return outputs;
    },
    { appendHash: true },
  );
  return { body, stateful };
}

/** What holds of both: null for a length, and undefined for a rank, in which they differ. */
function commonShape(one: Shape | undefined, other: Shape | undefined): Shape | undefined {
  if (one?.length !== other?.length) return undefined;
  return one?.map((length, axis) => (length === other?.[axis] ? length : null));
}

function describeAll(outputs: readonly Output[]): string {
  return outputs.map(({ dtype, shape }) => `${dtype}${describeShape(shape)}`).join(', ');
}

function checkSame(scope: Scope, rule: string, [expected, got]: readonly [string, string]): void {
  if (expected === got) return;
  throw new CodedError('GRAPH_INVALID', rule, { details: { field: scope.name, expected, got } });
}
