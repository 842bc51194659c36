/**
 * One side of a measurement: our services on an archive, in this process.
 *
 * usage: ingest_ours.mjs IMAGES SYNSETS FOLDER index|build|build-full|workers-N
 *
 * `index` and `build` look at headers, `build-full` at every pixel; both of these write shards. `workers-N` looks at every
 * pixel by N processes, whose start counts, and writes no shards.
 * Prints images, seconds, the processor's seconds, and the most memory of a process in MB.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { indexArchive, IngestOptions, start } from '@bluewaters/ingest';
import { IndexArchive, InProcessBus, submitJob } from '@bluewaters/messages';
import { createLogger, Registry } from '@bluewaters/service';
import { buildShards } from '@bluewaters/shards';
import { DirectoryStore } from '@bluewaters/storage';
import { peakMegabytes } from './peak_memory.mjs';

const [images, synsets, folder, what] = process.argv.slice(2);
const store = new DirectoryStore(join(folder, 'store'));
const context = { store, scratch: folder, signal: new AbortController().signal, report: () => {} };
const request = {
  dataset: 'd',
  images: { path: images },
  synsets: { path: synsets },
  maxRefused: 0,
  check: what === 'index' || what === 'build' ? 'header' : 'full',
};

async function alone() {
  const index = await indexArchive(request, { ...context, limits: DEFAULT_LIMITS });
  if (what !== 'index') {
    const counts = { trainShards: 16, validationShards: 1, seed: 1 };
    const build = { dataset: 'd', index: index.digest, validation: { kind: 'share', share: 0.01 }, ...counts };
    await buildShards(build, { ...context, shardsAtATime: 2, onShard: async () => {} });
  }
  return { images: index.examples, seconds: secondsSince(startedAt), megabytes: peakMegabytes('self') };
}

/** @param {number} workers */
async function byWorkers(workers) {
  const bus = new InProcessBus();
  const ports = { bus, store, log: createLogger({ service: 'ingest', level: 'silent' }), metrics: new Registry() };
  const place = { kind: 'directory', path: join(folder, 'store') };
  const service = await start(IngestOptions.parse({ workers, scratch: folder, store: place }), ports);
  const index = await submitJob(bus, IndexArchive, request, { job: 'index' });
  const seconds = secondsSince(startedAt);
  const megabytes = Math.max(...childrenOf('self').map(peakMegabytes));
  await service.stop();
  await bus.close();
  return { images: index.examples, seconds, megabytes };
}

/** @param {number} from */
function secondsSince(from) {
  return (performance.now() - from) / 1000;
}

/** @param {string} pid */
function childrenOf(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').match(/\d+/gu) ?? []);
}

/** Of this process and of its children that have ended; the kernel counts in hundredths. */
function cpuSeconds() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ').slice(11, 15);
  return fields.reduce((sum, field) => sum + Number(field) / 100, 0);
}

const startedAt = performance.now();
const before = cpuSeconds();
const workers = /^workers-(\d+)$/u.exec(what)?.[1];
const found = await (workers === undefined ? alone() : byWorkers(Number(workers)));
console.log(JSON.stringify({ ...found, cpuSeconds: cpuSeconds() - before }));
