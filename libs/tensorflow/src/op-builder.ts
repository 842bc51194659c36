/** Adding one operation: its definition checked first, so that nothing native is left behind when it does not fit. */
import { toBinary } from '@bufbuild/protobuf';
import { CodedError } from '@bluewaters/errors';
import { encodeAttribute, functionsIn, type AttributeValue } from './attributes.js';
import { AttrValueSchema } from './generated/tensorflow/core/framework/attr_value_pb.js';
import type { OpDef, OpDef_ArgDef } from './generated/tensorflow/core/framework/op_def_pb.js';
import type { Graph } from './graph.js';
import { native, type Pointer } from './native.js';
import { Operation, type Output } from './operation.js';
import { describeShape } from './shape.js';
import { checkedPointer } from './status.js';
import { Tensor } from './tensor.js';

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

type EncodedAttribute = readonly [name: string, value: Tensor | Uint8Array];

/** @throws {CodedError} GRAPH_INVALID when the definition or TensorFlow does not allow it. */
export function addOperation(graph: Graph, request: OperationRequest): Operation {
  const definition = graph.definition(request.type);
  if (!definition) throw refusal(request, `TensorFlow has no operation '${request.type}'`);
  checkInputs(definition, request);
  const attributes = encodeAttributes(definition, request);
  for (const value of Object.values(request.attributes)) {
    for (const body of functionsIn(value)) graph.copyFunction(body);
  }
  const description = native().TF_NewOperation(graph.pointer, request.type, request.name);
  describe(description, request);
  return finish(graph, description, attributes, request);
}

function checkInputs({ inputArg }: OpDef, request: OperationRequest): void {
  const names = inputArg.map(({ name }) => name);
  if (request.inputs.length !== names.length) {
    const expected = `${names.length} inputs${names.length > 0 ? `: ${names.join(', ')}` : ''}`;
    throw refusal(request, 'another number of inputs is needed', { expected, got: `${request.inputs.length}` });
  }
  inputArg.forEach((argument, index) => {
    if (takesList(argument) === Array.isArray(request.inputs[index])) return;
    const expected = takesList(argument) ? 'a list of outputs' : 'one output';
    throw refusal(request, `input '${argument.name}' does not fit`, { expected });
  });
}

function takesList({ numberAttr, typeListAttr }: OpDef_ArgDef): boolean {
  return numberAttr !== '' || typeListAttr !== '';
}

function encodeAttributes({ attr }: OpDef, request: OperationRequest): EncodedAttribute[] {
  const kinds = new Map(attr.map(({ name, type }) => [name, type]));
  return Object.entries(request.attributes).map(([name, value]) => {
    const kind = kinds.get(name);
    if (kind === undefined) {
      throw refusal(request, `there is no attribute '${name}'`, { expected: [...kinds.keys()].join(', ') });
    }
    return [name, encodeOne(request, name, kind, value)];
  });
}

function encodeOne(request: OperationRequest, name: string, kind: string, value: AttributeValue): Tensor | Uint8Array {
  if (kind === 'tensor' && value instanceof Tensor) return value;
  try {
    return toBinary(AttrValueSchema, encodeAttribute(kind, value));
  } catch (error) {
    const got = typeof value === 'object' ? 'a list or an object' : String(value);
    throw refusal(request, `attribute '${name}' is ${kind}`, { got }, error);
  }
}

/** Everything but the attributes; none of these calls can fail. */
function describe(description: Pointer, { device, after, colocation, inputs }: OperationRequest): void {
  const tf = native();
  if (device !== '') tf.TF_SetDevice(description, device);
  for (const input of inputs) {
    if ('native' in input) tf.TF_AddInput(description, input.native);
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
  attributes: readonly EncodedAttribute[],
  request: OperationRequest,
): Operation {
  const tf = native();
  const pointer = checkedPointer(
    (status) => {
      for (const [name, value] of attributes) {
        if (value instanceof Tensor) tf.TF_SetAttrTensor(description, name, value.handle.pointer, status);
        else tf.TF_SetAttrValueProto(description, name, value, value.byteLength, status);
      }
      return tf.TF_FinishOperation(description, status);
    },
    (failure) => refusal(request, failure.message, {}, failure),
  );
  return new Operation(graph, pointer);
}

function refusal(
  { type, name, inputs }: OperationRequest,
  reason: string,
  facts: { expected?: string; got?: string } = {},
  cause?: unknown,
): CodedError {
  const described = inputs.map((input) =>
    'native' in input ? describeOutput(input) : `[${input.map(describeOutput).join(', ')}]`,
  );
  const message = `${type} '${name}' with inputs (${described.join(', ')}): ${reason}`;
  return new CodedError('GRAPH_INVALID', message, { details: { field: name, ...facts }, cause });
}

function describeOutput(output: Output): string {
  return `${output.name} ${output.dtype}${describeShape(output.shape)}`;
}
