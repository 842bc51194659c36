import { CodedError } from '@bluewaters/errors';
import type { z } from 'zod';
import { nearestName, VARIABLE_PREFIX, variableName } from './option-names.js';
import { optionTypes, readText } from './option-types.js';

/** Variables that are no options: where tests find things, where set-up keeps things, secrets that the adapters read, who asks. */
const NOT_OPTIONS =
  /^(?:ADVISORIES|CACHE|CHROMIUM|CONFIG|DATA|GENERATION|HADOLINT|LACKS|LAUNCHED(?:_BY)?|MINIO(?:_\w+)?|MPI|NATS_\w+|NEW_NODE|OLD_(?:NODE|TENSORFLOW)|PARITY|PERSON|PROMETHEUS|PYTHON|PYTORCH|RANK_(?:HOST|MEMORY)|STRICT|TENSORFLOW)$/u;

/** `BLUEWATERS_INFERENCE_PORT` speaks to inference alone, so that one environment can serve all four services. */
const SERVICES = ['ingest', 'shards', 'training', 'inference'];

/**
 * The environment without what it says of some options, for a program that has none of them and would refuse them.
 *
 * @param options By name, `worldSize`.
 */
export function withoutVariables(environment: NodeJS.ProcessEnv, options: readonly string[]): NodeJS.ProcessEnv {
  const names = options.map((option) => variableName(option));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)));
}

/** Those of some options, by name, that a program does not have. */
export function notIn(schema: z.ZodObject, options: readonly string[]): string[] {
  return options.filter((option) => !Object.hasOwn(schema.shape, option));
}

/** What the environment says about the options of one program. */
export interface EnvironmentReading {
  /** Values by option name, not yet checked against the schema. */
  readonly values: Record<string, unknown>;
  /** The variable that each came from. */
  readonly names: Record<string, string>;
}

/**
 * Reads `BLUEWATERS_OPTION`, and before it `BLUEWATERS_SERVICE_OPTION`. Empty variables count as unset.
 *
 * @param service The program's own name, where it is one of the services.
 * @param alsoKnown Options of sister programs, which are ignored here instead of refused.
 * @throws {CodedError} CONFIG_INVALID naming a `BLUEWATERS_*` variable that means nothing, and the nearest that does.
 */
export function readEnvironment(
  schema: z.ZodObject,
  environment: NodeJS.ProcessEnv,
  { service, alsoKnown = [] }: { readonly service?: string | undefined; readonly alsoKnown?: readonly string[] } = {},
): EnvironmentReading {
  const reading: EnvironmentReading = { values: {}, names: {} };
  const known = new Set(alsoKnown.map((option) => variableName(option)));
  for (const [option, type] of optionTypes(schema)) {
    const candidates = [service === undefined ? [] : variableName(option, service), variableName(option)].flat();
    candidates.forEach((name) => known.add(name));
    const name = candidates.find((candidate) => environment[candidate]);
    if (name === undefined) continue;
    reading.values[option] = readText(type, environment[name]!, name);
    reading.names[option] = name;
  }
  refuseUnknown(environment, known, service);
  return reading;
}

function refuseUnknown(environment: NodeJS.ProcessEnv, known: ReadonlySet<string>, service: string | undefined): void {
  for (const name of Object.keys(environment)) {
    if (!name.startsWith(VARIABLE_PREFIX) || known.has(name)) continue;
    const rest = name.slice(VARIABLE_PREFIX.length);
    const addressee = SERVICES.find((other) => rest.startsWith(`${other.toUpperCase()}_`));
    if (NOT_OPTIONS.test(rest) || (addressee !== undefined && addressee !== service)) continue;
    throw new CodedError('CONFIG_INVALID', 'An environment variable means nothing here', {
      details: { field: name, expected: nearestName(name, known) ?? 'one that --help lists' },
    });
  }
}
