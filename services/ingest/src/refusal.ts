import { CodedError, deserializeError, isCodedError } from '@bluewaters/errors';
import { z } from 'zod';

/** The errors that are about a part of what was given, and not about the store. */
const CODES = [
  'IMAGE_INVALID',
  'IMAGE_TOO_LARGE',
  'ARCHIVE_INVALID',
  'ARCHIVE_TRUNCATED',
  'ANNOTATION_INVALID',
] as const;

/**
 * What was left out: a line of `refused.jsonl`. A member that should have been a picture of a listed synset, an annotation, or
 * all that a tar would have held after the offset.
 */
export const Refusal = z.strictObject({
  /** `Images.tar/n01440764.tar/n01440764_18.JPEG`. */
  file: z.string(),
  /** Of its bytes, from the start of the plain archive. */
  offset: z.int().nonnegative(),
  code: z.enum(CODES),
  message: z.string(),
});
/** See {@link Refusal:variable}. */
export type Refusal = z.infer<typeof Refusal>;

/** Refuses a member for what its header says. */
export function refuse(file: string, offset: number, got: string): CodedError {
  return new CodedError('ARCHIVE_INVALID', 'A member of an archive cannot be taken', {
    details: { file, offset, expected: 'a picture as a plain file', got },
  });
}

/** The report of a refusal; errors that say nothing about what was given are thrown again. */
export function asRefusal(error: unknown): Refusal {
  const code = CODES.find((each) => isCodedError(error, each));
  if (!isCodedError(error) || code === undefined) throw error;
  const { file = '', offset = 0 } = error.details;
  return { file, offset, code, message: error.message };
}

/** The error that a refusal reports. */
export function toError({ file, offset, code, message }: Refusal): CodedError {
  return deserializeError({ code, message, details: { file, offset } });
}

/**
 * Collects all refusals of an archive, and ends the work at the first that is too many: a file of nothing but faults costs
 * no more time and memory than these.
 */
export class Tolerance {
  /** How many there may be. */
  readonly allowed: number;
  readonly #refused: Refusal[] = [];

  constructor(allowed: number) {
    this.allowed = allowed;
  }

  /** In the order in which they were counted. */
  get refused(): readonly Refusal[] {
    return this.#refused;
  }

  /** @throws {CodedError} the refusal itself, when it is one more than allowed. */
  count(refusal: Refusal): void {
    this.#refused.push(refusal);
    if (this.#refused.length > this.allowed) throw toError(refusal);
  }
}
