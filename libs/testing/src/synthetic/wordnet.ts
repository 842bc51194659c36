/** A noun of a synthetic WordNet. */
export interface SyntheticNoun {
  /** The first is what others call it by here. */
  readonly words: readonly string[];
  readonly gloss: string;
  /** First words of what it is a kind of; none for a root. */
  readonly kindOf?: readonly string[];
  /** First words of what it is an instance of. */
  readonly instanceOf?: readonly string[];
}

/** Files of a database, as wndb(5WN) describes them. */
export interface SyntheticWordNet {
  /** `data.noun`. */
  readonly data: Buffer;
  /** `index.noun`. */
  readonly index: Buffer;
  /** By first word: `n` and the offset of its line in `data`. */
  readonly synsets: Readonly<Record<string, string>>;
}

/** A few animals and a city, with two ways up from the dog, as WordNet has them. */
const NOUNS: readonly SyntheticNoun[] = [
  { words: ['entity'], gloss: 'that which is perceived to have its own distinct existence' },
  { words: ['animal', 'fauna'], gloss: 'a living organism that moves by itself', kindOf: ['entity'] },
  { words: ['domestic animal'], gloss: 'an animal that people keep', kindOf: ['animal'] },
  { words: ['canine', 'canid'], gloss: 'a mammal with claws that do not retract', kindOf: ['animal'] },
  { words: ['dog', 'Canis familiaris'], gloss: 'a canine; "the dog barked"', kindOf: ['canine', 'domestic animal'] },
  { words: ['puppy'], gloss: 'a young dog', kindOf: ['dog'] },
  { words: ['hunting dog'], gloss: 'a dog for the hunt', kindOf: ['dog'] },
  { words: ['hound', 'hound dog'], gloss: 'a hunting dog with large ears', kindOf: ['hunting dog'] },
  { words: ['cat', 'true cat'], gloss: 'an animal with soft fur', kindOf: ['animal'] },
  { words: ['city', 'dog'], gloss: 'a large town, here also called a dog | for its senses', kindOf: ['entity'] },
  { words: ['Rome'], gloss: 'the capital of Italy', instanceOf: ['city'] },
];

/**
 * Makes a small WordNet of nouns with right offsets, in memory.
 *
 * @param version What its licence says it is.
 */
export function syntheticWordNet(version = '3.0', nouns: readonly SyntheticNoun[] = NOUNS): SyntheticWordNet {
  const licence = [`1 This is a synthetic database.  `, `2 WordNet ${version} Copyright 2006 by nobody.  `]
    .map((line) => `  ${line}\n`)
    .join('');
  // A line is as long as it is whatever its offsets are.
  const zeros = new Map(nouns.map(({ words }) => [words[0] ?? '', '00000000']));
  const offsets = new Map<string, string>();
  let offset = licence.length;
  for (const noun of nouns) {
    offsets.set(noun.words[0] ?? '', String(offset).padStart(8, '0'));
    offset += Buffer.byteLength(dataLine(noun, nouns, zeros));
  }
  return {
    data: Buffer.from(licence + nouns.map((noun) => dataLine(noun, nouns, offsets)).join('')),
    index: Buffer.from(licence + indexLines(nouns, offsets).join('')),
    synsets: Object.fromEntries([...offsets].map(([word, digits]) => [word, `n${digits}`])),
  };
}

function dataLine(noun: SyntheticNoun, nouns: readonly SyntheticNoun[], offsets: ReadonlyMap<string, string>): string {
  const [name = ''] = noun.words;
  const below = (relation: 'kindOf' | 'instanceOf'): string[] =>
    nouns.filter((other) => other[relation]?.includes(name)).map(({ words }) => words[0] ?? '');
  const pointers = [
    ...(noun.kindOf ?? []).map((other) => ['@', other] as const),
    ...(noun.instanceOf ?? []).map((other) => ['@i', other] as const),
    ...below('kindOf').map((other) => ['~', other] as const),
    ...below('instanceOf').map((other) => ['~i', other] as const),
  ].map(([symbol, other]) => `${symbol} ${offsets.get(other)} n 0000`);
  const words = noun.words.map((word) => `${word.replaceAll(' ', '_')} 0`);
  const counts = [words.length.toString(16).padStart(2, '0'), String(pointers.length).padStart(3, '0')] as const;
  const facts = [offsets.get(name), '05 n', counts[0], ...words, counts[1], ...pointers].join(' ');
  return `${facts} | ${noun.gloss}  \n`;
}

function indexLines(nouns: readonly SyntheticNoun[], offsets: ReadonlyMap<string, string>): string[] {
  const senses = new Map<string, string[]>();
  for (const { words } of nouns) {
    for (const word of words) {
      const lemma = word.replaceAll(' ', '_').toLowerCase();
      senses.set(lemma, [...(senses.get(lemma) ?? []), offsets.get(words[0] ?? '') ?? '']);
    }
  }
  return [...senses].sort().map(([lemma, its]) => `${lemma} n ${its.length} 1 @ ${its.length} 0 ${its.join(' ')}  \n`);
}
