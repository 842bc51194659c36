import { describe, expect, it } from 'vitest';
import {
  imageId,
  labelledClasses,
  parseGroundTruth,
  parseImageList,
  parseListedImages,
  parseSynsetList,
  parseSynsetWords,
} from './index.js';

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

  it('takes an image for its own synset, and its boxes from the archive of the first column', () => {
    expect(parseListedImages('n04256520 n04065464_2377\nn04256520 free_2\n', source)).toEqual([
      { annotationSynset: 'n04256520', id: 'n04065464/n04065464_2377' },
      { annotationSynset: 'n04256520', id: 'n04256520/free_2' },
    ]);
    expect(() => parseListedImages('n04256520 n04065464_1\nn04065464_2377', source)).toThrow(/line 2/u);
  });
});

describe('ground truth', () => {
  const truth = (text: string) => ({ text, file: 'truth.txt' });

  it('by synsets, and by numbers of any order that is given, is the same', () => {
    const synsets = parseGroundTruth(truth('n00000003\nn00000001\nn00000003\n'));
    expect(synsets).toEqual(['n00000003', 'n00000001', 'n00000003']);
    for (const order of ['n00000003\nn00000001', '2 n00000001\n1 n00000003', 'n00000003 1 kit_fox\nn00000001 2 x']) {
      expect(parseGroundTruth(truth('1\n2\n1'), { text: order, file: 'order.txt' })).toEqual(synsets);
    }
  });

  it.each([
    ['numbers without an order', '1\n2', undefined, 'truth.txt'],
    ['a number that the order lacks', '1\n3', 'n00000001\nn00000002', 'truth.txt'],
    ['a word', 'tench', undefined, 'truth.txt'],
    ['an order without synsets', '1', 'tench', 'order.txt'],
    ['an order with a number twice', '1', '1 n00000001\n1 n00000002', 'order.txt'],
  ])('is refused for %s', (_, text, order, file) => {
    const given = order === undefined ? undefined : { text: order, file: 'order.txt' };
    expect(() => parseGroundTruth(truth(text), given)).toThrow(
      expect.objectContaining({ code: 'SYNSET_INVALID', details: expect.objectContaining({ file }) }),
    );
  });
});
