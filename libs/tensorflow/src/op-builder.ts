/** Adding one operation: its definition checked first, so that nothing native is left behind when it does not fit. */
import type { CodedError } from '@bluewaters/errors';
import { attributeSetter, functionsIn, type AttributeSetter, type AttributeValue } from './attributes.js';
import type { Graph } from './graph.js';
import { native, type Pointer } from './native.js';
import { Operation, type Output } from './operation.js';
import { layoutOf, type AttributeLayout, type OperationLayout } from './op-layout.js';
import { refusal, refusalByTensorflow, refusalOfStranger } from './op-refusal.js';
import { registeredOperations } from './registry.js';
import { checkedPointer } from './status.js';
import { unsoundness } from './soundness.js';
import { closest } from './suggestions.js';

/** One input of an operation: an output, or a list of them where the definition takes any number. */
export type OperationInput = Output | readonly Output[];

/** One operation, fully named. */
export interface OperationRequest {
  readonly type: string;
  /** With all its scopes, unique in the graph. */
  readonly name: string;
  readonly device: string;
  readonly after: readonly Operation[];
  readonly colocation: Operation | undefined;
  readonly inputs: readonly OperationInput[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

type NamedSetter = readonly [name: string, set: AttributeSetter];

/** @throws {CodedError} GRAPH_INVALID when the definition or TensorFlow does not allow it. */
export function addOperation(graph: Graph, request: OperationRequest): Operation {
  const definition = graph.definition(request.type);
  if (!definition) throw unknownOperation(request);
  const layout = layoutOf(definition);
  checkInputs(layout, request);
  checkGraph(graph, request);
  const unsound = unsoundness(definition, request);
  if (unsound) throw refusal(request, unsound.reason, unsound);
  const setters = attributeSetters(layout, request);
  for (const value of Object.values(request.attributes)) {
    for (const body of functionsIn(value)) graph.copyFunction(body);
  }
  const description = native().TF_NewOperation(graph.pointer, request.type, request.name);
  describe(description, request);
  return finish(graph, description, setters, request);
}

function unknownOperation(request: OperationRequest): CodedError {
  const names = registeredOperations().map(({ name }) => name);
  const [expected] = [closest(request.type, names).join(', ')].filter(Boolean);
  const hint = expected ? `; perhaps ${expected}` : '';
  const facts = { ...(expected && { expected }), got: request.type };
  return refusal(request, `TensorFlow has no operation '${request.type}'${hint}`, facts);
}

function checkInputs({ inputs }: OperationLayout, request: OperationRequest): void {
  if (request.inputs.length !== inputs.length) {
    const names = inputs.map(({ name }) => name).join(', ');
    const expected = `${inputs.length} inputs${names && `: ${names}`}`;
    throw refusal(request, `it takes ${expected}`, { expected, got: `${request.inputs.length}` });
  }
  inputs.forEach(({ name, isList }, index) => {
    const listGiven = Array.isArray(request.inputs[index]);
    if (isList === listGiven) return;
    const [expected, got] = isList ? ['a list of outputs', 'one output'] : ['one output', 'a list of outputs'];
    throw refusal(request, `input '${name}' takes ${expected}`, { expected, got });
  });
}

/** TensorFlow does not look, and a pointer into another graph would end the process. */
function checkGraph(graph: Graph, request: OperationRequest): void {
  const inputs = request.inputs.flatMap((input) => ('operation' in input ? [input] : [...input]));
  const related = [...inputs.map(({ operation }) => operation), ...request.after];
  if (request.colocation) related.push(request.colocation);
  const stranger = related.find((operation) => operation.graph !== graph);
  if (stranger) throw refusalOfStranger(request, stranger);
}

function attributeSetters({ attributes }: OperationLayout, request: OperationRequest): NamedSetter[] {
  const setters: NamedSetter[] = [];
  for (const [name, value] of Object.entries(request.attributes)) {
    const layout = attributes.get(name);
    if (!layout) {
      const expected = [...attributes.keys()].join(', ');
      throw refusal(request, `there is no attribute '${name}'`, { expected, got: name });
    }
    // Left out gives TensorFlow's default; only a shape may really be undefined.
    if (value === undefined && layout.kind !== 'shape') continue;
    setters.push([name, setterOf(request, name, layout, value)]);
  }
  return setters;
}

function setterOf(
  request: OperationRequest,
  name: string,
  { kind, allowed }: AttributeLayout,
  value: AttributeValue,
): AttributeSetter {
  if (allowed && typeof value === 'string' && !allowed.includes(value)) {
    const facts = { expected: allowed.join(', '), got: value };
    throw refusal(request, `attribute '${name}' is one of ${facts.expected}: got '${value}'`, facts);
  }
  try {
    return attributeSetter(kind, value);
  } catch (error) {
    const got = typeof value === 'object' ? 'a list or an object' : String(value);
    throw refusal(request, `attribute '${name}' is ${kind}: got ${got}`, { expected: kind, got }, error);
  }
}

/** Everything but the attributes; none of these calls can fail. */
function describe(description: Pointer, { device, after, colocation, inputs }: OperationRequest): void {
  const tf = native();
  if (device !== '') tf.TF_SetDevice(description, device);
  for (const input of inputs) {
    if ('operation' in input) tf.TF_AddInput(description, input.native);
    else
      tf.TF_AddInputList(
        description,
        input.map((output) => output.native),
        input.length,
      );
  }
  for (const operation of after) tf.TF_AddControlInput(description, operation.pointer);
  if (colocation) tf.TF_ColocateWith(description, colocation.pointer);
}

function finish(
  graph: Graph,
  description: Pointer,
  setters: readonly NamedSetter[],
  request: OperationRequest,
): Operation {
  const pointer = checkedPointer(
    (status) => {
      for (const [name, set] of setters) set(description, name, status);
      return native().TF_FinishOperation(description, status);
    },
    (failure) => refusalByTensorflow(request, failure),
  );
  return new Operation(graph, pointer);
}
