import { gzipSync } from 'node:zlib';
import { syntheticJpeg, type SyntheticJpeg } from './jpeg.js';
import { makeTar, offsetInTar, type TarMember } from './tar.js';

/** What a synthetic archive is like. */
export interface SyntheticArchiveOptions extends SyntheticJpeg {
  /** Two unless they are given. */
  readonly synsets?: readonly string[];
  /** 3. */
  readonly imagesPerSynset?: number;
  /** Members put at the end of a synset's tar, such as files that are no pictures. */
  readonly extras?: readonly { readonly synset: string; readonly member: TarMember }[];
  readonly gzip?: boolean;
}

/** A picture in a synthetic archive. */
export interface SyntheticImage extends TarMember {
  readonly synset: string;
  /** Of its contents in the plain archive: bytes from the start. */
  readonly offset: number;
}

/** An archive with what belongs to it. */
export interface SyntheticArchive {
  /** A tar of `<synset>.tar`, each of `<synset>_<n>.JPEG`. To damage it, copy or cut these bytes. */
  readonly archive: Buffer;
  /** Synset ids, a line each. */
  readonly synsets: string;
  /** `<synset> TAB <words>` lines. */
  readonly words: string;
  /** In the order of the archive; extra members are not among them. */
  readonly images: readonly SyntheticImage[];
}

const DEFAULT_SYNSETS = ['n01440764', 'n01443537'];

/** Makes an ImageNet-style archive in memory; the same options give the same bytes on one machine. */
export async function syntheticArchive(options: SyntheticArchiveOptions = {}): Promise<SyntheticArchive> {
  const { synsets = DEFAULT_SYNSETS, imagesPerSynset = 3, extras = [], gzip = false, seed = 0 } = options;
  const members: TarMember[][] = [];
  for (const [number, synset] of synsets.entries()) {
    const images = await drawImages(synset, imagesPerSynset, { ...options, seed: seed + number * imagesPerSynset });
    members.push([...images, ...extras.filter((extra) => extra.synset === synset).map(({ member }) => member)]);
  }
  const outer = synsets.map((synset, number) => ({ name: `${synset}.tar`, bytes: makeTar(members[number]!) }));
  const images = synsets.flatMap((synset, number) =>
    members[number]!.slice(0, imagesPerSynset).map((member, index) => {
      const offset = offsetInTar(outer, number) + offsetInTar(members[number]!, index);
      return { ...member, synset, offset };
    }),
  );
  const archive = makeTar(outer);
  return {
    archive: gzip ? gzipSync(archive) : archive,
    synsets: synsets.map((synset) => `${synset}\n`).join(''),
    words: synsets.map((synset, number) => `${synset}\tthing ${number}, object ${number}\n`).join(''),
    images,
  };
}

async function drawImages(synset: string, count: number, options: SyntheticJpeg): Promise<TarMember[]> {
  const numbers = Array.from({ length: count }, (_, n) => n);
  return Promise.all(
    numbers.map(async (n) => ({
      name: `${synset}_${n + 1}.JPEG`,
      bytes: await syntheticJpeg({ ...options, seed: (options.seed ?? 0) + n }),
    })),
  );
}
