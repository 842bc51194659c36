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
    .describe(
      'nats://host:4222, or file:PATH that whoever started a bus has left, to ask services that run elsewhere; by default they run inside this command',
    ),
};

/** Options of every verb. */
export const frameOptions = {
  json: z.boolean().default(false).describe('the last line on stdout is one JSON object'),
  config: z.string().optional().describe('a JSON file with options'),
  verbose: z.boolean().default(false).describe('show the log of the services'),
};

/** What the options of a verb say of the place where it works. */
export interface PlaceValues {
  readonly store: string;
  readonly bus: string;
  readonly threads?: number | undefined;
  readonly verbose: boolean;
}

/** Where the services and their bytes are. */
export interface Place {
  readonly store: StoreOptions;
  readonly bus: BusOptions;
  /** TensorFlow's, for training in this command's child processes. */
  readonly threads?: number;
  /** Processes that index synsets in the embedded mode. */
  readonly workers?: number;
  /** Show the log of the services on stderr. */
  readonly verbose: boolean;
}

/** Reads where a verb works; a store that is a plain path is a folder. @throws {CodedError} CONFIG_INVALID. */
export function readPlace({ store, bus, threads, verbose }: PlaceValues): Place {
  return { store: readStore(store), bus: parseBus(bus), verbose, ...(threads === undefined ? {} : { threads }) };
}

function readStore(text: string): StoreOptions {
  const options =
    text === '' || /^[a-z]+:/u.test(text) ? parseStore(text) : ({ kind: 'directory', path: text } as const);
  return options.kind === 'directory' ? { kind: 'directory', path: resolve(options.path) } : options;
}
