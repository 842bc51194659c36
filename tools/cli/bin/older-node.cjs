/**
 * What our code and its packages count on and Node 16 lacks: the newest for the C libraries and kernels of machines like Blue
 * Waters. Loaded there before anything else. Beside this file, sources keep to what Node 16 has, as the compiler's `lib` says
 * of the language; test/blue-waters.oldnode.spec.ts runs them there.
 */
'use strict';

const channels = require('node:diagnostics_channel');
const files = require('node:fs/promises');
const { syncBuiltinESMExports } = require('node:module');

/** `using` and `await using`, as the compiler writes them, and files that are closed by the latter. */
function addDisposal() {
  for (const name of ['dispose', 'asyncDispose']) {
    Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
  }
  const { open } = files;
  files.open = async (...args) => {
    const file = await open(...args);
    return Object.assign(file, { [Symbol.asyncDispose]: () => file.close() });
  };
  syncBuiltinESMExports();
}

/** Aborted with the first of some signals. */
function anySignal(signals) {
  const any = new AbortController();
  for (const signal of signals) {
    const abort = () => any.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  return any.signal;
}

// The environment that names this file may reach a newer Node, too.
if (Symbol.dispose === undefined) {
  addDisposal();
  AbortSignal.any = anySignal;
  // pino tells tracers of its lines, of which there are none here.
  channels.tracingChannel = () => ({ hasSubscribers: false });
  // yargs asks for the versions that its authors test, and this is how they have it run on others.
  process.env.YARGS_MIN_NODE_VERSION ??= '16';
}
