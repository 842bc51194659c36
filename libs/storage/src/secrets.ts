import { readFileSync } from 'node:fs';
import { CodedError } from '@bluewaters/errors';

/**
 * Reads a secret from the environment: `NAME` itself, or the file that `NAME_FILE` names, without the line's end.
 * @throws {CodedError} CONFIG_INVALID when neither is set or the file cannot be read.
 */
export function readSecret(name: string, environment: NodeJS.ProcessEnv = process.env): string {
  const secret = readSecretIfSet(name, environment);
  if (secret !== undefined) return secret;
  throw new CodedError('CONFIG_INVALID', `Set ${name} or ${name}_FILE in the environment`, {
    details: { field: name },
  });
}

/** As {@link readSecret}, but undefined when neither is set. @throws {CodedError} CONFIG_INVALID. */
export function readSecretIfSet(name: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const value = environment[name];
  if (value !== undefined && value !== '') return value;
  const file = environment[`${name}_FILE`];
  if (file === undefined || file === '') return undefined;
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (cause) {
    throw new CodedError('CONFIG_INVALID', `${name}_FILE cannot be read`, { details: { field: name, file }, cause });
  }
}
