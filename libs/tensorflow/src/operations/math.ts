/** Arithmetic, comparisons and reductions. Shapes of two operands are broadcast as in NumPy. */
import type { DType } from '../dtypes.js';
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';

/** An output, or a number that becomes a constant of the other operand's dtype. */
export type Operand<D extends DType = DType> = Output<D> | number;

/** An operation on two operands; a number becomes a constant `y` in the scope of its name, as Python has it. */
export function binary(scope: Scope, type: string, [x, y]: readonly [Output, Operand], name: string = type): Output {
  if (typeof y !== 'number') return scope.op(type, { name, inputs: [x, y] }).output();
  const own = scope.child(name);
  return own.namesake(type, { inputs: [x, own.constant(y, { dtype: x.dtype, name: 'y' })] }).output();
}

function unary(scope: Scope, type: string, x: Output, name: string | undefined): Output {
  return scope.op(type, { name, inputs: [x] }).output();
}

/** x + y */
export function add<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<D> {
  return binary(scope, 'AddV2', [x, y], name);
}

/** The sum of any number of tensors of one shape. */
export function addN<D extends DType>(scope: Scope, xs: readonly Output<D>[], { name }: Named = {}): Output<D> {
  return scope.op('AddN', { name, inputs: [xs] }).output();
}

/** x - y */
export function sub<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<D> {
  return binary(scope, 'Sub', [x, y], name);
}

/** x · y, element by element */
export function mul<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<D> {
  return binary(scope, 'Mul', [x, y], name);
}

/** x / y; floats only. */
export function div<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<D> {
  return binary(scope, 'RealDiv', [x, y], name);
}

/** The larger of x and y. */
export function maximum<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<D> {
  return binary(scope, 'Maximum', [x, y], name);
}

/** The smaller of x and y. */
export function minimum<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<D> {
  return binary(scope, 'Minimum', [x, y], name);
}

/** bool: x = y */
export function equal<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<'bool'> {
  return binary(scope, 'Equal', [x, y], name);
}

/** bool: x < y */
export function less<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<'bool'> {
  return binary(scope, 'Less', [x, y], name);
}

/** x² */
export function square<D extends DType>(scope: Scope, x: Output<D>, { name }: Named = {}): Output<D> {
  return unary(scope, 'Square', x, name);
}

/** √x */
export function sqrt<D extends DType>(scope: Scope, x: Output<D>, { name }: Named = {}): Output<D> {
  return unary(scope, 'Sqrt', x, name);
}

/** 1 / x */
export function reciprocal<D extends DType>(scope: Scope, x: Output<D>, { name }: Named = {}): Output<D> {
  return unary(scope, 'Reciprocal', x, name);
}

/** bool: neither infinite nor not-a-number. */
export function isFinite(scope: Scope, x: Output, { name }: Named = {}): Output<'bool'> {
  return unary(scope, 'IsFinite', x, name);
}

/** Half the sum of the squares, a scalar: the penalty of weight decay. */
export function l2Loss<D extends DType>(scope: Scope, x: Output<D>, { name }: Named = {}): Output<D> {
  return unary(scope, 'L2Loss', x, name);
}

/** [n, m] from x [n, k] and y [k, m]; either may come transposed. */
export function matMul<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Output<NoInfer<D>>,
  options: Named & { readonly transposeA?: boolean; readonly transposeB?: boolean } = {},
): Output<D> {
  const attributes = { transpose_a: options.transposeA ?? false, transpose_b: options.transposeB ?? false };
  return scope.op('MatMul', { name: options.name, inputs: [x, y], attributes }).output();
}

/** How a reduction is asked for. */
export interface ReductionOptions extends Named {
  /** The axes that disappear; negative ones count from the last. By default all, which gives a scalar. */
  readonly axes?: readonly number[];
  /** Leaves the axes there with length 1. */
  readonly keepDims?: boolean;
}

function reduce(scope: Scope, type: string, x: Output, options: ReductionOptions): Output {
  const own = scope.child(options.name ?? type);
  const along = options.axes ? own.constant(Int32Array.from(options.axes), { name: 'axes' }) : allAxes(own, x);
  return own.namesake(type, { inputs: [x, along], attributes: { keep_dims: options.keepDims ?? false } }).output();
}

/** A constant where the rank is known: some gradients need one. */
function allAxes(scope: Scope, x: Output): Output<'int32'> {
  const rank = x.shape?.length;
  if (rank !== undefined)
    return scope.constant(
      Int32Array.from({ length: rank }, (_, axis) => axis),
      { name: 'axes' },
    );
  const bound = (value: number) => scope.constant(value, { dtype: 'int32' });
  const dynamicRank = scope.op('Rank', { inputs: [x] }).output();
  return scope.op('Range', { inputs: [bound(0), dynamicRank, bound(1)] }).output();
}

/** The mean over some axes. */
export function mean<D extends DType>(scope: Scope, x: Output<D>, options: ReductionOptions = {}): Output<D> {
  return reduce(scope, 'Mean', x, options);
}

/** The sum over some axes. */
export function sum<D extends DType>(scope: Scope, x: Output<D>, options: ReductionOptions = {}): Output<D> {
  return reduce(scope, 'Sum', x, options);
}

/** The largest value over some axes. */
export function max<D extends DType>(scope: Scope, x: Output<D>, options: ReductionOptions = {}): Output<D> {
  return reduce(scope, 'Max', x, options);
}

/** bool: whether all values over some axes are true. */
export function all(scope: Scope, x: Output, options: ReductionOptions = {}): Output<'bool'> {
  return reduce(scope, 'All', x, options);
}

/** int64: where along an axis the largest value is; the first of equals. */
export function argMax(scope: Scope, x: Output, axis: number, { name = 'ArgMax' }: Named = {}): Output<'int64'> {
  const own = scope.child(name);
  const along = own.constant(axis, { dtype: 'int32', name: 'dimension' });
  return own.namesake('ArgMax', { inputs: [x, along], attributes: { output_type: 'int64' } }).output();
}
