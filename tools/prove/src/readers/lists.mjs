/** Lists of synsets, of their words, of images, and of what numbered pictures show. */
import {
  parseGroundTruth,
  parseImageList,
  parseListedImages,
  parseSynsetList,
  parseSynsetWords,
} from '@bluewaters/records';
import { holds, outcome, same } from './reader.mjs';

const SOURCE = { file: 'given.txt' };
const ORDER = { file: 'order.txt', text: '1 n02119789\n2 n02100735\n' };

/** @type {readonly ((text: string) => unknown)[]} */
const PARSERS = [
  (text) => parseSynsetList(text, SOURCE),
  (text) => parseSynsetWords(text, SOURCE),
  (text) => parseListedImages(text, SOURCE),
  (text) => parseImageList(text, SOURCE),
  (text) => parseGroundTruth({ ...SOURCE, text }),
  (text) => parseGroundTruth({ ...SOURCE, text }, ORDER),
  (text) => parseGroundTruth({ ...SOURCE, text: '1\n' }, { ...SOURCE, text }),
];

/** @type {import('./reader.mjs').Reader} */
export const reader = {
  codes: ['SYNSET_INVALID'],
  scripts: ['/synsets.js'],
  maxBytes: 2 * 1024,
  largestBytes: 1 << 18,
  tokens: [
    'n01440764',
    'n02119789',
    '\t',
    ' ',
    '\n',
    '\r\n',
    '\xef\xbb\xbf',
    '\xc2\xa0',
    'n01440764_18.JPEG',
    '1',
    '2',
  ],
  seeds: async () => [
    Buffer.from('n01440764\nn01443537\r\n\n'),
    Buffer.from('n01440764\ttench, Tinca tinca\nn01443537 goldfish\n'),
    Buffer.from('n01440764 n01440764_18\nn01440764 ILSVRC2012_1.jpg\n'),
    Buffer.from('1\n2\nn02119789\n1\n'),
    Buffer.from('1 n02119789\nn02100735 2\nn01440764\n'),
  ],
  read: async (bytes) => {
    const text = bytes.toString('utf8');
    const words = [];
    for (const [n, parse] of PARSERS.entries()) {
      const { value, error } = await outcome(() => parse(text));
      holds(!error || error.code === 'SYNSET_INVALID', `a list that is wrong is SYNSET_INVALID, not ${error?.code}`);
      holds(!error || (error.message.length < 1_000 && error.details.field !== undefined), 'an error names its line');
      if (value)
        same({ value }, await outcome(() => parse(`${text.replaceAll('\n', '\r\n')}\n\n`)), `other line ends, ${n}`);
      words.push(error ? error.details.expected : 'read');
    }
    return words.join(', ');
  },
};
