/** Gradients: by TensorFlow's own rules, and by ours where it has none. */
import { CodedError } from '@bluewaters/errors';
import { Cuts, findRuled, type Cut, type Seed } from './gradient-cuts.js';
import { ownRule, type GradientRules } from './gradient-rules.js';
import { isContinuous, type DType } from './dtypes.js';
import { native, type NativeOutput } from './native.js';
import { Operation, Output } from './operation.js';
import { identity } from './operations/arrays.js';
import { onesLike } from './operations/filled.js';
import { forgetRectifiedInputs } from './rectifier-gradients.js';
import type { Scope } from './scope.js';
import { checked } from './status.js';

/** How gradients are asked for. */
export interface GradientOptions {
  /** The gradient that arrives at each of `ys`, of its shape; by default ones. */
  readonly gradYs?: readonly Output[];
  /** Rules for further types of operations, or instead of those that there are. */
  readonly rules?: GradientRules;
}

/**
 * Adds the partial derivatives of the sum of `ys` with respect to each of `xs`, in a name scope `gradients`.
 *
 * Derive before the first run of a session on the graph: for operations with a rule of our own the graph is cut and
 * joined again, and TensorFlow warns of that on the error stream once the operations have run.
 *
 * @param xs For a variable, the very output that the forward pass read.
 * @returns One gradient for each of `xs`, of its dtype and shape.
 * @throws {CodedError} GRAPH_INVALID when an operation on the way has no rule, or some of `xs` has no influence on `ys`.
 */
export function gradients<D extends DType>(
  scope: Scope,
  ys: readonly Output[],
  xs: readonly Output<D>[],
  { gradYs, rules }: GradientOptions = {},
): Output<D>[] {
  checkGradYs(ys, gradYs);
  checkContinuous([...ys, ...xs]);
  const own = scope.child('gradients');
  const ruled = findRuled(ys, xs, (operation) => rules?.[operation.type] ?? ownRule(operation));
  using cut = new Cuts(own, ruled, ys);
  const found = ruled.length === 0 ? addGradients(own, { ys, xs, gradYs }) : acrossCuts(own, cut, { ys, xs, gradYs });
  forgetRectifiedInputs(ys); // before the cuts are joined: gradients read what the rectifiers read now
  return required(found, xs) as Output<D>[];
}

function acrossCuts(own: Scope, cut: Cuts, { ys, xs, gradYs }: GradientRequest): (Output | undefined)[] {
  const seeds = ys.map((y, i) => ({ y: cut.standIn(y), gradient: gradYs?.[i] ?? onesLike(own, y) }));
  for (const one of [...cut.cuts].reverse()) seeds.push(...seedsAcross(own, cut, one, seeds));
  const ends = xs.map((x) => cut.standIn(x));
  return gradientsAt(own, cut, seeds, ends);
}

/** What arrives at the inputs of an operation with a rule of our own; nothing where nothing arrives at its outputs. */
function seedsAcross(own: Scope, cut: Cuts, { operation, rule, leaves }: Cut, seeds: readonly Seed[]): Seed[] {
  const ends = leaves.filter((leaf) => leaf !== undefined);
  const found = gradientsAt(own, cut, seeds, ends);
  if (found.every((gradient) => gradient === undefined)) return [];
  const arriving = leaves.map((leaf) => leaf && found[ends.indexOf(leaf)]);
  const across = rule(own.child(operation.type), operation, arriving);
  return operation.inputs.flatMap((y, i) => {
    const gradient = across[i];
    return gradient ? [{ y, gradient }] : [];
  });
}

/** The library's gradients in the cut graph; undefined where none arrives. */
function gradientsAt(own: Scope, cut: Cuts, seeds: readonly Seed[], ends: readonly Output[]): (Output | undefined)[] {
  const { useful, reached } = cut.between(seeds, ends);
  if (reached.length === 0) return ends.map(() => undefined);
  const request = { ys: useful.map(({ y }) => y), xs: reached, gradYs: useful.map(({ gradient }) => gradient) };
  const found = addGradients(own, request);
  return ends.map((end) => found[reached.indexOf(end)]);
}

interface GradientRequest {
  readonly ys: readonly Output[];
  readonly xs: readonly Output[];
  readonly gradYs: readonly Output[] | undefined;
}

function addGradients(own: Scope, { xs, gradYs, ...request }: GradientRequest): (Output | undefined)[] {
  // What is both start and end would get the gradient of its own start only.
  const ends = new Set(xs.map(({ name }) => name));
  const ys = request.ys.map((y) => (ends.has(y.name) ? identity(own, y, { name: 'start' }) : y));
  const natives = (outputs: readonly Output[]) => outputs.map((output) => output.native);
  const inOrder = (outputs: readonly Output[]) => [natives(outputs), outputs.length] as const;
  const incoming = gradYs ? natives(gradYs) : null;
  const found = xs.map((): NativeOutput => ({ oper: null, index: 0 }));
  const place = [own.graph.pointer, own.child('library').name] as const;
  checked(
    (status) => native().TF_AddGradientsWithPrefix(...place, ...inOrder(ys), ...inOrder(xs), incoming, status, found),
    (failure) => {
      const of = ys.map((y) => y.name).join(', ');
      return new CodedError('GRAPH_INVALID', `gradients of ${of}: ${failure.message}`, { cause: failure });
    },
  );
  return found.map(({ oper, index }) =>
    oper === null ? undefined : new Output(new Operation(own.graph, oper), index),
  );
}

function required(found: readonly (Output | undefined)[], xs: readonly Output[]): Output[] {
  return found.map((gradient, i) => {
    if (gradient) return gradient;
    const message = 'a gradient is asked for something that no gradient reaches';
    throw new CodedError('GRAPH_INVALID', message, { details: { field: xs[i]?.name ?? '' } });
  });
}

/** The library derives without asking for the dtype, and some of its rules end the process on others. */
function checkContinuous(outputs: readonly Output[]): void {
  const other = outputs.find(({ dtype }) => !isContinuous(dtype));
  if (!other) return;
  throw new CodedError('GRAPH_INVALID', 'gradients are of real or complex numbers by such numbers', {
    details: { field: other.name, expected: 'a floating-point or complex dtype', got: other.dtype },
  });
}

function checkGradYs(ys: readonly Output[], gradYs: readonly Output[] | undefined): void {
  if (!gradYs || gradYs.length === ys.length) return;
  throw new CodedError('GRAPH_INVALID', 'gradients need one gradYs for each of ys', {
    details: { field: 'gradYs', expected: String(ys.length), got: String(gradYs.length) },
  });
}
