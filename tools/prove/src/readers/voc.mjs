/** Annotations in XML. */
import { parseVoc } from '../../../../services/ingest/dist/boxes/parse-voc.js';
import { holds, outcome, same } from './reader.mjs';
import { ANNOTATION } from './xml.mjs';

const SOURCE = { file: 'given.xml', offset: 512 };

/** @param {string} text */
const parse = (text) => outcome(() => parseVoc(text, SOURCE));

/** @type {import('./reader.mjs').Reader} */
export const reader = {
  codes: ['ANNOTATION_INVALID'],
  scripts: ['/parse-voc.js'],
  maxBytes: 8 * 1024,
  largestBytes: 1 << 20,
  tokens: [
    ...['<annotation>', '</annotation>', '<object>', '</object>', '<name>', '</name>', '<bndbox>', '</bndbox>'],
    ...[
      '<xmin>',
      '</xmin>',
      '<size>',
      '</size>',
      '<a/>',
      '<a b="c"/>',
      ' xmlns:a="b"',
      '<!DOCTYPE a [',
      '<!ENTITY x "y">',
    ],
    ...[
      ']>',
      '&x;',
      '&amp;',
      '&#0;',
      '&#x1f30a;',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?xml version="1.1"?>',
      '<?a b?>',
    ],
    ...['\xef\xbb\xbf', '\xff\xfe', '\r\n', '\0', '\xed\xa0\x80', '__proto__', 'constructor'],
  ],
  seeds: async (damaged) => [
    Buffer.from(ANNOTATION),
    Buffer.from('<annotation/>'),
    Buffer.from('<!DOCTYPE annotation [<!ENTITY a "b">]><annotation>&a;</annotation>'),
    Buffer.from(`<annotation>${'<a>'.repeat(20)}`),
    ...damaged(/\.xml$/u, 8 * 1024),
  ],
  read: async (bytes) => {
    const text = bytes.toString('utf8');
    const { value, error } = await parse(text);
    // One line end is as good as another to XML, and nothing that follows changes an annotation that is whole.
    if (value) same({ value }, await parse(`${text}\n<!-- read -->\n`), 'a comment behind it');
    if (value) same({ value }, await parse(text.replace(/\r\n?/gu, '\n')), 'other line ends');
    if (error) throw error;
    const { filename, width, height, objects } = value;
    holds(typeof filename === 'string' && Number.isFinite(width + height) && width >= 0 && height >= 0, 'a size');
    for (const { box } of objects) holds(!box || Object.values(box).every(Number.isFinite), 'boxes are of numbers');
    return `${Math.min(objects.length, 3)} ${objects.some(({ box }) => box)} ${width > 0}`;
  },
};
