import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { decodeExample, encodeExample, frameRecord, imageExample, readRecords } from './index.js';

/** A Python with TensorFlow; without one these tests are skipped. */
const python = process.env['BLUEWATERS_PYTHON'];

const SCRIPT = `
import hashlib, json, sys
import tensorflow as tf
folder = sys.argv[1]
rows = []
for record in tf.data.TFRecordDataset(folder + '/ours.tfrecord'):
    payload = record.numpy()
    parsed = tf.io.parse_single_example(payload, {
        'image/encoded': tf.io.FixedLenFeature([], tf.string),
        'image/class/label': tf.io.FixedLenFeature([], tf.int64),
        'image/class/text': tf.io.FixedLenFeature([], tf.string),
        'image/height': tf.io.FixedLenFeature([], tf.int64),
        'image/object/bbox/xmin': tf.io.VarLenFeature(tf.float32),
        'image/object/bbox/label': tf.io.VarLenFeature(tf.int64)})
    again = tf.train.Example.FromString(payload)
    rows.append({
        'encoded': hashlib.sha256(parsed['image/encoded'].numpy()).hexdigest(),
        'label': int(parsed['image/class/label']), 'height': int(parsed['image/height']),
        'text': parsed['image/class/text'].numpy().decode(),
        'xmin': [float(x) for x in parsed['image/object/bbox/xmin'].values],
        'boxLabels': [int(x) for x in parsed['image/object/bbox/label'].values],
        'same': again.SerializeToString(deterministic=True) == payload})
print(json.dumps(rows))
def feature(**kind): return tf.train.Feature(**kind)
theirs = tf.train.Example(features=tf.train.Features(feature={
    'ints': feature(int64_list=tf.train.Int64List(value=[-5, 0, 1 << 40])),
    'floats': feature(float_list=tf.train.FloatList(value=[0.5, -2])),
    'bytes': feature(bytes_list=tf.train.BytesList(value=[b'x', b'']))}))
with tf.io.TFRecordWriter(folder + '/theirs.tfrecord') as writer:
    writer.write(theirs.SerializeToString(deterministic=True))
`;

describe.skipIf(!python)('records and Python TensorFlow', () => {
  it('read each other, and serialize to the same bytes', async () => {
    const folder = await temporaryDirectory();
    const boxes = [
      { xmin: 0.25, ymin: 0, xmax: 0.5, ymax: 1 },
      { xmin: 0.5, ymin: 0, xmax: 1, ymax: 1 },
    ];
    const pictures = [boxes, []].map((each, i) => ({
      encoded: Buffer.alloc(1000 + i, i),
      filename: `n02102040_${i}.JPEG`,
      width: 300,
      height: 200 + i,
      label: 1000 + i,
      synset: 'n02102040',
      text: 'été, 犬',
      boxes: each,
    }));
    writeFileSync(
      join(folder, 'ours.tfrecord'),
      Buffer.concat(pictures.map((picture) => frameRecord(imageExample(picture)))),
    );
    const rows: unknown = JSON.parse(
      execFileSync(python!, ['-c', SCRIPT, folder], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1' },
      }),
    );
    expect(rows).toEqual(
      pictures.map((picture) => ({
        encoded: createHash('sha256').update(picture.encoded).digest('hex'),
        label: picture.label,
        height: picture.height,
        text: picture.text,
        xmin: picture.boxes.map(({ xmin }) => xmin),
        boxLabels: picture.boxes.map(() => picture.label),
        same: true,
      })),
    );
    const [theirs] = [...readRecords(readFileSync(join(folder, 'theirs.tfrecord')), { file: 'theirs' })];
    const features = {
      bytes: { bytes: [Buffer.from('x'), Buffer.alloc(0)] },
      floats: { floats: [0.5, -2] },
      ints: { ints: [-5, 0, 2 ** 40] },
    };
    expect({ ...decodeExample(theirs!.payload) }).toEqual(features);
    expect(Buffer.from(encodeExample(features))).toEqual(Buffer.from(theirs!.payload));
  }, 120_000);
});
