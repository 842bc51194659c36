/** Arithmetic and products. Shapes of two operands are broadcast as in NumPy. */
import type {
  ArithmeticDType,
  ComplexDType,
  ContinuousDType,
  DType,
  FloatDType,
  IndexDType,
  NumberDType,
  RealDType,
  SignedDType,
} from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Named, type Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';

/** An output, or a number that becomes a constant of the other operand's dtype. */
export type Operand<D extends DType = DType> = Output<D> | number;

/**
 * What a generated function of two operands takes; a number becomes a constant `y` in the scope of the operation's name,
 * as Python has it.
 *
 * @param type TensorFlow's name of the operation, which is its name by default.
 */
export function operands<X extends Output>(
  scope: Scope,
  type: string,
  [x, y]: readonly [X, Operand],
  { name = type }: Named,
): [scope: Scope, inputs: { readonly x: X; readonly y: Output }, options: Named] {
  if (typeof y !== 'number') return [scope, { x, y }, { name }];
  const own = scope.child(name);
  return [own, { x, y: own.constant(y, { dtype: x.dtype, name: 'y' }) }, NAMESAKE];
}

/** x + y */
export function add<D extends DType>(
  scope: Scope,
  x: Input<D, ArithmeticDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<D> {
  return raw.addV2(...operands(scope, 'AddV2', [x, y], options));
}

/** The sum of any number of tensors of one shape. */
export function addN<D extends DType>(
  scope: Scope,
  xs: readonly Input<D, NumberDType | 'variant'>[],
  options: Named = {},
): Output<D> {
  return raw.addN(scope, { inputs: xs }, options);
}

/** x - y */
export function sub<D extends DType>(
  scope: Scope,
  x: Input<D, ArithmeticDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<D> {
  return raw.sub(...operands(scope, 'Sub', [x, y], options));
}

/** x · y, element by element */
export function mul<D extends DType>(
  scope: Scope,
  x: Input<D, ArithmeticDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<D> {
  return raw.mul(...operands(scope, 'Mul', [x, y], options));
}

/** x / y; floats only. */
export function div<D extends DType>(
  scope: Scope,
  x: Input<D, ContinuousDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<D> {
  return raw.realDiv(...operands(scope, 'RealDiv', [x, y], options));
}

/** (x - y)² */
export function squaredDifference<D extends DType>(
  scope: Scope,
  x: Input<D, FloatDType | ComplexDType | IndexDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<D> {
  return raw.squaredDifference(...operands(scope, 'SquaredDifference', [x, y], options));
}

/** The larger of x and y. */
export function maximum<D extends DType>(
  scope: Scope,
  x: Input<D, RealDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<D> {
  return raw.maximum(...operands(scope, 'Maximum', [x, y], options));
}

/** The smaller of x and y. */
export function minimum<D extends DType>(
  scope: Scope,
  x: Input<D, RealDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<D> {
  return raw.minimum(...operands(scope, 'Minimum', [x, y], options));
}

/** x² */
export function square<D extends DType>(scope: Scope, x: Input<D, ArithmeticDType>, options: Named = {}): Output<D> {
  return raw.square(scope, { x }, options);
}

/** √x */
export function sqrt<D extends DType>(scope: Scope, x: Input<D, ContinuousDType>, options: Named = {}): Output<D> {
  return raw.sqrt(scope, { x }, options);
}

/** 1 / √x */
export function rsqrt<D extends DType>(scope: Scope, x: Input<D, ContinuousDType>, options: Named = {}): Output<D> {
  return raw.rsqrt(scope, { x }, options);
}

/** 1 / x */
export function reciprocal<D extends DType>(
  scope: Scope,
  x: Input<D, SignedDType | ComplexDType>,
  options: Named = {},
): Output<D> {
  return raw.reciprocal(scope, { x }, options);
}

/** xʸ */
export function pow<D extends DType>(
  scope: Scope,
  x: Input<D, SignedDType | ComplexDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<D> {
  return raw.pow(...operands(scope, 'Pow', [x, y], options));
}

/** [n, m] from x [n, k] and y [k, m]; either may come transposed. */
export function matMul<D extends DType>(
  scope: Scope,
  x: Input<D, Exclude<ArithmeticDType, 'int8' | 'int16'>>,
  y: Output<NoInfer<D>>,
  {
    transposeA = false,
    transposeB = false,
    name,
  }: Named & { readonly transposeA?: boolean; readonly transposeB?: boolean } = {},
): Output<D> {
  return raw.matMul(scope, { a: x, b: y }, { name, transpose_a: transposeA, transpose_b: transposeB });
}

/** [..., n, m] from x [..., n, k] and y [..., k, m]; the axes in front are broadcast. Either may come as its adjoint. */
export function batchMatMul<D extends DType>(
  scope: Scope,
  x: Input<D, Exclude<ArithmeticDType, 'int8'>>,
  y: Output<NoInfer<D>>,
  {
    adjointA = false,
    adjointB = false,
    name,
  }: Named & { readonly adjointA?: boolean; readonly adjointB?: boolean } = {},
): Output<D> {
  return raw.batchMatMulV2(scope, { x, y }, { name, adj_x: adjointA, adj_y: adjointB });
}

/** Sums of products by Einstein's convention, such as 'bij,bjk->bik'. */
export function einsum<D extends DType>(
  scope: Scope,
  equation: string,
  inputs: readonly Output<D>[],
  options: Named = {},
): Output<D> {
  return raw.einsum(scope, { inputs }, { equation, ...options });
}
