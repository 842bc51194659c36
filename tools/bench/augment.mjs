/**
 * What each random change of a training picture costs beside decoding it: `node tools/bench/augment.mjs [PICTURE.JPEG]`.
 *
 * One JPEG, by default a drawn one of 500 by 375 pixels, to 224 by 224, with another seed each time; one thread, the
 * processor's time of the process, medians of turns. `none` is decoding, resizing and normalising.
 */
import { readFile } from 'node:fs/promises';
import { augment } from '@bluewaters/models';
import { Augmentation } from '@bluewaters/messages';
import { decodeJpeg, Graph, raw, Session, Tensor } from '@bluewaters/tensorflow';
import { median } from './side.mjs';

const [SIZE, TURNS, PICTURES] = [224, 7, 100];
const input = /** @type {const} */ ({
  imageSize: SIZE,
  channels: 3,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
});
const [file] = process.argv.slice(2);
const jpeg = file === undefined ? await drawnJpeg() : await readFile(file);

const graph = new Graph();
const scope = graph.scope();
const bytes = scope.placeholder('string', []);
const seed = scope.placeholder('int64', [2]);
const box = scope.constant([0], { dtype: 'float32' });
const edge = scope.constant([1], { dtype: 'float32' });
const features = {
  'image/encoded': bytes,
  'image/object/bbox/ymin': box,
  'image/object/bbox/xmin': box,
  'image/object/bbox/ymax': edge,
  'image/object/bbox/xmax': edge,
};
/** @param {readonly import('@bluewaters/models').Augmentation[]} augmentation */
const changed = (augmentation) => augment(scope, features, { input, augmentation, seed }).operation;
const outputs = {
  'decode alone': decodeJpeg(scope, bytes, { channels: 3 }).operation,
  none: changed([]),
  ...Object.fromEntries(Augmentation.options.map((change) => [change, changed([change])])),
  all: changed(Augmentation.options),
};

const session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
const picture = Tensor.scalar('string', jpeg);

/**
 * @param {import('@bluewaters/tensorflow').Operation} operation
 * @returns {Promise<number>} Milliseconds of the processor for a picture.
 */
async function cpuMs(operation) {
  const before = process.cpuUsage();
  for (let made = 0; made < PICTURES; made += 1) {
    const drawn = Tensor.of('int64', [2], BigInt64Array.of(7n, BigInt(made)));
    await session.run({
      feeds: [
        [bytes, picture],
        [seed, drawn],
      ],
      targets: [operation],
    });
    drawn[Symbol.dispose]();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3 / PICTURES;
}

/** Waves of colour with some noise, so that it has as many bytes as a photograph. */
async function drawnJpeg() {
  const [height, width] = [375, 500];
  const pixels = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [row, column] = [Math.floor(i / (3 * width)), Math.floor(i / 3) % width];
    return 128 + 80 * Math.sin(row / 31 + (i % 3)) * Math.cos(column / 47) + ((i * 7919) % 41) - 20;
  });
  const drawing = new Graph();
  const image = drawing.scope().constant(pixels, { shape: [height, width, 3] });
  const drawer = new Session(drawing);
  const [encoded] = await drawer.run({ fetches: [raw.encodeJpeg(drawing.scope(), { image }, { quality: 90 })] });
  const [drawn = Buffer.alloc(0)] = encoded?.strings() ?? [];
  const copy = Buffer.from(drawn);
  encoded?.[Symbol.dispose]();
  drawer[Symbol.dispose]();
  drawing[Symbol.dispose]();
  return copy;
}

/** @type {Map<string, number[]>} */
const found = new Map(Object.keys(outputs).map((name) => [name, []]));
for (let turn = 0; turn <= TURNS; turn += 1) {
  for (const [name, operation] of Object.entries(outputs)) {
    const ms = await cpuMs(operation);
    if (turn > 0) found.get(name)?.push(ms); // the first turn warms up
  }
}
for (const [name, times] of found) console.log(JSON.stringify({ name, ms: median(times), unit: 'ms CPU a picture' }));
session[Symbol.dispose]();
picture[Symbol.dispose]();
graph[Symbol.dispose]();
