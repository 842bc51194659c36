/** What TensorFlow does not refuse but ends the process on, as the fuzz of `npm run prove -- fuzz` found it. */
import type { DType } from './dtypes.js';
import type { OpDef } from './generated/tensorflow/core/framework/op_def_pb.js';
import type { OperationInput, OperationRequest } from './op-builder.js';
import { describeShape, MOST_AXES } from './shape.js';
import { Tensor } from './tensor.js';

/** Why an operation cannot be. */
export interface Unsoundness {
  readonly reason: string;
  readonly expected: string;
  readonly got: string;
}

/** How many outputs, or features, an operation can have: memory for them is taken before anything is checked. */
const MOST_PARTS = 65_536;

/** Attributes that count parts, or characters, and that the definition does not tie to outputs. */
const COUNTS: Readonly<Record<string, readonly string[]>> = {
  AsString: ['width', 'precision'],
  ParseExampleV2: ['num_sparse'],
  ParseSingleExample: ['num_sparse'],
};

/** Attributes of windows, a length for each axis: kernels divide by them, and look for axes that may not be there. */
const WINDOWS = ['strides', 'ksize', 'ksizes', 'dilations', 'rates'];

/** What TensorFlow takes for granted of an input, by the input's place. */
interface InputRule {
  /** That rank, or any, but known while the graph is built: TensorFlow compares shapes only then. */
  readonly rank?: number | 'known';
  readonly dtypes?: readonly DType[];
}

const CONDITION: InputRule = {
  dtypes: ['bool', 'float32', 'float64', 'int8', 'int16', 'int32', 'int64', 'string', 'uint8'],
};
const KNOWN: InputRule = { rank: 'known' };
const SCATTERED = { 0: KNOWN, 1: KNOWN, 2: KNOWN };
const INPUTS: Readonly<Record<string, Readonly<Record<number, InputRule>>>> = {
  If: { 0: CONDITION },
  StatelessIf: { 0: CONDITION },
  SplitV: { 1: { rank: 1, dtypes: ['int32', 'int64'] } },
  TensorScatterAdd: SCATTERED,
  TensorScatterMax: SCATTERED,
  TensorScatterMin: SCATTERED,
  TensorScatterSub: SCATTERED,
  TensorScatterUpdate: SCATTERED,
};

/** Attributes that count axes of an input, by the input's place. */
const AXES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  GatherV2: { batch_dims: 1 },
};

/** Inputs, by their names, that list the lengths of a shape. */
const SHAPES = new Set(['shape', 'dims']);

/** @returns Undefined for what may be added: TensorFlow checks the rest. */
export function unsoundness(definition: OpDef, request: OperationRequest): Unsoundness | undefined {
  return (
    tooManyParts(definition, request) ??
    unfitWindow(request) ??
    otherConstant(request) ??
    unfitInput(request) ??
    beyondRank(request) ??
    tooManyAxes(definition, request) ??
    noRoomForAnAxis(request)
  );
}

function tooManyParts({ outputArg }: OpDef, { type, attributes }: OperationRequest): Unsoundness | undefined {
  const counts = [...outputArg.map(({ numberAttr }) => numberAttr), ...(COUNTS[type] ?? [])];
  const name = counts.find((count) => Number(attributes[count] ?? 0) > MOST_PARTS);
  if (name === undefined) return undefined;
  const got = String(attributes[name] as number);
  return { reason: `attribute '${name}' counts more than there can be`, expected: `up to ${MOST_PARTS}`, got };
}

function unfitWindow({ type, attributes }: OperationRequest): Unsoundness | undefined {
  for (const name of WINDOWS) {
    const values = attributes[name];
    if (!Array.isArray(values)) continue;
    const got = values.join();
    if (!values.every((value) => Number(value) >= 1)) {
      return { reason: `attribute '${name}' has a step that does not advance`, expected: 'from 1', got };
    }
    const axes = axesOfWindow(type);
    if (axes === undefined || values.length === axes) continue;
    return { reason: `attribute '${name}' has not a length for each axis`, expected: `${axes} of them`, got };
  }
  return undefined;
}

/** Batch and channels among them; undefined for the one operation that takes any number. */
function axesOfWindow(type: string): number | undefined {
  if (type === 'Conv') return undefined;
  return /3D|Volume/u.test(type) ? 5 : 4;
}

/** Who folds constants takes the attribute's word for what the value is. */
function otherConstant({ type, attributes }: OperationRequest): Unsoundness | undefined {
  const { value, dtype } = attributes;
  if (type !== 'Const' || !(value instanceof Tensor) || dtype === undefined || dtype === value.dtype) return undefined;
  const reason = "attribute 'dtype' is not that of the value";
  return { reason, expected: value.dtype, got: typeof dtype === 'string' ? dtype : 'no dtype' };
}

function unfitInput({ type, inputs }: OperationRequest): Unsoundness | undefined {
  for (const [at, { rank, dtypes }] of Object.entries(INPUTS[type] ?? {})) {
    const input = inputs[Number(at)];
    if (!input || !('native' in input)) continue;
    const { dtype, shape } = input;
    const reason = `input ${at} does not fit`;
    if (dtypes && !dtypes.includes(dtype)) return { reason, expected: dtypes.join(', '), got: dtype };
    if (rank === 'known' && !shape) return { reason, expected: 'a known rank', got: 'unknown' };
    if (typeof rank === 'number' && shape && shape.length !== rank) {
      return { reason, expected: `rank ${rank}`, got: describeShape(shape) };
    }
  }
  return undefined;
}

function beyondRank({ type, inputs, attributes }: OperationRequest): Unsoundness | undefined {
  for (const [name, at] of Object.entries(AXES[type] ?? {})) {
    const input = inputs[at];
    const axes = Number(attributes[name] ?? 0);
    const rank = (input && 'native' in input ? input.shape?.length : undefined) ?? MOST_AXES;
    if (Math.abs(axes) <= rank) continue; // negative ones count from the end
    return { reason: `attribute '${name}' counts axes of input ${at}`, expected: `up to ${rank}`, got: String(axes) };
  }
  return undefined;
}

function tooManyAxes({ inputArg }: OpDef, { inputs }: OperationRequest): Unsoundness | undefined {
  const at = inputArg.findIndex(({ name }, i) => SHAPES.has(name) && lengthOf(inputs[i]) > MOST_AXES);
  if (at < 0) return undefined;
  const got = String(lengthOf(inputs[at]));
  return { reason: `input '${inputArg[at]?.name}' has too many lengths`, expected: `up to ${MOST_AXES}`, got };
}

/** Each of these shapes gets one axis more, unchecked. */
function noRoomForAnAxis({ type, attributes }: OperationRequest): Unsoundness | undefined {
  const shapes = type === 'MapDefun' ? attributes['output_shapes'] : undefined;
  if (!Array.isArray(shapes)) return undefined;
  const axes = Math.max(0, ...shapes.map((shape) => (Array.isArray(shape) ? shape.length : 0)));
  if (axes < MOST_AXES) return undefined;
  const expected = `up to ${MOST_AXES - 1} axes`;
  return { reason: `attribute 'output_shapes' has too many axes`, expected, got: String(axes) };
}

/** Of a vector whose length is known; else 0. */
function lengthOf(input: OperationInput | undefined): number {
  return (input && 'native' in input && input.shape?.length === 1 ? input.shape[0] : 0) ?? 0;
}
