/**
 * One side of a measurement: an archive that is made while it is read, indexed by headers in this process.
 *
 * usage: ingest_virtual.mjs FOLDER PICTURES
 *
 * Prints images, seconds, the processor's seconds but for those that making the archive took, and the most memory in MB.
 */
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { indexArchive } from '@bluewaters/ingest';
import { peakMegabytes } from './peak_memory.mjs';
import { KEY, VirtualStore } from './virtual_archive.mjs';

const [folder = '', pictures = ''] = process.argv.slice(2);
const store = new VirtualStore(join(folder, 'store'), Number(pictures));
const request = { dataset: 'd', images: { key: KEY }, maxRefused: 0, check: /** @type {const} */ ('header') };
const signal = new AbortController().signal;

const [startedAt, before] = [performance.now(), process.cpuUsage()];
const index = await indexArchive(request, { store, scratch: folder, signal, limits: DEFAULT_LIMITS, report: () => {} });
const { user, system } = process.cpuUsage(before);
const megabytes = peakMegabytes('self');
const cpuSeconds = (user + system) / 1e6 - store.secondsOfMaking;
const seconds = (performance.now() - startedAt) / 1e3;
console.log(JSON.stringify({ images: index.examples, seconds, cpuSeconds, megabytes }));
