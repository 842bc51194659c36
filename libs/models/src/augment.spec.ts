import { Graph, Session, Tensor, type Output, type Scope } from '@bluewaters/tensorflow';
import { syntheticJpeg } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { augment, type Augmentation, type InputContract } from './index.js';
import { distortColours, drawColours, drawLighting, light } from './colours.js';
import { cutOut, erase, paddedCrop, shift } from './cuts.js';

const SIDE = 16;
const INPUT: InputContract = { imageSize: SIDE, channels: 3, mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2] };
const MANY = 400;

/** What a graph gives for each of many seeds. */
async function drawMany(
  build: (scope: Scope, seed: Output<'int64'>) => Output,
  seeds = Array.from({ length: MANY }, (_, n) => n),
): Promise<Float32Array[]> {
  using graph = new Graph();
  const scope = graph.scope();
  const seed = scope.placeholder('int64', [2]);
  const made = build(scope, seed);
  using session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
  const results: Float32Array[] = [];
  for (const one of seeds) {
    using fed = Tensor.of('int64', [2], BigInt64Array.of(7n, BigInt(one)));
    using value = (await session.run({ feeds: [[seed, fed]], fetches: [made] }))[0] as Tensor;
    results.push(value.values('float32').slice());
  }
  return results;
}

const ones = (scope: Scope): Output =>
  scope.constant(new Float32Array(SIDE * SIDE).fill(1), { shape: [SIDE, SIDE, 1] });
const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;

describe('augmentation', () => {
  let jpeg: Buffer;
  beforeAll(async () => {
    jpeg = await syntheticJpeg({ width: 24, height: 20, seed: 3 });
  });

  /** A picture as the network sees it, for each seed. */
  const pictures = (augmentation: readonly Augmentation[], seeds: readonly number[]): Promise<Float32Array[]> =>
    drawMany(
      (scope, seed) => {
        using bytes = Tensor.scalar('string', jpeg);
        const none = scope.constant([], { dtype: 'float32' });
        const sides = ['ymin', 'xmin', 'ymax', 'xmax'].map((side) => [`image/object/bbox/${side}`, none] as const);
        const features = { 'image/encoded': scope.constant(bytes), ...Object.fromEntries(sides) };
        return augment(scope, features, { input: INPUT, augmentation, seed });
      },
      [...seeds],
    );

  it.each(['distorted-crop', 'colour', 'lighting', 'padded-crop', 'shift', 'cutout', 'erase', 'flip'] as const)(
    'by %s is the same for the same seed and differs between seeds',
    async (change) => {
      const seeds = [1, 2, 3, 4, 5, 6];
      const first = await pictures([change], seeds);
      expect(await pictures([change], seeds)).toEqual(first);
      expect(new Set(first.map((picture) => picture.join())).size).toBeGreaterThan(1);
      expect(first.every((picture) => picture.every(Number.isFinite))).toBe(true);
    },
  );

  it('makes several changes in one order, whatever the order of the list', async () => {
    const forth = await pictures(['colour', 'padded-crop', 'flip'], [1, 2]);
    expect(await pictures(['flip', 'padded-crop', 'colour'], [1, 2])).toEqual(forth);
  });

  it('refuses to change the colours of grey pictures', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const features = { 'image/encoded': scope.placeholder('string', []) };
    const seed = scope.placeholder('int64', [2]);
    const input = { ...INPUT, channels: 1 } as const;
    expect(() => augment(scope, features, { input, augmentation: ['colour'], seed })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        details: expect.objectContaining({ got: 'colour' }) as object,
      }),
    );
  });
});

describe('the padded crop', () => {
  it('moves a picture by up to an eighth of its side, all ways alike, and fills with 0', async () => {
    const place = (scope: Scope): Output => {
      const pixels = new Float32Array(SIDE * SIDE);
      pixels[8 * SIDE + 8] = 1;
      return scope.constant(pixels, { shape: [SIDE, SIDE, 1] });
    };
    const places = (await drawMany((scope, seed) => paddedCrop(scope, place(scope), seed))).map((image) =>
      image.indexOf(1),
    );
    const [rows, columns] = [places.map((at) => Math.floor(at / SIDE)), places.map((at) => at % SIDE)];
    for (const axis of [rows, columns]) {
      expect([...new Set(axis)].sort((a, b) => a - b)).toEqual([6, 7, 8, 9, 10]); // 8 - 2 to 8 + 2
      expect(mean(axis)).toBeCloseTo(8, 0);
    }
    const [moved] = await drawMany(
      (scope, seed) => paddedCrop(scope, ones(scope), seed),
      [places.findIndex((at) => at === 6 * SIDE + 6)],
    );
    expect(sum(moved!)).toBe((SIDE - 2) * (SIDE - 2));
  });
});

describe('the shift', () => {
  it('moves a picture by up to a sixteenth of its side, and mirrors what is at the edges', async () => {
    const stripes = Float32Array.from(
      { length: SIDE * SIDE },
      (_, place) => (place % SIDE) + 100 * Math.floor(place / SIDE),
    );
    const moved = await drawMany((scope, seed) =>
      shift(scope, scope.constant(stripes, { shape: [SIDE, SIDE, 1] }), seed),
    );
    // The pixel that comes to the corner tells how far: 1 of 16 pixels, and the one beside the edge is repeated.
    const corners = [...new Set(moved.map(([corner]) => corner))].sort((a, b) => Number(a) - Number(b));
    expect(corners).toEqual([0, 1, 100, 101]);
    const still = moved.find((image) => image[0] === 0 && image[SIDE * SIDE - 1] === stripes[SIDE * SIDE - 1]);
    expect(still).toEqual(stripes);
    // Moved right, column 1 comes in again on the left of column 0.
    const right = moved.find((image) => image[0] === 1 && image[1] === 0);
    expect([...(right ?? [])].slice(0, SIDE)).toEqual([1, ...Array.from({ length: SIDE - 1 }, (_, column) => column)]);
  });
});

