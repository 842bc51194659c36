/** usage: input_sharp.mjs SHARD...: the same batches as input_pipeline.mjs gives, by sharp and JavaScript. */
import { open } from 'node:fs/promises';
import { decodeImageExample, RECORD_FOOTER_BYTES, RECORD_HEADER_BYTES } from '@bluewaters/records';
import sharp from 'sharp';
import { answer } from './answer.mjs';
import { shuffledRecords } from './shuffled_records.mjs';

const shards = process.argv.slice(2);
const [BATCH, SIZE] = [64, 224];
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];
sharp.concurrency(1); // one thread a picture, many pictures at a time
sharp.cache(false);

const files = await Promise.all(shards.map((path) => open(path)));
const { table, order } = shuffledRecords(shards, 100_000);
let place = 0;

/** @param {number} record */
async function picture(record) {
  const bytes = Buffer.allocUnsafe(table.length[record] - RECORD_HEADER_BYTES - RECORD_FOOTER_BYTES);
  await files[table.shard[record]].read(bytes, 0, bytes.length, table.offset[record] + RECORD_HEADER_BYTES);
  const { encoded, width, height } = decodeImageExample(bytes);
  let image = sharp(encoded).extract(randomWindow(width, height)).resize(SIZE, SIZE, { fit: 'fill', kernel: 'linear' });
  if (Math.random() < 0.5) image = image.flop();
  return image.toColourspace('srgb').removeAlpha().raw().toBuffer();
}

/**
 * A window of 5 to 100 % of the picture, 3:4 to 4:3.
 *
 * @param {number} width
 * @param {number} height
 */
function randomWindow(width, height) {
  for (;;) {
    const area = width * height * (0.05 + 0.95 * Math.random());
    const aspect = 0.75 + (4 / 3 - 0.75) * Math.random();
    const [w, h] = [Math.round(Math.sqrt(area * aspect)), Math.round(Math.sqrt(area / aspect))];
    if (w > width || h > height) continue;
    const [left, top] = [width - w, height - h].map((free) => Math.floor(Math.random() * (free + 1)));
    return { left, top, width: w, height: h };
  }
}

await answer(async () => {
  const numbers = order.slice(place, (place += BATCH));
  const pictures = await Promise.all(numbers.map(picture));
  const batch = new Float32Array(BATCH * SIZE * SIZE * 3);
  pictures.forEach((pixels, i) => {
    const start = i * SIZE * SIZE * 3;
    for (let at = 0; at < pixels.length; at += 3) {
      for (let c = 0; c < 3; c += 1) batch[start + at + c] = (pixels[at + c] / 255 - MEAN[c]) / STD[c];
    }
  });
  return 0;
});
process.exit(0);
