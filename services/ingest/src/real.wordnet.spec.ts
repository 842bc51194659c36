import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { installedWordNet, openWordNet, type WordNetFolder } from './index.js';

const ENTITY = 'n00001740';
const DOG = 'n02084071';

/** What ImageNet's own list calls its synsets: part of the real data. */
const data = process.env['BLUEWATERS_DATA'];

describe('the WordNet 3.0 of this machine', () => {
  let folder: string;
  let wordnet: WordNetFolder;
  let all: string[];
  beforeAll(async () => {
    folder = await installedWordNet(process.env);
    wordnet = await openWordNet(folder);
    all = [ENTITY, ...wordnet.nouns.descendants(ENTITY)];
  });

  it('has a synset at the start of every line but the licence, all below entity', () => {
    // grep finds lines by their place, which is what an id says.
    const file = join(folder, 'data.noun');
    const lines = execFileSync('grep', ['-boa', '^[0-9]\\{8\\} ', file], { encoding: 'utf8', maxBuffer: 1e8 });
    const places = lines.trimEnd().split('\n');
    const ids = places.map((line) => `n${line.slice(line.indexOf(':') + 1).trim()}`);
    expect(places.map((line) => `n${line.slice(0, line.indexOf(':')).padStart(8, '0')}`)).toEqual(ids);
    expect([...all].sort()).toEqual(ids);
    expect(all.length).toBe(82_115);
  });

  it('has below each synset what has it above, all the way', () => {
    const { nouns } = wordnet;
    const up = all.flatMap((synset) => nouns.get(synset).hypernyms.map((above) => `${above} ${synset}`));
    const down = all.flatMap((synset) => nouns.get(synset).hyponyms.map((below) => `${synset} ${below}`));
    expect(down.sort()).toEqual(up.sort());
    const dogs = all.filter((synset) => nouns.lineage(synset).includes(DOG));
    const below = nouns.descendants(DOG);
    expect(below.size).toBe(189);
    expect(dogs.filter((synset) => synset !== DOG && !below.has(synset))).toEqual([]);
  });

  it('has the dog first among the senses of its word, 8 steps below entity, by way of the carnivores', () => {
    const { nouns } = wordnet;
    expect(wordnet.sensesOf('dog')[0]).toBe(DOG);
    expect(wordnet.sensesOf('sea lion')).toEqual(['n02077923']);
    expect([ENTITY, DOG].map((synset) => nouns.depth(synset))).toEqual([0, 8]);
    const way = nouns.lineage(DOG).map((synset) => nouns.get(synset).words[0]);
    expect(way.slice(-5)).toEqual(['mammal', 'placental', 'carnivore', 'canine', 'dog']);
  });

  it.skipIf(!data)('calls all 21,842 synsets of ImageNet what its own list calls them [BLUEWATERS_DATA]', () => {
    const list = gunzipSync(readFileSync(join(data ?? '', 'ilsvrc/imagenet_metadata.txt.gz'))).toString();
    const lines = list.trimEnd().split('\n');
    expect(lines.length).toBe(21_842);
    const own = (synset: string): string => wordnet.nouns.get(synset).words.join(', ');
    const others = lines.filter((line) => line !== `${line.slice(0, 9)}\t${own(line.slice(0, 9))}`);
    // Copies of the list went through someone's search and replace: six of its lines tell.
    const replaced = (words: string): string => words.replace('island', 'region').replace('radius', 'maxRadius');
    expect(others.map((line) => line.slice(10))).toEqual(others.map((line) => replaced(own(line.slice(0, 9)))));
    expect(others.length).toBe(6);
  });
});
