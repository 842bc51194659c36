import { open } from 'node:fs/promises';
import { CodedError } from '@bluewaters/errors';
import { decodeImageExample, readRecords, type ImageExample, type RecordTable } from '@bluewaters/records';

/**
 * One example of a split, read from its shard.
 *
 * @throws {CodedError} RECORD_CORRUPT, EXAMPLE_INVALID, FILE_NOT_FOUND.
 */
export async function readExample(
  files: readonly string[],
  records: RecordTable,
  number: number,
): Promise<ImageExample> {
  const file = files[records.shard[number] as number] as string;
  const bytes = Buffer.alloc(records.length[number] as number);
  const handle = await open(file);
  try {
    await handle.read(bytes, 0, bytes.length, records.offset[number] as number);
  } finally {
    await handle.close();
  }
  const [record] = readRecords(bytes, { file });
  if (record) return decodeImageExample(record.payload);
  throw new CodedError('RECORD_CORRUPT', 'A record is empty', { details: { file, got: `record ${number}` } });
}
