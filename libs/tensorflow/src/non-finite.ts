/** Finding the operation that NaN or infinity came from. */
import type { DType } from './dtypes.js';
import * as raw from './generated/operations/index.js';
import { upstreamOf } from './gradient-cuts.js';
import type { Operation, Output } from './operation.js';
import { cast, pack } from './operations/arrays.js';
import { isFinite, logicalNot } from './operations/comparisons.js';
import { sum } from './operations/reductions.js';
import type { Scope } from './scope.js';
import type { Tensor } from './tensor.js';

/** An operation that gave NaN or infinity though nothing that it was given had any. */
export interface NonFinite {
  readonly operation: Operation;
  /** Its place in an order in which inputs come first: of several that were found in equal graphs, the first is the cause. */
  readonly place: number;
  /** Values of its first bad output that are NaN or infinite. */
  readonly count: number;
  /** Values of that output. */
  readonly of: number;
}

/** Counts of what is not finite, over a part of a graph. */
export interface FiniteWatch {
  /** int64 [outputs, 2]: fetch it in the very run that is to be looked at. */
  readonly counts: Output;
  /** The first operation, in an order in which inputs come first, that gave NaN or infinity; undefined if none did. */
  first(counts: Tensor): NonFinite | undefined;
}

const FLOATS: ReadonlySet<DType> = new Set(['float16', 'bfloat16', 'float32', 'float64']);

/** Only one of their ways has a value in a run, and what has none cannot be counted. */
const BRANCHES: ReadonlySet<string> = new Set(['Switch', 'Merge']);

/**
 * Adds operations that count the values which are not finite in everything that some outputs depend on. A graph may be
 * watched after its sessions have run; runs that do not fetch the counts stay what they were. What is watched costs a
 * pass over each tensor, so it is for finding out, not for every step.
 *
 * @param ys Such as a loss and its gradients.
 */
export function watchFinite(scope: Scope, ys: readonly Output[]): FiniteWatch {
  const own = scope.child('watch_finite');
  const watched = [...upstreamOf(ys).values()]
    .filter(({ type }) => !BRANCHES.has(type))
    .flatMap(({ outputs }) => outputs.filter(({ dtype }) => FLOATS.has(dtype)));
  const rows = watched.map((output) => {
    const bad = cast(own, logicalNot(own, isFinite(own, output as Output<'float32'>)), 'int64');
    return pack(own, [sum(own, bad), raw.size<'int64'>(own, { input: output }, { out_type: 'int64' })]);
  });
  return {
    counts: pack(own, rows),
    first: (counts) => firstBad(watched, counts),
  };
}

function firstBad(watched: readonly Output[], counts: Tensor): NonFinite | undefined {
  const values = counts.values('int64');
  const index = watched.findIndex((_, row) => (values[2 * row] ?? 0n) > 0n);
  if (index < 0) return undefined;
  const { operation } = watched[index] as Output;
  return { operation, place: index, count: Number(values[2 * index]), of: Number(values[2 * index + 1]) };
}
