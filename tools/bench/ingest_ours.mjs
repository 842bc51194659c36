/**
 * One side of a measurement: our services on an archive, in this process.
 *
 * usage: ingest_ours.mjs IMAGES SYNSETS FOLDER index|build|build-full
 *
 * `index` and `build` look at headers, `build-full` at every pixel; both of these write shards.
 * Prints images, seconds, the processor's seconds, and the most memory in MB.
 */
import { join } from 'node:path';
import { indexArchive } from '@bluewaters/ingest';
import { buildShards } from '@bluewaters/shards';
import { DirectoryStore } from '@bluewaters/storage';

const [images, synsets, folder, what] = process.argv.slice(2);
const store = new DirectoryStore(join(folder, 'store'));
const context = { store, scratch: folder, signal: new AbortController().signal, report: () => {} };
const limits = { maxBytes: 64 * 1024 * 1024, maxPixels: 100_000_000 };

const startedAt = performance.now();
const before = process.cpuUsage();
const index = await indexArchive(
  {
    dataset: 'd',
    images: { path: images },
    synsets: { path: synsets },
    maxRefused: 0,
    check: what === 'build-full' ? 'full' : 'header',
  },
  { ...context, limits },
);
if (what !== 'index') {
  const counts = { trainShards: 16, validationShards: 1, seed: 1 };
  const request = { dataset: 'd', index: index.digest, validation: { kind: 'share', share: 0.01 }, ...counts };
  await buildShards(request, { ...context, shardsAtATime: 2, onShard: async () => {} });
}
const { user, system } = process.cpuUsage(before);
const seconds = (performance.now() - startedAt) / 1000;
const megabytes = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ images: index.examples, seconds, cpuSeconds: (user + system) / 1e6, megabytes }));
