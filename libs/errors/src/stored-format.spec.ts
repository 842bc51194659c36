import { describe, expect, it } from 'vitest';
import { assertFormat } from './index.js';

const read = (document: unknown): void => assertFormat(document, 'bluewaters.run.v2', 'run.json');

describe('the format of a stored document', () => {
  it.each([
    ['bluewaters.run.v10', /newer version of Blue Waters ML/u],
    ['bluewaters.run.v1', /older version of Blue Waters ML, whose format is no longer read/u],
    ['bluewaters.manifest.v2', /a format that this version of Blue Waters ML does not know/u],
    ['bluewaters.run.next', /a format that this version of Blue Waters ML does not know/u],
  ])('that is %s is refused, and said to be of which version', (got, message) => {
    expect(() => read({ format: got })).toThrow(message);
    expect(() => read({ format: got })).toThrow(
      expect.objectContaining({
        code: 'FORMAT_UNKNOWN',
        retryable: false,
        details: { file: 'run.json', field: 'format', expected: 'bluewaters.run.v2', got },
      }),
    );
  });

  it.each([
    [{ format: 'bluewaters.run.v2' }],
    [{ format: 'bluewathrs.run.v3' }],
    [{ format: 3 }],
    [{}],
    [[]],
    [null],
    ['v3'],
  ])('is no matter of versions for %j', (document) => expect(() => read(document)).not.toThrow());
});
