import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Augmentation as CHANGES } from '@bluewaters/messages';
import type { Augmentation, InputContract } from '@bluewaters/models';
import { frameRecord, imageExample, recordTable, type RecordPlace } from '@bluewaters/records';
import { Graph, isEndOfSequence, Session, type Tensor } from '@bluewaters/tensorflow';
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

/** Every record's label is its number + 1, and its picture is its own. */
let shards: Pick<LocalShards, 'train' | 'records'>;
beforeAll(async () => {
  const folder = await temporaryDirectory();
  const [train, places]: [string[], RecordPlace[][]] = [[], []];
  let number = 0;
  for (const count of SHARDS) {
    const records: Uint8Array[] = [];
    const itsPlaces: RecordPlace[] = [];
    let offset = 0;
    for (let i = 0; i < count; i += 1, number += 1) {
      const record = frameRecord(await example(number));
      itsPlaces.push({ offset, length: record.length });
      records.push(record);
      offset += record.length;
    }
    const path = join(folder, `train-${train.length}`);
    await writeFile(path, Buffer.concat(records));
    train.push(path);
    places.push(itsPlaces);
  }
  shards = { train, records: recordTable(places) };
});

async function example(number: number): Promise<Uint8Array> {
  const encoded = await syntheticJpeg({ width: 40, height: 30, seed: number });
  const box = { xmin: 0.2, ymin: 0.25, xmax: 0.75, ymax: 0.9 };
  const boxes = number % 2 === 0 ? [box] : [];
  const names = { filename: 'x.JPEG', synset: 'n01440764', text: 'tench' };
  return imageExample({ encoded, width: 40, height: 30, label: number + 1, boxes, ...names });
}

interface Batch {
  readonly labels: readonly number[];
  readonly pictures: readonly string[];
}

/** Every change at once. */
const ALL: readonly Augmentation[] = CHANGES.options;

interface Reading extends Partial<EpochPart> {
  readonly parallelism?: number;
  readonly augmentation?: readonly Augmentation[];
}

/** What a rank's pipeline gives in the rest of an epoch, batch by batch. */
async function batches({ parallelism = 2, augmentation = [], ...changes }: Reading = {}): Promise<Batch[]> {
  const part: EpochPart = { seed: 7, epoch: 0, batch: BATCH, rank: 0, worldSize: 1, ...changes };
  const batch = part.batch / part.worldSize;
  using graph = new Graph();
  const pipeline = trainingPipeline(graph.scope(), { input, batch, parallelism, augmentation });
  using session = new Session(graph, { interOpThreads: 2, intraOpThreads: 1 });
  using fed = epochFeeds(pipeline, shards, part);
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
