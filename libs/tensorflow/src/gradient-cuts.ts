/**
 * Gradients through operations that have a rule of our own.
 *
 * TensorFlow's library differentiates a graph as a whole, and refuses it when one operation on the way has no rule. So
 * the graph is cut behind each such operation, the last one first: what reads its outputs reads a `StopGradient` of them
 * instead. The library then gives the gradient that arrives at the cut; our rule takes it to the operation's inputs;
 * and from there, beside where it started, the library goes on to the next cut. In the end all edges are as they were.
 */
import { moveInput, readersOf } from './edges.js';
import type { GradientRule } from './gradient-rules.js';
import type { Graph } from './graph.js';
import type { NativeOutput, Pointer } from './native.js';
import type { Operation, Output } from './operation.js';
import { stopGradient } from './operations/arrays.js';
import type { Scope } from './scope.js';

/** Where differentiation starts: an output, and the gradient that arrives there. */
export interface Seed {
  readonly y: Output;
  readonly gradient: Output;
}

/** One operation that the library must not differentiate. */
export interface Cut {
  readonly operation: Operation;
  readonly rule: GradientRule;
  /** By output: what its readers read instead; undefined for an output that no one reads on the way. */
  readonly leaves: readonly (Output | undefined)[];
}

/** Operations that some outputs depend on, by their address, in an order in which inputs come first. */
type Upstream = ReadonlyMap<Pointer, Operation>;

/**
 * The operations on the way from `xs` to `ys` that `ruleFor` has a rule for, in an order in which inputs come first.
 */
export function findRuled(
  ys: readonly Output[],
  xs: readonly Output[],
  ruleFor: (operation: Operation) => GradientRule | undefined,
): { operation: Operation; rule: GradientRule }[] {
  const wanted = new Set(xs.map(keyOf));
  const active = new Set<Pointer>();
  const found: { operation: Operation; rule: GradientRule }[] = [];
  for (const [pointer, operation] of upstreamOf(ys)) {
    const reached = operation.inputs.some((input) => wanted.has(keyOf(input)) || active.has(input.operation.pointer));
    if (!reached) continue;
    active.add(pointer);
    const rule = ruleFor(operation);
    if (rule) found.push({ operation, rule });
  }
  return found;
}

/**
 * Depth first, and with a stack of its own: graphs are deeper than JavaScript's stack.
 *
 * @param leaves Are taken along, but not what is behind them.
 */
export function upstreamOf(ys: readonly Output[], leaves: ReadonlySet<Pointer> = new Set()): Upstream {
  const done = new Map<Pointer, Operation>();
  const entered = new Set<Pointer>();
  const stack = ys.map((y) => ({ operation: y.operation, leaving: false }));
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { operation, leaving } = next;
    if (leaving) done.set(operation.pointer, operation);
    else if (!entered.has(operation.pointer)) {
      entered.add(operation.pointer);
      stack.push({ operation, leaving: true });
      if (leaves.has(operation.pointer)) continue;
      for (const input of operation.inputs) stack.push({ operation: input.operation, leaving: false });
    }
  }
  return done;
}

/** Cuts in a graph, until they are given back. */
export class Cuts implements Disposable {
  readonly cuts: readonly Cut[];
  readonly #graph: Graph;
  readonly #moved: { readonly from: Output; readonly reader: NativeOutput }[] = [];
  readonly #leaves = new Map<string, Output>();

  /**
   * @param ruled As {@link findRuled} gives them.
   * @param ys What will be differentiated: readers elsewhere in the graph stay as they are.
   */
  constructor(scope: Scope, ruled: readonly Pick<Cut, 'operation' | 'rule'>[], ys: readonly Output[]) {
    this.#graph = scope.graph;
    const upstream = upstreamOf(ys);
    this.cuts = ruled.map(({ operation, rule }) => {
      const leaves = operation.outputs.map((output) => this.#cut(scope, output, upstream, ys));
      return { operation, rule, leaves };
    });
  }

  /** What stands for an output while the graph is cut: its leaf, or itself. */
  standIn(output: Output): Output {
    return this.#leaves.get(keyOf(output)) ?? output;
  }

  /** Of `seeds` those that depend on some of `ends` without crossing a cut, and the `ends` that they depend on. */
  between(seeds: readonly Seed[], ends: readonly Output[]): { useful: Seed[]; reached: Output[] } {
    const leaves = new Set([...this.#leaves.values()].map(({ operation }) => operation.pointer));
    const upstream = seeds.map(({ y }) => upstreamOf([y], leaves));
    const reaches = (operations: Upstream | undefined, end: Output) => operations?.has(end.operation.pointer) ?? false;
    return {
      useful: seeds.filter((_, i) => ends.some((end) => reaches(upstream[i], end))),
      reached: ends.filter((end) => upstream.some((operations) => reaches(operations, end))),
    };
  }

  /** Joins the graph together again. */
  [Symbol.dispose](): void {
    for (const { from, reader } of this.#moved.splice(0)) moveInput(this.#graph, from, reader);
  }

  #cut(scope: Scope, output: Output, upstream: Upstream, ys: readonly Output[]): Output | undefined {
    const readers = readersOf(output).filter(({ oper }) => oper !== null && upstream.has(oper));
    if (readers.length === 0 && !ys.some((y) => keyOf(y) === keyOf(output))) return undefined;
    const leaf = stopGradient(scope, output, { name: 'cut' });
    for (const reader of readers) {
      moveInput(this.#graph, leaf, reader);
      this.#moved.push({ from: output, reader });
    }
    this.#leaves.set(keyOf(output), leaf);
    return leaf;
  }
}

function keyOf(output: Output): string {
  return `${output.operation.pointer}:${output.index}`;
}
