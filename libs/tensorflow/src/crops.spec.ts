import { syntheticJpeg } from '@bluewaters/testing';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  centralSquare,
  decodeAndCropJpeg,
  decodeJpeg,
  extractJpegShape,
  Graph,
  Session,
  statelessDistortedBox,
  statelessRandomFlip,
  Tensor,
  type Output,
  type Scope,
} from './index.js';

const [WIDTH, HEIGHT] = [96, 64];

let jpeg: Buffer;
beforeAll(async () => {
  jpeg = await syntheticJpeg({ width: WIDTH, height: HEIGHT, seed: 3 });
});

let graph: Graph;
let scope: Scope;
beforeEach(() => {
  graph = new Graph();
  scope = graph.scope();
  return () => graph[Symbol.dispose]();
});

function contents(): Output {
  using bytes = Tensor.scalar('string', jpeg);
  return scope.constant(bytes);
}

async function values(...outputs: readonly Output[]): Promise<number[][]> {
  using session = new Session(graph);
  const tensors = await session.run({ fetches: outputs });
  return tensors.map((tensor) => {
    using owned = tensor;
    return Array.from(owned.values(), Number);
  });
}

describe('crops', () => {
  it('know the size of a picture from its header', async () => {
    expect(await values(extractJpegShape(scope, contents()))).toEqual([[HEIGHT, WIDTH, 3]]);
  });

  it('decode the window that the whole picture has at that place', async () => {
    const [top, left, height, width] = [16, 32, 24, 40];
    const window = scope.constant([top, left, height, width], { dtype: 'int32' });
    const cropped = decodeAndCropJpeg(scope, contents(), window, { channels: 3 });
    const [part, whole] = (await values(cropped, decodeJpeg(scope, contents(), { channels: 3 }))) as [
      number[],
      number[],
    ];
    const expected = Array.from({ length: height }, (_, y) => {
      const start = ((top + y) * WIDTH + left) * 3;
      return whole.slice(start, start + width * 3);
    });
    expect(part).toHaveLength(height * width * 3);
    // Colours, which JPEG keeps at half the size, are smoothed a little otherwise at the rim.
    const differences = expected.flat().map((value, i) => Math.abs(value - part[i]!));
    expect(differences.reduce((sum, value) => sum + value, 0) / differences.length).toBeLessThan(0.5);
  });

  it('take the middle for evaluation', async () => {
    const size = scope.constant([30, 41, 3], { dtype: 'int32' });
    expect(await values(centralSquare(scope, size, 0.875))).toEqual([[2, 7, 26, 26]]);
  });
});

describe('distorted boxes', () => {
  const boxed = [0.25, 0.5, 0.75, 0.875];

  /** Windows for seeds [0, 0] to [0, count - 1], as top, left, height, width in pixels. */
  async function windows(boxes: readonly number[][], count: number): Promise<number[][]> {
    const imageSize = scope.constant([HEIGHT, WIDTH, 3], { dtype: 'int32' });
    const given = scope.constant(boxes.flat(), { shape: [1, boxes.length, 4] });
    const drawn = Array.from({ length: count }, (_, n) => {
      const seed = scope.constant([0n, BigInt(n)]);
      return statelessDistortedBox(scope, { imageSize, boxes: given, seed }, { minObjectCovered: 0.5 }).window;
    });
    return values(...drawn);
  }

  it('lie in the picture, have the shape that is asked for, and cover the object', async () => {
    for (const [top, left, height, width] of (await windows([boxed], 40)) as [number, number, number, number][]) {
      expect(top).toBeGreaterThanOrEqual(0);
      expect(left).toBeGreaterThanOrEqual(0);
      expect(top + height).toBeLessThanOrEqual(HEIGHT);
      expect(left + width).toBeLessThanOrEqual(WIDTH);
      const aspect = width / height;
      expect(aspect).toBeGreaterThan(0.75 - 1.5 / height);
      expect(aspect).toBeLessThan(4 / 3 + 1.5 / height);
      const overlap = span(top, height, 16, 32) * span(left, width, 48, 36);
      expect(overlap / (32 * 36)).toBeGreaterThanOrEqual(0.5 - 0.05);
    }
  });

  it('differ by seed, are the same for the same seed, and take the picture for the box where there is none', async () => {
    const first = await windows([boxed], 10);
    expect(await windows([boxed], 10)).toEqual(first);
    expect(new Set(first.map(String)).size).toBeGreaterThan(8);
    for (const [, , height, width] of await windows([], 10)) {
      expect((height! * width!) / (HEIGHT * WIDTH)).toBeGreaterThanOrEqual(0.5 - 0.05);
    }
  });
});

/** How much of two ranges, each by start and length, is in both. */
function span(start: number, length: number, otherStart: number, otherLength: number): number {
  return Math.max(0, Math.min(start + length, otherStart + otherLength) - Math.max(start, otherStart));
}

describe('flips', () => {
  it('mirror about every other picture, as the seed says', async () => {
    const image = scope.constant([1, 2, 3, 4, 5, 6], { shape: [1, 3, 2] });
    const seeded = (n: number) => statelessRandomFlip(scope, image, scope.constant([1n, BigInt(n)]));
    const outputs = Array.from({ length: 40 }, (_, n) => seeded(n));
    const drawn = (await values(...outputs)).map(String);
    expect(new Set(drawn)).toEqual(new Set(['1,2,3,4,5,6', '5,6,3,4,1,2']));
    const mirrored = drawn.filter((picture) => picture.startsWith('5')).length;
    expect(Math.abs(mirrored - 20)).toBeLessThan(12);
    expect((await values(seeded(5)))[0]!.join()).toBe(drawn[5]);
  });

  it('keep the shape that is known', () => {
    using seed = Tensor.of('int64', [2], [1n, 2n]);
    const image = scope.placeholder('float32', [12, 12, 3]);
    expect(statelessRandomFlip(scope, image, scope.constant(seed)).shape).toEqual([12, 12, 3]);
  });
});
