import { CodedError, toCodedError } from '@bluewaters/errors';
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { readEnvironment } from './environment.js';
import { flagName, nearestName } from './option-names.js';

/** Where the values of options may come from; what stands first wins: flags, environment, file, then the defaults. */
export interface OptionSources {
  /** By option name, as `parseFlags` gives them; undefined counts as not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Usually `process.env`; only `BLUEWATERS_*` is looked at. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly file?: OptionsFile;
  /** The program's own name, where it is a service: `BLUEWATERS_INFERENCE_PORT` then goes before `BLUEWATERS_PORT`. */
  readonly service?: string;
  /** Options of sister programs: their variables and file entries are ignored here instead of refused. */
  readonly alsoKnown?: readonly string[];
}

/** A file of options that was read and parsed. */
export interface OptionsFile {
  readonly path: string;
  /** By option name, `maxBodyBytes`. */
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * The one place where options are read: merges the sources, refuses what is unknown, checks values against the schema,
 * fills in defaults and freezes the result. Pure: reads nothing but what it is given.
 *
 * @throws {CodedError} CONFIG_INVALID naming the flag, variable or file entry, and the nearest known one.
 */
export function resolveOptions<Schema extends z.ZodObject>(
  schema: Schema,
  sources: OptionSources,
): Readonly<z.output<Schema>> {
  const { flags = {}, environment = {}, file, service, alsoKnown = [] } = sources;
  refuseUnknown(schema, file, alsoKnown);
  const variables = readEnvironment(schema, environment, { service, alsoKnown });
  const own = Object.keys(schema.shape);
  const given = { ...pick(file?.values ?? {}, own), ...variables.values, ...pick(flags, Object.keys(flags)) };
  const where = (option: string): string => {
    if (flags[option] !== undefined) return `--${flagName(option)}`;
    return variables.names[option] ?? (file?.values[option] === undefined ? `--${flagName(option)}` : option);
  };
  const parsed = schema.safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  throw fromIssue(parsed.error.issues[0]!, given, where);
}

/** Those of `values` that are set and listed in `names`. */
function pick(values: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]));
}

function refuseUnknown(schema: z.ZodObject, file: OptionsFile | undefined, alsoKnown: readonly string[]): void {
  const known = [...Object.keys(schema.shape), ...alsoKnown];
  if (!file) return;
  for (const name of Object.keys(file.values)) {
    if (known.includes(name)) continue;
    throw new CodedError('CONFIG_INVALID', 'An option is unknown', {
      details: { file: file.path, field: name, expected: nearestName(name, known) ?? 'one that --help lists' },
    });
  }
}

function fromIssue(
  issue: z.core.$ZodIssue,
  given: Readonly<Record<string, unknown>>,
  where: (option: string) => string,
): CodedError {
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const option = unknown ?? String(issue.path[0] ?? '');
  const value = given[option];
  if (value === undefined) return new CodedError('CONFIG_INVALID', `The option --${flagName(option)} is missing`);
  const expected = unknown === undefined ? plainExpectation(issue.message) : 'an option that --help lists';
  const got = typeof value === 'string' ? value : Number.isNaN(value) ? 'no number' : JSON.stringify(value);
  return new CodedError('CONFIG_INVALID', 'An option has a wrong value', {
    details: { field: where(option), expected, got },
  });
}

const KINDS: Readonly<Record<string, string>> = { int: 'a whole number', number: 'a number', string: 'a text' };

/** `Invalid input: expected int, received number` → `a whole number`: what was given is told anyway. */
function plainExpectation(message: string): string {
  const expected = message.replace(/^[^:]*: expected /u, '').replace(/, received .*$/u, '');
  return KINDS[expected] ?? expected.replace(/^(?:int|number) to be /u, '');
}

/**
 * Reads a JSON file of options.
 *
 * @throws {CodedError} FILE_NOT_FOUND, or CONFIG_INVALID when it is not one JSON object.
 */
export function readOptionsFile(path: string): OptionsFile {
  const values = parseJson(path, readText(path));
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new CodedError('CONFIG_INVALID', 'A file of options is no JSON object', { details: { file: path } });
  }
  return { path, values: values as Record<string, unknown> };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = toCodedError(error, 'FILE_NOT_FOUND');
    throw new CodedError(code, 'A file of options cannot be read', { details: { file: path }, cause: error });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CodedError('CONFIG_INVALID', `A file of options is not JSON: ${(error as Error).message}`, {
      details: { file: path },
      cause: error,
    });
  }
}
