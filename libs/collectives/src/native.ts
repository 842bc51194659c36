/** The functions of `native/`, compiled by set-up, and the MPI library that they call. */
import { existsSync } from 'node:fs';
import koffi, { type KoffiFunc } from 'koffi';
import { CodedError } from '@bluewaters/errors';
import { loadOperations, nativeOperationsFile } from '@bluewaters/tensorflow';
import { isOneHost, type Launcher } from './world.js';

type Call<F extends (...parameters: never[]) => unknown> = KoffiFunc<F>;

/** What `native/ranks.cc` exports; see there. */
export interface Native {
  readonly load: Call<(path: string, words: Uint8Array, room: number) => number>;
  readonly join: Call<(silence: number, patience: number, seconds: number, words: Uint8Array, room: number) => number>;
  readonly rank: Call<() => number>;
  readonly size: Call<() => number>;
  readonly version: Call<() => string>;
  readonly host: Call<(rank: number) => string>;
  readonly exchanged: Call<() => number>;
  readonly barrier: Call<() => number>;
  readonly broadcast: Call<(data: Uint8Array, bytes: number, root: number) => number>;
  readonly gather: Call<(own: Uint8Array, bytes: number, all: Uint8Array) => number>;
  readonly end: Call<(exitCode: number) => number>;
  readonly close: Call<() => number>;
  readonly exit: Call<(exitCode: number) => void>;
}

const DECLARATIONS: { readonly [Name in keyof Native]: string } = {
  load: 'int bluewaters_load(const char *path, void *words, int room)',
  join: 'int bluewaters_join(double silence, double patience, double seconds, void *words, int room)',
  rank: 'int bluewaters_rank()',
  size: 'int bluewaters_size()',
  version: 'const char *bluewaters_version()',
  host: 'const char *bluewaters_host(int rank)',
  exchanged: 'double bluewaters_exchanged()',
  barrier: 'int bluewaters_barrier()',
  broadcast: 'int bluewaters_broadcast(void *data, int bytes, int root)',
  gather: 'int bluewaters_gather(const void *own, int bytes, void *all)',
  end: 'int bluewaters_end(int exit_code)',
  close: 'int bluewaters_close()',
  exit: 'void bluewaters_exit(int exit_code)',
};

/** Where the sources lie, and what set-up calls what it makes of them. */
const COLLECTIVES = { sources: new URL('../native/', import.meta.url), file: 'bluewaters-collectives.so' };

let bound: Native | undefined;

/** The compiled functions; graphs of this process have the operation from then on. @throws {CodedError} MPI_MISSING. */
export function native(): Native {
  bound ??= bind();
  return bound;
}

function bind(): Native {
  const file = nativeOperationsFile(COLLECTIVES);
  if (!existsSync(file)) {
    throw new CodedError(
      'MPI_MISSING',
      'Ranks need operations of our own; install a C++ compiler and run `npm run setup`',
      {
        details: { file },
      },
    );
  }
  loadOperations(file);
  const library = koffi.load(file);
  const functions = Object.entries(DECLARATIONS).map(([name, declaration]) => [name, library.func(declaration)]);
  return Object.fromEntries(functions) as unknown as Native;
}

/** MPICH's interface comes first; Cray's library and Intel's have the first name, Debian's the second. */
const MPICH_NAMES = ['libmpi.so.12', 'libmpich.so.12'];
const OPEN_MPI_NAMES = ['libmpi.so.40', 'libmpi.so.20'];

/** Names under which an MPI that fits the launcher may be found, in the order in which they are tried. */
export function mpiLibraries(launcher: Launcher, environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const given = environment['BLUEWATERS_MPI'];
  if (given) return [given];
  if (launcher === 'open-mpi') return OPEN_MPI_NAMES;
  return launcher === 'slurm' ? [...MPICH_NAMES, ...OPEN_MPI_NAMES] : MPICH_NAMES;
}

/**
 * What the transport under MPI must leave alone: UCX, which most MPIs use, would write its own jumps over the C library's
 * functions for memory while Node's other threads are in them, and catch signals that are Node's.
 */
const TRANSPORT_SETTINGS = {
  UCX_MEM_EVENTS: 'no',
  UCX_MEM_MMAP_HOOK_MODE: 'none',
  UCX_ERROR_SIGNALS: '',
  UCX_WARN_UNUSED_ENV_VARS: 'no',
};

/**
 * What it leaves alone where all ranks are on one host: interfaces of the network, but for loopback. It would open each that it
 * finds, and MPI ends the ranks where one goes away meanwhile, as those of containers do.
 */
const ONE_HOST_SETTINGS = { UCX_NET_DEVICES: 'lo' };

/** Sets these where the user has not, before MPI's library is opened. */
export function restrainTransport(): void {
  const settings = { ...TRANSPORT_SETTINGS, ...(isOneHost(process.env) && ONE_HOST_SETTINGS) };
  for (const [name, value] of Object.entries(settings)) process.env[name] ??= value;
}
