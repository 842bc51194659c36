/**
 * The 16-bit floats, which have no typed array in every version of Node: IEEE 754-2019 binary16 and Google's bfloat16.
 * Numbers are rounded to the nearest value, ties to even, as TensorFlow's own casts do.
 */

/** The 16-bit floats by their names. */
export type HalfDType = 'float16' | 'bfloat16';

interface Format {
  /** Bits of the fraction; the sign has one and the exponent the rest of 16. */
  readonly fraction: number;
  readonly bias: number;
}

const FORMATS: Readonly<Record<HalfDType, Format>> = {
  float16: { fraction: 10, bias: 15 },
  bfloat16: { fraction: 7, bias: 127 },
};

const SIGN = 0x8000;

/** Whether elements of the type are 16-bit floats. */
export function isHalf(dtype: string): dtype is HalfDType {
  return Object.hasOwn(FORMATS, dtype);
}

/** The 16 bits of the nearest value; what is too large becomes infinite. */
export function toHalfBits(dtype: HalfDType, value: number): number {
  const { fraction, bias } = FORMATS[dtype];
  const sign = value < 0 || Object.is(value, -0) ? SIGN : 0;
  const infinite = (SIGN - 1) & -(1 << fraction);
  if (Number.isNaN(value)) return infinite | (1 << (fraction - 1));
  const magnitude = Math.abs(value);
  if (magnitude === Infinity) return sign | infinite;
  // Below the smallest normal value the exponent stays, and the leading one is missing from the fraction.
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), 1 - bias);
  const rounded = roundToEven(magnitude * 2 ** (fraction - exponent));
  const bits = ((exponent + bias) << fraction) + rounded - (1 << fraction);
  return sign | Math.min(bits, infinite);
}

/** The number that 16 bits stand for. */
export function fromHalfBits(dtype: HalfDType, bits: number): number {
  const { fraction, bias } = FORMATS[dtype];
  const sign = bits & SIGN ? -1 : 1;
  const exponent = (bits & (SIGN - 1)) >> fraction;
  const rest = (bits & ((1 << fraction) - 1)) / (1 << fraction);
  if (exponent === 2 * bias + 1) return rest === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * rest * 2 ** (1 - bias) : sign * (1 + rest) * 2 ** (exponent - bias);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
