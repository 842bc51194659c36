/** usage: input_pipeline.mjs SHARD...: each step is a normalised batch of 64 pictures of 224 pixels, cropped and mirrored at random. */
import { augment, pictureFeatures } from '@bluewaters/models';
import { cast, dataset, Graph, pack, parseSingleExample, Session, Tensor } from '@bluewaters/tensorflow';
import { answer } from './answer.mjs';
import { int64s, shuffledRecords } from './shuffled_records.mjs';

const shards = process.argv.slice(2);
const BATCH = 64;
const input = { imageSize: 224, channels: 3, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

const graph = new Graph();
const scope = graph.scope();
const files = scope.placeholder('string', [null]);
const [fileIndex, offset, length, number] = [0, 1, 2, 3].map(() => scope.placeholder('int64', [null]));
const payloads = dataset.recordsAt(scope, { files, fileIndex, offset, length }, { parallelism: 2 });
const numbered = dataset.zip(scope, [payloads, dataset.tensorSlices(scope, [number])]);
const examples = dataset.map(
  scope,
  numbered,
  (inner, [payload, itsNumber]) => {
    const features = parseSingleExample(inner, payload, {
      ...pictureFeatures('distorted-crop'),
      'image/class/label': { dtype: 'int64', shape: [] },
    });
    const seed = pack(inner, [inner.constant(7n), itsNumber]);
    const image = augment(inner, features, { input, augmentation: 'distorted-crop', seed });
    return [image, cast(inner, features['image/class/label'], 'int32')];
  },
  { parallelism: 2 },
);
const batches = dataset.prefetch(scope, dataset.batch(scope, examples, { size: BATCH, dropRemainder: true }), 2);
const { initializer, next } = dataset.iterator(scope, batches);

const { table, order } = shuffledRecords(shards, 100_000);
const session = new Session(graph, { intraOpThreads: 2, interOpThreads: 2 });
const feeds = [
  [files, Tensor.of('string', [shards.length], shards)],
  [fileIndex, int64s(order.map((record) => table.shard[record]))],
  [offset, int64s(order.map((record) => table.offset[record]))],
  [length, int64s(order.map((record) => table.length[record]))],
  [number, int64s(order)],
];
await session.run({ feeds, targets: [initializer] });
await answer(async () => {
  const [labels] = await session.run({ fetches: [next[1]] });
  labels[Symbol.dispose]();
  return 0;
});
process.exit(0);
