import { encodeJpeg, encodePng, DEFAULT_LIMITS } from '@bluewaters/images';
import { MemoryStore } from '@bluewaters/storage';
import { makeTar, syntheticJpeg, syntheticWordNet, temporaryDirectory, type TarMember } from '@bluewaters/testing';
import { tourArchive, type ArchiveTour, type TourRequest } from './tour.js';

const { data, synsets } = syntheticWordNet();

/** The id of a noun of the synthetic WordNet. */
export const id = (word: string): string => synsets[word] ?? '';

/** Pixels of the picture with two boxes. */
export const BOXED = { width: 200, height: 100 } as const;
/** The boxes of the hound in pixels: left, top, right, bottom; the second is a puppy. */
export const BOXES = [
  [20, 10, 100, 50],
  [120, 60, 200, 100],
] as const;

/** Two puppies, one in CMYK; hounds, one of them a PNG and one no picture; a cat and its double; and Rome. */
export async function oddArchive(): Promise<Buffer> {
  const file = (word: string, number: number, bytes: Uint8Array): TarMember => ({
    name: `${id(word)}_${number}.JPEG`,
    bytes,
  });
  const png = await encodePng(new Uint8Array(30 * 20 * 3), { width: 30, height: 20, channels: 3 });
  const grey = await encodeJpeg(new Uint8Array(40 * 40), { width: 40, height: 40, channels: 1, quality: 90 });
  const cat = await syntheticJpeg({ seed: 7 });
  const members: Readonly<Record<string, readonly TarMember[]>> = {
    puppy: [file('puppy', 1, await syntheticJpeg({ seed: 1 })), file('puppy', 2, await syntheticJpeg({ channels: 4 }))],
    hound: [
      file('hound', 3, grey),
      file('hound', 1, await syntheticJpeg(BOXED)),
      file('hound', 2, png),
      file('hound', 9, Buffer.from('no picture')),
    ],
    cat: [file('cat', 1, cat), file('cat', 2, cat)],
    Rome: [file('Rome', 1, await syntheticJpeg({ width: 300, height: 600 }))],
  };
  return makeTar(Object.entries(members).map(([word, its]) => ({ name: `${id(word)}.tar`, bytes: makeTar(its) })));
}

/** Boxes of a hound, of a puppy that the archive does not have, and of a canine, of which it has none. */
export function annotations(): Buffer {
  const object = ([left, top, right, bottom]: readonly number[], name: string): string =>
    `<object><name>${name}</name><bndbox><xmin>${left}</xmin><ymin>${top}</ymin>` +
    `<xmax>${right}</xmax><ymax>${bottom}</ymax></bndbox></object>`;
  const size = `<size><width>${BOXED.width}</width><height>${BOXED.height}</height></size>`;
  const hound = `${object(BOXES[0], id('hound'))}${object(BOXES[1], id('puppy'))}`;
  const files = [
    { name: `${id('hound')}/${id('hound')}_1.xml`, bytes: Buffer.from(`<annotation>${size}${hound}</annotation>`) },
    {
      name: `${id('puppy')}/${id('puppy')}_77.xml`,
      bytes: Buffer.from(`<annotation>${size}${object(BOXES[0], id('puppy'))}</annotation>`),
    },
    { name: `${id('canine')}/${id('canine')}_1.xml`, bytes: Buffer.from('<annotation></annotation>') },
  ];
  return makeTar(files);
}

/** Tours the odd archive, and gives the store that it worked in. */
export async function tourOdd(
  request: Partial<TourRequest> = {},
  words = '',
): Promise<{ readonly tour: ArchiveTour; readonly store: MemoryStore }> {
  const store = new MemoryStore();
  await store.put('Images.tar', await oddArchive());
  await store.put('boxes.tar', annotations());
  await store.put('data.noun', data);
  await store.put('words.txt', words);
  const { signal } = new AbortController();
  const context = { store, limits: DEFAULT_LIMITS, scratch: await temporaryDirectory(), signal, report: () => {} };
  const all = { wordnet: { key: 'data.noun' }, boxes: { key: 'boxes.tar' }, words: { key: 'words.txt' } };
  const full: TourRequest = { images: { key: 'Images.tar' }, ...all, pictures: 12, pictureSide: 120, ...request };
  return { tour: await tourArchive(full, context), store };
}
