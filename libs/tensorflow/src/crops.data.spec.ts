import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decodeAndCropJpeg,
  expandDims,
  extractJpegShape,
  Graph,
  pack,
  parseSingleExample,
  Session,
  shape,
  statelessDistortedBox,
  Tensor,
} from './index.js';
import { encodeExample } from './example.fixture.js';

/** A folder with real pictures and real boxes; without it these tests are skipped. */
const data = process.env['BLUEWATERS_DATA'];
const SYNSET = 'n01440764';
const MIN_OBJECT_COVERED = 0.1;

interface Picture {
  readonly jpeg: Buffer;
  /** top, left, bottom, right on a scale of 0 to 1. */
  readonly boxes: readonly (readonly [number, number, number, number])[];
}

let folder: string;
let pictures: Picture[];

describe.skipIf(!data)('distorted crops of real pictures by their real boxes', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'crops-'));
    const untar = (...args: string[]) => execFileSync('tar', args, { cwd: folder });
    untar('xf', join(data!, 'imagenette224/Images.tar'), `${SYNSET}.tar`);
    untar('xf', `${SYNSET}.tar`);
    untar('xzf', join(data!, 'Annotation.tar.gz'));
    untar('xzf', `Annotation/${SYNSET}.tar.gz`);
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.JPEG'));
    pictures = names.flatMap((name) => {
      const id = name.split('/').at(-1)!.replace('.JPEG', '');
      const annotation = join(folder, 'Annotation', SYNSET, `${id}.xml`);
      if (!existsSync(annotation)) return [];
      return [{ jpeg: readFileSync(join(folder, name)), boxes: boxesIn(readFileSync(annotation, 'utf8')) }];
    });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('cover at least the share of one object that is asked for, and are what is decoded', async () => {
    expect(pictures.length).toBeGreaterThan(300);
    using graph = new Graph();
    const scope = graph.scope();
    const serialized = scope.placeholder('string', []);
    const seed = scope.placeholder('int64', [2]);
    const side = { dtype: 'float32', shape: 'any' } as const;
    const parsed = parseSingleExample(scope, serialized, {
      jpeg: { dtype: 'string', shape: [] },
      ymin: side,
      xmin: side,
      ymax: side,
      xmax: side,
    });
    const boxes = expandDims(scope, pack(scope, [parsed.ymin, parsed.xmin, parsed.ymax, parsed.xmax], { axis: 1 }), 0);
    const imageSize = extractJpegShape(scope, parsed.jpeg);
    const options = { minObjectCovered: MIN_OBJECT_COVERED };
    const { window, box } = statelessDistortedBox(scope, { imageSize, boxes, seed }, options);
    const cropped = shape(scope, decodeAndCropJpeg(scope, parsed.jpeg, window, { channels: 3 }));
    using session = new Session(graph);
    let partial = 0;
    for (const [number, picture] of pictures.entries()) {
      using message = Tensor.scalar('string', exampleOf(picture));
      using seeds = Tensor.of('int64', [2], [7n, BigInt(number)]);
      const feeds = [[serialized, message] as const, [seed, seeds] as const];
      const tensors = await session.run({ feeds, fetches: [window, box, cropped] });
      const [pixels, share, size] = tensors.map((tensor) => Array.from(tensor.values(), Number)) as [
        number[],
        number[],
        number[],
      ];
      for (const tensor of tensors) tensor[Symbol.dispose]();
      expect(size).toEqual([pixels[2], pixels[3], 3]);
      const covered = Math.max(...picture.boxes.map((object) => coverage(object, share)));
      // A window of whole pixels can be one pixel short of what was drawn.
      expect(covered).toBeGreaterThanOrEqual(MIN_OBJECT_COVERED - 0.02);
      if (covered < 0.999) partial += 1;
    }
    expect(partial).toBeGreaterThan(pictures.length / 4);
  });
});

function exampleOf({ jpeg, boxes }: Picture): Uint8Array {
  const [ymin, xmin, ymax, xmax] = [0, 1, 2, 3].map((i) => ({ floatList: { value: boxes.map((box) => box[i]!) } }));
  const bytes = { bytesList: { value: [Buffer.from(jpeg).toString('base64')] } };
  return encodeExample({ jpeg: bytes, ymin: ymin!, xmin: xmin!, ymax: ymax!, xmax: xmax! });
}

/** The objects of a VOC annotation. */
function boxesIn(xml: string): Picture['boxes'] {
  const numbers = (tag: string) =>
    [...xml.matchAll(new RegExp(`<${tag}>(\\d+)</${tag}>`, 'gu'))].map(([, text]) => Number(text));
  const [width, height] = [numbers('width')[0]!, numbers('height')[0]!];
  const [top, left, bottom, right] = ['ymin', 'xmin', 'ymax', 'xmax'].map(numbers) as [
    number[],
    number[],
    number[],
    number[],
  ];
  return top.map((y, i) => [y / height, left[i]! / width, bottom[i]! / height, right[i]! / width] as const);
}

/** Share of an object's area that a window covers. */
function coverage(object: readonly number[], window: readonly number[]): number {
  const [top, left, bottom, right] = object as [number, number, number, number];
  const height = Math.min(bottom, window[2]!) - Math.max(top, window[0]!);
  const width = Math.min(right, window[3]!) - Math.max(left, window[1]!);
  return (Math.max(0, height) * Math.max(0, width)) / ((bottom - top) * (right - left));
}
