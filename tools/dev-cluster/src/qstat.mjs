/** `qstat [-f] [JOB...]`: jobs of the queue; with `-f` all that is known of some. */
import { spawnSync } from 'node:child_process';
import { frontEnd, Refusal } from './refusal.mjs';
import { SERVER, slurmNumber } from './sbatch.mjs';

/** Letters of PBS for states of Slurm. */
const STATES = { PD: 'Q', CF: 'R', R: 'R', S: 'S', CG: 'E', CD: 'C', CA: 'C', F: 'C', TO: 'C', NF: 'C' };

/** @param {readonly string[]} args */
function show(args) {
  const full = args[0] === '-f';
  const ids = args.slice(full ? 1 : 0);
  const unknown = ids.find((id) => id.startsWith('-'));
  if (unknown !== undefined) throw new Refusal(`option ${unknown} is not known here`);
  const numbers = ids.map(slurmNumber);
  if (full) return spawnSync('scontrol', ['show', 'job', ...numbers], { stdio: 'inherit' }).status ?? 1;
  const of = numbers.length === 0 ? [] : ['--states=all', `--jobs=${numbers.join(',')}`];
  const format = '--format=%i %t %M %u %P %j';
  const { status, stdout, stderr } = spawnSync('squeue', ['--noheader', format, ...of], { encoding: 'utf8' });
  process.stderr.write(stderr);
  for (const line of stdout.split('\n').filter(Boolean)) {
    const [number, state, time, user, queue, ...name] = line.trim().split(' ');
    const letter = STATES[/** @type {keyof typeof STATES} */ (state)] ?? 'Q';
    console.log(`${number}.${SERVER} ${name.join(' ')} ${user} ${time} ${letter} ${queue}`);
  }
  return status ?? 1;
}

await frontEnd('qstat', () => show(process.argv.slice(2)));
