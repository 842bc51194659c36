/** Ingests every archive of a folder of hostile ones in this process, then says how much memory that took at most. */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexArchive } from '@bluewaters/ingest';
import { MemoryStore } from '@bluewaters/storage';

const folder = process.argv[2];
const names = readdirSync(folder).filter((name) => /\.tar(?:\.gz)?$/u.test(name));
for (const name of names) {
  const store = new MemoryStore();
  await store.put('synsets.txt', 'n02084071\nn02121620\nn02102040\n');
  const isPictures = name.endsWith('.tar');
  const request = {
    dataset: 'hostile',
    images: { path: join(folder, isPictures ? name : 'images.tar') },
    synsets: { key: 'synsets.txt' },
    ...(isPictures ? {} : { boxes: { path: join(folder, name) } }),
    maxRefused: 100,
  };
  const limits = { maxBytes: 64 * 1024 * 1024, maxPixels: 100_000_000 };
  const context = { store, limits, scratch: tmpdir(), signal: new AbortController().signal, report: () => {} };
  // What is refused, the table of verdicts says.
  await indexArchive(request, context).catch(() => {});
}
const megabytes = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ works: names.length, megabytes }));
