import { inspectImage } from '@bluewaters/images';
import type { IndexedExample } from '@bluewaters/records';
import { describe, expect, it } from 'vitest';
import { choosePictures } from './choose-pictures.js';
import { id, tourOdd } from './odd-archive.fixture.js';
import { NOTHING, add, type TreeEntry } from './synset-tree.js';
import { tourPage } from './tour-page.js';

const { tour, store } = await tourOdd();

/** Names and amounts, indented by nothing but nesting. */
type Outline = readonly [words: string, images: number, children: readonly Outline[]];
const outline = ({ words, all, children }: TreeEntry): Outline => [words, all.images, children.map(outline)];

const entries = (tree: readonly TreeEntry[]): TreeEntry[] =>
  tree.flatMap((entry) => [entry, ...entries(entry.children)]);

describe('a tour of an archive', () => {
  it('has the tree of its synsets, which divides where they do', () => {
    expect(tour.tree.map(outline)).toEqual([
      [
        'entity',
        8,
        [
          [
            'animal, fauna',
            7,
            [
              [
                'dog, Canis familiaris',
                5,
                [
                  ['puppy', 2, []],
                  ['hound, hound dog', 3, []],
                ],
              ],
              ['cat, true cat', 2, []],
            ],
          ],
          ['Rome', 1, []],
        ],
      ],
    ]);
  });

  it('counts every picture once, whatever the tree', async () => {
    const { tour: flat } = await tourOdd({ wordnet: undefined });
    expect(flat.tree.map(({ synset }) => synset)).toEqual(['puppy', 'hound', 'cat', 'Rome'].map(id));
    for (const { tree, images, bytes, formats } of [tour, flat]) {
      const own = entries(tree).flatMap((entry) => entry.own ?? []);
      for (const amounts of [own, tree.map(({ all }) => all), formats]) {
        expect(amounts.reduce(add, NOTHING)).toEqual({ images, bytes });
      }
      for (const { own: its = NOTHING, all, children } of entries(tree)) {
        expect(children.reduce((sum, child) => add(sum, child.all), its)).toEqual(all);
      }
    }
  });

  it('says what formats there are and what is odd, each by name', () => {
    expect(tour.formats.map(({ format, images }) => [format, images])).toEqual([
      ['a JPEG in colour', 5],
      ['a JPEG in CMYK', 1],
      ['a JPEG in grey', 1],
      ['a PNG', 1],
    ]);
    const of = (word: string, number: number): string => `${id(word)}/${id(word)}_${number}.JPEG`;
    const boxless = [
      of('puppy', 1),
      of('puppy', 2),
      of('hound', 3),
      of('hound', 2),
      of('cat', 1),
      of('cat', 2),
      of('Rome', 1),
    ];
    expect(tour.oddities.map(({ what, count, names }) => [what, count, names])).toEqual([
      ['a JPEG in CMYK', 1, [of('puppy', 2)]],
      ['a PNG, under the name of a JPEG', 1, [of('hound', 2)]],
      ['refused', 1, [expect.stringMatching(`^Images.tar/${id('hound')}.tar/${id('hound')}_9.JPEG at \\d+: `)]],
      ['the same bytes under several names', 1, [`${of('cat', 1)} = ${of('cat', 2)}`]],
      ['a picture without a box', 7, boxless],
      ['an annotation of a synset that is not here', 1, []],
      ['a box or annotation: there is no picture of that name', 1, [`${id('puppy')}/${id('puppy')}_77`]],
    ]);
  });

  it('shows pictures small, those with boxes first, and what browsers do not take as its copy', async () => {
    const { tour: two } = await tourOdd({ pictures: 2 });
    expect(two.pictures.map(({ name }) => name)).toEqual(['puppy', 'hound'].map((word) => `${id(word)}_1.JPEG`));
    expect(tour.pictures.length).toBe(8);
    const hound = tour.pictures.find(({ boxes }) => boxes.length > 0);
    expect(hound).toMatchObject({ size: [200, 100], width: 120, height: 60 });
    expect(hound?.boxes).toEqual([
      { xmin: 0.1, ymin: 0.1, xmax: 0.5, ymax: 0.5 },
      { xmin: 0.6, ymin: 0.6, xmax: 1, ymax: 1, synset: id('puppy') },
    ]);
    for (const { jpeg, width, height, name } of tour.pictures) {
      expect(await inspectImage(jpeg, { file: name })).toMatchObject({ format: 'jpeg', readable: true, width, height });
      expect(Math.max(width, height)).toBeLessThanOrEqual(120);
    }
  });

  it('leaves no picture of the archive anywhere but those that had to be repaired', async () => {
    const kept: string[] = [];
    for await (const { key } of store.list('')) kept.push(key);
    expect(kept.filter((key) => key.includes('/repaired/')).length).toBe(2);
    expect(kept.filter((key) => !/\.(?:jsonl?|html|txt)$|\/repaired\/|^[^/]+$/u.test(key))).toEqual([]);
  });

  it('can be of what is below a synset', async () => {
    const { tour: dogs } = await tourOdd({ below: [id('dog')] });
    expect(dogs.tree.map(outline)).toEqual([
      [
        'dog, Canis familiaris',
        5,
        [
          ['puppy', 2, []],
          ['hound, hound dog', 3, []],
        ],
      ],
    ]);
  });

  it('is a page that fetches nothing, in which no name is markup', async () => {
    const { tour: named } = await tourOdd({}, `${id('cat')}\t<script>alert(1)</script>\n`);
    const page = tourPage(named);
    expect(page).not.toMatch(/<script|https?:|src="(?!data:)|href=/u);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page.match(/<figure>/gu)?.length).toBe(8);
  });
});

describe('choosing pictures', () => {
  const example = (name: string, boxes: number): IndexedExample => ({
    ...{ name, offset: 0, size: 1, sha256: '', width: 1, height: 1, channels: 3 },
    boxes: Array.from({ length: boxes }, () => ({ xmin: 0, ymin: 0, xmax: 1, ymax: 1 })),
  });
  /** Class n has n % 5 pictures, and boxes where n is even. */
  const classes = Array.from({ length: 60 }, (_, n) => ({
    synset: `n${n}`,
    examples: Array.from({ length: n % 5 }, (_example, i) => example(`${n}_${i}`, n % 2 === 0 ? 1 : 0)),
  }));
  const names = classes.flatMap(({ examples }) => examples.map(({ name }) => name));

  it.each([0, 1, 7, 24, 48, 49, 119, 120, 500])(
    'of 120 gives %i or all, each once, in the order of classes',
    (most) => {
      const chosen = choosePictures(classes, most).map(({ example: { name } }) => name);
      expect(chosen).toEqual(names.filter((name) => chosen.includes(name)));
      expect(chosen.length).toBe(Math.min(most, 120));
    },
  );

  it('takes from every class before it takes a second of one, and from those with boxes first', () => {
    const classesOf = (most: number): Set<string> => new Set(choosePictures(classes, most).map(({ synset }) => synset));
    expect(classesOf(48).size).toBe(48);
    expect([...classesOf(24)].every((synset) => Number(synset.slice(1)) % 2 === 0)).toBe(true);
  });
});
