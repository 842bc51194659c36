import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError, isCodedError, parseStored } from '@bluewaters/errors';
import { z } from 'zod';
import { MachineFile, type Machine, type NodeType } from './machine.js';

const FOLDER = new URL('../../machines/', import.meta.url);

/** Machines that have a file here. */
export const MACHINE_NAMES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => basename(name, '.json'))
  .sort();

/**
 * A machine by its name, or from a JSON file.
 * @throws {CodedError} CONFIG_INVALID that lists the names, or names the field; FILE_NOT_FOUND.
 */
export async function findMachine(nameOrFile: string): Promise<Machine> {
  if (nameOrFile.endsWith('.json')) return readMachine(nameOrFile, basename(nameOrFile, '.json'));
  if (MACHINE_NAMES.includes(nameOrFile)) {
    return readMachine(fileURLToPath(new URL(`${nameOrFile}.json`, FOLDER)), nameOrFile);
  }
  throw noMachine(nameOrFile, MACHINE_NAMES);
}

/** Nodes of a machine that are alike. */
export interface FoundNodes {
  readonly machine: Machine;
  /** Such as `bluewaters-xk`. */
  readonly name: string;
  readonly nodeType: NodeType;
}

/**
 * Nodes by name: `bluewaters-xk`, `mine.json:xk`, or that of a machine that has no others.
 * @throws {CodedError} As {@link findMachine}; CONFIG_INVALID that lists the names where the machine has several.
 */
export async function findNodes(name: string): Promise<FoundNodes> {
  const [machineName, typeName] = await splitName(name);
  const machine = await findMachine(machineName);
  const types = Object.entries(machine.nodeTypes);
  const [type, nodeType] =
    types.find(([one]) => one === typeName || (typeName === undefined && types.length === 1)) ?? [];
  if (type === undefined || nodeType === undefined) {
    throw noMachine(
      name,
      types.map(([one]) => `${machineName}${machineName.endsWith('.json') ? ':' : '-'}${one}`),
    );
  }
  return { machine, name: types.length === 1 ? machine.name : `${machine.name}-${type}`, nodeType };
}

async function splitName(name: string): Promise<readonly [machine: string, nodeType?: string | undefined]> {
  const [, file, ofFile] = /^(.*\.json)(?::(.*))?$/u.exec(name) ?? [];
  if (file !== undefined) return [file, ofFile];
  if (MACHINE_NAMES.includes(name)) return [name];
  const machine = MACHINE_NAMES.find((one) => name.startsWith(`${one}-`));
  if (machine === undefined) throw noMachine(name, await nodeNames());
  return [machine, name.slice(machine.length + 1)];
}

/** Names of all nodes that have a file here. */
export async function nodeNames(): Promise<string[]> {
  const machines = await Promise.all(MACHINE_NAMES.map(findMachine));
  return machines.flatMap(({ name, nodeTypes }) => {
    const types = Object.keys(nodeTypes);
    return types.length === 1 ? [name] : types.map((type) => `${name}-${type}`);
  });
}

function noMachine(got: string, names: readonly string[]): CodedError {
  return new CodedError('CONFIG_INVALID', `There is no machine ${got}`, {
    details: { field: 'machine', expected: `${names.join(' or ')}, or a .json file`, got },
  });
}

async function readMachine(file: string, name: string): Promise<Machine> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CodedError('FILE_NOT_FOUND', 'The file of the machine cannot be read', { details: { file }, cause });
  });
  try {
    const format = MachineFile.shape.format.unwrap().value;
    return { name, ...parseStored(MachineFile, text, { format, file }) };
  } catch (cause) {
    if (isCodedError(cause)) throw cause;
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    throw new CodedError('CONFIG_INVALID', 'The file of a machine is not in the expected form', {
      details: { file, field: issue?.path.join('.') ?? '', expected: issue?.message ?? 'JSON', got: 'something else' },
      cause,
    });
  }
}
