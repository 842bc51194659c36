import { describe, expect, it } from 'vitest';
import { CodedError, deserializeError, isCodedError, toCodedError } from './index.js';

describe('CodedError', () => {
  const error = new CodedError('RECORD_CORRUPT', 'A record is damaged', {
    details: { file: 'train-00000-of-00008', offset: 4096, expected: 'crc 1', got: 'crc 2' },
  });

  it('names file, offset, expectation and finding in its message', () => {
    expect(error.message).toBe(
      'A record is damaged (file train-00000-of-00008, offset 4096, expected crc 1, got crc 2)',
    );
  });

  it('is the same after a journey as JSON', () => {
    const arrived = deserializeError(JSON.parse(JSON.stringify(error)) as ReturnType<CodedError['toJSON']>);
    expect(arrived.toJSON()).toEqual(error.toJSON());
    expect(isCodedError(arrived, 'RECORD_CORRUPT')).toBe(true);
  });

  it('takes retryable and status from the table of codes', () => {
    expect(error).toMatchObject({ retryable: false, httpStatus: 422 });
    expect(new CodedError('STORE_UNAVAILABLE', 'x')).toMatchObject({ retryable: true, httpStatus: 503 });
  });
});

describe('toCodedError', () => {
  it.each([
    ['ENOSPC', 'STORE_FULL'],
    ['ENOENT', 'FILE_NOT_FOUND'],
    ['EACCES', 'STORE_REFUSED'],
    ['EADDRINUSE', 'PORT_IN_USE'],
  ])('gives the system error %s the code %s and keeps it as the cause', (system, code) => {
    const cause = Object.assign(new Error('from the system'), { code: system });
    expect(toCodedError(cause)).toMatchObject({ code, cause });
  });

  it('leaves a coded error as it is', () => {
    const error = new CodedError('KEY_INVALID', 'x');
    expect(toCodedError(error)).toBe(error);
  });

  it('gives everything else the code that the caller chose', () => {
    expect(toCodedError('just text', 'TENSORFLOW_FAILED')).toMatchObject({
      code: 'TENSORFLOW_FAILED',
      message: 'just text',
    });
    expect(toCodedError(new TypeError('x')).code).toBe('INTERNAL');
  });
});
