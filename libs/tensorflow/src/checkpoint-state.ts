/** The file `checkpoint`, by which TensorFlow and TensorBoard find the newest checkpoint of a folder. */
import { randomUUID } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError, toCodedError } from '@bluewaters/errors';

/** Which checkpoints a folder holds. */
export interface CheckpointState {
  /** Prefix of the newest, relative to the folder: 'model.ckpt-1000'. */
  readonly latest: string;
  /** Prefixes of all that are kept, oldest first; the newest is among them. */
  readonly all: readonly string[];
}

const FILE_NAME = 'checkpoint';

/**
 * Names the newest checkpoint. Readers see the old state or the new one, never a part of it.
 *
 * @throws {CodedError} STORE_FULL or FILE_NOT_FOUND when the folder cannot take it.
 */
export async function writeCheckpointState(directory: string, { latest, all }: CheckpointState): Promise<void> {
  const lines = [
    `model_checkpoint_path: ${quote(latest)}`,
    ...all.map((prefix) => `all_model_checkpoint_paths: ${quote(prefix)}`),
  ];
  const beside = join(directory, `.${FILE_NAME}.${randomUUID()}`);
  try {
    await writeThrough(beside, `${lines.join('\n')}\n`);
    await rename(beside, join(directory, FILE_NAME));
  } catch (error) {
    throw toCodedError(error);
  }
}

/**
 * Reads which checkpoints a folder holds.
 *
 * @returns Undefined when the folder has no such file.
 * @throws {CodedError} CHECKPOINT_INVALID when the file is not in TensorFlow's form.
 */
export async function readCheckpointState(directory: string): Promise<CheckpointState | undefined> {
  const file = join(directory, FILE_NAME);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw toCodedError(error);
  });
  if (text === undefined) return undefined;
  const all = valuesOf(text, 'all_model_checkpoint_paths');
  const [latest] = valuesOf(text, 'model_checkpoint_path');
  if (latest !== undefined) return { latest, all };
  throw new CodedError('CHECKPOINT_INVALID', 'the file that names the newest checkpoint does not name one', {
    details: { file, field: 'model_checkpoint_path' },
  });
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** In the text form of messages strings are escaped as in C. */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function quote(value: string): string {
  const escaped = value.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r');
  return `"${escaped}"`;
}

function valuesOf(text: string, field: string): string[] {
  const lines = text.matchAll(new RegExp(`^\\s*${field}:\\s*"((?:[^"\\\\]|\\\\.)*)"`, 'gm'));
  return [...lines].map(([, escaped = '']) => unquote(escaped));
}

/** Python writes every byte of a letter beyond ASCII in octal, so this works on bytes. */
function unquote(escaped: string): string {
  const bytes = Buffer.from(escaped).toString('latin1');
  const plain = bytes.replace(/\\([0-7]{1,3}|.)/g, (_, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(parseInt(code, 8)) : (ESCAPES[code] ?? code),
  );
  return Buffer.from(plain, 'latin1').toString();
}
