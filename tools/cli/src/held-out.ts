import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { datasetKeys, decodeImageExample, parseManifest, readRecordStream, type Manifest } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';

/** A picture that was not trained on, and what it shows. */
export interface HeldOutExample {
  readonly filename: string;
  /** JPEG. */
  readonly encoded: Uint8Array;
  readonly label: number;
  readonly words: string;
}

/** The first `count` examples of the validation split; their order was drawn by the dataset's seed. */
export async function heldOutExamples(store: ObjectStore, dataset: string, count: number): Promise<HeldOutExample[]> {
  const key = datasetKeys.manifest(dataset);
  const manifest = parseManifest(await store.get(key), { file: key });
  const examples: HeldOutExample[] = [];
  for (const shard of manifest.splits.validation) {
    for await (const { payload } of readRecordStream(await openShard(store, shard.key), { file: shard.key })) {
      if (examples.length >= count) return examples;
      examples.push(toExample(payload, manifest));
    }
  }
  return examples;
}

async function openShard(store: ObjectStore, key: string): Promise<AsyncIterable<Uint8Array>> {
  const path = store.localPath(key);
  return path === undefined ? Readable.from([await store.get(key)]) : createReadStream(path);
}

function toExample(payload: Uint8Array, manifest: Manifest): HeldOutExample {
  const { filename, encoded, label } = decodeImageExample(payload);
  return { filename, encoded, label, words: manifest.classes[label - 1]?.words ?? String(label) };
}
