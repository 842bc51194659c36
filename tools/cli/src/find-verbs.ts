import type { Verb } from './verb.js';
import { VERBS, type ListedVerb } from './verbs/index.js';

/** A verb that the command line begins with, or may begin with. */
export interface FoundVerb extends Omit<ListedVerb, 'load'> {
  /** Where the command line is about its options: a command starts sooner, and takes no memory for the others. */
  readonly verb?: Verb;
}

/** A shell that completes asks so, and then says what is typed: `bluewaters train --ne`. */
const COMPLETING = '--get-yargs-completions';

/** Flags that are about no command, where they follow none or half of one. */
const OF_NONE = new Set(['--help', '--version']);

/**
 * The verb that a command line begins with, and nothing else; all of them where it begins with none. They come without
 * their options where no option is typed, since help, a completion or a hint for a name that was mistyped is about all.
 */
export async function findVerbs(line: readonly string[]): Promise<readonly FoundVerb[]> {
  const words = line[0] === COMPLETING ? line.slice(2) : line;
  const asked = VERBS.filter(({ name }) => name === words[0] || name === `${words[0]} ${words[1]}`);
  if (asked.length > 0) return Promise.all(asked.map(load));
  const hasOptions = words.some((word) => word.startsWith('-') && !OF_NONE.has(word));
  return hasOptions ? Promise.all(VERBS.map(load)) : VERBS;
}

async function load(listed: ListedVerb): Promise<FoundVerb> {
  return { ...listed, verb: await listed.load() };
}
