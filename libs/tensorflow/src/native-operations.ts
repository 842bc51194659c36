/**
 * Operations of our own, written in C++ (`native/`), compiled by `npm run setup` and loaded by the first graph that asks.
 * Where there was no compiler they are missing, and whoever uses them has a stand-in from stock operations.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import { cacheDirectory, findLibtensorflow } from './library.js';
import { native } from './native.js';
import { hasKernel } from './registry.js';
import { checkedPointer } from './status.js';

/** A library of operations: where its sources are, and what it is called. */
export interface NativeOperations {
  /** Folder of C++ sources; ends in `/`. */
  readonly sources: URL;
  /** Name of the compiled library. */
  readonly file: string;
}

const RECORDS: NativeOperations = {
  sources: new URL('../native/', import.meta.url),
  file: 'bluewaters-operations.so',
};

let loaded: boolean | undefined;

/**
 * Where set-up leaves compiled operations: one file for each state of their sources and each TensorFlow library. A
 * container image has them beside the library, since its cache is empty at the start.
 */
export function nativeOperationsFile({ sources, file }: NativeOperations = RECORDS): string {
  const { library, directory } = findLibtensorflow();
  const names = readdirSync(sources).sort();
  const source = sha256(names.map((name) => sha256(readFileSync(new URL(name, sources)))).join(' '));
  const key = sha256(`${source} ${statSync(library).size}`).slice(0, 12);
  const beside = join(directory, 'operations', key, file);
  return existsSync(beside) ? beside : join(cacheDirectory(), 'operations', key, file);
}

/** Whether graphs of this process can use our own operations; loads them. One that does not load is told as a warning. */
export function hasNativeOperations(): boolean {
  loaded ??= load(nativeOperationsFile());
  return loaded;
}

/** Whether this process computes by them: not where the library computes on GPUs, which it would be kept from. */
export function computesByNativeOperations(): boolean {
  return hasNativeOperations() && !hasKernel('Conv2D', 'GPU');
}

function load(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    loadOperations(file);
    return true;
  } catch (error) {
    process.emitWarning(`stock operations stand in for those of ${file}: ${String(error)}`);
    return false;
  }
}

/** Lets graphs of this process use the operations of a library. @throws {CodedError} TENSORFLOW_MISSING. */
export function loadOperations(file: string): void {
  checkedPointer(
    (status) => native().TF_LoadLibrary(file, status),
    (failure) => new CodedError('TENSORFLOW_MISSING', failure.message, { details: { file }, cause: failure }),
  );
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
