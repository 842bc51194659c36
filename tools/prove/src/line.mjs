/** Proofs of the whole line, from an archive to a served model. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bluewaters, demand, percent } from './support.mjs';

/** The complete MNIST. @param {string} folder */
export async function quickstart(folder) {
  const { code, result } = await bluewaters(['run', '--quickstart', '--store', folder]);
  demand(code === 0 && result.top1 >= 0.985, 'at least 98.5 % of 10,000 held-out digits');
  demand(result.seconds < 180, 'under 3 minutes on 2 cores');
  const seconds = result.seconds.toFixed(0);
  return `${percent(result.top1)} of 10,000 held-out digits, ${seconds} s in all, training at ${result.imagesPerSecond.toFixed(0)} images/s`;
}

/** The quickstart, killed again and again. @param {string} folder */
export async function killed(folder) {
  const whole = join(folder, 'whole');
  const killed = join(folder, 'killed');
  const reference = await bluewaters(['run', '--quickstart', '--store', whole]);
  const kills = [4_000, 9_000, 15_000, 20_000, 25_000, 30_000];
  for (const afterMs of kills) await bluewaters(['run', '--quickstart', '--store', killed], afterMs);
  const ended = await bluewaters(['run', '--quickstart', '--store', killed]);
  demand(ended.code === 0, 'the line ends');
  demand(shardDigests(killed) === shardDigests(whole), 'the same shards byte for byte');
  const apart = Math.abs(ended.result.top1 - reference.result.top1);
  demand(apart <= 0.003, 'an accuracy within 0.3 points');
  return `after ${kills.length} SIGKILLs the same shards, accuracy ${percent(apart)} apart`;
}

/** @param {string} store */
function shardDigests(store) {
  const folder = join(store, 'datasets/mnist');
  const names = readdirSync(folder).filter((name) => /-of-\d+$/u.test(name));
  return names
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    )
    .join('\n');
}