describe('cutout and random erasing', () => {
  it('blank a square of a quarter of the side with its centre anywhere', async () => {
    const lost = (await drawMany((scope, seed) => cutOut(scope, ones(scope), seed))).map(
      (image) => SIDE * SIDE - sum(image),
    );
    expect(Math.max(...lost)).toBe(16); // 4 x 4
    expect(Math.min(...lost)).toBeGreaterThanOrEqual(4); // a quarter of it in a corner
    // Of 16 places of the centre, 13 keep all 4 rows; one keeps 3, and two keep 2 and 3.
    expect(mean(lost)).toBeCloseTo(((13 * 4 + 3 + 2 + 3) / 16) ** 2, 0);
  });

  it('blank one rectangle in one picture of two, of 2 to 40 % of the area', async () => {
    const images = await drawMany((scope, seed) => erase(scope, ones(scope), seed));
    const lost = images.map((image) => 1 - mean([...image])).filter((share) => share > 0);
    expect(lost.length / MANY).toBeCloseTo(0.5, 1);
    expect(Math.min(...lost)).toBeGreaterThan(0.01);
    expect(Math.max(...lost)).toBeLessThan(0.45);
    expect(mean(lost)).toBeCloseTo(0.21, 1);
    for (const image of images) {
      const blank = [...image.keys()].filter((i) => image[i] === 0);
      const rows = new Set(blank.map((i) => Math.floor(i / SIDE)));
      const columns = new Set(blank.map((i) => i % SIDE));
      expect(blank.length).toBe(rows.size * columns.size);
    }
  });
});

/** Hue 0 to 1, saturation and value of a colour, and back, as the definition has it. */
function toHsv([r, g, b]: readonly [number, number, number]): [number, number, number] {
  const [value, least] = [Math.max(r, g, b), Math.min(r, g, b)];
  const range = value - least;
  if (range === 0) return [0, 0, value];
  const sixth = value === r ? (g - b) / range : value === g ? 2 + (b - r) / range : 4 + (r - g) / range;
  return [(sixth / 6 + 1) % 1, range / value, value];
}
function fromHsv([hue, saturation, value]: readonly [number, number, number]): [number, number, number] {
  const channel = (n: number): number => {
    const k = (n + hue * 6) % 6;
    return value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1));
  };
  return [channel(5), channel(3), channel(1)];
}

describe('changes of colour', () => {
  it('are brightness, saturation, hue and contrast, one after the other, as plain arithmetic has them', async () => {
    const colours = [
      [200, 40, 90],
      [30, 160, 60],
    ] as const;
    const shift = { brightness: 0.1, saturation: 0.7, hue: 0.15, contrast: 1.3 };
    const turned = colours.map((colour) => {
      const bright = colour.map((value) => value / 255 + shift.brightness) as [number, number, number];
      const [hue, saturation, value] = toHsv(bright);
      return fromHsv([(hue + shift.hue) % 1, Math.min(1, saturation * shift.saturation), value]);
    });
    const means = [0, 1, 2].map((channel) => mean(turned.map((colour) => colour[channel]!)));
    const expected = turned.flatMap((colour) =>
      colour.map((value, channel) => {
        const contrasted = (value - means[channel]!) * shift.contrast + means[channel]!;
        return expect.closeTo(255 * Math.min(1, Math.max(0, contrasted)), 2) as unknown;
      }),
    );
    const [result] = await drawMany(
      (scope) => {
        const pixels = scope.constant(Float32Array.from(colours.flat()), { shape: [1, 2, 3] });
        const constants = Object.entries(shift).map(([name, value]) => [name, scope.constant(value)] as const);
        return distortColours(
          scope,
          pixels,
          Object.fromEntries(constants) as unknown as ReturnType<typeof drawColours>,
        );
      },
      [0],
    );
    expect([...result!]).toEqual(expected);
  });

  it.each([
    ['brightness', -32 / 255, 32 / 255],
    ['saturation', 0.5, 1.5],
    ['hue', -0.2, 0.2],
    ['contrast', 0.5, 1.5],
  ] as const)('draw %s evenly from %d to %d', async (name, least, most) => {
    const draws = (await drawMany((scope, seed) => drawColours(scope, seed)[name])).map(([value]) => value!);
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...draws)).toBeLessThanOrEqual(most);
    expect(Math.abs(mean(draws) - (least + most) / 2)).toBeLessThan(0.1 * (most - least));
    expect(Math.max(...draws) - Math.min(...draws)).toBeGreaterThan(0.95 * (most - least));
  });

  it('of lighting go along the principal components, with a deviation of a tenth of theirs', async () => {
    const shifts = await drawMany((scope, seed) => drawLighting(scope, seed));
    const first = shifts.map(([r, g, b]) => -0.5675 * r! - 0.5808 * g! - 0.5836 * b!);
    expect(Math.sqrt(mean(first.map((value) => value ** 2)))).toBeCloseTo(0.02175, 2);
    expect(Math.abs(mean(first))).toBeLessThan(0.005);
    const lit = await drawMany(
      (scope) => {
        const pixels = scope.constant(Float32Array.of(1, 2, 3, 4, 5, 6), { shape: [1, 2, 3] });
        return light(scope, pixels, scope.constant([0.1, 0, -0.1]));
      },
      [0],
    );
    expect([...lit[0]!]).toEqual([26.5, 2, -22.5, 29.5, 5, -19.5].map((value) => expect.closeTo(value, 4) as unknown));
  });
});
