import { describe, expect, it } from 'vitest';
import { parsePredictRequest } from './predict-request.js';

const b64 = (text: string) => ({ b64: Buffer.from(text).toString('base64') });
const texts = (body: unknown) =>
  parsePredictRequest(body).pictures.map(({ bytes }) => Buffer.from(bytes).toString('utf8'));

describe('parsePredictRequest', () => {
  it.each([
    ['rows of values', { instances: [b64('one'), b64('two')] }],
    ['rows by name', { instances: [{ image_bytes: b64('one') }, { image_bytes: b64('two') }] }],
    ['a column', { inputs: [b64('one'), b64('two')] }],
    ['a column by name', { inputs: { image_bytes: [b64('one'), b64('two')] } }],
    ['the name of the signature', { signature_name: 'serving_default', instances: [b64('one'), b64('two')] }],
  ])('reads the same pictures from %s', (_form, body) => {
    expect(texts(body)).toEqual(['one', 'two']);
  });

  it('reads base64 with either alphabet, with and without padding', () => {
    const bytes = Buffer.from([251, 255, 254, 1]);
    for (const text of [bytes.toString('base64'), bytes.toString('base64url')]) {
      expect(parsePredictRequest({ instances: [{ b64: text }] }).pictures[0]!.bytes).toEqual(bytes);
    }
  });

  it.each([
    ['instances[1].b64', { instances: [b64('x'), { b64: 7 }] }],
    ['instances[0].b64', { instances: [{ b64: 'not base64!' }] }],
    ['instances[0].b64', { instances: [{ b64: '' }] }],
    ['instances[0]', { instances: ['text'] }],
    ['instances[2].image_bytes', { instances: [b64('x'), b64('x'), { image_bytes: null }] }],
    ['instances[0].image_bytes.b64', { instances: [{ image_bytes: {} }] }],
    ['instances', { instances: [] }],
    ['instances', { instances: b64('x') }],
    ['inputs', { inputs: 'x' }],
    ['inputs.image_bytes[0].b64', { inputs: { image_bytes: [{ b64: {} }] } }],
    ['body', { instances: [b64('x')], inputs: [b64('x')] }],
    ['body', {}],
    ['body', []],
    ['body', null],
    ['body', undefined],
    ['signature_name', { signature_name: 'other', instances: [b64('x')] }],
    ['signature_name', { signature_name: 1, instances: [b64('x')] }],
  ])('names the field %s of %j', (field, body) => {
    expect(() => parsePredictRequest(body)).toThrow(
      expect.objectContaining({ code: 'REQUEST_INVALID', details: expect.objectContaining({ field }) }),
    );
  });
});
