import { userInfo } from 'node:os';
import { CodedError } from '@bluewaters/errors';
import { Person } from '@bluewaters/records';
import type { PersonName } from '@bluewaters/registry';

/** Who uses the command, where the account's name does not say it: in containers, or with a store that is no directory. */
const VARIABLE = 'BLUEWATERS_PERSON';

/**
 * Who uses this command: `BLUEWATERS_PERSON`, else the name of the account; undefined where neither gives a name.
 * @throws {CodedError} CONFIG_INVALID when the variable holds no name.
 */
export function whoAsks(environment: NodeJS.ProcessEnv = process.env): PersonName | undefined {
  const said = environment[VARIABLE];
  if (said) return asPerson(said, VARIABLE);
  const parsed = Person.safeParse(accountName());
  return parsed.success ? parsed.data : undefined;
}

/** Who uses this command, where that must be known. @throws {CodedError} CONFIG_INVALID when it is not. */
export function whoActs(): PersonName {
  const person = whoAsks();
  if (person !== undefined) return person;
  throw new CodedError('CONFIG_INVALID', 'Say who you are: this account has no name', { details: { field: VARIABLE } });
}

/** A name that was typed. @param field Where. @throws {CodedError} CONFIG_INVALID when it is none. */
export function asPerson(name: string, field: string): PersonName {
  const parsed = Person.safeParse(name);
  if (parsed.success) return parsed.data;
  const expected = parsed.error.issues[0]?.message ?? 'a name';
  throw new CodedError('CONFIG_INVALID', 'This is not the name of a person', {
    details: { field, expected, got: name },
  });
}

function accountName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // a container may run under a number that no account has
  }
}
