import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import { sensesOf, WordNet } from '@bluewaters/records';
import { openSource, type ObjectStore, type SourceName } from '@bluewaters/storage';

/** WordNet 3.0's `data.noun` has 15 MB. */
const LONGEST_BYTES = 256 * 1024 * 1024;

/** Where Debian's package wordnet-base puts the database. */
const DEBIAN_FOLDER = '/usr/share/wordnet';

/** The file of a database's folder that ids are offsets in. */
export const NOUNS_FILE = 'data.noun';
/** The file of a database's folder that has the senses of words. */
const WORDS_FILE = 'index.noun';

/** Nouns, and the synsets that a word may mean. */
export interface WordNetFolder {
  readonly nouns: WordNet;
  /** The most frequent sense first; nothing for a word that is not there. */
  readonly sensesOf: (word: string) => string[];
}

/**
 * The folder of an installed database: the one that WordNet's own variable `WNSEARCHDIR` names, or Debian's.
 *
 * @throws {CodedError} FILE_NOT_FOUND that says how to get one.
 */
export async function installedWordNet(environment: NodeJS.ProcessEnv): Promise<string> {
  const folder = environment['WNSEARCHDIR'] || DEBIAN_FOLDER;
  const isThere = await stat(join(folder, NOUNS_FILE)).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isThere) return folder;
  throw new CodedError('FILE_NOT_FOUND', 'There is no WordNet database: install wordnet-base, or name its folder', {
    details: { file: join(folder, NOUNS_FILE), field: 'wordnet', expected: 'a folder with data.noun of WordNet 3.0' },
  });
}

/**
 * Reads the nouns of a database.
 *
 * @param source Its `data.noun`.
 * @throws {CodedError} FILE_NOT_FOUND; WORDNET_INVALID for another version than 3.0.
 */
export async function readNouns(store: ObjectStore, source: SourceName): Promise<WordNet> {
  await using opened = await openSource(store, source);
  const { file, size } = opened;
  if (size <= LONGEST_BYTES) return new WordNet(await opened.read({ offset: 0, length: size }), { file });
  throw new CodedError('WORDNET_INVALID', 'A file is too large for a WordNet database', {
    details: { file, expected: `at most ${LONGEST_BYTES} bytes`, got: `${size} bytes` },
  });
}

/**
 * Reads the nouns and words of a database's folder.
 *
 * @throws {CodedError} FILE_NOT_FOUND; WORDNET_INVALID for another version than 3.0.
 */
export async function openWordNet(folder: string): Promise<WordNetFolder> {
  const [nounsFile, wordsFile] = [join(folder, NOUNS_FILE), join(folder, WORDS_FILE)];
  const nouns = new WordNet(await readWhole(nounsFile), { file: nounsFile });
  const words = await readWhole(wordsFile);
  return { nouns, sensesOf: (word) => sensesOf(words, word, { file: wordsFile }) };
}

async function readWhole(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause: unknown) => {
    const details = { file, expected: 'a file of a WordNet database' };
    throw new CodedError('FILE_NOT_FOUND', 'A WordNet database cannot be read', { cause, details });
  });
}
