import type { ClassEvaluation } from '@bluewaters/messages';

/** What a confusion matrix says of each class. */
export function classFigures(
  classes: readonly { readonly synset: string; readonly words: string }[],
  confusion: readonly (readonly number[])[],
): ClassEvaluation[] {
  const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
  return classes.map(({ synset, words }, index) => {
    const row = confusion[index] ?? [];
    const hits = row[index] ?? 0;
    const taken = total(confusion.map((other) => other[index] ?? 0));
    const examples = total(row);
    const recall = examples === 0 ? 0 : hits / examples;
    return { synset, words: shortName(words), examples, recall, ...(taken === 0 ? {} : { precision: hits / taken }) };
  });
}

/** Classes that are mixed up, by their place in the matrix, the most frequent first. */
export function confusedPairs(
  confusion: readonly (readonly number[])[],
  most: number,
): { readonly truth: number; readonly answer: number; readonly examples: number }[] {
  const pairs = confusion.flatMap((row, truth) =>
    row.flatMap((examples, answer) => (examples > 0 && answer !== truth ? [{ truth, answer, examples }] : [])),
  );
  return pairs.sort((a, b) => b.examples - a.examples).slice(0, most);
}

/** `two, 2, II, deuce` → `two`. */
export function shortName(words: string): string {
  return words.split(',')[0]?.trim() || words;
}
