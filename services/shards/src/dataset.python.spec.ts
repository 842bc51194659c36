import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { datasetKeys, decodeOffsets, encodeIndexedExamples, encodeIndexEntry, indexKeys } from '@bluewaters/records';
import { DirectoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { buildShards } from './index.js';

/** A Python with TensorFlow; without one these tests are skipped. */
const python = process.env['BLUEWATERS_PYTHON'];

/** Reads shards as Google's own readers do, and prints what it found. */
const SCRIPT = `
import hashlib, json, sys
import tensorflow as tf
found = []
for path in sys.argv[1:]:
    for record in tf.data.TFRecordDataset(path):
        parsed = tf.io.parse_single_example(record, {
            'image/encoded': tf.io.FixedLenFeature([], tf.string),
            'image/format': tf.io.FixedLenFeature([], tf.string),
            'image/colorspace': tf.io.FixedLenFeature([], tf.string),
            'image/channels': tf.io.FixedLenFeature([], tf.int64),
            'image/filename': tf.io.FixedLenFeature([], tf.string),
            'image/class/label': tf.io.FixedLenFeature([], tf.int64),
            'image/class/synset': tf.io.FixedLenFeature([], tf.string),
            'image/class/text': tf.io.FixedLenFeature([], tf.string),
            'image/object/bbox/xmin': tf.io.VarLenFeature(tf.float32)})
        found.append([
            parsed['image/filename'].numpy().decode(), int(parsed['image/class/label']),
            parsed['image/class/synset'].numpy().decode(), parsed['image/class/text'].numpy().decode(),
            hashlib.sha256(parsed['image/encoded'].numpy()).hexdigest(),
            parsed['image/format'].numpy().decode(), parsed['image/colorspace'].numpy().decode(),
            int(parsed['image/channels']), len(parsed['image/object/bbox/xmin'].values)])
print(json.dumps(found))
`;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.skipIf(!python)('a dataset and Python TensorFlow', () => {
  it('reads every shard with tf.data and finds every image with its label', async () => {
    const folder = await temporaryDirectory();
    const store = new DirectoryStore(join(folder, 'store'));
    const members = Array.from({ length: 12 }, (_, i) => Buffer.alloc(2000 + i, i));
    const path = join(folder, 'Images.tar');
    writeFileSync(path, Buffer.concat(members));
    const examples = members.map((member, i) => ({
      name: `n00000001_${i}.JPEG`,
      offset: members.slice(0, i).reduce((sum, { length }) => sum + length, 0),
      size: member.length,
      sha256: sha256(member),
      width: 10,
      height: 10,
      channels: 3 as const,
    }));
    const lines = encodeIndexedExamples(examples);
    await store.put(indexKeys.synset('py', 'n00000001'), lines);
    const entry = encodeIndexEntry({
      format: 'bluewaters.index.v1',
      dataset: 'py',
      archive: { path },
      archiveSize: Buffer.concat(members).length,
      synsets: [{ synset: 'n00000001', label: 1, words: 'Hündchen', examples: 12, sha256: sha256(lines) }],
      examples: 12,
      refused: 0,
      repaired: 0,
    });
    await store.put(indexKeys.entry('py'), entry);
    const { signal } = new AbortController();
    await buildShards(
      {
        dataset: 'py',
        index: sha256(entry),
        validation: { kind: 'share', share: 0.25 },
        trainShards: 2,
        validationShards: 1,
        seed: 1,
      },
      { store, scratch: folder, shardsAtATime: 1, signal, report: () => {}, onShard: async () => {} },
    );
    const keys = [
      datasetKeys.shard('py', 'train', 0, 2),
      datasetKeys.shard('py', 'train', 1, 2),
      datasetKeys.shard('py', 'validation', 0, 1),
    ];
    const output = execFileSync(python!, ['-c', SCRIPT, ...keys.map((key) => store.localPath(key))], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1' },
    });
    const found = JSON.parse(output) as [string, ...unknown[]][];
    expect(found.toSorted((a, b) => (a[0] < b[0] ? -1 : 1))).toEqual(
      examples
        .map((each) => [each.name, 1, 'n00000001', 'Hündchen', each.sha256, 'JPEG', 'RGB', 3, 0])
        .toSorted((a, b) => (a[0]! < b[0]! ? -1 : 1)),
    );
    const offsets = decodeOffsets(await store.get(datasetKeys.offsets(keys[2]!)), { file: 'x' });
    expect(offsets.records).toHaveLength(3);
  }, 120_000);
});
