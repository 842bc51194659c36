import { CodedError } from '@bluewaters/errors';
import type { TextSource } from './synsets.js';

/** The version whose offsets ImageNet's ids are; another version's are other places. */
const VERSION = '3.0';
/** Lines of the licence at the start of a file begin with two spaces; the version stands among them. */
const LICENCE_BYTES = 4096;
const NEWLINE = 0x0a;
/** Nothing in WordNet 3.0 is as long; what is, has lost its line ends. */
const LONGEST_LINE_BYTES = 64 * 1024;

/** A noun of WordNet: one sense, with the words for it. */
export interface NounSynset {
  /** `n` and the offset of its line in `data.noun`, eight digits. */
  readonly synset: string;
  /** With spaces, the usual one first: `dog`, `domestic dog`, `Canis familiaris`. */
  readonly words: readonly string[];
  /** What it means; after it examples of use, if any, in quotation marks. */
  readonly gloss: string;
  /** What it is a kind or an instance of, the main one first; none for `entity`, the root. */
  readonly hypernyms: readonly string[];
  /** Its kinds and instances. */
  readonly hyponyms: readonly string[];
}

/**
 * The nouns of WordNet 3.0, out of the bytes of `data.noun`. An id is the place of its line, so a synset is found without
 * looking through the file; what was read is kept.
 *
 * @see wndb(5WN) for the format: `offset lexicographer-file type words… pointers… | gloss`.
 */
export class WordNet {
  readonly #bytes: Buffer;
  readonly #file: string;
  readonly #read = new Map<string, NounSynset>();

