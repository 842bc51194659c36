/**
 * Indexes an archive and builds its shards, and prints processor and the digest of their manifest, which has those of the
 * shards. It is copied to where packages for another processor are.
 *
 *     node shards_of.mjs IMAGES SYNSETS STORE
 */
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { indexArchive } from '@bluewaters/ingest';
import { buildShards } from '@bluewaters/shards';
import { DirectoryStore } from '@bluewaters/storage';

const [images, synsets, folder] = process.argv.slice(2);
const { signal } = new AbortController();
const context = { store: new DirectoryStore(folder), scratch: folder, signal, report: () => {} };
const index = await indexArchive(
  { dataset: 'pictures', images: { path: images }, synsets: { path: synsets }, maxRefused: 0, check: 'full' },
  { ...context, limits: DEFAULT_LIMITS },
);
const shards = await buildShards(
  {
    dataset: 'pictures',
    index: index.digest,
    validation: { kind: 'share', share: 0.2 },
    ...{ trainShards: 3, validationShards: 1, seed: 1 },
  },
  { ...context, shardsAtATime: 1, onShard: async () => {} },
);
const { examples, repaired } = index;
console.log(JSON.stringify({ architecture: process.arch, examples, repaired, digest: shards.digest }));
