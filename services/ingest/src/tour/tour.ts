/** A walk through an archive of pictures for whoever has not seen it: what there is, what is odd, and some of it to look at. */
import { basename } from 'node:path';
import { isCodedError } from '@bluewaters/errors';
import { thumbnail, type Thumbnail } from '@bluewaters/images';
import type { IngestRequest } from '@bluewaters/messages';
import { indexKeys, parseIndexEntry, type BoxCounts, type IndexedBox, type IndexedExample } from '@bluewaters/records';
import { openSource, type ObjectStore, type SourceFile } from '@bluewaters/storage';
import type { IndexContext } from '../context.js';
import { indexArchive } from '../index-archive.js';
import type { Moments } from '../report/moments.js';
import type { IngestReport } from '../report/report.js';
import type { SizeBin } from '../report/tally.js';
import { nameOf } from '../selection.js';
import { readNouns } from '../wordnet.js';
import { choosePictures, type ChosenPicture } from './choose-pictures.js';
import { lookThrough, type FormatAmount } from './look-through.js';
import { odditiesOf, type Oddity } from './oddities.js';
import { add, NOTHING, synsetTree, type Amount, type TreeEntry } from './synset-tree.js';

/** The name of the index that a tour makes for itself. */
const DATASET = 'tour';

/** What is toured. */
export interface TourRequest extends Pick<IngestRequest, 'images' | 'words' | 'wordnet' | 'below' | 'boxes'> {
  /** How many pictures are shown, where there are as many. */
  readonly pictures: number;
  /** Longer side of what is shown, in pixels. */
  readonly pictureSide: number;
}

/** A picture that is shown. */
export interface TourPicture extends Thumbnail {
  readonly synset: string;
  readonly words: string;
  readonly name: string;
  /** Width and height of the archive's own picture, in pixels. */
  readonly size: readonly [width: number, height: number];
  readonly boxes: readonly IndexedBox[];
}

/** What there is to say of an archive. */
export interface ArchiveTour extends Amount {
  /** Without its folder. */
  readonly archive: string;
  readonly synsets: number;
  /** Roots first; see {@link synsetTree}. */
  readonly tree: readonly TreeEntry[];
  /** Most frequent first. */
  readonly formats: readonly FormatAmount[];
  /** By the shorter side. */
  readonly sizes: readonly SizeBin[];
  /** In pixels. */
  readonly width: Moments | undefined;
  /** In pixels. */
  readonly height: Moments | undefined;
  /** Undefined where no annotations were given. */
  readonly boxes: BoxCounts | undefined;
  readonly oddities: readonly Oddity[];
  readonly pictures: readonly TourPicture[];
}

/**
 * Tours an archive where it lies: indexes it into the context's store, which is best a temporary one, and reads what is
 * shown by that index. Whatever cannot be taken is an oddity, not an error.
 *
 * @throws {CodedError} as {@link indexArchive}, for an archive without a single picture.
 */
export async function tourArchive(request: TourRequest, context: IndexContext): Promise<ArchiveTour> {
  const { store, signal } = context;
  const { pictures: most, pictureSide, ...what } = request;
  await indexArchive({ ...what, dataset: DATASET, check: 'header', maxRefused: Number.MAX_SAFE_INTEGER }, context);
  const entryKey = indexKeys.entry(DATASET);
  const entry = parseIndexEntry(await store.get(entryKey), { file: entryKey });
  const report = JSON.parse(Buffer.from(await store.get(indexKeys.report(DATASET))).toString()) as IngestReport;
  const wordnet = request.wordnet && (await readNouns(store, request.wordnet));
  const seen = await lookThrough(entry, { store, candidates: most });
  await using source = await openSource(store, entry.archive);
  const show = { source, store, side: pictureSide, limits: context.limits };
  const shown: (TourPicture | string)[] = [];
  for (const chosen of choosePictures(seen.pictures, most)) {
    signal.throwIfAborted();
    const { words } = entry.synsets.find(({ synset }) => synset === chosen.synset) ?? { words: chosen.synset };
    shown.push(await showPicture(chosen, words, show));
  }
  const undecodable = shown.filter((each) => typeof each === 'string');
  return {
    archive: basename(nameOf(request.images)),
    ...seen.classes.reduce<Amount>((sum, each) => add(sum, each), NOTHING),
    synsets: entry.synsets.length,
    tree: synsetTree(seen.classes, wordnet),
    formats: seen.formats,
    ...{ sizes: report.sizes, width: report.width, height: report.height, boxes: report.boxes },
    oddities: await odditiesOf(report, { seen, undecodable, store }),
    pictures: shown.filter((each) => typeof each !== 'string'),
  };
}

/** What showing needs beside the picture. */
interface ShowContext extends Pick<IndexContext, 'store' | 'limits'> {
  readonly source: SourceFile;
  /** In pixels. */
  readonly side: number;
}

/** @returns the picture's name where its pixels cannot be decoded, which the headers did not tell. */
async function showPicture(
  { synset, example }: ChosenPicture,
  words: string,
  { source, store, side, limits }: ShowContext,
): Promise<TourPicture | string> {
  const { name, offset, width, height, boxes = [] } = example;
  try {
    const small = await thumbnail(await bytesOf(example, source, store), { file: name, offset, side, limits });
    return { ...small, synset, words, name, size: [width, height], boxes };
  } catch (error) {
    if (isCodedError(error, 'IMAGE_INVALID')) return `${synset}/${name}`;
    throw error;
  }
}

/** A repaired copy stands in for what few readers take. */
async function bytesOf(
  { offset, size, sha256, repaired }: IndexedExample,
  source: SourceFile,
  store: ObjectStore,
): Promise<Uint8Array> {
  return repaired === undefined
    ? source.read({ offset, length: size })
    : store.get(indexKeys.repaired(DATASET, sha256));
}