  /** @throws {CodedError} WORDNET_INVALID for another version than 3.0, or a file whose lines have moved. */
  constructor(bytes: Uint8Array, { file }: TextSource) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
    this.#assertInPlace(assertVersion(this.#bytes, file));
  }

  /** @throws {CodedError} WORDNET_INVALID when its offset is not where a synset begins, or the line is damaged. */
  get(synset: string): NounSynset {
    const before = this.#read.get(synset);
    if (before) return before;
    const found = parseLine(this.#lineOf(synset), synset, this.#file);
    this.#read.set(synset, found);
    return found;
  }

  /** Everything that is a kind or an instance of it, however far below; itself is not among them. @throws as {@link get}. */
  descendants(synset: string): Set<string> {
    const found = new Set<string>();
    const open = [synset];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const below = this.get(next).hyponyms.filter((hyponym) => !found.has(hyponym));
      below.forEach((hyponym) => found.add(hyponym));
      open.push(...below);
    }
    return found;
  }

  /**
   * The way from the root down to it, by the main hypernym of each; both ends are in it.
   *
   * @throws {CodedError} WORDNET_INVALID as {@link get}, and where something is above itself.
   */
  lineage(synset: string): string[] {
    const way = new Set([synset]);
    for (let [above] = this.get(synset).hypernyms; above !== undefined; [above] = this.get(above).hypernyms) {
      if (way.has(above)) throw damaged({ file: this.#file, synset: above, expected: 'a root', got: 'a circle' });
      way.add(above);
    }
    return [...way].reverse();
  }

  /** How many steps it is below the root by the shortest way; 0 for the root. @throws as {@link get}. */
  depth(synset: string): number {
    const seen = new Set([synset]);
    let level = [this.get(synset)];
    for (let steps = 0; level.length > 0; steps++) {
      if (level.some(({ hypernyms }) => hypernyms.length === 0)) return steps;
      const above = new Set(level.flatMap(({ hypernyms }) => hypernyms.filter((each) => !seen.has(each))));
      above.forEach((each) => seen.add(each));
      level = [...above].map((each) => this.get(each));
    }
    throw damaged({ file: this.#file, synset, expected: 'a root', got: 'a circle' });
  }

  /** The first line tells whether lines are where they were: other line ends move all of them. */
  #assertInPlace(first: number): void {
    const got = this.#bytes.toString('latin1', first, first + 9);
    if (got === `${String(first).padStart(8, '0')} `) return;
    throw invalid({ file: this.#file, offset: first, expected: 'the first synset, with this offset', got });
  }

  #lineOf(synset: string): string {
    const digits = synset.slice(1);
    const offset = Number(digits);
    const within = /^n\d{8}$/u.test(synset) && offset > 0 && offset < this.#bytes.length;
    const begins = within && this.#bytes[offset - 1] === NEWLINE;
    if (begins && this.#bytes.toString('latin1', offset, offset + 9) === `${digits} `) {
      const end = this.#bytes.indexOf(NEWLINE, offset);
      if (end !== -1 && end - offset < LONGEST_LINE_BYTES) return this.#bytes.toString('utf8', offset, end);
    }
    const got = within ? `"${this.#bytes.toString('latin1', offset, offset + 40)}"` : 'no such place';
    throw damaged({ file: this.#file, synset, expected: `a synset of WordNet ${VERSION}`, got: `${got} there` });
  }
}

/**
 * The synsets that a word may mean, the most frequent first, out of the bytes of `index.noun`.
 *
 * @param word In any case; spaces are allowed.
 * @returns nothing for a word that is not there.
 * @throws {CodedError} WORDNET_INVALID for another version than 3.0, or a damaged line.
 */
export function sensesOf(index: Uint8Array, word: string, { file }: TextSource): string[] {
  const bytes = Buffer.from(index.buffer, index.byteOffset, index.byteLength);
  assertVersion(bytes, file);
  const lemma = word.trim().toLowerCase().replace(/\s+/gu, '_');
  const at = bytes.indexOf(`\n${lemma} n `);
  if (at === -1) return [];
  const end = bytes.indexOf(NEWLINE, at + 1);
  const fields = bytes
    .toString('utf8', at + 1, end === -1 ? bytes.length : end)
    .trim()
    .split(' ');
  const senses = Number(fields[2]);
  const offsets = senses > 0 ? fields.slice(-senses) : [];
  if (offsets.length === senses && offsets.every((offset) => /^\d{8}$/u.test(offset))) {
    return offsets.map((offset) => `n${offset}`);
  }
  throw invalid({ file, offset: at + 1, expected: 'a word, and the offsets of its senses', got: fields.join(' ') });
}

/** @returns where the lines after the licence begin. */
function assertVersion(bytes: Buffer, file: string): number {
  const start = bytes.toString('latin1', 0, LICENCE_BYTES);
  const licence = /^(?: {2}.*\n)*/u.exec(start)?.[0] ?? '';
  const version = /\bWordNet (\d+(?:\.\d+)*) Copyright/u.exec(licence)?.[1];
  if (version === VERSION) return licence.length;
  throw new CodedError('WORDNET_INVALID', 'Synset ids are offsets of another version of WordNet', {
    details: {
      file,
      field: 'version',
      expected: `WordNet ${VERSION}`,
      got: version === undefined ? 'no version in its first lines' : `WordNet ${version}`,
    },
  });
}

/** Which pointers lead up and down; instances, such as Rome of a city, have symbols of their own. */
const UP: readonly string[] = ['@', '@i'];
const DOWN: readonly string[] = ['~', '~i'];

function parseLine(line: string, synset: string, file: string): NounSynset {
  const [facts = '', ...gloss] = line.split(' | ');
  const fields = facts.trim().split(' ');
  // Words are counted in hexadecimal, pointers in decimal.
  const wordCount = parseInt(fields[3] ?? '', 16);
  const pointersAt = 5 + 2 * wordCount;
  const pointerCount = Number(fields[pointersAt - 1]);
  const isWhole = fields[2] === 'n' && wordCount > 0 && fields.length === pointersAt + 4 * pointerCount;
  if (!isWhole) throw damaged({ file, synset, expected: 'words and pointers as counted', got: facts.slice(0, 80) });
  const words = Array.from({ length: wordCount }, (_, n) => fields[4 + 2 * n]!.replaceAll('_', ' '));
  const pointers = Array.from({ length: pointerCount }, (_, n) => ({
    symbol: fields[pointersAt + 4 * n]!,
    target: fields[pointersAt + 4 * n + 1]!,
  }));
  const along = (symbols: readonly string[]): string[] =>
    pointers.filter(({ symbol }) => symbols.includes(symbol)).map(({ target }) => `n${target}`);
  return { synset, words, gloss: gloss.join(' | ').trim(), hypernyms: along(UP), hyponyms: along(DOWN) };
}

/** What is wrong about a synset; its id says where. */
function damaged(fault: {
  readonly file: string;
  readonly synset: string;
  readonly expected: string;
  readonly got: string;
}): CodedError {
  const { file, synset, expected, got } = fault;
  const offset = Number(synset.slice(1));
  return new CodedError('WORDNET_INVALID', 'A WordNet database does not have a synset', {
    details: { file, ...(Number.isSafeInteger(offset) && { offset }), field: synset, expected, got },
  });
}

function invalid(details: {
  readonly file: string;
  readonly offset: number;
  readonly expected: string;
  readonly got: string;
}): CodedError {
  return new CodedError('WORDNET_INVALID', 'A WordNet database is damaged', { details });
}
