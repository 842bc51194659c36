/** A file that says how to reach a bus, and who may: for one that somebody starts for a while, whose address nobody knows before. */
import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { CodedError, isCodedError, parseStored } from '@bluewaters/errors';
import { z } from 'zod';

/** What the file holds, as JSON. */
export const BusFile = z.strictObject({
  format: z.literal('bluewaters.bus.v1'),
  url: z.url({ protocol: /^(?:nats|tls)$/u }),
  user: z.string(),
  password: z.string(),
});
/** See {@link BusFile:variable}. */
export type BusFile = z.infer<typeof BusFile>;

/**
 * @throws {CodedError} BUS_UNAVAILABLE where there is no such file, which may be because nobody has started the bus yet;
 * CONFIG_INVALID where it cannot be read, or is another one; FORMAT_UNKNOWN.
 */
export function readBusFile(path: string): BusFile {
  try {
    return parseStored(BusFile, readFileSync(path, 'utf8'), { format: BusFile.shape.format.value, file: path });
  } catch (cause) {
    if (isCodedError(cause)) throw cause;
    const details = { field: 'bus', file: path, expected: 'what whoever starts a bus leaves' };
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new CodedError('BUS_UNAVAILABLE', 'No bus was started that leaves this file', { details, cause });
    }
    throw new CodedError('CONFIG_INVALID', 'The file of a bus cannot be read', { details, cause });
  }
}

/** Writes it for this user alone; it is there whole or not at all. */
export async function writeBusFile(path: string, file: BusFile): Promise<void> {
  const beside = `${path}.${process.pid}`;
  const handle = await open(beside, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(file)}\n`);
  } finally {
    await handle.close();
  }
  await rename(beside, path);
}
