import { resolve } from 'node:path';
import type { BusOptions } from '@bluewaters/messages';
import { parseBus, parseStore } from '@bluewaters/service';
import type { StoreOptions } from '@bluewaters/storage';
import { z } from 'zod';

/** Options that say where things are; every verb that works with data has them. */
export const placeOptions = {
  store: z.string().default('./run').describe('where bytes are kept: a folder, or minio:http://host:9000/bucket'),
  bus: z
    .string()
    .default('in-process')
    .describe('nats://host:4222 to ask services that run elsewhere; by default they run inside this command'),
};

/** Options of every verb. */
export const frameOptions = {
  json: z.boolean().default(false).describe('the last line on stdout is one JSON object'),
  config: z.string().optional().describe('a JSON file with options'),
  verbose: z.boolean().default(false).describe('show the log of the services'),
};

/** Reads a store as people write it: a plain path is a folder. */
export function readStore(text: string): StoreOptions {
  const options = /^[a-z]+:/u.test(text) ? parseStore(text) : ({ kind: 'directory', path: text } as const);
  return options.kind === 'directory' ? { kind: 'directory', path: resolve(options.path) } : options;
}

/** Reads a bus. */
export function readBus(text: string): BusOptions {
  return parseBus(text);
}
