import { CodedError, toCodedError } from '@bluewaters/errors';
import { notIn, readOptionsFile, resolveOptions, withoutVariables } from '@bluewaters/service';
import { tellFailed } from './rank-word.js';
import { openTerminal } from './terminal.js';
import type { Verb } from './verb.js';

/** Exit codes: as shells expect of a program that was interrupted, and of one that failed. */
const EXIT_INTERRUPTED = 130;
const EXIT_FAILED = 1;

/**
 * Runs a verb to its end, and ends the process with it.
 *
 * @param argv As yargs read it: options, and under the name in `words` the arguments that are none.
 */
export async function runVerb(
  verb: Verb,
  argv: Readonly<Record<string, unknown>>,
  { words: named }: { readonly words?: string },
): Promise<void> {
  const stopping = new AbortController();
  listenForStops(stopping);
  let json = argv['json'] === true;
  const print = (line: string): void => {
    if (!json) process.stdout.write(`${line}\n`);
  };
  try {
    const options = readOptions(verb, argv);
    // Also the environment and a file may ask for it; an error before this line can only go by the flag.
    json = options['json'] === true;
    const words = named === undefined ? [] : wordsOf(named, argv);
    const terminal = openTerminal(process.stderr);
    const result = await verb.run(options, { terminal, signal: stopping.signal, print, words });
    if (json) process.stdout.write(`${JSON.stringify(result ?? {})}\n`);
  } catch (error) {
    fail(error, { json, stopped: stopping.signal.aborted });
  }
  process.exit();
}

/** What follows `--` are words too, however much like flags they look. */
function wordsOf(name: string, argv: Readonly<Record<string, unknown>>): string[] {
  return [argv[name.toLowerCase()], argv['--']].flatMap((some) => (some as unknown[] | undefined) ?? []).map(String);
}

/** Flags go before environment, file and defaults; yargs' own additions to `argv` are left out. */
function readOptions(verb: Verb, argv: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const names = Object.keys(verb.options.shape);
  const flags = Object.fromEntries(names.map((name) => [name, argv[name]]));
  const config = argv['config'] ?? process.env['BLUEWATERS_CONFIG'];
  const others = verb.launches ? notIn(verb.options, Object.keys(verb.launches.shape)) : [];
  return resolveOptions(verb.options, {
    flags,
    environment: withoutVariables(process.env, others),
    ...(typeof config === 'string' ? { file: readOptionsFile(config) } : {}),
  });
}

/** `npm run` and `timeout` hand a signal on that the process has had already: signals this close are one. */
const SAME_SIGNAL_MS = 500;

/** The first signal asks to stop; a second one does not wait. */
function listenForStops(stopping: AbortController): void {
  let askedAt = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const again = stopping.signal.aborted;
      if (again && performance.now() - askedAt > SAME_SIGNAL_MS) process.exit(EXIT_INTERRUPTED);
      if (again) return;
      askedAt = performance.now();
      process.stderr.write('\nstopping: what is done is kept (again to stop at once)\n');
      stopping.abort(new CodedError('INTERRUPTED', 'Stopped; run the same command again to go on from here'));
    });
  }
}

function fail(error: unknown, how: { readonly json: boolean; readonly stopped: boolean }): void {
  const coded = toCodedError(error);
  const interrupted = how.stopped && coded.code === 'INTERRUPTED';
  const said = interrupted ? 'stopped: run the same command again to go on' : `error ${coded.code}: ${coded.message}`;
  process.stderr.write(`\n${said}\n`);
  if (!interrupted) tellFailed(coded);
  if (coded.code === 'INTERNAL' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (how.json) process.stdout.write(`${JSON.stringify({ error: coded.toJSON() })}\n`);
  process.exitCode = interrupted ? EXIT_INTERRUPTED : EXIT_FAILED;
}
