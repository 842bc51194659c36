/**
 * The bound functions of TensorFlow's C interface. Nothing outside this package sees them: every pointer has an owner
 * (see `handles.ts`).
 */
import koffi, { type KoffiFunc, type LibraryHandle } from 'koffi';
import { CodedError } from '@bluewaters/errors';
import { DECLARATIONS, type Declaration, type Pointer } from './declarations.js';
import { findLibtensorflow, requireAvx } from './library.js';

export type { NativeOutput, Pointer } from './declarations.js';

type SignatureOf<D> = D extends Declaration<infer S extends (...parameters: never[]) => unknown> ? S : never;

/** Every declared function, with `.async` for the ones that must not block the event loop. */
export type Native = {
  readonly [Name in keyof typeof DECLARATIONS]: KoffiFunc<SignatureOf<(typeof DECLARATIONS)[Name]>>;
};

/** MPI and TensorFlow's rewriter need deeper stacks than koffi's 128 KiB for calls on worker threads. */
const STACK_BYTES = 4 << 20;

let bound: Native | undefined;

/**
 * TensorFlow's functions. The first call finds and loads the library, which takes about half a second.
 *
 * @throws {CodedError} TENSORFLOW_MISSING when it cannot be found or loaded.
 */
export function native(): Native {
  bound ??= bind(load());
  return bound;
}

/**
 * TensorFlow's own version, such as '2.18.1'. Loads the library.
 *
 * @throws {CodedError} TENSORFLOW_MISSING when it cannot be found or loaded.
 */
export function tensorflowVersion(): string {
  return native().TF_Version();
}

function load(): LibraryHandle {
  const { library, framework, python } = findLibtensorflow();
  requireAvx();
  // Its notes on CPU features would otherwise precede every program's first line; warnings and errors stay.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '1';
  if ((koffi.config().async_stack_size ?? 0) < STACK_BYTES) {
    koffi.config({ async_stack_size: STACK_BYTES, sync_stack_size: STACK_BYTES });
  }
  try {
    for (const first of [python, framework]) if (first) koffi.load(first, { lazy: true, global: true });
    koffi.struct('TF_Output', { oper: 'void *', index: 'int' });
    return koffi.load(library, { lazy: true, global: true });
  } catch (error) {
    throw new CodedError('TENSORFLOW_MISSING', 'the TensorFlow library does not load; run `npm run setup`', {
      details: { file: library, ...(error instanceof Error && { got: error.message }) },
      cause: error,
    });
  }
}

function bind(library: LibraryHandle): Native {
  const functions = {};
  for (const [name, declaration] of Object.entries(DECLARATIONS)) {
    let found: unknown;
    Object.defineProperty(functions, name, { get: () => (found ??= lookUp(library, name, declaration)) });
  }
  return functions as Native;
}

/**
 * The first release whose wheel has the symbol, of 1.12 to 1.15, 2.1 to 2.4, 2.6 and 2.9; what is not listed was in all
 * of them.
 */
const SINCE: Readonly<Record<string, string>> = {
  TF_NewServer: '1.15',
  TF_UpdateEdge: '2.4',
  TF_StringGetDataPointer: '2.6',
  TF_StringGetSize: '2.6',
  TF_TensorFromProto: '2.9',
};

/** Older libraries lack some symbols; what does not need them works all the same. */
function lookUp(library: LibraryHandle, name: string, declaration: string): unknown {
  try {
    return library.func(declaration);
  } catch (error) {
    const version = String(library.func('const char *TF_Version()')());
    const needed = SINCE[name] === undefined ? 'a newer library is needed' : `TensorFlow ${SINCE[name]} has it`;
    throw new CodedError('TENSORFLOW_MISSING', `TensorFlow ${version} has no ${name}; ${needed}`, { cause: error });
  }
}

/** Calls a bound function on a worker thread. What the arguments point at must stay alive until it settles. */
export function callAsync<Parameters extends unknown[], Result>(
  call: KoffiFunc<(...parameters: Parameters) => Result>,
  ...parameters: Parameters
): Promise<Result> {
  return new Promise((resolve, reject) => {
    call.async(...parameters, (error: Error | null, result: Result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

/** Copies between an address and an array, either way. `bytes` must be within both. */
export function copyMemory(to: Pointer | ArrayBufferView, from: Pointer | ArrayBufferView, bytes: number): void {
  native().memcpy(to, from, bytes);
}

/**
 * The bytes at an address, without a copy; valid only while the owner of the memory lives, who sees to it that there is no
 * other such array at that address while one can be reached.
 */
export function viewMemory(address: Pointer, bytes: number): Uint8Array {
  return bytes === 0 ? new Uint8Array() : new Uint8Array(koffi.view(address, bytes));
}
