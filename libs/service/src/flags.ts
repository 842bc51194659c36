import { CodedError } from '@bluewaters/errors';
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { flagName, nearestName } from './option-names.js';
import { optionFacts, readText } from './option-types.js';

interface FlagToken {
  readonly kind: 'option' | 'positional' | 'option-terminator';
  readonly rawName?: string;
  readonly name?: string;
  readonly value?: string | undefined;
}

/**
 * Reads `--key value` and `--key=value`; a boolean is `--key`, `--no-key` or `--key=false`. A repeated list adds up.
 *
 * @param argv What follows the program's name.
 * @returns Values by option name, not yet checked against the schema.
 * @throws {CodedError} CONFIG_INVALID naming the flag, and the nearest one that exists.
 */
export function parseFlags(schema: z.ZodObject, argv: readonly string[]): Record<string, unknown> {
  const options = Object.keys(schema.shape);
  const byFlag = new Map(options.map((option) => [flagName(option), option]));
  const values: Record<string, unknown> = {};
  for (const token of tokensOf(schema, argv)) {
    if (token.kind === 'option-terminator') continue;
    const { option, text } = readToken(schema, byFlag, token);
    const value = readText(schema.shape[option]!, text, `--${flagName(option)}`);
    values[option] = Array.isArray(value) ? [...((values[option] as unknown[] | undefined) ?? []), ...value] : value;
  }
  return values;
}

function tokensOf(schema: z.ZodObject, argv: readonly string[]): FlagToken[] {
  const declared = Object.entries(schema.shape).map(([option, type]) => [
    flagName(option),
    { type: optionFacts(type).kind === 'boolean' ? ('boolean' as const) : ('string' as const) },
  ]);
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(declared),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

function readToken(
  schema: z.ZodObject,
  byFlag: ReadonlyMap<string, string>,
  { kind, name = '', value, rawName = '' }: FlagToken,
): { option: string; text: string } {
  if (kind === 'positional') throw refused(`"${value}"`, 'flags of the form --key value');
  const positive = byFlag.get(name);
  if (positive !== undefined) {
    const text = value ?? (optionFacts(schema.shape[positive]!).kind === 'boolean' ? 'true' : undefined);
    if (text === undefined) throw refused(`--${name}`, 'a value after it');
    return { option: positive, text };
  }
  const negated = name.startsWith('no-') ? byFlag.get(name.slice(3)) : undefined;
  if (negated !== undefined && optionFacts(schema.shape[negated]!).kind === 'boolean' && value === undefined) {
    return { option: negated, text: 'false' };
  }
  const nearest = nearestName(name, byFlag.keys());
  throw refused(rawName, nearest === undefined ? 'one that --help lists' : `--${nearest}`);
}

function refused(field: string, expected: string): CodedError {
  return new CodedError('CONFIG_INVALID', 'A flag is not understood', { details: { field, expected } });
}
