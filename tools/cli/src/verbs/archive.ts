import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { tourArchive, tourPage, type ArchiveTour } from '@bluewaters/ingest';
import { encodeRestriction, type Terms } from '@bluewaters/records';
import { assertAccess, readTerms, restrictionOf } from '@bluewaters/registry';
import type { Progress } from '@bluewaters/messages';
import { openStore } from '@bluewaters/storage';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { drawTour } from '../drawing/draw-tour.js';
import { ingestOptions } from '../line-options.js';
import { whoAsks } from '../person.js';
import { formatSeconds } from '../terminal.js';
import { defineVerb, type VerbContext } from '../verb.js';
import { nounsFile } from './ingest.js';

/** Longer side of the pictures in a page, in pixels. */
const PICTURE_SIDE = 480;

const OWNER_ALONE = 0o600;

const { words, wordnet, below } = ingestOptions;
const options = z.strictObject({
  ...{ words, wordnet, below },
  annotations: ingestOptions.boxes,
  pictures: z.int().min(0).default(12).describe('how many to show, with their boxes'),
  termsOf: z.string().optional().describe('the dataset of --store that the archive is of: its terms hold for the tour'),
  store: placeOptions.store,
  html: z.string().optional().describe('a file to write the tour in as a page, with pictures and all'),
  ...frameOptions,
});
type Options = Readonly<z.output<typeof options>>;

/** `bluewaters archive tour` */
export const archiveTour = defineVerb({
  options,
  examples: [
    ['$0 archive tour Images.tar --wordnet /usr/share/wordnet', 'with the tree of synsets'],
    ['$0 archive tour Images.tar --annotations Annotation.tar.gz --html tour.html', 'and as a page to look at'],
  ],
  run: async (values, { words: archives, ...context }) => {
    const [images, ...others] = archives;
    if (images === undefined || others.length > 0)
      throw new CodedError('CONFIG_INVALID', 'Say which archive: one file');
    const terms = await readTermsFor(values);
    const tour = await tourInPlace(images, values, context);
    (await drawTour(tour)).forEach(context.print);
    if (terms) context.print(`  restricted: ${terms.dataset} has terms of access; see \`terms show ${terms.dataset}\``);
    if (values.html !== undefined) await writePage(values.html, tour, terms);
    const pictures = tour.pictures.map(({ jpeg: _, ...picture }) => picture);
    return { ...tour, pictures, ...(terms && { terms }), ...(values.html !== undefined && { html: values.html }) };
  },
});

/** The terms that the tour is under. @throws {CodedError} TERMS_INVALID; ACCESS_REFUSED to who has no grant. */
async function readTermsFor({ termsOf: dataset, store, verbose }: Options): Promise<Terms | undefined> {
  if (dataset === undefined) return undefined;
  const opened = await openStore(readPlace({ store, bus: 'in-process', verbose }).store);
  try {
    const terms = await readTerms(opened, dataset);
    await assertAccess(opened, dataset, whoAsks());
    return terms;
  } finally {
    await opened.close();
  }
}

/** The archive is read where it lies; what is made of it is an index, in a folder that goes when the tour is over. */
async function tourInPlace(
  images: string,
  values: Options,
  { terminal, signal }: Pick<VerbContext, 'terminal' | 'signal'>,
): Promise<ArchiveTour> {
  const startedAt = performance.now();
  const scratch = await mkdtemp(join(tmpdir(), 'bluewaters-tour-'));
  const store = await openStore({ kind: 'directory', path: join(scratch, 'store') });
  const named = <Name extends string>(name: Name, file: string | undefined): { [N in Name]?: { path: string } } =>
    (file === undefined ? {} : { [name]: { path: resolve(file) } }) as { [N in Name]?: { path: string } };
  const report = (progress: Progress): void => {
    terminal.progress('tour', {
      job: 'tour',
      work: 'tour',
      state: 'running',
      attempt: 1,
      progress,
      updatedAt: Date.now(),
    });
  };
  try {
    const request = {
      images: { path: resolve(images) },
      ...named('words', values.words),
      ...named('wordnet', await nounsFile(values)),
      ...named('boxes', values.annotations),
      ...(values.below && { below: values.below }),
      ...{ pictures: values.pictures, pictureSide: PICTURE_SIDE },
    };
    const tour = await tourArchive(request, { store, scratch, signal, report, limits: DEFAULT_LIMITS });
    terminal.endProgress(`  tour: ${tour.archive} in ${formatSeconds((performance.now() - startedAt) / 1000)}`);
    return tour;
  } finally {
    await store.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A page under terms is for its owner alone to read and to pass on, and says so beside itself too. */
async function writePage(file: string, tour: ArchiveTour, terms: Terms | undefined): Promise<void> {
  try {
    if (terms) {
      await rm(file, { force: true }); // the mode of a file that is there would stay
      await writeFile(`${file}.restricted.json`, encodeRestriction(restrictionOf(terms)));
    }
    await writeFile(file, tourPage(tour, terms), terms ? { mode: OWNER_ALONE } : {});
  } catch (cause) {
    const details = { field: 'html', file, expected: 'a file in a folder that exists' };
    throw new CodedError('FILE_NOT_FOUND', 'The page cannot be written', { cause, details });
  }
}
