import { syntheticWordNet } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { sensesOf, WordNet } from './index.js';

const { data, index, synsets } = syntheticWordNet();
const source = { file: 'data.noun' };
const wordnet = new WordNet(data, source);
const id = (word: string): string => synsets[word] ?? '';
const names = (ids: Iterable<string>): (string | undefined)[] => [...ids].map((each) => wordnet.get(each).words[0]);

/** A database after a change of its text that keeps every line's length. */
const changed = (from: string | RegExp, to: string): WordNet =>
  new WordNet(Buffer.from(data.toString('latin1').replace(from, to), 'latin1'), source);

describe('a WordNet database', () => {
  it('is read at the place that an id names: words, gloss, what is above and what is below', () => {
    const { words, gloss, hypernyms, hyponyms } = wordnet.get(id('dog'));
    expect([words, gloss]).toEqual([['dog', 'Canis familiaris'], 'a canine; "the dog barked"']);
    expect([names(hypernyms), names(hyponyms)]).toEqual([
      ['canine', 'domestic animal'],
      ['puppy', 'hunting dog'],
    ]);
    expect(data.toString('latin1', Number(id('dog').slice(1)))).toMatch(/^\d{8} 05 n 02 dog 0 /u);
  });

  it('keeps what a gloss says behind a bar, and takes an instance for what is below', () => {
    expect(wordnet.get(id('city')).gloss).toBe('a large town, here also called a dog | for its senses');
    expect(names(wordnet.get(id('Rome')).hypernyms)).toEqual(['city']);
    expect(names(wordnet.descendants(id('city')))).toEqual(['Rome']);
  });

  it('has below a synset exactly what has it above, and everything below the root', () => {
    const all = Object.values(synsets);
    const above = (synset: string): string[] => wordnet.get(synset).hypernyms.flatMap((each) => [each, ...above(each)]);
    for (const synset of all) {
      expect([...wordnet.descendants(synset)].sort()).toEqual(
        all.filter((each) => above(each).includes(synset)).sort(),
      );
    }
    expect(wordnet.descendants(id('entity')).size).toBe(all.length - 1);
  });

  it('goes up by the main hypernym, and counts depth by the shortest way', () => {
    expect(names(wordnet.lineage(id('hound')))).toEqual(['entity', 'animal', 'canine', 'dog', 'hunting dog', 'hound']);
    expect([id('entity'), id('dog'), id('hound')].map((synset) => wordnet.depth(synset))).toEqual([0, 3, 5]);
  });

  it.each(['2.1', '3.1', '3.01'])('of version %s is refused: its offsets are other places', (version) => {
    const other = syntheticWordNet(version);
    for (const read of [() => new WordNet(other.data, source), () => sensesOf(other.index, 'dog', source)]) {
      expect(read).toThrow(
        expect.objectContaining({
          code: 'WORDNET_INVALID',
          details: { file: 'data.noun', field: 'version', expected: 'WordNet 3.0', got: `WordNet ${version}` },
        }),
      );
    }
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a list of words', Buffer.from('n01440764\ttench\n')],
    ['a licence alone', data.subarray(0, data.indexOf('00000'))],
    ['other line ends', Buffer.from(data.toString('latin1').replaceAll('\n', '\r\n'), 'latin1')],
    ['a line left out', Buffer.from(data.toString('latin1').replace(/\n\d{8} .*/u, ''), 'latin1')],
  ])('is not %s', (_, bytes) => {
    expect(() => new WordNet(bytes, source)).toThrow(expect.objectContaining({ code: 'WORDNET_INVALID' }));
  });

  it.each([
    ['an offset within a line', `n${String(Number(id('dog').slice(1)) + 9).padStart(8, '0')}`],
    ['a place in the licence', 'n00000002'],
    ['a place after the end', 'n09999999'],
    ['a name', 'dog'],
  ])('has no synset of %s, and says what is there', (_, synset) => {
    expect(() => wordnet.get(synset)).toThrow(
      expect.objectContaining({
        code: 'WORDNET_INVALID',
        details: expect.objectContaining({ file: 'data.noun', field: synset, expected: 'a synset of WordNet 3.0' }),
      }),
    );
  });

  it('is refused where a line is cut, counts more than it has, or leads in a circle', () => {
    const cut = new WordNet(data.subarray(0, data.length - 4), source);
    expect(() => cut.get(id('Rome'))).toThrow(/WordNet database/u);
    expect(() => changed(' 02 dog 0', ' 03 dog 0').get(id('dog'))).toThrow(/as counted/u);
    const [animal, entity, hound] = [id('animal'), id('entity'), id('hound')].map((each) => each.slice(1));
    const circle = changed(`@ ${entity} n`, `@ ${hound} n`);
    expect(circle.get(`n${animal}`).hypernyms).toEqual([`n${hound}`]);
    for (const way of [() => circle.lineage(id('hound')), () => circle.depth(id('hound'))]) {
      expect(way).toThrow(/circle/u);
    }
    expect(circle.descendants(id('dog')).size).toBe(3);
  });
});

describe('the index of words', () => {
  it('gives every sense of a word in its order, whatever its case', () => {
    expect(sensesOf(index, 'Dog', source)).toEqual([id('dog'), id('city')]);
    expect(sensesOf(index, ' canis  familiaris', source)).toEqual([id('dog')]);
    expect(sensesOf(index, 'entity', source)).toEqual([id('entity')]);
    for (const stranger of ['do', 'og', '', 'dog n 2']) expect(sensesOf(index, stranger, source)).toEqual([]);
  });

  it('is refused where a line counts more senses than it has', () => {
    const damaged = Buffer.from(index.toString('latin1').replace('\ndog n 2 ', '\ndog n 9 '), 'latin1');
    expect(() => sensesOf(damaged, 'dog', source)).toThrow(expect.objectContaining({ code: 'WORDNET_INVALID' }));
  });
});
