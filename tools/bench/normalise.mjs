/**
 * What it takes to resize a picture and normalise it: by whole rows, as `normalise` does (ours), against channel by
 * channel, as it is usually written (theirs): `node tools/bench/normalise.mjs`. Told beside them: resizing alone.
 *
 * A picture of 500 by 375 pixels to 224 by 224, one thread, processor's time of the process; medians of turns.
 */
import { Graph, mul, resizeBilinear, Session, sub, Tensor } from '@bluewaters/tensorflow';
import { normalise } from '../../libs/models/dist/preprocess.js';
import { median } from './side.mjs';

const [HEIGHT, WIDTH, SIZE, TURNS, PICTURES] = [375, 500, 224, 9, 200];
const input = { imageSize: SIZE, channels: 3, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

const graph = new Graph();
const scope = graph.scope();
const pixels = scope.placeholder('uint8', [HEIGHT, WIDTH, 3]);
const resized = resizeBilinear(scope, pixels, [SIZE, SIZE]);
const perChannel = (/** @type {number[]} */ values) => scope.constant(Float32Array.from(values));
const shares = mul(scope, resized, scope.constant(1 / 255));
const centred = sub(scope, shares, perChannel(input.mean));
const outputs = {
  resized,
  byRows: normalise(scope, pixels, input),
  byChannels: mul(scope, centred, perChannel(input.std.map((value) => 1 / value))),
};

const session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
const picture = Tensor.of(
  'uint8',
  [HEIGHT, WIDTH, 3],
  Uint8Array.from({ length: HEIGHT * WIDTH * 3 }, (_, i) => (i * 7919) % 251),
);

/**
 * @param {import('@bluewaters/tensorflow').Output} output
 * @returns {Promise<number>} Milliseconds of the processor for a picture.
 */
async function cpuMs({ operation }) {
  const before = process.cpuUsage();
  for (let made = 0; made < PICTURES; made += 1) {
    await session.run({ feeds: [[pixels, picture]], targets: [operation] });
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3 / PICTURES;
}

/** @type {Record<keyof typeof outputs, number[]>} */
const found = { resized: [], byRows: [], byChannels: [] };
for (let turn = 0; turn <= TURNS; turn += 1) {
  for (const name of /** @type {(keyof typeof outputs)[]} */ (Object.keys(outputs))) {
    const ms = await cpuMs(outputs[name]);
    if (turn > 0) found[name].push(ms); // the first turn warms up
  }
}
const [ours, theirs, resizedMs] = [median(found.byRows), median(found.byChannels), median(found.resized)];
console.log(
  JSON.stringify({ name: 'resize and normalise', ours, theirs, ratio: theirs / ours, unit: 'ms CPU', resizedMs }),
);
session[Symbol.dispose]();
picture[Symbol.dispose]();
graph[Symbol.dispose]();
