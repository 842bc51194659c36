import { CodedError } from '@bluewaters/errors';
import { installedWordNet, openWordNet, type WordNetFolder } from '@bluewaters/ingest';
import { isSynset, type WordNet } from '@bluewaters/records';
import { z } from 'zod';
import { frameOptions } from '../common-options.js';
import { formatCount } from '../terminal.js';
import { defineVerb } from '../verb.js';

const options = z.strictObject({
  wordnet: z.string().optional().describe('the folder of WordNet 3.0; default: where it is installed'),
  ...frameOptions,
});

/** `bluewaters synsets show` */
export const synsetsShow = defineVerb({
  options,
  examples: [
    ['$0 synsets show n02084071', 'words, gloss, the way to the root, how many are below'],
    ['$0 synsets show "sea lion" --wordnet WordNet-3.0/dict', 'all that a word may mean'],
  ],
  run: async ({ wordnet }, { print, words }) => {
    if (words.length === 0) throw new CodedError('CONFIG_INVALID', 'Say which synset: an id, or a word');
    const opened = await openWordNet(wordnet ?? (await installedWordNet(process.env)));
    const shown = words.flatMap((word) => synsetsOf(word, opened)).map((synset) => describe(synset, opened.nouns));
    shown.flatMap(drawSynset).forEach(print);
    return { synsets: shown };
  },
});

function synsetsOf(word: string, { sensesOf }: WordNetFolder): string[] {
  if (isSynset(word)) return [word];
  const senses = sensesOf(word);
  if (senses.length > 0) return senses;
  throw new CodedError('SYNSET_INVALID', 'WordNet has no noun of that name', {
    details: { expected: 'n and eight digits, or a noun', got: word },
  });
}

/** One of a way up. */
interface Step {
  readonly synset: string;
  readonly words: readonly string[];
}

/** A synset with its place among the others. */
interface ShownSynset extends Step {
  readonly gloss: string;
  /** Steps to the root, by the shortest way. */
  readonly depth: number;
  /** From the root to the synset itself, by the main hypernym of each. */
  readonly lineage: readonly Step[];
  /** All right above, the main one first. */
  readonly hypernyms: readonly Step[];
  /** All right below. */
  readonly hyponyms: readonly Step[];
  /** How many are below, however far. */
  readonly descendants: number;
}

function describe(synset: string, nouns: WordNet): ShownSynset {
  const step = (each: string): Step => ({ synset: each, words: nouns.get(each).words });
  const { words, gloss, hypernyms, hyponyms } = nouns.get(synset);
  return {
    ...{ synset, words, gloss, depth: nouns.depth(synset) },
    lineage: nouns.lineage(synset).map(step),
    hypernyms: hypernyms.map(step),
    hyponyms: hyponyms.map(step),
    descendants: nouns.descendants(synset).size,
  };
}

function drawSynset(shown: ShownSynset): string[] {
  const { synset, words, gloss, depth, lineage, hypernyms, hyponyms, descendants } = shown;
  const name = ({ words: [first = ''] }: Step): string => first;
  const others = hypernyms.slice(1).map(({ synset: other, words: [first] }) => `${first} (${other})`);
  return [
    `${synset}  ${words.join(', ')}`,
    `  ${gloss}`,
    `  ${lineage.map(name).join(' > ')}`,
    ...(others.length > 0 ? [`  also below: ${others.join(', ')}`] : []),
    `  depth ${depth} by the shortest way; ${formatCount(descendants)} below it, ${formatCount(hyponyms.length)} of them right below`,
    '',
  ];
}
