/** Refusals of operations: which, where, with what inputs, and what was expected. */
import { CodedError } from '@bluewaters/errors';
import type { Operation, Output } from './operation.js';
import type { OperationRequest } from './op-builder.js';
import { describeShape } from './shape.js';

/** What an operation should have had, and what it got instead of it. */
export interface RefusalFacts {
  readonly expected?: string;
  readonly got?: string;
}

/** A GRAPH_INVALID that names the operation with its scopes, and its inputs with their dtypes and shapes. */
export function refusal(
  { type, name, inputs }: OperationRequest,
  reason: string,
  facts: RefusalFacts = {},
  cause?: unknown,
): CodedError {
  const message = `${type} '${name}' with inputs (${describeInputs(inputs)}): ${reason}`;
  return new CodedError('GRAPH_INVALID', message, { details: { field: name, ...facts }, cause });
}

/** The same for what TensorFlow itself refuses. */
export function refusalByTensorflow(request: OperationRequest, failure: Error): CodedError {
  const words = withoutNode(failure.message);
  return refusal(request, words, { expected: words, got: describeInputs(request.inputs) }, failure);
}

/** TensorFlow repeats the whole operation, with its inputs and attributes, after what it has to say. */
function withoutNode(words: string): string {
  return words
    .replace(/ for '\{\{node .*/s, '')
    .replace(/;? ?(while building )?NodeDef '.*/s, '')
    .replace(/\s*\[\[?\{\{node .*/s, '')
    .replace(/\bDT_(\w+)/g, (_, dtype: string) => dtype.toLowerCase());
}

function describeInputs(inputs: OperationRequest['inputs']): string {
  return inputs
    .map((input) => ('operation' in input ? describeOutput(input) : `[${input.map(describeOutput).join(', ')}]`))
    .join(', ');
}

/** The graph of an output may have been given back, and then nothing is known but its name and dtype. */
function describeOutput(output: Output): string {
  const { graph } = output.operation;
  return `${output.name} ${output.dtype}${graph.handle.disposed ? '' : describeShape(output.shape)}`;
}

/** For outputs and operations that belong to another graph than the one that is built. */
export function refusalOfStranger(request: OperationRequest, stranger: Operation): CodedError {
  const facts = { expected: 'outputs of the graph that the scope belongs to', got: stranger.name };
  return refusal(request, `'${stranger.name}' is of another graph`, facts);
}
