import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Augmentation as CHANGES } from '@bluewaters/messages';
import type { Augmentation, InputContract } from '@bluewaters/models';
import { frameRecord, imageExample, recordTable, type Box, type RecordPlace } from '@bluewaters/records';
import { Graph, isEndOfSequence, raw, Session, type Tensor } from '@bluewaters/tensorflow';
import { syntheticJpeg, temporaryDirectory } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { epochFeeds, type EpochPart } from './epoch-feeds.js';
import { trainingPipeline } from './input-pipeline.js';
import type { LocalShards } from './local-shards.js';

const SHARDS = [7, 5, 9];
const RECORDS = 21;
const BATCH = 8;
const STEPS = 3;
const input: InputContract = { imageSize: 12, channels: 3, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

type Shards = Pick<LocalShards, 'train' | 'records'>;

/** Every record's label is its number + 1, and its picture is its own. */
let shards: Shards;
beforeAll(async () => {
  const examples = await Promise.all(Array.from({ length: RECORDS }, (_, number) => example(number)));
  let first = 0;
  shards = await shardsOf(SHARDS.map((count) => examples.slice(first, (first += count))));
});

async function shardsOf(examples: readonly (readonly Uint8Array[])[]): Promise<Shards> {
  const folder = await temporaryDirectory();
  const [train, places]: [string[], RecordPlace[][]] = [[], []];
  for (const payloads of examples) {
    const records = payloads.map(frameRecord);
    let offset = 0;
    places.push(records.map(({ length }) => ({ offset: (offset += length) - length, length })));
    const path = join(folder, `train-${train.length}`);
    await writeFile(path, Buffer.concat(records));
    train.push(path);
  }
  return { train, records: recordTable(places) };
}

async function example(number: number): Promise<Uint8Array> {
  const encoded = await syntheticJpeg({ width: 40, height: 30, seed: number });
  const box = { xmin: 0.2, ymin: 0.25, xmax: 0.75, ymax: 0.9 };
  const boxes = number % 2 === 0 ? [box] : [];
  return imageExample({ encoded, width: 40, height: 30, label: number + 1, boxes, ...NAMES });
}

const NAMES = { filename: 'x.JPEG', synset: 'n01440764', text: 'tench' };

interface Batch {
  readonly labels: readonly number[];
  readonly pictures: readonly string[];
}

/** Every change at once. */
const ALL: readonly Augmentation[] = CHANGES.options;

interface Reading extends Partial<EpochPart> {
  readonly parallelism?: number;
  readonly augmentation?: readonly Augmentation[];
  /** {@link shards} by default. */
  readonly from?: Shards;
}

/** What a rank's pipeline gives in the rest of an epoch, batch by batch. */
async function batches(reading: Reading = {}): Promise<Batch[]> {
  const { parallelism = 2, augmentation = [], from = shards, ...changes } = reading;
  const part: EpochPart = { seed: 7, epoch: 0, batch: BATCH, rank: 0, worldSize: 1, ...changes };
  const batch = part.batch / part.worldSize;
  using graph = new Graph();
  const pipeline = trainingPipeline(graph.scope(), { input, batch, parallelism, augmentation });
  using session = new Session(graph, { interOpThreads: 2, intraOpThreads: 1 });
  using fed = epochFeeds(pipeline, from, part);
  await session.run({ feeds: fed.feeds, targets: [pipeline.start] });
  const read: Batch[] = [];
  try {
    for (;;) read.push(batchOf(await session.run({ fetches: [pipeline.images, pipeline.labels] })));
  } catch (error) {
    if (isEndOfSequence(error)) return read;
    throw error;
  }
}

function batchOf(tensors: readonly Tensor[]): Batch {
  const [images, labels] = tensors.map((tensor) => {
    using owned = tensor;
    return owned.values();
  }) as [Float32Array, Int32Array];
  const size = images.length / labels.length;
  const pictures = Array.from(labels, (_, i) => images.slice(i * size, (i + 1) * size).join());
  return { labels: [...labels], pictures };
}

const labelsOf = (read: readonly Batch[]) => read.flatMap(({ labels }) => labels);
/** Of each record by its label. */
const picturesOf = (read: readonly Batch[]) =>
  new Map(read.flatMap(({ labels, pictures }) => labels.map((label, i) => [label, pictures[i]!])));

describe('the training pipeline', { timeout: 60_000 }, () => {
  it('reads every record of an epoch, in full batches', async () => {
    const read = await batches();
    expect(read.map(({ labels }) => labels.length)).toEqual([BATCH, BATCH, BATCH]);
    expect(new Set(labelsOf(read)).size).toBe(RECORDS);
    expect(labelsOf(await batches({ epoch: 1 }))).not.toEqual(labelsOf(read));
  });

  it.each([2, 4])('gives %i ranks together the batches of a single one', async (worldSize) => {
    const whole = await batches();
    const ranks = await Promise.all(Array.from({ length: worldSize }, (_, rank) => batches({ rank, worldSize })));
    const together = Array.from({ length: STEPS }, (_, step) => ranks.flatMap((read) => read[step]?.labels ?? []));
    expect(together).toEqual(whole.map(({ labels }) => labels));
  });

  it.each<[readonly Augmentation[]]>([[[]], [['flip']], [ALL]])(
    'gives the same pictures in the same order with one thread and with eight, and when it goes on after a stop: %s',
    async (augmentation) => {
      const whole = await batches({ augmentation, parallelism: 1 });
      expect(await batches({ augmentation, parallelism: 8 })).toEqual(whole);
      expect(await batches({ augmentation, parallelism: 8, fromStep: 2 })).toEqual(whole.slice(2));
    },
  );

  it('changes a picture by seed, epoch and record, and not by who reads it', async () => {
    const plain = picturesOf(await batches());
    const whole = picturesOf(await batches({ augmentation: ['distorted-crop', 'flip'] }));
    const half = picturesOf(await batches({ augmentation: ['distorted-crop', 'flip'], rank: 1, worldSize: 2 }));
    const later = picturesOf(await batches({ augmentation: ['distorted-crop', 'flip'], epoch: 1 }));
    for (const [label, picture] of half) expect(picture).toBe(whole.get(label));
    const changed = (others: Map<number, string>) => [...whole].filter(([label, one]) => others.get(label) !== one);
    expect(changed(plain)).toHaveLength(RECORDS);
    expect(changed(later)).toHaveLength(RECORDS);
  });

  it('mirrors about one picture in two, and others in another epoch', async () => {
    const plain = picturesOf(await batches());
    const flipped = async (epoch: number) =>
      [...picturesOf(await batches({ augmentation: ['flip'], epoch }))]
        .filter(([label, picture]) => picture !== plain.get(label))
        .map(([label]) => label)
        .sort((a, b) => a - b);
    const [first, second] = [await flipped(0), await flipped(1)];
    for (const { length } of [first, second]) expect(Math.abs(length - RECORDS / 2)).toBeLessThan(RECORDS / 3);
    expect(second).not.toEqual(first);
  });
});

describe('distorted crops of pictures', () => {
  const [WIDTH, HEIGHT, CROPS] = [240, 160, 64];
  const LEAST_COVERED = 0.1;
  /** A window has whole pixels, and colours have 256 values. */
  const TOLERANCE = 0.03;
  const UPPER_RIGHT: Box = { xmin: 0.62, ymin: 0.05, xmax: 0.95, ymax: 0.2 };
  const LOWER_LEFT: Box = { xmin: 0.05, ymin: 0.7, xmax: 0.2, ymax: 0.97 };
  const TRANSPOSED: Box = { xmin: 0.05, ymin: 0.62, xmax: 0.2, ymax: 0.95 };
  const WHOLE: Box = { xmin: 0, ymin: 0, xmax: 1, ymax: 1 };

  /** A picture whose red tells of every place how far right it is, and whose green how far down. */
  async function chart(): Promise<Uint8Array> {
    const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, at) => {
      const pixel = Math.floor(at / 3);
      const [right, down] = [((pixel % WIDTH) + 0.5) / WIDTH, (Math.floor(pixel / WIDTH) + 0.5) / HEIGHT];
      return Math.round(255 * [right, down, 0.5][at % 3]!);
    });
    using graph = new Graph();
    const image = graph.scope().constant(pixels, { dtype: 'uint8', shape: [HEIGHT, WIDTH, 3] });
    const contents = raw.encodeJpeg(graph.scope(), { image }, { quality: 100, chroma_downsampling: false });
    using session = new Session(graph);
    using bytes = (await session.run({ fetches: [contents] }))[0] as Tensor;
    return bytes.strings()[0]!;
  }

  /** Where the crops of an epoch were in such pictures. */
  async function crops(boxes: readonly Box[]): Promise<Box[]> {
    const encoded = await chart();
    const payload = imageExample({ encoded, width: WIDTH, height: HEIGHT, label: 1, boxes, ...NAMES });
    const from = await shardsOf([Array.from({ length: CROPS }, () => payload)]);
    const read = await batches({ from, augmentation: ['distorted-crop'] });
    return read.flatMap(({ pictures }) => pictures.map(placeOf));
  }

  function placeOf(picture: string): Box {
    const shares = picture.split(',').map((value) => (Number(value) + 1) / 2); // as the channels were normalised
    const side = input.imageSize;
    const ends = (channel: number, along: number, across: number): [number, number] => {
      const at = (place: number): number =>
        Array.from({ length: side }, (_, line) => shares[3 * (along * place + across * line) + channel]!).reduce(
          (sum, share) => sum + share / side,
          0,
        );
      const [first, last] = [at(0), at(side - 1)];
      const half = (last - first) / (side - 1) / 2; // to the rim of a pixel from its middle
      return [first - half, last + half];
    };
    const [xmin, xmax] = ends(0, 1, side);
    const [ymin, ymax] = ends(1, side, 1);
    return { xmin, ymin, xmax, ymax };
  }

  /** The share of a box that a crop has. */
  function covered(box: Box, crop: Box): number {
    const width = Math.min(box.xmax, crop.xmax) - Math.max(box.xmin, crop.xmin);
    const height = Math.min(box.ymax, crop.ymax) - Math.max(box.ymin, crop.ymin);
    return (Math.max(0, width) * Math.max(0, height)) / ((box.xmax - box.xmin) * (box.ymax - box.ymin));
  }

  it.each<[what: string, boxes: Box[], wanted: Box[], missed: Box[]]>([
    ['its box', [UPPER_RIGHT], [UPPER_RIGHT], [TRANSPOSED, LOWER_LEFT]],
    ['one of its boxes', [UPPER_RIGHT, LOWER_LEFT], [UPPER_RIGHT, LOWER_LEFT], [UPPER_RIGHT, LOWER_LEFT]],
    ['a picture without boxes', [], [WHOLE], [UPPER_RIGHT, LOWER_LEFT]],
  ])('have a tenth of %s at least, and need not have more', async (_, boxes, wanted, missed) => {
    const places = await crops(boxes);
    expect(places).toHaveLength(CROPS);
    const best = places.map((place) => Math.max(...wanted.map((box) => covered(box, place))));
    expect(Math.min(...best)).toBeGreaterThan(LEAST_COVERED - TOLERANCE);
    expect(best.filter((share) => share < 1 - TOLERANCE).length).toBeGreaterThan(CROPS / 10);
    for (const box of missed)
      expect(places.some((place) => covered(box, place) < LEAST_COVERED - TOLERANCE)).toBe(true);
  });
});
