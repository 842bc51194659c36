import { describe, expect, it } from 'vitest';
import { imageId, labelledClasses, parseImageList, parseSynsetList, parseSynsetWords } from './index.js';

const source = { file: 'synsets.txt' };

describe('synset lists', () => {
  it('gives labels in the order of the list, whatever the line ends, blank lines and byte-order mark', () => {
    for (const text of ['n00000002\nn00000001', '\uFEFFn00000002\r\n\r\nn00000001\r\n', ' n00000002 \nn00000001\n\n']) {
      expect(labelledClasses(parseSynsetList(text, source), new Map([['n00000001', 'one']]))).toEqual([
        { synset: 'n00000002', label: 1, words: 'n00000002' },
        { synset: 'n00000001', label: 2, words: 'one' },
      ]);
    }
  });

  it.each([
    ['a wrong id', 'n00000001\nn123', 'line 2'],
    ['words beside the id', 'n00000001 tench', 'line 1'],
    ['an id twice', 'n00000001\n\nn00000001', 'line 3'],
    ['an empty list', '\n \n', 'line 1'],
  ])('refuses %s and names file and line', (_, text, field) => {
    expect(() => parseSynsetList(text, source)).toThrow(
      expect.objectContaining({
        code: 'SYNSET_INVALID',
        details: expect.objectContaining({ file: 'synsets.txt', field }),
      }),
    );
  });

  it('takes a tab or spaces before the words', () => {
    expect([...parseSynsetWords('n00000001\ttench, Tinca tinca\nn00000002 goldfish\n', source)]).toEqual([
      ['n00000001', 'tench, Tinca tinca'],
      ['n00000002', 'goldfish'],
    ]);
  });

  it.each(['n00000001', 'tench', 'n0000001 x'])('refuses the words line "%s"', (line) => {
    expect(() => parseSynsetWords(`n00000009 x\n${line}`, source)).toThrow(/line 2/u);
  });

  it('names an image by its member with or without the ending', () => {
    const images = parseImageList('n01831360 n01831360_6692\nn01831360 n01831360_1.JPEG\n', source);
    expect(images.has(imageId('n01831360', 'n01831360_6692.JPEG'))).toBe(true);
    expect(images.has(imageId('n01831360', 'n01831360_1'))).toBe(true);
  });
});
