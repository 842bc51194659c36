import type { WordNet } from '@bluewaters/records';

/** Pictures and their encoded bytes. */
export interface Amount {
  readonly images: number;
  readonly bytes: number;
}

/** A class of an archive. */
export interface TourClass extends Amount {
  readonly synset: string;
  readonly words: string;
}

/** A synset with what is below it, as far as an archive has some of it. */
export interface TreeEntry {
  readonly synset: string;
  readonly words: string;
  /** Of the synset itself; undefined where it is no class of the archive, but only above some. */
  readonly own: Amount | undefined;
  /** Of it and all below it; each class counts once, under its main hypernym. */
  readonly all: Amount;
  readonly children: readonly TreeEntry[];
}

/** How far an entry is told: with all that is below it in a line of its own. */
interface Growing {
  readonly synset: string;
  readonly children: Map<string, Growing>;
}

/**
 * The tree of an archive's classes. By WordNet each is under its main hypernym; a synset that is no class is there only
 * where the tree divides. Without WordNet all are roots, in the order given.
 */
export function synsetTree(classes: readonly TourClass[], wordnet: WordNet | undefined): TreeEntry[] {
  const known = new Map(classes.map((each) => [each.synset, each]));
  const top = new Map<string, Growing>();
  for (const { synset } of classes) {
    let level = top;
    for (const step of wordnet?.lineage(synset) ?? [synset]) {
      const there = level.get(step) ?? { synset: step, children: new Map<string, Growing>() };
      level.set(step, there);
      level = there.children;
    }
  }
  return [...top.values()].map((grown) => entryOf(grown, known, wordnet));
}

function entryOf(grown: Growing, classes: ReadonlyMap<string, TourClass>, wordnet: WordNet | undefined): TreeEntry {
  const own = classes.get(grown.synset);
  const [only, ...others] = grown.children.values();
  if (!own && only && others.length === 0) return entryOf(only, classes, wordnet);
  const children = [...grown.children.values()].map((child) => entryOf(child, classes, wordnet));
  const amounts = [...(own ? [own] : []), ...children.map(({ all }) => all)];
  return {
    synset: grown.synset,
    words: own?.words ?? wordnet?.get(grown.synset).words.join(', ') ?? grown.synset,
    own: own && { images: own.images, bytes: own.bytes },
    all: amounts.reduce((sum, { images, bytes }) => add(sum, { images, bytes }), NOTHING),
    children,
  };
}

/** No pictures. */
export const NOTHING: Amount = { images: 0, bytes: 0 };

/** Both together. */
export function add(one: Amount, other: Amount): Amount {
  return { images: one.images + other.images, bytes: one.bytes + other.bytes };
}
