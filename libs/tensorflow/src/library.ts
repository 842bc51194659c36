/**
 * Where the TensorFlow library is on this machine. Finding it loads nothing; `native.ts` does that on first use.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CodedError } from '@bluewaters/errors';

/** The TensorFlow release that set-up fetches, and that the tests run on. */
export const TENSORFLOW_RELEASE = '2.18.1';

/** A TensorFlow library found on this machine. */
export interface LibtensorflowLocation {
  /** The folder that holds the files, absolute or as `LIBTENSORFLOW_DIR` gives it. */
  readonly directory: string;
  /** Path of the library with the C interface. */
  readonly library: string;
  /** Path of its companion, which must be loaded first; libraries built in one piece have none. */
  readonly framework: string | undefined;
  /** Path of the Python library that a Python extension needs before anything else; no Python code is run. */
  readonly python: string | undefined;
  /** Which rule found it: the variable LIBTENSORFLOW_DIR, the cache of set-up, or what tfjs-node-gpu fetched. */
  readonly foundBy: 'environment' | 'cache' | 'tfjs';
}

/** In wheels before 2.12 the C interface is within the extension that Python imports. */
const PYTHON_EXTENSION = '_pywrap_tensorflow_internal.so';

/** The wheel's names come first; the others are those of the stand-alone C library. */
const LIBRARY_NAMES = [
  ...['libtensorflow_cc.so.2', 'libtensorflow.so.2', 'libtensorflow.so', 'libtensorflow.so.1'],
  PYTHON_EXTENSION,
];
const FRAMEWORK_NAMES = ['.2', '.1', ''].map((version) => `libtensorflow_framework.so${version}`);

/**
 * Looks in `LIBTENSORFLOW_DIR`, then in the cache that `npm run setup` fills (the GPU build first), then in what the
 * install script of tfjs-node-gpu fetched. A variable that is set but points at nothing is an error, not a reason to
 * look further.
 *
 * @throws {CodedError} TENSORFLOW_MISSING when there is none, with how to get it.
 */
export function findLibtensorflow(): LibtensorflowLocation {
  const named = process.env['LIBTENSORFLOW_DIR'];
  const found = named ? inDirectory(named, 'environment') : (inCache() ?? inTfjs());
  if (found) return found;
  throw new CodedError(
    'TENSORFLOW_MISSING',
    named
      ? 'LIBTENSORFLOW_DIR holds no TensorFlow library; correct it, or unset it and run `npm run setup`'
      : 'the TensorFlow library is not on this machine; run `npm run setup` to get it',
    named ? { details: { file: named, expected: LIBRARY_NAMES.slice(0, 2).join(' or ') } } : {},
  );
}

function inDirectory(directory: string, foundBy: LibtensorflowLocation['foundBy']): LibtensorflowLocation | undefined {
  const present = (name: string) => existsSync(join(directory, name));
  const library = LIBRARY_NAMES.find(present);
  if (!library) return undefined;
  const framework = FRAMEWORK_NAMES.find(present);
  return {
    directory,
    library: join(directory, library),
    framework: framework && join(directory, framework),
    python: library === PYTHON_EXTENSION ? pythonLibrary(directory) : undefined,
    foundBy,
  };
}

/** The folder that set-up fills, shared by all clones. */
export function cacheDirectory(): string {
  return (
    process.env['BLUEWATERS_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'bluewaters')
  );
}

/** A copy of it or a link to it lies beside the extension. */
function pythonLibrary(directory: string): string | undefined {
  const name = readdirSync(directory).find((file) => /^libpython3[.\dm]*\.so[.\d]*$/.test(file));
  return name && join(directory, name);
}

function inCache(): LibtensorflowLocation | undefined {
  const builds = ['gpu', 'cpu'].map((build) =>
    join(cacheDirectory(), 'libtensorflow', `${TENSORFLOW_RELEASE}-${build}`),
  );
  return inDirectory(builds[0]!, 'cache') ?? inDirectory(builds[1]!, 'cache');
}

function inTfjs(): LibtensorflowLocation | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json');
    return inDirectory(join(dirname(manifest), 'deps', 'lib'), 'tfjs');
  } catch {
    return undefined; // the package is optional
  }
}

/**
 * TensorFlow's builds use AVX from their first instructions on; without it the process would die with SIGILL.
 *
 * @throws {CodedError} TENSORFLOW_MISSING on an x64 CPU without AVX.
 */
export function requireAvx(cpuinfo = readCpuinfo()): void {
  if (process.arch !== 'x64' || !cpuinfo.includes('flags') || /\bavx\b/.test(cpuinfo)) return;
  throw new CodedError('TENSORFLOW_MISSING', 'TensorFlow needs a CPU with AVX, and this one has none');
}

function readCpuinfo(): string {
  return existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
}
