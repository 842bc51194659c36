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
import { checkedPointer } from './status.js';

const SOURCES = new URL('../native/', import.meta.url);

let loaded: boolean | undefined;

/** Where set-up leaves the compiled operations: one file for each state of their source and each TensorFlow library. */
export function nativeOperationsFile(): string {
  const { library } = findLibtensorflow();
  const names = readdirSync(SOURCES).sort();
  const sources = sha256(names.map((name) => sha256(readFileSync(new URL(name, SOURCES)))).join(' '));
  const key = sha256(`${sources} ${statSync(library).size}`).slice(0, 12);
  return join(cacheDirectory(), 'operations', key, 'bluewaters-operations.so');
}

/** Whether graphs of this process can use our own operations; loads them. One that does not load is told as a warning. */
export function hasNativeOperations(): boolean {
  loaded ??= load(nativeOperationsFile());
  return loaded;
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function load(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    checkedPointer(
      (status) => native().TF_LoadLibrary(file, status),
      (failure) => new CodedError('TENSORFLOW_MISSING', failure.message, { details: { file }, cause: failure }),
    );
    return true;
  } catch (error) {
    process.emitWarning(`stock operations stand in for those of ${file}: ${String(error)}`);
    return false;
  }
}
