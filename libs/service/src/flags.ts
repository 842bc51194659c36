import { CodedError } from '@bluewaters/errors';
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { flagName, nearestName } from './option-names.js';
import { optionFacts, optionTypes, readText } from './option-types.js';

interface FlagToken {
  readonly kind: 'option' | 'positional' | 'option-terminator';
  readonly rawName?: string;
  readonly name?: string;
  readonly value?: string | undefined;
}

/** A flag that exists. */
interface Flag {
  readonly option: string;
  readonly type: z.core.$ZodType;
  readonly isBoolean: boolean;
}

/**
 * Reads `--key value` and `--key=value`; a boolean is `--key`, `--no-key` or `--key=false`. A repeated list adds up.
 *
 * @param argv What follows the program's name.
 * @returns Values by option name, not yet checked against the schema.
 * @throws {CodedError} CONFIG_INVALID naming the flag, and the nearest one that exists.
 */
export function parseFlags(schema: z.ZodObject, argv: readonly string[]): Record<string, unknown> {
  const flags = flagsOf(schema);
  const values: Record<string, unknown> = {};
  for (const token of tokensOf(flags, argv)) {
    if (token.kind === 'option-terminator') continue;
    const { flag, text } = readToken(flags, token);
    const value = readText(flag.type, text, `--${flagName(flag.option)}`);
    const before = values[flag.option];
    values[flag.option] = Array.isArray(value) && Array.isArray(before) ? before.concat(value) : value;
  }
  return values;
}

function flagsOf(schema: z.ZodObject): ReadonlyMap<string, Flag> {
  const flags = [...optionTypes(schema)].map(
    ([option, type]) => [flagName(option), { option, type, isBoolean: optionFacts(type).kind === 'boolean' }] as const,
  );
  return new Map(flags);
}

function tokensOf(flags: ReadonlyMap<string, Flag>, argv: readonly string[]): FlagToken[] {
  const declared = [...flags].map(
    ([name, { isBoolean }]) => [name, { type: isBoolean ? ('boolean' as const) : ('string' as const) }] as const,
  );
  const options = Object.fromEntries(declared);
  return parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function readToken(
  flags: ReadonlyMap<string, Flag>,
  { kind, name = '', value, rawName = '' }: FlagToken,
): { flag: Flag; text: string } {
  if (kind === 'positional') throw refused(`"${value}"`, 'flags of the form --key value');
  const flag = flags.get(name);
  if (flag) {
    const text = value ?? (flag.isBoolean ? 'true' : undefined);
    if (text === undefined) throw refused(`--${name}`, 'a value after it');
    return { flag, text };
  }
  const negated = name.startsWith('no-') ? flags.get(name.slice(3)) : undefined;
  if (negated?.isBoolean && value === undefined) return { flag: negated, text: 'false' };
  const nearest = nearestName(name, flags.keys());
  throw refused(rawName, nearest === undefined ? 'one that --help lists' : `--${nearest}`);
}

function refused(field: string, expected: string): CodedError {
  return new CodedError('CONFIG_INVALID', 'A flag is not understood', { details: { field, expected } });
}
