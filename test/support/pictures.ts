import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTar, syntheticJpeg } from '@bluewaters/testing';

/** Files of an archive on disk. */
export interface ArchiveFiles {
  readonly images: string;
  readonly synsets: string;
  readonly words: string;
}

/** Real WordNet 3.0 nouns: tench, goldfish, great white shark. */
export const SYNSETS = ['n01440764', 'n01443537', 'n01484850'] as const;

const SIZES = Array.from({ length: 45 }, (_, n) => ({ width: 28 + (n % 9), height: 28 + (n % 5) }));

/**
 * Writes an archive that a small network learns within a few steps: every picture of a synset shows the same waves, in
 * sizes of its own.
 */
export async function writeArchive(directory: string, { imagesPerSynset = 40 } = {}): Promise<ArchiveFiles> {
  await mkdir(directory, { recursive: true });
  const tars = await Promise.all(
    SYNSETS.map(async (synset, label) => {
      const pictures = await Promise.all(
        SIZES.map(({ width, height }) => syntheticJpeg({ width, height, seed: label })),
      );
      const members = Array.from({ length: imagesPerSynset }, (_, n) => ({
        name: `${synset}_${n + 1}.JPEG`,
        bytes: pictures[n % pictures.length] as Buffer,
      }));
      return { name: `${synset}.tar`, bytes: makeTar(members) };
    }),
  );
  const files = {
    images: join(directory, 'Images.tar'),
    synsets: join(directory, 'synsets.txt'),
    words: join(directory, 'words.txt'),
  };
  await writeFile(files.images, makeTar(tars));
  await writeFile(files.synsets, `${SYNSETS.join('\n')}\n`);
  await writeFile(files.words, SYNSETS.map((synset, n) => `${synset}\tfish ${n}\n`).join(''));
  await writeFile(join(directory, 'picture.jpg'), await syntheticJpeg({ width: 30, height: 30, seed: 1 }));
  return files;
}

/** The flags that name an archive. */
export function archiveFlags({ images, synsets, words }: ArchiveFiles): string[] {
  return ['--images', images, '--synsets', synsets, '--words', words];
}
