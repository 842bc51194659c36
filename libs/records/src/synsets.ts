import { CodedError } from '@bluewaters/errors';

/** One class: what a label stands for. */
export interface LabelledClass {
  readonly synset: string;
  /** 1-based, in the order of the synset list; 0 is background. */
  readonly label: number;
  /** `tench, Tinca tinca`; the synset id itself where no words are known. */
  readonly words: string;
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

/**
 * Parses a validation list: `<synset> <image id>` a line, as in the 2018 process. The image id, `n01440764_18`, is the
 * member's name without its ending.
 *
 * @returns `<synset>/<image id>`, as {@link imageId} names an image.
 * @throws {CodedError} SYNSET_INVALID naming file and line.
 */
export function parseImageList(text: string, source: TextSource): Set<string> {
  const images = new Set<string>();
  for (const { line, content } of filledLines(text)) {
    const match = /^(n\d{8})\s+(\S+)$/u.exec(content);
    if (!match) throw invalidLine(source, line, 'a synset and an image id', content);
    images.add(imageId(match[1]!, match[2]!));
  }
  return images;
}

/** Names an image of a synset by its member's name, with or without the ending `.JPEG`. */
export function imageId(synset: string, name: string): string {
  return `${synset}/${name.replace(/\.jpe?g$/iu, '')}`;
}

/** Gives each synset its label and its words. */
export function labelledClasses(synsets: readonly string[], words: ReadonlyMap<string, string>): LabelledClass[] {
  return synsets.map((synset, i) => ({ synset, label: i + 1, words: words.get(synset) ?? synset }));
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
