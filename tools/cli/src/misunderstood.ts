import { flagName, nearestName } from '@bluewaters/service';
import type { FoundVerb } from './find-verbs.js';

/**
 * What is said of a command line that yargs refuses: its words, which flags may have been meant, and where to read on.
 *
 * @param message As yargs has it, which writes a flag as `trainShard`.
 * @param line The command line.
 * @param verbs Those that it may begin with.
 */
export function misunderstood(message: string, line: readonly string[], verbs: readonly FoundVerb[]): string {
  const [begun] = verbs.length === 1 ? verbs : [];
  const see = `See \`bluewaters ${begun ? `${begun.name} ` : ''}--help\`.`;
  const [, argument, names] = /^(Unknown arguments?): (.+)$/u.exec(message) ?? [];
  if (argument === undefined || names === undefined) return `${message}\n${see}`;
  const unknown = names.split(', ').map((name) => (line.includes(name) ? name : flagName(name)));
  const flags = Object.keys(begun?.verb?.options.shape ?? {}).map(flagName);
  const near = unknown.flatMap((name) => nearestName(name, flags) ?? []);
  const meant = near.length > 0 ? `Did you mean ${near.map((name) => `--${name}`).join(', ')}?\n` : '';
  return `${argument}: ${unknown.join(', ')}\n${meant}${see}`;
}
