import { CodedError } from '@bluewaters/errors';

/** One class: what a label stands for. */
export interface LabelledClass {
  readonly synset: string;
  /** 1-based, in the order of the synset list; 0 is background. */
  readonly label: number;
  /** `tench, Tinca tinca`; the synset id itself where no words are known. */
  readonly words: string;
  /** What it means, where a WordNet database told it. */
  readonly gloss?: string;
}

/** Where text came from, for errors. */
export interface TextSource {
  /** The path or key, as the user would name it. */
  readonly file: string;
}

/**
 * Parses a synset list: an id a line. Blank lines and the spaces around an id do not matter.
 *
 * @returns ids in the order of the file, which is the order of the labels.
 * @throws {CodedError} SYNSET_INVALID naming file and line: not an id, an id twice, or no id at all.
 */
export function parseSynsetList(text: string, source: TextSource): string[] {
  const seen = new Map<string, number>();
  for (const { line, content } of filledLines(text)) {
    if (!isSynset(content)) throw invalidLine(source, line, 'n and eight digits', content);
    const before = seen.get(content);
    if (before !== undefined) throw invalidLine(source, line, 'each synset once', `${content}, as on line ${before}`);
    seen.set(content, line);
  }
  if (seen.size === 0) throw invalidLine(source, 1, 'a synset a line', 'no synset');
  return [...seen.keys()];
}

/**
 * Parses `<synset> TAB <words>` lines (spaces will do for the tab, as in Kaggle's file); a synset's first line counts.
 *
 * @throws {CodedError} SYNSET_INVALID naming file and line.
 */
export function parseSynsetWords(text: string, source: TextSource): Map<string, string> {
  const words = new Map<string, string>();
  for (const { line, content } of filledLines(text)) {
    const match = /^(n\d{8})\s+(.+)$/u.exec(content);
    if (!match) throw invalidLine(source, line, 'a synset, a tab and its words', content);
    if (!words.has(match[1]!)) words.set(match[1]!, match[2]!);
  }
  return words;
}

/** A line of a list of images. */
export interface ListedImage {
  /** The synset whose archive of annotations has the image's boxes: not always the image's own. */
  readonly annotationSynset: string;
  /** As {@link imageId} names it. */
  readonly id: string;
}

/**
 * Parses a list of images: `<annotation synset> <image id>` a line, as in the 2018 process. The image id, `n01440764_18`, is
 * the member's name without its ending, and tells the image's synset; where it does not, the first column does.
 *
 * @throws {CodedError} SYNSET_INVALID naming file and line.
 */
export function parseListedImages(text: string, source: TextSource): ListedImage[] {
  return filledLines(text).map(({ line, content }) => {
    const [, annotationSynset, name] = /^(n\d{8})\s+(\S+)$/u.exec(content) ?? [];
    if (annotationSynset === undefined || name === undefined) {
      throw invalidLine(source, line, 'a synset and an image id', content);
    }
    const own = /^(n\d{8})_/u.exec(name)?.[1];
    return { annotationSynset, id: imageId(own ?? annotationSynset, name) };
  });
}

/** The images of {@link parseListedImages}, as {@link imageId} names them. @throws {CodedError} SYNSET_INVALID. */
export function parseImageList(text: string, source: TextSource): Set<string> {
  return new Set(parseListedImages(text, source).map(({ id }) => id));
}

/**
 * Parses the ground truth of pictures that are numbered: line n is of picture n. A line is a synset; or a number of an order
 * that is not the list's of labels, as in ILSVRC's development kit, which `order` gives.
 *
 * @param order Lines with a synset and, before or after it, its number (else the line's): `1 n02119789`.
 * @returns synsets by the picture's number less one.
 * @throws {CodedError} SYNSET_INVALID naming file and line; also for numbers without an order.
 */
export function parseGroundTruth(
  truth: { readonly text: string } & TextSource,
  order?: { readonly text: string } & TextSource,
): string[] {
  const synsets = order && parseOrder(order);
  return filledLines(truth.text).map(({ line, content }) => {
    if (isSynset(content)) return content;
    const expected = synsets
      ? 'a number of the order, or a synset'
      : 'a synset; a number needs the order that it is of';
    const synset = /^\d+$/u.test(content) ? synsets?.get(Number(content)) : undefined;
    if (synset === undefined) throw invalidLine(truth, line, expected, content);
    return synset;
  });
}

function parseOrder(order: { readonly text: string } & TextSource): Map<number, string> {
  const synsets = new Map<number, string>();
  for (const { line, content } of filledLines(order.text)) {
    const synset = /\bn\d{8}\b/u.exec(content)?.[0];
    if (synset === undefined) throw invalidLine(order, line, 'a synset, with its number or at its place', content);
    const number = Number(/(?:^|\s)(\d+)(?:\s|$)/u.exec(content)?.[1] ?? line);
    if (synsets.has(number)) throw invalidLine(order, line, 'each number once', content);
    synsets.set(number, synset);
  }
  return synsets;
}

/** Names an image of a synset by its member's name, with or without the ending `.JPEG`. */
export function imageId(synset: string, name: string): string {
  return `${synset}/${name.replace(/\.jpe?g$/iu, '')}`;
}

/** Gives each synset its label, its words, and its gloss where one is known. */
export function labelledClasses(
  synsets: readonly string[],
  words: ReadonlyMap<string, string>,
  glosses: ReadonlyMap<string, string> = new Map(),
): LabelledClass[] {
  return synsets.map((synset, i) => {
    const gloss = glosses.get(synset);
    return { synset, label: i + 1, words: words.get(synset) ?? synset, ...(gloss !== undefined && { gloss }) };
  });
}

/** True where the same labels stand for the same synsets, in the same words. */
export function sameLabels(one: readonly LabelledClass[], other: readonly LabelledClass[]): boolean {
  const told = (classes: readonly LabelledClass[]): string =>
    JSON.stringify(classes.map(({ synset, label, words }) => [synset, label, words]));
  return told(one) === told(other);
}

/** True for `n` and eight digits. */
export function isSynset(text: string): boolean {
  return /^n\d{8}$/u.test(text);
}

function filledLines(text: string): { line: number; content: string }[] {
  return text
    .replace(/^\uFEFF/u, '')
    .split('\n')
    .map((content, i) => ({ line: i + 1, content: content.trim() }))
    .filter(({ content }) => content !== '');
}

function invalidLine(source: TextSource, line: number, expected: string, got: string): CodedError {
  const shown = got.length > 80 ? `${got.slice(0, 80)}…` : got;
  return new CodedError('SYNSET_INVALID', 'A list is not in the expected form', {
    details: { file: source.file, field: `line ${line}`, expected, got: shown },
  });
}
