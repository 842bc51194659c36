import type { IndexedExample } from '@bluewaters/records';

/** A picture that is to be shown. */
export interface ChosenPicture {
  readonly synset: string;
  readonly example: IndexedExample;
}

/** The pictures of a class that may be shown, those with boxes first. */
export interface ClassPictures {
  readonly synset: string;
  readonly examples: readonly IndexedExample[];
}

/**
 * Chooses pictures from as many classes as can be, spread evenly over them; those with boxes go first, of classes and
 * within one. The same archive has the same ones chosen.
 *
 * @param most How many are chosen, where there are as many.
 * @returns in the order of the classes.
 */
export function choosePictures(classes: readonly ClassPictures[], most: number): ChosenPicture[] {
  const boxed = classes.filter(({ examples }) => examples[0] && hasBoxes(examples[0]));
  const others = classes.filter((each) => !boxed.includes(each));
  const chosen = new Map<string, IndexedExample[]>();
  let left = most;
  for (let round = 0; left > 0 && classes.some(({ examples }) => examples.length > round); round++) {
    for (const group of [boxed, others]) {
      const taken = spread(
        group.filter(({ examples }) => examples.length > round),
        left,
      );
      for (const { synset, examples } of taken) chosen.set(synset, examples.slice(0, round + 1));
      left -= taken.length;
    }
  }
  return classes.flatMap(({ synset }) => (chosen.get(synset) ?? []).map((example) => ({ synset, example })));
}

/** True for a picture with an object in a box. */
export function hasBoxes({ boxes = [] }: Pick<IndexedExample, 'boxes'>): boolean {
  return boxes.length > 0;
}

function spread<T>(values: readonly T[], most: number): T[] {
  const step = Math.max(1, values.length / Math.max(1, most));
  const places = Array.from({ length: Math.min(most, values.length) }, (_, n) => Math.floor(n * step));
  return places.flatMap((place) => values.slice(place, place + 1));
}
