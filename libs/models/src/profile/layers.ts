import type { Operation } from '@bluewaters/tensorflow';
import { filterOf } from './multiply-adds.js';

/** The operations of one name scope. */
export interface Layer {
  /** The scope within the network's: `block1/unit1/conv1`. */
  readonly name: string;
  /** In the order in which they were added; without constants. */
  readonly operations: readonly Operation[];
}

/** A scope of its own that is yet part of the layer around it. */
const INNER = /\/BatchNorm$/u;

/** Groups the operations of a network that was built in the scope `root` into layers, in the order of their first. */
export function layersOf(operations: readonly Operation[], root: string): Layer[] {
  const layers = new Map<string, Operation[]>();
  for (const operation of operations) {
    const name = layerOf(operation, root);
    if (name === undefined || operation.type === 'Const') continue;
    layers.set(name, [...(layers.get(name) ?? []), operation]);
  }
  return [...layers].map(([name, own]) => ({ name, operations: own }));
}

/** The layer that an operation belongs to; undefined for one outside the network. */
export function layerOf({ name }: Operation, root: string): string | undefined {
  if (!name.startsWith(`${root}/`)) return undefined;
  return name.slice(root.length + 1, name.lastIndexOf('/')).replace(INNER, '');
}

/** What people call the operations; those that only prepare others have no word. */
const WORDS: Readonly<Record<string, string | undefined>> = {
  MatMul: 'dense',
  FusedBatchNormV3: 'batch norm',
  LRN: 'local response norm',
  Relu: 'relu',
  Mean: 'mean',
  ConcatV2: 'concat',
  AddV2: 'sum',
  Reshape: 'flatten',
  Split: undefined,
  BiasAdd: undefined,
  Pad: undefined,
};

/** What a layer does, in order: `conv 7 x 7 / 2`, `batch norm`, `relu`. */
export function describeLayer({ operations }: Layer): string[] {
  const grouped = operations.some(({ type }) => type === 'Split');
  const words = operations.flatMap((operation) => {
    if (grouped && operation.type === 'ConcatV2') return [];
    return describeOperation(operation) ?? [];
  });
  return words.filter((word, index) => word !== words[index - 1]);
}

function describeOperation(operation: Operation): string | undefined {
  switch (operation.type) {
    case 'Conv2D':
      return moving('conv', filterOf(operation), operation);
    case 'MaxPool':
      return moving('max pool', listOf(operation, 'ksize').slice(1), operation);
    case 'AvgPool':
      return moving('mean pool', listOf(operation, 'ksize').slice(1), operation);
    default:
      return operation.type in WORDS ? WORDS[operation.type] : operation.type;
  }
}

/** `conv 7 x 7 / 2`. */
function moving(what: string, [height, width]: readonly number[], operation: Operation): string {
  const [, stride = 1] = listOf(operation, 'strides');
  return `${what} ${height} x ${width}${stride === 1 ? '' : ` / ${stride}`}`;
}

/** An attribute that is a list of whole numbers. */
function listOf(operation: Operation, attribute: string): number[] {
  const value = operation.toNodeDef().attr[attribute]?.value;
  return value?.case === 'list' ? value.value.i.map(Number) : [];
}
