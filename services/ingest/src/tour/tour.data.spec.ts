import { join } from 'node:path';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { MemoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { tourArchive, type ArchiveTour, type TourRequest } from './tour.js';
import { tourPage } from './tour-page.js';

/** A folder with real and damaged archives; without it these tests are skipped. */
const data = process.env['BLUEWATERS_DATA'];

async function tour(archive: string, request: Partial<TourRequest> = {}): Promise<ArchiveTour> {
  const { signal } = new AbortController();
  const store = new MemoryStore();
  const context = { store, limits: DEFAULT_LIMITS, scratch: await temporaryDirectory(), signal, report: () => {} };
  const images = { path: join(data ?? '', archive) };
  return tourArchive({ images, pictures: 6, pictureSide: 100, ...request }, context);
}

describe.skipIf(!data)('a tour of real archives', { timeout: 60_000 }, () => {
  it('of ImageNet pictures finds those that are grey, and whose boxes there are', async () => {
    const boxes = { path: join(data ?? '', 'Annotation.tar.gz') };
    const words = { path: join(data ?? '', 'imagenette224/words.txt') };
    const found = await tour('imagenette224/Images.tar', { boxes, words });
    expect([found.images, found.synsets, found.boxes?.images]).toEqual([3900, 10, 334]);
    expect(found.formats.map(({ format, images }) => [format, images])).toEqual([
      ['a JPEG in colour', 3823],
      ['a JPEG in grey', 77],
    ]);
    expect(found.oddities.map(({ what, count }) => [what, count])).toEqual([
      ['a picture without a box', 3900 - 334],
      ['an annotation of a synset that is not here', 5026 - 334],
    ]);
    expect(found.pictures.map(({ boxes: around }) => around.length > 0)).toContain(true);
    expect(tourPage(found)).toContain('3,900 pictures of 10 synsets');
  });

  it('of damaged pictures names what is odd and what was refused, and shows the rest', async () => {
    const found = await tour('damaged/images.tar', { pictures: 12 });
    const odd = Object.fromEntries(found.oddities.map(({ what, count }) => [what, count]));
    expect(odd).toMatchObject({ 'a JPEG in CMYK': 1, 'a PNG with 16 bits, under the name of a JPEG': 1, refused: 10 });
    expect(found.oddities).toContainEqual({
      what: 'to be turned, as its EXIF says; taken as it is stored',
      count: 1,
      names: ['n02102040/n02102040_19.JPEG'],
    });
    expect(found.images).toBe(12);
    const unshown = odd['cannot be decoded, of those that were to be shown'] ?? 0;
    expect(found.pictures.length + unshown).toBe(12);
  });
});
