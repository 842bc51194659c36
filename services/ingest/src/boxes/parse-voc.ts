/**
 * Reads an annotation of PASCAL VOC's form, as ImageNet's boxes come, by a streaming parser that knows no entities. What it
 * is given is hostile: a document type, and with it every way to define an entity, is refused, as is what is nested deep.
 */
import { CodedError } from '@bluewaters/errors';
import type { RawBox } from '@bluewaters/records';
import { SaxesParser } from 'saxes';

/** An object of an annotation. */
export interface VocObject {
  /** As the annotation has it: mostly a synset, sometimes a word. */
  readonly name: string;
  /** In pixels of the annotation's size; undefined where a number is missing or is none. */
  readonly box: RawBox | undefined;
}

/** What an annotation says. */
export interface VocAnnotation {
  /** Empty where there is none. Never a path to open: in some files it is a placeholder, and it may be anything. */
  readonly filename: string;
  /** In pixels; 0 where it does not say. */
  readonly width: number;
  /** In pixels; 0 where it does not say. */
  readonly height: number;
  readonly objects: readonly VocObject[];
}

/** Where an annotation comes from, for errors. */
export interface AnnotationSource {
  readonly file: string;
  /** Of the member of the archive that holds it, from the start of the plain archive. */
  readonly offset: number;
}

/** Annotations nest five deep. */
const DEEPEST = 16;
/** Real ones have less than 10,000 characters. */
const LONGEST = 1024 * 1024;
/** A path is put together for each element: a name of half an annotation, around many others, would take minutes. */
const LONGEST_NAME = 64;
/** What is said of the picture; anything else that stands beside objects is not kept. */
const FIELDS: ReadonlySet<string> = new Set(['annotation/filename', 'annotation/size/width', 'annotation/size/height']);

/**
 * Parses an annotation.
 *
 * @throws {CodedError} ANNOTATION_INVALID for what is not well-formed, has a document type, or is no annotation.
 */
export function parseVoc(text: string, source: AnnotationSource): VocAnnotation {
  if (text.length > LONGEST) throw invalid(source, `${text.length} characters`);
  const builder = new AnnotationBuilder();
  const parser = new SaxesParser();
  const refuse = (got: string): never => {
    throw invalid(source, got);
  };
  parser.on('error', ({ message }) => refuse(message));
  parser.on('doctype', () => refuse('a document type, which may define entities'));
  parser.on('opentag', ({ name }) => {
    if (name.length > LONGEST_NAME) refuse(`an element with a name of ${name.length} characters`);
    if (!builder.open(name)) refuse(builder.depth > DEEPEST ? `elements nested over ${DEEPEST} deep` : `<${name}>`);
  });
  parser.on('text', (part) => builder.add(part));
  parser.on('cdata', (part) => builder.add(part));
  parser.on('closetag', () => builder.close());
  parser.write(text).close();
  return builder.finish();
}

interface ObjectDraft {
  name: string;
  readonly ends: Partial<Record<keyof RawBox, number>>;
}

/** Collects what the parser tells. */
class AnnotationBuilder {
  readonly #path: string[] = [];
  readonly #objects: ObjectDraft[] = [];
  readonly #fields = new Map<string, string>();
  #text = '';

  get depth(): number {
    return this.#path.length;
  }

  /** @returns false for what cannot be in an annotation. */
  open(name: string): boolean {
    this.#path.push(name);
    this.#text = '';
    if (this.#path.join('/') === 'annotation/object') this.#objects.push({ name: '', ends: {} });
    return this.#path[0] === 'annotation' && this.#path.length <= DEEPEST;
  }

  add(text: string): void {
    this.#text += text;
  }

  close(): void {
    const path = this.#path.join('/');
    const text = this.#text.trim();
    const object = this.#objects.at(-1);
    if (path === 'annotation/object/name' && object) object.name = text;
    const end = /^annotation\/object\/bndbox\/([xy]m(?:in|ax))$/u.exec(path)?.[1];
    if (end !== undefined && object) object.ends[end as keyof RawBox] = toNumber(text);
    if (FIELDS.has(path)) this.#fields.set(path, text);
    this.#path.pop();
    this.#text = '';
  }

  finish(): VocAnnotation {
    const size = (side: string): number =>
      Math.max(0, toNumber(this.#fields.get(`annotation/size/${side}`) ?? '') || 0);
    return {
      filename: this.#fields.get('annotation/filename') ?? '',
      width: size('width'),
      height: size('height'),
      objects: this.#objects.map(({ name, ends }) => ({ name, box: wholeBox(ends) })),
    };
  }
}

function wholeBox({ xmin, ymin, xmax, ymax }: ObjectDraft['ends']): RawBox | undefined {
  const box = { xmin: xmin ?? NaN, ymin: ymin ?? NaN, xmax: xmax ?? NaN, ymax: ymax ?? NaN };
  return Object.values(box).every(Number.isFinite) ? box : undefined;
}

/** NaN for what is no plain number. */
function toNumber(text: string): number {
  return /^[+-]?\d{1,9}(?:\.\d{1,9})?$/u.test(text) ? Number(text) : NaN;
}

function invalid({ file, offset }: AnnotationSource, got: string): CodedError {
  return new CodedError('ANNOTATION_INVALID', 'This is not an annotation with boxes', {
    details: { file, offset, expected: 'XML as of PASCAL VOC, without entities', got: got.slice(0, 200) },
  });
}
