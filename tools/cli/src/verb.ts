import type { z } from 'zod';
import type { Terminal } from './terminal.js';

/** What a verb is given beside its options. */
export interface VerbContext {
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C or SIGTERM: stop soon, leaving what can be gone on from. */
  readonly signal: AbortSignal;
  /** Writes a result for people on stdout; silent with `--json`. */
  readonly print: (line: string) => void;
}

/** What a command of the command line takes and does; the list of commands has its name. */
export interface Verb<Schema extends z.ZodObject = z.ZodObject> {
  /** Options of what its words are a command of; the environment may say those, too, which are not its own. */
  readonly launches?: z.ZodObject;
  /** One option each, with a description; unknown ones are refused. */
  readonly options: Schema;
  /** Options that may be called by a letter, too, since others have them so: `n` of `ranks`. */
  readonly letters?: Readonly<Record<string, string>>;
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** Does it. What it resolves to is the last line of stdout with `--json`. */
  run(
    options: Readonly<z.output<Schema>>,
    context: VerbContext & { readonly words: readonly string[] },
  ): Promise<unknown>;
}

/** Ties a verb's `run` to its own options' types. */
export function defineVerb<Schema extends z.ZodObject>(verb: Verb<Schema>): Verb {
  return verb as unknown as Verb;
}
