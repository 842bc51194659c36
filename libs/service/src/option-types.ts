import { CodedError } from '@bluewaters/errors';
import type { z } from 'zod';

/** What kind of value an option takes; a list is of texts. */
export type ValueKind = 'number' | 'boolean' | 'list' | 'text';

const KIND_OF_SCHEMA: Readonly<Record<string, ValueKind>> = { number: 'number', boolean: 'boolean', array: 'list' };

/** Looks through `optional`, `default` and transforms. */
function valueKind(schema: z.core.$ZodType): ValueKind {
  const definition = schema._zod.def as { type: string; innerType?: z.core.$ZodType; in?: z.core.$ZodType };
  const inner = definition.innerType ?? definition.in;
  return inner === undefined ? (KIND_OF_SCHEMA[definition.type] ?? 'text') : valueKind(inner);
}

function defaultOf(schema: z.core.$ZodType): unknown {
  const definition = schema._zod.def as { type: string; innerType?: z.core.$ZodType; defaultValue?: unknown };
  if (definition.type === 'default') return definition.defaultValue;
  return definition.innerType === undefined ? undefined : defaultOf(definition.innerType);
}

/** The options of a schema, by name. */
export function optionTypes(schema: z.ZodObject): ReadonlyMap<string, z.core.$ZodType> {
  return new Map(Object.entries(schema.shape as Record<string, z.core.$ZodType>));
}

/** What a schema says of one option, for help and for parsers of flags. */
export interface OptionFacts {
  readonly kind: ValueKind;
  /** Undefined when there is none. */
  readonly defaultValue: unknown;
  readonly description: string | undefined;
}

/** Reads {@link OptionFacts} off the schema of one option. */
export function optionFacts(schema: z.core.$ZodType): OptionFacts {
  return {
    kind: valueKind(schema),
    defaultValue: defaultOf(schema),
    description: (schema as z.ZodType).description,
  };
}

/**
 * Turns the text of a flag or a variable into what the schema wants; the schema then checks the value.
 *
 * @param where The flag or variable, for the error.
 * @throws {CodedError} CONFIG_INVALID for text that is no number or no boolean where one is wanted.
 */
export function readText(schema: z.core.$ZodType, text: string, where: string): unknown {
  switch (valueKind(schema)) {
    case 'number':
      return readNumber(text, where);
    case 'boolean':
      return readBoolean(text, where);
    case 'list':
      return text === '' ? [] : text.split(',');
    case 'text':
      return text;
  }
}

function readNumber(text: string, where: string): number {
  const number = text.trim() === '' ? NaN : Number(text);
  if (Number.isNaN(number)) throw invalidValue(where, 'a number', text);
  return number;
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  yes: true,
  false: false,
  0: false,
  no: false,
};

function readBoolean(text: string, where: string): boolean {
  const value = BOOLEANS[text.toLowerCase()];
  if (value === undefined) throw invalidValue(where, 'true or false', text);
  return value;
}

function invalidValue(field: string, expected: string, got: string): CodedError {
  return new CodedError('CONFIG_INVALID', 'An option has a wrong value', { details: { field, expected, got } });
}
