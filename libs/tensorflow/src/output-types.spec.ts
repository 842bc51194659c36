import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  add,
  argMax,
  assign,
  cast,
  decodeJpeg,
  Graph,
  initializers,
  less,
  Session,
  shape,
  Tensor,
  variable,
  type Output,
  type TensorValues,
} from './index.js';

const refused: unknown = expect.objectContaining({ code: 'GRAPH_INVALID' });

describe('dtypes that the compiler knows', () => {
  it('follow from a dtype, a value and an operation, and are those at run time', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.placeholder('float32', [2]);
    expectTypeOf(x).toEqualTypeOf<Output<'float32'>>();
    expectTypeOf(add(scope, x, 1)).toEqualTypeOf<Output<'float32'>>();
    expectTypeOf(less(scope, x, 1)).toEqualTypeOf<Output<'bool'>>();
    expectTypeOf(cast(scope, x, 'int32')).toEqualTypeOf<Output<'int32'>>();
    expectTypeOf(shape(scope, x)).toEqualTypeOf<Output<'int32'>>();
    expectTypeOf(argMax(scope, x, 0)).toEqualTypeOf<Output<'int64'>>();
    expectTypeOf(scope.constant(1)).toEqualTypeOf<Output<'float32'>>();
    expectTypeOf(scope.constant([[1n], [2n]])).toEqualTypeOf<Output<'int64'>>();
    expectTypeOf(scope.constant(['a'])).toEqualTypeOf<Output<'string'>>();
    expectTypeOf(scope.constant(Uint8Array.of(1))).toEqualTypeOf<Output<'uint8'>>();
    expectTypeOf(scope.constant(1, { dtype: 'float64' })).toEqualTypeOf<Output<'float64'>>();
    const dtypes = [scope.constant([[1n]]), scope.constant(Uint8Array.of(1)), argMax(scope, x, 0)].map((y) => y.dtype);
    expect(dtypes).toEqual(['int64', 'uint8', 'int64']);
  });

  it('refuse what TensorFlow would refuse when the operation is added', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const real = scope.placeholder('float32', [2]);
    const whole = scope.placeholder('int32', [2]);
    const weights = variable(scope, 'w', { dtype: 'float32', shape: [2], initializer: initializers.zeros() });
    // @ts-expect-error two dtypes in one sum
    expect(() => add(scope, real, whole)).toThrow(refused);
    // @ts-expect-error pictures come as strings
    expect(() => decodeJpeg(scope, real, { channels: 3 })).toThrow(refused);
    // @ts-expect-error a variable keeps its dtype
    expect(() => assign(scope, weights, whole)).toThrow(refused);
  });

  it('let a plain Output pass everywhere', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const known = scope.placeholder('float32', [2]);
    const plain: Output = graph.output(known.name);
    expectTypeOf(add(scope, known, plain)).toEqualTypeOf<Output<'float32'>>();
    expectTypeOf(add(scope, plain, known)).toEqualTypeOf<Output>();
    expect(add(scope, known, plain).dtype).toBe('float32');
  });

  it('reach the values that a run fetches', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    using session = new Session(graph);
    const x = scope.placeholder('float32', [2]);
    using fed = Tensor.of('float32', [2], [1, 3]);
    const [sum] = await session.run({ feeds: [[x, fed]], fetches: [add(scope, x, 1)] });
    using fetched = sum!;
    expectTypeOf(fetched.values()).toEqualTypeOf<TensorValues<'float32'>>();
    expect(fetched.values()).toEqual(Float32Array.of(2, 4));
  });
});
