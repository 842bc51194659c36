/** How a checkpoint fits the variables that are to be restored from it. */
import { CodedError } from '@bluewaters/errors';
import type { CheckpointEntry } from './checkpoint-contents.js';
import { describeShape } from './shape.js';
import type { Variable } from './variables.js';

/** A variable whose tensor has another dtype or shape. */
export interface Mismatch {
  /** The variable's name. */
  readonly name: string;
  /** As the graph has it: 'float32[2,3]'. */
  readonly expected: string;
  /** As the checkpoint has it. */
  readonly got: string;
}

/** What became of each variable, and of each tensor of the checkpoint. */
export interface RestoreReport {
  /** Names of the variables that have their values from the checkpoint. */
  readonly matched: readonly string[];
  /** Names of the variables that the checkpoint lacks; they keep what they have. */
  readonly missing: readonly string[];
  /** They keep what they have as well. */
  readonly mismatched: readonly Mismatch[];
  /** Names of the checkpoint's tensors that belong to no variable. */
  readonly leftOver: readonly string[];
}

/** @param keyOf The key of a variable in the checkpoint. */
export function compare(
  variables: readonly Variable[],
  entries: readonly CheckpointEntry[],
  keyOf: (name: string) => string,
): RestoreReport {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const found = variables.map((variable) => ({ variable, entry: byName.get(keyOf(variable.name)) }));
  const mismatched = found.flatMap(({ variable, entry }) => {
    const [expected, got] = [describe(variable), entry && describe(entry)];
    return got === undefined || got === expected ? [] : [{ name: variable.name, expected, got }];
  });
  const differing = new Set(mismatched.map(({ name }) => name));
  const keys = new Set(variables.map(({ name }) => keyOf(name)));
  const names = (some: typeof found) => some.map(({ variable }) => variable.name);
  return {
    matched: names(found.filter(({ variable, entry }) => entry && !differing.has(variable.name))),
    missing: names(found.filter(({ entry }) => !entry)),
    mismatched,
    leftOver: entries.map(({ name }) => name).filter((name) => !keys.has(name)),
  };
}

function describe({ dtype, shape }: Pick<CheckpointEntry, 'dtype' | 'shape'>): string {
  return `${dtype}${describeShape(shape)}`;
}

/** @throws {CodedError} CHECKPOINT_INVALID with the names of all variables that do not fit. */
export function requireFit({ missing, mismatched }: RestoreReport, prefix: string): void {
  if (missing.length + mismatched.length === 0) return;
  const lacks = missing.length > 0 ? [`it lacks ${missing.join(', ')}`] : [];
  const differs = mismatched.map(({ name, expected, got }) => `${name} is ${got} and not ${expected}`);
  const message = `the checkpoint does not fit the variables: ${[...lacks, ...differs].join('; ')}`;
  throw new CodedError('CHECKPOINT_INVALID', message, { details: { file: prefix } });
}
