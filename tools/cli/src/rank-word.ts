/** What a launched process tells whoever launched it: little to load, since every command may have been launched. */
import type { CodedError } from '@bluewaters/errors';
import type { RankWord } from '@bluewaters/training';

/** Begins each line that a rank writes for `bluewaters launch`; JSON follows. */
export const RANK_WORD = 'bluewaters-rank ';

/** How a rank ends that does not end well. */
export type EndWord = Exclude<RankWord, { readonly pid: number }>;

let tellElsewhere: ((word: EndWord) => void) | undefined;

/** Words of an end go there, too, from now on. */
export function alsoTell(elsewhere: (word: EndWord) => void): void {
  tellElsewhere = elsewhere;
}

/** Only who launched ranks wants to hear of each; a person who started them wants to know what went wrong. */
export function tell(word: RankWord): void {
  if (!('pid' in word)) tellElsewhere?.(word);
  if (process.env['BLUEWATERS_LAUNCHED']) process.stderr.write(`${RANK_WORD}${JSON.stringify(word)}\n`);
  else if ('failed' in word) process.stderr.write(`rank ${word.rank}: error ${word.failed}\n`);
}

/**
 * Tells whoever launched this process by what it failed, perhaps before it knew that it is a rank; nothing of what may
 * come out otherwise when it is launched again.
 */
export function tellFailed({ code, message, retryable }: CodedError): void {
  if (process.env['BLUEWATERS_LAUNCHED'] && !retryable) tell({ failed: `${code}: ${message}` });
}
