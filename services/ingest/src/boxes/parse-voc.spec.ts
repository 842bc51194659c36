import { describe, expect, it } from 'vitest';
import { parseVoc } from './parse-voc.js';

const source = { file: 'Annotation.tar.gz/n01440764_1.xml', offset: 512 };
const object = (ends: string, name = 'n01440764'): string =>
  `<object><name>${name}</name><bndbox>${ends}</bndbox></object>`;
const ENDS = '<xmin>1</xmin><ymin>198</ymin><xmax>317.5</xmax><ymax>352</ymax>';

describe('an annotation', () => {
  it('gives its size and its objects, whatever else it holds', () => {
    const text = `<?xml version="1.0"?><annotation><filename> n01440764_1 </filename><!-- seen -->
      <size><width>375</width><height>500</height><depth>3</depth></size>
      ${object(ENDS)}${object('<xmin>1</xmin>', '<![CDATA[dog & cat]]>')}<part><xmin>9</xmin></part></annotation>`;
    expect(parseVoc(text, source)).toEqual({
      filename: 'n01440764_1',
      width: 375,
      height: 500,
      objects: [
        { name: 'n01440764', box: { xmin: 1, ymin: 198, xmax: 317.5, ymax: 352 } },
        { name: 'dog & cat', box: undefined },
      ],
    });
  });

  it.each([
    ['a document type', '<!DOCTYPE annotation><annotation/>', 'document type'],
    ['an entity of its own', '<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>', 'document type'],
    ['an entity that nothing defines', '<annotation><filename>&x;</filename></annotation>', 'entity'],
    ['elements that are nested deep', `<annotation>${'<a>'.repeat(20_000)}`, 'nested'],
    [
      'a name that is longer than names are',
      `<annotation><${'a'.repeat(500_000)}>${'<b/>'.repeat(100_000)}`,
      'name of',
    ],
    ['another document', '<html><body/></html>', '<html>'],
    ['a cut', `<annotation>${object(ENDS)}`, 'unclosed'],
    ['two roots', '<annotation/><annotation/>', ''],
    ['no XML', '{"boxes": []}', ''],
    ['nothing', '', ''],
    ['too much', `<annotation>${' '.repeat(1 << 20)}</annotation>`, 'characters'],
  ])('is refused for %s, by file and offset', (_, text, got) => {
    expect(() => parseVoc(text, source)).toThrow(
      expect.objectContaining({
        code: 'ANNOTATION_INVALID',
        details: expect.objectContaining({ ...source, got: expect.stringContaining(got) }),
      }),
    );
  });

  it.each(['', 'ten', 'NaN', '1e3', '0x10', '--1', '1,5', 'Infinity'])('takes "%s" for no number', (text) => {
    const ends = ENDS.replace('>1<', `>${text}<`);
    expect(parseVoc(`<annotation>${object(ends)}</annotation>`, source).objects[0]?.box).toBeUndefined();
  });
});
