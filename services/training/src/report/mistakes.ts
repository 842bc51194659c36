import { open } from 'node:fs/promises';
import { CodedError } from '@bluewaters/errors';
import { decodeImageExample, readRecords, type ImageExample, type RecordTable } from '@bluewaters/records';
import type { Predictions } from '@bluewaters/models';

/** An example that the network got wrong, and by how much. */
export interface Mistake {
  /** In the split. */
  readonly record: number;
  /** Labels, 1-based; the answer may be 0, background. */
  readonly truth: number;
  readonly answer: number;
  /** Cross entropy: how sure the network was of something else. */
  readonly loss: number;
}

/** The examples with the greatest loss of those that were answered wrong, worst first. */
export function worstMistakes({ labels, top, k, losses }: Predictions, most: number): Mistake[] {
  const wrong: Mistake[] = [];
  labels.forEach((truth, record) => {
    const answer = top[record * k] as number;
    if (answer !== truth) wrong.push({ record, truth, answer, loss: losses[record] as number });
  });
  return wrong.sort((a, b) => b.loss - a.loss || a.record - b.record).slice(0, most);
}

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
