import type { Operation } from '@bluewaters/tensorflow';
import { sizeOf } from './sizes.js';

/**
 * Multiplications, each with an addition, that one operation makes of a batch. Only what multiplies by weights counts,
 * as in the papers: no bias, normalisation, activation or pooling.
 */
export function multiplyAddsOf(operation: Operation): number {
  switch (operation.type) {
    case 'Conv2D': {
      const [height, width, channels] = filterOf(operation); // channels of one group
      return sizeOf(operation.output()) * height * width * channels;
    }
    case 'DepthwiseConv2dNative': {
      const [height, width] = filterOf(operation);
      return sizeOf(operation.output()) * height * width;
    }
    case 'MatMul':
      return sizeOf(operation.output()) * Number(operation.input(1).shape?.[0]);
    default:
      return 0;
  }
}

/** [height, width, channels in, channels out] of a convolution's filter. */
export function filterOf(operation: Operation): readonly [number, number, number, number] {
  return (operation.input(1).shape ?? []).map(Number) as unknown as readonly [number, number, number, number];
}
