/** `qdel JOB...`: ends jobs. */
import { spawnSync } from 'node:child_process';
import { frontEnd, Refusal } from './refusal.mjs';
import { slurmNumber } from './sbatch.mjs';

await frontEnd('qdel', () => {
  const numbers = process.argv.slice(2).map(slurmNumber);
  if (numbers.length === 0) throw new Refusal('which job?');
  return spawnSync('scancel', numbers, { stdio: 'inherit' }).status ?? 1;
});
