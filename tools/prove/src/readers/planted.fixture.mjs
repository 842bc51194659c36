/**
 * A reader with faults that chance alone would not come to: each lies behind bytes that must be right one after the other.
 * PLANTED in the environment says which fault it has.
 */
import { CodedError } from '@bluewaters/errors';

const PASSWORD = Buffer.from('Fuzz');

/** @type {Readonly<Record<string, () => void>>} */
const FAULTS = {
  error: () => {
    throw new TypeError('planted');
  },
  code: () => {
    throw new CodedError('INTERNAL', 'a code that this reader does not have');
  },
  slow: () => {
    for (const end = performance.now() + 1_500; performance.now() < end; );
  },
  memory: () => Buffer.alloc(600 << 20, 1),
  death: () => process.abort(),
  none: () => {},
};

/** @type {import('./reader.mjs').Reader} */
export const reader = {
  codes: ['ARCHIVE_INVALID'],
  scripts: ['/planted.fixture.mjs'],
  maxBytes: 64,
  seeds: async () => [Buffer.from('0123456789')],
  read: async (bytes) => {
    if (bytes[0] !== PASSWORD[0]) throw new CodedError('ARCHIVE_INVALID', 'not a letter');
    if (bytes[1] !== PASSWORD[1]) return 'one';
    if (bytes[2] !== PASSWORD[2]) return 'one';
    if (bytes[3] !== PASSWORD[3]) return 'one';
    FAULTS[process.env['PLANTED'] ?? 'none']?.();
    return 'one';
  },
};
