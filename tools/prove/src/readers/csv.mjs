/** Boxes in lines, as the Inception scripts have them. */
import { isCodedError } from '@bluewaters/errors';
import { parseBoxCsv } from '../../../../services/ingest/dist/boxes/parse-csv.js';
import { holds, same } from './reader.mjs';

/** What each line that is not blank gives, without where it stands. @param {string} text */
function parse(text) {
  return [...parseBoxCsv(text, 'given.csv')].map((line) => (isCodedError(line) ? line.details.got : line));
}

/** @type {import('./reader.mjs').Reader} */
export const reader = {
  codes: [],
  scripts: ['/parse-csv.js'],
  maxBytes: 4 * 1024,
  // Of faults alone, each an error with its stack; ingest ends at the first that is too many.
  largestBytes: 1 << 14,
  tokens: [
    'n00007846_64193.JPEG,0.0060,0.2620,0.7545,0.9940\n',
    '.xml,',
    '.jpg,',
    ',',
    '-',
    '.',
    '..',
    '1e9',
    '\r\n',
    '/',
  ],
  seeds: async () => [
    Buffer.from('n00007846_64193.JPEG,0.0060,0.2620,0.7545,0.9940\r\n\nn1.xml,-0.1,0,1,1.5\nx,1,2,3'),
    Buffer.from('a/b.JPEG,0,0,1,1\n,0,0,1,1\na,1,.,1,1\n'),
  ],
  read: async (bytes) => {
    const text = bytes.toString('utf8');
    const parsed = parse(text);
    same({ value: parsed }, { value: text.split('\n').flatMap(parse) }, 'a line is read as if it were alone');
    same({ value: parsed }, { value: parse(text.replaceAll('\n', '\r\n')) }, 'other line ends');
    for (const line of parsed) {
      if (typeof line !== 'object') continue;
      holds(Object.values(line.box).every(Number.isFinite), 'boxes are of numbers');
      holds(!/[/\\,]/u.test(line.id) && line.id !== '', 'an id is a name without folders');
    }
    const refused = parsed.filter((line) => typeof line !== 'object').length;
    return `${Math.min(parsed.length, 3)} ${Math.min(refused, 3)}`;
  },
};
