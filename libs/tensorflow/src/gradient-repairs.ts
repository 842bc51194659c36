/**
 * TensorFlow's C++ rule for the gradient of LRN forgets the attributes of the operation and so takes the default
 * radius, bias, alpha and beta. Each such gradient is replaced by one with the attributes that the operation has.
 */
import type { AttributeValue } from './attributes.js';
import type { Graph } from './graph.js';
import { native, type NativeOutput } from './native.js';
import type { Operation, Output } from './operation.js';
import type { Scope } from './scope.js';
import { checked, type StatusError } from './status.js';

const LRN_ATTRIBUTES = ['depth_radius', 'bias', 'alpha', 'beta'];

/** The position of the forward operation's output among the inputs of `LRNGrad`. */
const FORWARD_OUTPUT = 2;

/** Where a gradient was replaced: by the output's name. */
export type Replacements = ReadonlyMap<string, Output>;

/**
 * Repairs what `TF_AddGradients` has just added.
 *
 * @param own The scope that TensorFlow added to.
 * @param refuse The error for a graph that TensorFlow does not let be repaired.
 */
export function repairGradients(own: Scope, refuse: (failure: StatusError) => Error): Replacements {
  const wrong = own.graph
    .operations()
    .filter(({ type, name }) => type === 'LRNGrad' && name.startsWith(`${own.name}/`));
  return new Map(wrong.map((operation) => [operation.output().name, replace(own, operation, refuse)]));
}

function replace(own: Scope, wrong: Operation, refuse: (failure: StatusError) => Error): Output {
  const forward = wrong.input(FORWARD_OUTPUT).operation;
  const inputs = [0, 1, FORWARD_OUTPUT].map((index) => wrong.input(index));
  const right = own.op('LRNGrad', { name: 'repaired/LRNGrad', inputs, attributes: attributesOf(forward) }).output();
  for (const consumer of consumersOf(wrong.output())) moveInput(own.graph, right, consumer, refuse);
  return right;
}

function attributesOf(forward: Operation): Record<string, AttributeValue> {
  const { attr } = forward.toNodeDef();
  const value = (name: string) => attr[name]?.value.value as number | bigint;
  return Object.fromEntries(LRN_ATTRIBUTES.map((name) => [name, value(name)]));
}

function consumersOf(output: Output): NativeOutput[] {
  const { TF_OperationOutputNumConsumers, TF_OperationOutputConsumers } = native();
  const count = TF_OperationOutputNumConsumers(output.native);
  const consumers = Array.from({ length: count }, (): NativeOutput => ({ oper: null, index: 0 }));
  if (count > 0) TF_OperationOutputConsumers(output.native, consumers, count);
  return consumers;
}

function moveInput(graph: Graph, to: Output, input: NativeOutput, refuse: (failure: StatusError) => Error): void {
  checked((status) => native().TF_UpdateEdge(graph.pointer, to.native, input, status), refuse);
}
