import { CodedError } from './coded-error.js';

/**
 * Tells a stored document of another version from one that is damaged: who meets the first must neither pass it over nor
 * write over it. A document without a format, or with one that nobody here ever wrote, is left to its reader, which finds
 * it damaged.
 *
 * @param document As it was parsed, before anything else of it is looked at.
 * @param expected The format that is read, such as `bluewaters.run.v1`.
 * @param file The file or object key, as the user would name it.
 * @throws {CodedError} FORMAT_UNKNOWN naming the file, the format that is read and the one that came.
 */
export function assertFormat(document: unknown, expected: string, file: string): void {
  const got = formatOf(document);
  if (got === undefined || got === expected) return;
  const written = writtenBy(got, expected);
  if (written === undefined) return;
  throw new CodedError('FORMAT_UNKNOWN', written, { details: { file, field: 'format', expected, got } });
}

/**
 * Reads the JSON of a stored document that says its format.
 *
 * @param schema Throws for what is damaged.
 * @param source The format that is read, and the file as the user would name it.
 * @throws {CodedError} FORMAT_UNKNOWN, as {@link assertFormat}. What JSON or the schema throw is for the reader to put into its words.
 */
export function parseStored<T>(
  schema: { parse(document: unknown): T },
  text: string,
  { format, file }: { readonly format: string; readonly file: string },
): T {
  const document: unknown = JSON.parse(text);
  assertFormat(document, format, file);
  return schema.parse(document);
}

function formatOf(document: unknown): string | undefined {
  if (typeof document !== 'object' || document === null || !('format' in document)) return undefined;
  return typeof document.format === 'string' ? document.format : undefined;
}

/** Undefined for what is no format of ours. */
function writtenBy(got: string, expected: string): string | undefined {
  const [one, other] = [partsOf(got), partsOf(expected)];
  if (one && one.kind === other?.kind) {
    return one.version > other.version
      ? 'A file was written by a newer version of Blue Waters ML: use that one, or a backup from before it'
      : 'A file was written by an older version of Blue Waters ML, whose format is no longer read';
  }
  return got.startsWith('bluewaters.')
    ? 'A file is in a format that this version of Blue Waters ML does not know'
    : undefined;
}

function partsOf(format: string): { readonly kind: string; readonly version: number } | undefined {
  const { kind, version } = /^(?<kind>.*\D)(?<version>\d+)$/u.exec(format)?.groups ?? {};
  return kind === undefined ? undefined : { kind, version: Number(version) };
}
