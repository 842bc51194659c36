/** Proof that the readers of what strangers give end as they should, whatever they are given. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { demand } from '../support.mjs';
import { writeCorpus } from './corpus.mjs';
import { describeReport, exploreReader, READERS } from './fuzz.mjs';

const SEED = 1;

/**
 * Explores as many readers at a time as there are cores. Damaged files of BLUEWATERS_DATA, where it is set, are among what it
 * begins with; then nothing is kept, since pieces of pictures may be in it that are not ours to publish.
 *
 * @param {string} folder Gets the inputs that led furthest, in the form of the corpus.
 * @param {number} minutes For each.
 */
export async function readers(folder, minutes) {
  const left = [...READERS];
  /** @type {string[]} */
  const said = [];
  let findings = 0;
  const exploreNext = async () => {
    for (let name = left.shift(); name; name = left.shift()) {
      const report = await exploreReader(name, { seed: SEED, ms: minutes * 60_000, damaged: true });
      if (report.finding) console.error(JSON.stringify({ reader: name, ...report.finding }));
      else if (!process.env['BLUEWATERS_DATA']) writeCorpus(join(folder, `${name}.txt`), report.smallest);
      findings += report.finding ? 1 : 0;
      said.push(`${name}: ${describeReport(report)}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, exploreNext));
  demand(findings === 0, `no death, hang or error without a code: got ${findings}; ${said.join('; ')}`);
  return `seed ${SEED}, ${minutes} minutes each. ${said.sort().join('. ')}`;
}
