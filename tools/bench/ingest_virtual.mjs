/**
 * One side of a measurement: an archive that is made while it is read, indexed by headers in this process.
 *
 * usage: ingest_virtual.mjs FOLDER PICTURES
 *
 * Prints images, seconds, the processor's seconds but for those that making the archive took, and the most memory in MB.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexArchive } from '@bluewaters/ingest';
import { KEY, VirtualStore } from './virtual_archive.mjs';

const [folder = '', pictures = ''] = process.argv.slice(2);
const store = new VirtualStore(join(folder, 'store'), Number(pictures));
const request = { dataset: 'd', images: { key: KEY }, maxRefused: 0, check: /** @type {const} */ ('header') };
const limits = { maxBytes: 64 * 1024 * 1024, maxPixels: 100_000_000 };
const signal = new AbortController().signal;

const [startedAt, before] = [performance.now(), process.cpuUsage()];
const index = await indexArchive(request, { store, scratch: folder, signal, limits, report: () => {} });
const { user, system } = process.cpuUsage(before);
const megabytes = Number(/^VmHWM:\s+(\d+)/mu.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
const cpuSeconds = (user + system) / 1e6 - store.secondsOfMaking;
const seconds = (performance.now() - startedAt) / 1e3;
console.log(JSON.stringify({ images: index.examples, seconds, cpuSeconds, megabytes }));
