import { assertFormat, CodedError, type ErrorCode } from '@bluewaters/errors';
import { z } from 'zod';
import { IndexEntry, IndexedExample } from './example-index.js';
import { Manifest } from './manifest.js';
import { ModelEntry, Provenance, Signature } from './model-entry.js';
import type { TextSource } from './synsets.js';
import { Acceptance, Grant, Restriction, Terms } from './terms.js';

/** The bytes of `index.json`: the same entry gives the same bytes. */
export function encodeIndexEntry(entry: IndexEntry): Uint8Array {
  return encodeDocument(IndexEntry, entry);
}

/** Parses `index.json`. @throws {CodedError} INDEX_INVALID naming the file and the field; FORMAT_UNKNOWN. */
export function parseIndexEntry(bytes: Uint8Array, source: TextSource): IndexEntry {
  return parseDocument(IndexEntry, bytes, { ...source, code: 'INDEX_INVALID', what: 'an index entry' });
}

/** The bytes of `manifest.json`: the same manifest gives the same bytes. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return encodeDocument(Manifest, manifest);
}

/** Parses `manifest.json`. @throws {CodedError} MANIFEST_INVALID naming the file and the field; FORMAT_UNKNOWN. */
export function parseManifest(bytes: Uint8Array, source: TextSource): Manifest {
  return parseDocument(Manifest, bytes, { ...source, code: 'MANIFEST_INVALID', what: 'a manifest' });
}

/** The bytes of a model version's `entry.json`. */
export function encodeModelEntry(entry: ModelEntry): Uint8Array {
  return encodeDocument(ModelEntry, entry);
}

/** Parses a model version's `entry.json`. @throws {CodedError} MODEL_INVALID naming the file and the field; FORMAT_UNKNOWN. */
export function parseModelEntry(bytes: Uint8Array, source: TextSource): ModelEntry {
  return parseDocument(ModelEntry, bytes, { ...source, code: 'MODEL_INVALID', what: "a model's entry" });
}

/** The bytes of `signature.json`. */
export function encodeSignature(signature: Signature): Uint8Array {
  return encodeDocument(Signature, signature);
}

/** Parses `signature.json`. @throws {CodedError} MODEL_INVALID naming the file and the field; FORMAT_UNKNOWN. */
export function parseSignature(bytes: Uint8Array, source: TextSource): Signature {
  return parseDocument(Signature, bytes, { ...source, code: 'MODEL_INVALID', what: "a model's signature" });
}

/** The bytes of `provenance.json`. */
export function encodeProvenance(provenance: Provenance): Uint8Array {
  return encodeDocument(Provenance, provenance);
}

/** Parses `provenance.json`. @throws {CodedError} MODEL_INVALID naming the file; FORMAT_UNKNOWN. */
export function parseProvenance(bytes: Uint8Array, source: TextSource): Provenance {
  return parseDocument(Provenance, bytes, { ...source, code: 'MODEL_INVALID', what: "a model's provenance" });
}

/** The bytes of `terms.json`. */
export function encodeTerms(terms: Terms): Uint8Array {
  return encodeDocument(Terms, terms);
}

/** Parses `terms.json`. @throws {CodedError} TERMS_INVALID naming the file and the field; FORMAT_UNKNOWN. */
export function parseTerms(bytes: Uint8Array, source: TextSource): Terms {
  return parseDocument(Terms, bytes, { ...source, code: 'TERMS_INVALID', what: 'the terms of a dataset' });
}

/** The bytes of `accepted/PERSON.json`. */
export function encodeAcceptance(acceptance: Acceptance): Uint8Array {
  return encodeDocument(Acceptance, acceptance);
}

/** Parses `accepted/PERSON.json`. @throws {CodedError} TERMS_INVALID naming the file and the field; FORMAT_UNKNOWN. */
export function parseAcceptance(bytes: Uint8Array, source: TextSource): Acceptance {
  return parseDocument(Acceptance, bytes, { ...source, code: 'TERMS_INVALID', what: 'an acceptance of terms' });
}

/** The bytes of `granted/PERSON.json`. */
export function encodeGrant(grant: Grant): Uint8Array {
  return encodeDocument(Grant, grant);
}

/** Parses `granted/PERSON.json`. @throws {CodedError} TERMS_INVALID naming the file and the field; FORMAT_UNKNOWN. */
export function parseGrant(bytes: Uint8Array, source: TextSource): Grant {
  return parseDocument(Grant, bytes, { ...source, code: 'TERMS_INVALID', what: 'a grant' });
}

/** The bytes of `restricted.json`. */
export function encodeRestriction(restriction: Restriction): Uint8Array {
  return encodeDocument(Restriction, restriction);
}

/** Parses `restricted.json`. @throws {CodedError} TERMS_INVALID naming the file and the field; FORMAT_UNKNOWN. */
export function parseRestriction(bytes: Uint8Array, source: TextSource): Restriction {
  return parseDocument(Restriction, bytes, { ...source, code: 'TERMS_INVALID', what: 'a restriction' });
}

/** The bytes of `synsets/SYNSET.jsonl`: a line for each example. */
export function encodeIndexedExamples(examples: readonly IndexedExample[]): Uint8Array {
  return Buffer.from(examples.map((example) => `${JSON.stringify(example)}\n`).join(''));
}

/** Parses `synsets/SYNSET.jsonl`. @throws {CodedError} INDEX_INVALID naming the file and the line. */
export function parseIndexedExamples(bytes: Uint8Array, source: TextSource): IndexedExample[] {
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, i) =>
    parseText(IndexedExample, line, {
      file: source.file,
      code: 'INDEX_INVALID',
      what: 'an indexed example',
      line: i + 1,
    }),
  );
}

/** How errors of a document are told. */
interface DocumentErrors {
  readonly file: string;
  readonly code: ErrorCode;
  readonly what: string;
  /** 1-based, where the document is one line of a file. */
  readonly line?: number;
}

/** Parsing gives the schema's own order of fields, so that an object built in another order has the same bytes. */
function encodeDocument<T>(schema: z.ZodType<T>, value: T): Uint8Array {
  return Buffer.from(`${JSON.stringify(schema.parse(value), undefined, 2)}\n`);
}

function parseDocument<T>(schema: z.ZodType<T>, bytes: Uint8Array, errors: DocumentErrors): T {
  return parseText(schema, Buffer.from(bytes).toString('utf8'), errors);
}

function parseText<T>(schema: z.ZodType<T>, text: string, errors: DocumentErrors): T {
  const document = parseJson(text, errors);
  const format = formatOf(schema);
  if (format !== undefined) assertFormat(document, format, errors.file);
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(errors, issue?.path.join('.') ?? '', issue?.message ?? '');
}

/** Undefined for what has no version of its own, but that of the document that names it. */
function formatOf(schema: z.ZodType): string | undefined {
  const field: unknown = schema instanceof z.ZodObject ? schema.shape['format'] : undefined;
  const format: unknown = field instanceof z.ZodOptional ? field.unwrap() : field;
  return format instanceof z.ZodLiteral ? String(format.value) : undefined;
}

function parseJson(text: string, errors: DocumentErrors): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(errors, '', 'text that is no JSON', error);
  }
}

function invalid(errors: DocumentErrors, path: string, got: string, cause?: unknown): CodedError {
  const field = [errors.line === undefined ? '' : `line ${errors.line}`, path].filter((part) => part !== '').join(' ');
  return new CodedError(errors.code, `This is not ${errors.what}`, {
    details: { file: errors.file, ...(field === '' ? {} : { field }), got },
    ...(cause === undefined ? {} : { cause }),
  });
}
