import { CodedError } from '@bluewaters/errors';

/** A request to predict, as TensorFlow Serving defines it. */
export interface PredictRequest {
  /** `instances` are answered row by row in `predictions`, `inputs` by output in `outputs`. */
  readonly form: 'instances' | 'inputs';
  /** Encoded, of any known format, at least one. */
  readonly pictures: readonly UploadedPicture[];
}

/** One picture that came over HTTP. */
export interface UploadedPicture {
  readonly bytes: Uint8Array;
  /** Where in the request it stood, for errors: `instances[3].b64`. */
  readonly field: string;
}

/** The input of every model that training exports. */
const INPUT = 'image_bytes';
const SIGNATURE = 'serving_default';

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads the body of `:predict`: `{"instances": [{"b64": "…"} or {"image_bytes": {"b64": "…"}}, …]}`, or
 * `{"inputs": [{"b64": "…"}, …]}`, or the same under `image_bytes`; and optionally `signature_name`.
 *
 * @throws {CodedError} REQUEST_INVALID naming the field.
 */
export function parsePredictRequest(body: unknown): PredictRequest {
  if (!isObject(body)) throw invalid('body', 'a JSON object', body);
  assertSignatureName(body['signature_name']);
  const { instances, inputs } = body;
  if ((instances === undefined) === (inputs === undefined)) {
    throw invalid('body', 'either "instances" or "inputs"', instances === undefined ? 'neither' : 'both');
  }
  if (instances !== undefined) return { form: 'instances', pictures: readRows(instances) };
  return { form: 'inputs', pictures: readColumn(inputs) };
}

function assertSignatureName(name: unknown): void {
  if (name === undefined || name === '' || name === SIGNATURE) return;
  throw invalid('signature_name', `the string "${SIGNATURE}"`, name);
}

function readRows(instances: unknown): UploadedPicture[] {
  return assertList(instances, 'instances').map((instance, index) => {
    const field = `instances[${index}]`;
    const named = isObject(instance) && INPUT in instance;
    return named ? readBinary(instance[INPUT], `${field}.${INPUT}`) : readBinary(instance, field);
  });
}

function readColumn(inputs: unknown): UploadedPicture[] {
  const named = isObject(inputs) && INPUT in inputs;
  const field = named ? `inputs.${INPUT}` : 'inputs';
  const column = named ? inputs[INPUT] : inputs;
  return assertList(column, field).map((value, index) => readBinary(value, `${field}[${index}]`));
}

function assertList(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(field, 'a list', value);
  if (value.length === 0) throw invalid(field, 'at least one picture', 'an empty list');
  return value;
}

/** The standard alphabet and the one for URLs, with or without padding. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/u;

function readBinary(value: unknown, field: string): UploadedPicture {
  if (!isObject(value)) throw invalid(field, '{"b64": "…"}', value);
  const { b64 } = value;
  if (typeof b64 !== 'string') throw invalid(`${field}.b64`, 'a string in base64', b64);
  if (b64 === '' || !BASE64.test(b64))
    throw invalid(`${field}.b64`, 'a string in base64', 'other characters or nothing');
  return { bytes: Buffer.from(b64, 'base64'), field: `${field}.b64` };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(field: string, expected: string, got: unknown): CodedError {
  const described = typeof got === 'string' ? got.slice(0, 80) : Array.isArray(got) ? 'a list' : typeof got;
  return new CodedError('REQUEST_INVALID', 'Malformed request', { details: { field, expected, got: described } });
}
