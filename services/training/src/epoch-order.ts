import { createHash } from 'node:crypto';
import { shuffledOrder } from '@bluewaters/records';

/** What decides the order of an epoch. */
export interface EpochOrder {
  /** Paths in the order in which they are read. */
  readonly files: string[];
  /** For TensorFlow's shuffle; never both zero, which would mean "draw your own". */
  readonly seeds: readonly [bigint, bigint];
}

/** A pure function of the run's seed and the epoch, so that a resumed epoch is the one that was left. */
export function epochOrder(
  files: readonly string[],
  options: { readonly seed: number; readonly epoch: number },
): EpochOrder {
  const digest = createHash('sha256').update(`${options.seed} ${options.epoch}`).digest();
  const order = shuffledOrder(files.length, digest.readUInt32LE(16));
  return {
    files: [...order].map((index) => files[index] as string),
    seeds: [BigInt(digest.readUInt32LE(0)) + 1n, BigInt(digest.readUInt32LE(8)) + 1n],
  };
}
