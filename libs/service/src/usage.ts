import type { z } from 'zod';
import { flagName, variableName } from './option-names.js';
import { optionFacts, optionTypes } from './option-types.js';

/** What `--help` prints: each option with its flag, its variable, what it means and its default. */
export function describeOptions(name: string, schema: z.ZodObject): string {
  const lines = [...optionTypes(schema)].map(([option, type]) => {
    const { description, defaultValue } = optionFacts(type);
    const notes = [description, defaultValue === undefined ? undefined : `default ${JSON.stringify(defaultValue)}`];
    const about = notes.filter((note) => note !== undefined).join('; ');
    return `  --${flagName(option).padEnd(22)} ${variableName(option).padEnd(36)} ${about}`.trimEnd();
  });
  const config = `  --${'config'.padEnd(22)} ${'BLUEWATERS_CONFIG'.padEnd(36)} a JSON file of options, named as maxBodyBytes`;
  return [`${name}: options from flags, then environment, then file`, ...lines, config, ''].join('\n');
}
