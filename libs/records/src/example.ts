import { CodedError } from '@bluewaters/errors';
import { WireError, WireReader, WireType, WireWriter, delimitedSize, varintSize } from './wire.js';

/** One feature of an example: a list of one of the three kinds, of any length. */
export type Feature =
  | { readonly bytes: readonly Uint8Array[] }
  /** Kept as four-byte floats. */
  | { readonly floats: readonly number[] }
  /** Integers within ±2^53. */
  | { readonly ints: readonly number[] };

/** The features of a tf.train.Example by name. */
export type Features = Readonly<Record<string, Feature>>;

/** Field numbers of tf.train.Feature. */
const KIND = { bytes: 1, floats: 2, ints: 3 } as const;

/**
 * Encodes a tf.train.Example. The same features give the same bytes: names in ascending order, numbers packed.
 *
 * @throws {CodedError} EXAMPLE_INVALID for a number in `ints` that is no integer within ±2^53.
 */
export function encodeExample(features: Features): Uint8Array {
  const entries = Object.keys(features)
    .sort()
    .map((name) => measure(name, features[name]!));
  const size = entries.reduce((sum, entry) => sum + delimitedSize(entry.size), 0);
  const writer = new WireWriter(delimitedSize(size));
  writer.delimited(1, size);
  for (const entry of entries) writeEntry(writer, entry);
  return writer.bytes;
}

/** A map entry with the sizes of its nested messages, in bytes and without their own tags. */
interface MeasuredEntry {
  readonly name: string;
  readonly nameSize: number;
  readonly feature: Feature;
  readonly listSize: number;
  readonly size: number;
}

function measure(name: string, feature: Feature): MeasuredEntry {
  const nameSize = Buffer.byteLength(name);
  const listSize = sizeOfList(name, feature);
  return {
    name,
    nameSize,
    feature,
    listSize,
    size: delimitedSize(nameSize) + delimitedSize(delimitedSize(listSize)),
  };
}

function sizeOfList(name: string, feature: Feature): number {
  if ('bytes' in feature) return feature.bytes.reduce((sum, { length }) => sum + delimitedSize(length), 0);
  const packed = 'floats' in feature ? feature.floats.length * 4 : sizeOfInts(name, feature.ints);
  return packed === 0 ? 0 : delimitedSize(packed);
}

function sizeOfInts(name: string, ints: readonly number[]): number {
  const wrong = ints.find((value) => !Number.isSafeInteger(value));
  if (wrong === undefined) return ints.reduce((sum, value) => sum + varintSize(value), 0);
  throw new CodedError('EXAMPLE_INVALID', 'A feature has a number that int64 lists do not take here', {
    details: { field: name, expected: 'an integer within ±2^53', got: String(wrong) },
  });
}

function writeEntry(writer: WireWriter, entry: MeasuredEntry): void {
  writer.delimited(1, entry.size);
  writer.delimited(1, entry.nameSize);
  writer.text(entry.name, entry.nameSize);
  writer.delimited(2, delimitedSize(entry.listSize));
  writeFeature(writer, entry.feature, entry.listSize);
}

function writeFeature(writer: WireWriter, feature: Feature, listSize: number): void {
  if ('bytes' in feature) {
    writer.delimited(KIND.bytes, listSize);
    for (const value of feature.bytes) {
      writer.delimited(1, value.length);
      writer.raw(value);
    }
  } else if ('floats' in feature) {
    writer.delimited(KIND.floats, listSize);
    if (listSize > 0) writer.delimited(1, feature.floats.length * 4);
    for (const value of feature.floats) writer.float(value);
  } else {
    writer.delimited(KIND.ints, listSize);
    if (listSize > 0) writer.delimited(1, sizeOfInts('', feature.ints));
    for (const value of feature.ints) writer.varint(value);
  }
}

/**
 * Decodes a tf.train.Example by whomever it was written. `bytes` of the result are views into the payload.
 *
 * @throws {CodedError} EXAMPLE_INVALID when the payload is no Example, or an integer is not within ±2^53.
 */
export function decodeExample(payload: Uint8Array): Features {
  const features: Record<string, Feature> = Object.create(null) as Record<string, Feature>;
  try {
    for (const map of delimitedFields(payload, 1)) {
      for (const entry of delimitedFields(map, 1)) readEntry(entry, features);
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new CodedError('EXAMPLE_INVALID', `A record is not a tf.train.Example: ${error.message}`, { cause: error });
  }
  return features;
}

function readEntry(entry: Uint8Array, features: Record<string, Feature>): void {
  const reader = new WireReader(entry);
  let name = '';
  let value: Uint8Array = new Uint8Array(0);
  while (!reader.done) {
    const { field, type } = reader.tag();
    if (type !== WireType.lengthDelimited) reader.skip(type);
    else if (field === 1) name = reader.delimited().toString('utf8');
    else if (field === 2) value = reader.delimited();
    else reader.skip(type);
  }
  const feature = readFeature(name, value);
  if (feature) features[name] = feature;
}

/** Undefined for a feature without a kind, which TensorFlow takes as missing. */
function readFeature(name: string, bytes: Uint8Array): Feature | undefined {
  const reader = new WireReader(bytes);
  let feature: Feature | undefined;
  while (!reader.done) {
    const { field, type } = reader.tag();
    if (type !== WireType.lengthDelimited) reader.skip(type);
    else if (field === KIND.bytes) feature = { bytes: [...delimitedFields(reader.delimited(), 1)] };
    else if (field === KIND.floats)
      feature = { floats: readNumbers(reader.delimited(), WireType.fourBytes, readFloat) };
    else if (field === KIND.ints) {
      feature = { ints: readNumbers(reader.delimited(), WireType.varint, (list) => readInt(list, name)) };
    } else reader.skip(type);
  }
  return feature;
}

function* delimitedFields(bytes: Uint8Array, wanted: number): Generator<Buffer> {
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { field, type } = reader.tag();
    if (field === wanted && type === WireType.lengthDelimited) yield reader.delimited();
    else reader.skip(type);
  }
}

/** A repeated number field, packed or not: readers must take both. */
function readNumbers(bytes: Uint8Array, single: number, read: (reader: WireReader) => number): number[] {
  const reader = new WireReader(bytes);
  const numbers: number[] = [];
  while (!reader.done) {
    const { field, type } = reader.tag();
    if (field === 1 && type === single) numbers.push(read(reader));
    else if (field === 1 && type === WireType.lengthDelimited) {
      for (const packed = new WireReader(reader.delimited()); !packed.done; ) numbers.push(read(packed));
    } else reader.skip(type);
  }
  return numbers;
}

function readFloat(reader: WireReader): number {
  return reader.float();
}

function readInt(reader: WireReader, name: string): number {
  const value = reader.int64();
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new CodedError('EXAMPLE_INVALID', 'A feature has a number too large to be read exactly', {
    details: { field: name, expected: 'an integer within ±2^53', got: String(value) },
  });
}
