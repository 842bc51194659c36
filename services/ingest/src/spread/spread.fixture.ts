import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IngestRequest } from '@bluewaters/messages';
import type { ObjectStore } from '@bluewaters/storage';
import { syntheticArchive, syntheticJpeg, temporaryDirectory, type SyntheticArchiveOptions } from '@bluewaters/testing';

/** `n00000001` and so on. */
export function synsetIds(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `n${String(n + 1).padStart(8, '0')}`);
}

/**
 * Writes an archive of several synsets with one picture to be repaired, one member to be refused, boxes for some pictures
 * and for one that is not there, and asks for all of it.
 */
export async function writeOddArchive(options: SyntheticArchiveOptions & { readonly cutAt?: number } = {}): Promise<{
  readonly request: IngestRequest;
  readonly synsets: readonly string[];
}> {
  const { synsets = synsetIds(5), cutAt } = options;
  const cmyk = { name: `${synsets[1]}_99.JPEG`, bytes: await syntheticJpeg({ channels: 4, seed: 99 }) };
  const text = { name: `${synsets[2]}_98.JPEG`, bytes: Buffer.from('no picture') };
  const extras = [
    { synset: synsets[1]!, member: cmyk },
    { synset: synsets[2]!, member: text },
  ];
  const { archive, words } = await syntheticArchive({ imagesPerSynset: 6, ...options, synsets, extras });
  const folder = await temporaryDirectory();
  const write = async (name: string, bytes: string | Uint8Array): Promise<{ path: string }> => {
    await writeFile(join(folder, name), bytes);
    return { path: join(folder, name) };
  };
  const boxes = synsets.map((synset, n) => `${synset}_${n + 1}.JPEG,0.1,0.2,0.6,0.7\n`).join('');
  const request = IngestRequest.parse({
    dataset: 'odd',
    images: await write('Images.tar', archive.subarray(0, cutAt)),
    words: await write('words.txt', words),
    boxes: await write('boxes.csv', `${boxes}${synsets[0]}_77.JPEG,0,0,1,1\n`),
    maxRefused: 3,
    check: 'full',
  });
  return { request, synsets };
}

/** Everything that an index consists of, by key. */
export async function contents(store: ObjectStore): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { key } of store.list('indexes/')) found[key] = Buffer.from(await store.get(key)).toString('latin1');
  return found;
}
