/** Comparisons and logic. Shapes of two operands are broadcast as in NumPy. */
import type { DType, FloatDType, RealDType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';
import { operands, type Operand } from './math.js';

/** bool: x = y */
export function equal<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<'bool'> {
  return raw.equal(...operands(scope, 'Equal', [x, y], options));
}

/** bool: x ≠ y */
export function notEqual<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<'bool'> {
  return raw.notEqual(...operands(scope, 'NotEqual', [x, y], options));
}

/** bool: x < y */
export function less<D extends DType>(
  scope: Scope,
  x: Input<D, RealDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<'bool'> {
  return raw.less(...operands(scope, 'Less', [x, y], options));
}

/** bool: x ≤ y */
export function lessEqual<D extends DType>(
  scope: Scope,
  x: Input<D, RealDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<'bool'> {
  return raw.lessEqual(...operands(scope, 'LessEqual', [x, y], options));
}

/** bool: x > y */
export function greater<D extends DType>(
  scope: Scope,
  x: Input<D, RealDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<'bool'> {
  return raw.greater(...operands(scope, 'Greater', [x, y], options));
}

/** bool: x ≥ y */
export function greaterEqual<D extends DType>(
  scope: Scope,
  x: Input<D, RealDType>,
  y: Operand<NoInfer<D>>,
  options: Named = {},
): Output<'bool'> {
  return raw.greaterEqual(...operands(scope, 'GreaterEqual', [x, y], options));
}

/** bool: neither infinite nor not-a-number. */
export function isFinite(scope: Scope, x: Output<FloatDType>, options: Named = {}): Output<'bool'> {
  return raw.isFinite(scope, { x }, options);
}

/** bool: both */
export function logicalAnd(scope: Scope, x: Output<'bool'>, y: Output<'bool'>, options: Named = {}): Output<'bool'> {
  return raw.logicalAnd(scope, { x, y }, options);
}

/** bool: either or both */
export function logicalOr(scope: Scope, x: Output<'bool'>, y: Output<'bool'>, options: Named = {}): Output<'bool'> {
  return raw.logicalOr(scope, { x, y }, options);
}

/** bool: the opposite */
export function logicalNot(scope: Scope, x: Output<'bool'>, options: Named = {}): Output<'bool'> {
  return raw.logicalNot(scope, { x }, options);
}

/** Elements of `t` where the condition holds, of `e` elsewhere. */
export function select<D extends DType>(
  scope: Scope,
  condition: Output<'bool'>,
  [t, e]: readonly [t: Output<D>, e: Output<NoInfer<D>>],
  options: Named = {},
): Output<D> {
  return raw.selectV2(scope, { condition, t, e }, options);
}
