/** `qrerun JOB...`: ends running jobs and puts them back into the queue under their own numbers. */
import { spawnSync } from 'node:child_process';
import { frontEnd, Refusal } from './refusal.mjs';
import { slurmNumber } from './sbatch.mjs';

await frontEnd('qrerun', () => {
  const numbers = process.argv.slice(2).map(slurmNumber);
  if (numbers.length === 0) throw new Refusal('which job?');
  return spawnSync('scontrol', ['requeue', numbers.join(',')], { stdio: 'inherit' }).status ?? 1;
});
