import { CodedError } from '@bluewaters/errors';
import { Tensor, type Saver, type Session, type Variable } from '@bluewaters/tensorflow';
import type { Network } from '../network.js';
import { publishedWeights } from './mappings.js';
import { lacksBackground, type Origin, type Origins } from './origins.js';
import type { SourceTensor, WeightSource } from './weight-source.js';

/** What is imported into. */
export interface ImportTarget {
  readonly network: Network;
  /** Number of its logits: classes + 1. */
  readonly outputs: number;
  /** Of exactly the variables that are to have values: parameters and statistics. */
  readonly saver: Saver;
  readonly session: Session;
  /**
   * Layers that start anew, such as `logits` for other classes: by the names of our variables or how these begin. The
   * file need not have them, and what it has for them is left out.
   */
  readonly newLayers?: readonly string[];
}

/** What became of the tensors of a file. */
export interface ImportReport {
  /** Names of our variables that have their values from the file. */
  readonly imported: readonly string[];
  /** Names of those that started anew. */
  readonly fresh: readonly string[];
  /** Names of the file's tensors that were left out for that reason, or that only training needs. */
  readonly leftOut: readonly string[];
  /**
   * True when the file knows no background: its first output, 0, became label 1, and output 0 has a logit that never
   * wins, so that the probabilities of the classes are what they were.
   */
  readonly labelsShifted: boolean;
}

/**
 * Gives a network's variables the values of published weights. Every variable has a source and every tensor of the file
 * a use, or nothing is imported and the error names both.
 *
 * @throws {CodedError} WEIGHTS_INVALID when file and network do not fit; CONFIG_INVALID for a network that has no mapping.
 */
export async function importWeights(source: WeightSource, target: ImportTarget): Promise<ImportReport> {
  const { network, outputs, saver, session, newLayers = [] } = target;
  const origins = publishedWeights(network, source).mapping({ tensors: source.tensors, outputs });
  const isFresh = (name: string): boolean => newLayers.some((layer) => name === layer || name.startsWith(`${layer}/`));
  const fresh = saver.variables.filter(({ name }) => isFresh(name));
  const wanted = saver.variables.filter(({ name }) => !isFresh(name));
  const planned = plan(source, origins, wanted);
  if (fresh.length > 0) await session.run({ targets: fresh.map(({ initializer }) => initializer) });
  for (const group of groups(planned)) await assign(source, target, group);
  const used = new Set(planned.flatMap(({ origin }) => origin.tensors));
  const lastBiases = planned.find(({ variable }) => variable.name === 'logits/biases')?.origin.tensors[0] ?? '';
  return {
    imported: wanted.map(({ name }) => name),
    fresh: fresh.map(({ name }) => name),
    leftOut: [...source.tensors.keys()].filter((name) => !used.has(name)),
    labelsShifted: lacksBackground(lastBiases, { tensors: source.tensors, outputs }),
  };
}

/** A variable and where its value comes from. */
interface Planned {
  readonly variable: Variable;
  readonly origin: Origin;
}

/** Before anything is read: all that is missing and all that is left over, in one error. */
function plan({ file, tensors }: WeightSource, origins: Origins, wanted: readonly Variable[]): Planned[] {
  const planned: Planned[] = [];
  const missing: string[] = [];
  for (const variable of wanted) {
    const origin = origins.get(variable.name);
    if (origin?.tensors.every((tensor) => tensors.has(tensor))) planned.push({ variable, origin });
    else missing.push(`${variable.name} (from ${origin?.tensors.join(' and ') ?? 'nothing known'})`);
  }
  const known = new Set([...origins.values()].flatMap((origin) => origin.tensors));
  const leftOver = [...tensors.keys()].filter((tensor) => !known.has(tensor));
  if (missing.length + leftOver.length === 0) return planned;
  const lacks = missing.length > 0 ? [`nothing for ${listed(missing)}`] : [];
  const has = leftOver.length > 0 ? [`no variable for ${listed(leftOver)}`] : [];
  throw new CodedError('WEIGHTS_INVALID', 'The weights are not those of this network', {
    details: {
      file,
      expected: 'a tensor for each variable and a variable for each tensor',
      got: [...lacks, ...has].join('; '),
    },
  });
}

const LISTED = 8;

function listed(names: readonly string[]): string {
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  return names.slice(0, LISTED).join(', ') + more;
}

/** Values held at a time: all of VGG's would take half a gigabyte beside the variables. */
const GROUP_VALUES = 1 << 24;

/** Neighbours that are read and assigned together: a call of the session for each would prepare it as often. */
function groups(planned: readonly Planned[]): Planned[][] {
  const made: Planned[][] = [];
  let group: Planned[] = [];
  let values = 0;
  for (const one of planned) {
    if (group.length === 0 || values > GROUP_VALUES) made.push((group = []));
    if (group.length === 0) values = 0;
    group.push(one);
    values += one.variable.shape.reduce((product, length) => product * length, 1);
  }
  return made;
}

async function assign(
  source: WeightSource,
  { saver, session }: ImportTarget,
  group: readonly Planned[],
): Promise<void> {
  const assigned: { readonly tensor: Tensor; readonly index: number }[] = [];
  try {
    for (const { variable, origin } of group) {
      const { shape, values } = await valueOf(source, variable, origin);
      const index = saver.variables.indexOf(variable);
      assigned.push({ tensor: Tensor.of('float32', shape, values), index });
    }
    await session.run({
      feeds: assigned.map(({ tensor, index }) => [saver.restored.output(index), tensor]),
      targets: assigned.map(({ index }) => saver.assignments[index]!),
    });
  } finally {
    for (const { tensor } of assigned) tensor[Symbol.dispose]();
  }
}

async function valueOf(source: WeightSource, { name, shape }: Variable, origin: Origin): Promise<SourceTensor> {
  const made = origin.make(...(await Promise.all(origin.tensors.map((tensor) => source.read(tensor)))));
  const [expected, got] = [shape.join(', '), made.shape.join(', ')];
  if (expected === got) return made;
  throw new CodedError('WEIGHTS_INVALID', 'A tensor of the weights has another shape than its variable', {
    details: {
      file: source.file,
      field: `${name} from ${origin.tensors.join(' and ')}`,
      expected: `[${expected}]`,
      got: `[${got}]`,
    },
  });
}
