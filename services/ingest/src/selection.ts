import { createHash } from 'node:crypto';
import { CodedError } from '@bluewaters/errors';
import type { IngestRequest } from '@bluewaters/messages';
import {
  imageId,
  labelledClasses,
  parseGroundTruth,
  parseListedImages,
  parseSynsetList,
  parseSynsetWords,
  type LabelledClass,
  type WordNet,
} from '@bluewaters/records';
import { readTextSource, type ObjectStore, type SourceName } from '@bluewaters/storage';
import { labelsOf } from './labels.js';
import type { ArchivePlan, Wanted } from './plan.js';
import { readNouns } from './wordnet.js';

const LONGEST_LIST_BYTES = 256 * 1024 * 1024;

/** The images that a list names. */
export class ImageSelection {
  /** Of the list's bytes. */
  readonly digest: string;
  /** Annotation synset by image. */
  readonly #listed: ReadonlyMap<string, string>;
  readonly #found = new Set<string>();

  constructor(text: string, file: string) {
    this.digest = createHash('sha256').update(text).digest('hex');
    this.#listed = new Map(parseListedImages(text, { file }).map(({ id, annotationSynset }) => [id, annotationSynset]));
  }

  /** Those of the images that it names. */
  get synsets(): Set<string> {
    return new Set([...this.#listed.keys()].map((id) => id.slice(0, id.indexOf('/'))));
  }

  /** True for a member that the list names. */
  takes(synset: string, name: string): boolean {
    return this.#listed.has(imageId(synset, name));
  }

  /** The synset whose archive of annotations an image's boxes are to come from; the image counts as found. */
  find(synset: string, name: string): string | undefined {
    const id = imageId(synset, name);
    this.#found.add(id);
    return this.#listed.get(id);
  }

  /** Images that were listed and not found. */
  *missing(): Generator<string> {
    for (const id of this.#listed.keys()) if (!this.#found.has(id)) yield id;
  }
}

/** What a request says of what to take, with its lists read. */
export interface Selection extends Wanted {
  /** Those of the dataset, in label order, where another split has said what they are. */
  readonly classes: readonly LabelledClass[] | undefined;
  readonly words: ReadonlyMap<string, string>;
  /** In label order; undefined where the archive is to say. */
  readonly synsets: readonly string[] | undefined;
  readonly images: ImageSelection | undefined;
  readonly wordnet: WordNet | undefined;
  /** The synsets that were named and all below them; undefined where none was. */
  readonly closure: ReadonlySet<string> | undefined;
}

/**
 * Reads the lists and the database that a request names, and the classes that its dataset has already.
 *
 * @throws {CodedError} FILE_NOT_FOUND; SYNSET_INVALID naming file and line; WORDNET_INVALID; INDEX_INVALID; CONFIG_INVALID
 * for what contradicts itself.
 */
export async function readSelection(request: IngestRequest, store: ObjectStore): Promise<Selection> {
  const read = async (source: SourceName | undefined): Promise<{ text: string; file: string } | undefined> =>
    source && { text: await readTextSource(store, source, LONGEST_LIST_BYTES), file: nameOf(source) };
  const classes = await labelsOf(request, store);
  const list = await read(request.synsets);
  const words = await read(request.words);
  const images = await read(request.imageList);
  const truth = await read(request.groundTruth?.truth);
  const order = await read(request.groundTruth?.order);
  const wordnet = request.wordnet && (await readNouns(store, request.wordnet));
  const closure = request.below && closureOf(request.below, wordnet, request);
  const own = list && parseSynsetList(list.text, list).filter((synset) => closure?.has(synset) ?? true);
  const synsets = classes?.map(({ synset }) => synset) ?? own;
  const selected = images && new ImageSelection(images.text, images.file);
  return {
    classes,
    synsets,
    words: words ? parseSynsetWords(words.text, words) : new Map(),
    images: selected,
    wordnet,
    closure,
    truth: truth && parseGroundTruth(truth, order),
    listed: synsets ? new Set(synsets) : selected?.synsets,
  };
}

function closureOf(
  tops: readonly string[],
  wordnet: WordNet | undefined,
  { imageList }: Pick<IngestRequest, 'imageList'>,
): Set<string> {
  if (!wordnet || imageList) {
    const [expected, got] = wordnet ? ['no list of images', 'one'] : ['a WordNet database', 'none'];
    throw new CodedError('CONFIG_INVALID', 'What is below a synset cannot be told', {
      details: { field: 'below', expected, got },
    });
  }
  return new Set(tops.flatMap((top) => [top, ...wordnet.descendants(top)]));
}

/**
 * Leaves out of a plan what is not below the synsets that were named.
 *
 * @throws {CodedError} WORDNET_INVALID for a synset of the archive that WordNet 3.0 does not have: then ids are offsets of
 * another version, and what is below would be missed in silence.
 */
export function narrowPlan(plan: ArchivePlan, { closure, wordnet }: Selection): ArchivePlan {
  if (!closure) return plan;
  const found = new Set(plan.tars.map(({ synset }) => synset));
  found.forEach((synset) => wordnet?.get(synset));
  const tars = plan.tars.filter(({ synset }) => closure.has(synset));
  const bytes = tars.reduce((sum, { start, end }) => sum + end - start, 0);
  return { ...plan, tars, bytes, unlisted: plan.unlisted + plan.tars.length - tars.length };
}

/**
 * The classes and their labels: the dataset's own where it has some; in the order of the list; else sorted, as ILSVRC's are, those of the list of images or all
 * that the archive has. Words are those of the list of words, else WordNet's.
 *
 * @throws {CodedError} SYNSET_INVALID when an image is listed whose synset has no label; WORDNET_INVALID for a synset that
 * WordNet 3.0 does not have.
 */
export function classesOf(selection: Selection, plan: ArchivePlan): LabelledClass[] {
  const { synsets, images, classes } = selection;
  if (!synsets) {
    const found = images?.synsets ?? new Set(plan.tars.map(({ synset }) => synset));
    return describedClasses([...found].sort(), selection);
  }
  const unlabelled = [...(images?.synsets ?? [])].find((synset) => !synsets.includes(synset));
  if (unlabelled === undefined) return classes ? [...classes] : describedClasses(synsets, selection);
  throw new CodedError('SYNSET_INVALID', 'The list of images names one of a synset that has no label', {
    details: { field: 'imageList', expected: 'images of synsets that have one', got: unlabelled },
  });
}

function describedClasses(synsets: readonly string[], { words, wordnet }: Selection): LabelledClass[] {
  if (!wordnet) return labelledClasses(synsets, words);
  const known = synsets.map((synset) => wordnet.get(synset));
  const own = known.map((noun) => [noun.synset, noun.words.join(', ')] as const);
  const glosses = new Map(known.map(({ synset, gloss }) => [synset, gloss]));
  return labelledClasses(synsets, new Map([...own, ...words]), glosses);
}

/** As the user named it. */
export function nameOf(source: SourceName): string {
  return 'path' in source ? source.path : source.key;
}
