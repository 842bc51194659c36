import { flagName, optionFacts } from '@bluewaters/service';
import type { Argv } from 'yargs';
import type { z } from 'zod';
import { frameOptions, placeOptions } from './common-options.js';
import type { Verb } from './verb.js';

/** Options of every verb stand apart, so that a verb's own are found at a glance. */
const COMMON = { ...placeOptions, ...frameOptions };

const YARGS_TYPES = { number: 'number', boolean: 'boolean', list: 'array', text: 'string' } as const;

/** What people and shells ask for help with: `bluewaters train --help`, `bluewaters train help`, the key of completion. */
const ASKING = new Set(['--help', 'help', '--get-yargs-completions']);

/**
 * Tells yargs the options of a verb, for parsing, `--help` and completion; values are checked by their schema later.
 *
 * @param line The command line. yargs lays its help out for each command that it runs: with a hundred options a quarter
 * of a second, which is spared where nobody asks.
 */
export function describeFlags(parser: Argv, { options, letters = {} }: Verb, line: readonly string[]): void {
  const hidden = !line.some((word) => ASKING.has(word));
  for (const [option, type] of Object.entries<z.ZodType>(options.shape)) {
    const { kind, defaultValue, description } = optionFacts(type);
    parser.option(flagName(option), {
      type: YARGS_TYPES[kind],
      describe: description ?? '',
      ...(letters[option] !== undefined && { alias: letters[option] }),
      requiresArg: kind !== 'boolean',
      hidden,
      group: option in COMMON ? 'Where and how:' : 'Options:',
      ...(defaultValue === undefined ? {} : { defaultDescription: JSON.stringify(defaultValue) }),
    });
  }
}
