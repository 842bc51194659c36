import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findLibtensorflow, requireAvx, TENSORFLOW_RELEASE } from './library.js';

describe('findLibtensorflow', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'library-'));
    vi.stubEnv('LIBTENSORFLOW_DIR', undefined);
    vi.stubEnv('BLUEWATERS_CACHE', folder);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  const addLibrary = (name: string, files: string[]) => {
    const directory = join(folder, name);
    mkdirSync(directory, { recursive: true });
    for (const file of files) writeFileSync(join(directory, file), '');
    return directory;
  };
  const wheelFiles = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

  it('prefers LIBTENSORFLOW_DIR to the cache', () => {
    addLibrary(`libtensorflow/${TENSORFLOW_RELEASE}-cpu`, wheelFiles);
    const named = addLibrary('mine', ['libtensorflow.so.2', 'libtensorflow_framework.so.2']);
    vi.stubEnv('LIBTENSORFLOW_DIR', named);
    expect(findLibtensorflow()).toEqual({
      directory: named,
      library: join(named, 'libtensorflow.so.2'),
      framework: join(named, 'libtensorflow_framework.so.2'),
      python: undefined,
      foundBy: 'environment',
    });
  });

  it('prefers the GPU build in the cache', () => {
    addLibrary(`libtensorflow/${TENSORFLOW_RELEASE}-cpu`, wheelFiles);
    const gpu = addLibrary(`libtensorflow/${TENSORFLOW_RELEASE}-gpu`, wheelFiles);
    expect(findLibtensorflow()).toMatchObject({ directory: gpu, foundBy: 'cache' });
  });

  it('finds a library that comes in one piece', () => {
    addLibrary(`libtensorflow/${TENSORFLOW_RELEASE}-cpu`, ['libtensorflow.so.2']);
    expect(findLibtensorflow().framework).toBeUndefined();
  });

  it('finds an old Python extension with the Python library beside it, which must be loaded first', () => {
    const python = ['libpython3.6m.so.1.0', 'libtensorflow_framework.so'];
    const named = addLibrary('old', ['_pywrap_tensorflow_internal.so', ...python]);
    vi.stubEnv('LIBTENSORFLOW_DIR', named);
    expect(findLibtensorflow()).toMatchObject({
      library: join(named, '_pywrap_tensorflow_internal.so'),
      framework: join(named, 'libtensorflow_framework.so'),
      python: join(named, 'libpython3.6m.so.1.0'),
    });
  });

  it('refuses a LIBTENSORFLOW_DIR without a library, and names it', () => {
    vi.stubEnv('LIBTENSORFLOW_DIR', join(folder, 'nowhere'));
    expect(() => findLibtensorflow()).toThrowError(
      expect.objectContaining({
        code: 'TENSORFLOW_MISSING',
        details: expect.objectContaining({ file: join(folder, 'nowhere') }),
      }),
    );
  });
});

describe('requireAvx', () => {
  it.runIf(process.arch === 'x64')('refuses a CPU that lists its features without AVX', () => {
    expect(() => requireAvx('flags : fpu sse4_2 avx2x')).toThrowError(
      expect.objectContaining({ code: 'TENSORFLOW_MISSING' }),
    );
  });

  it('accepts a CPU with AVX, and one that lists no features', () => {
    expect(() => requireAvx('flags : fpu avx')).not.toThrow();
    expect(() => requireAvx('')).not.toThrow();
  });
});
