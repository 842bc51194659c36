/** A PBS job as Slurm takes it. */
import { join, resolve } from 'node:path';
import { Refusal } from './refusal.mjs';

/** @typedef {import('./request.mjs').JobRequest} JobRequest */

/** Jobs are numbered `12.bw`, as by a PBS server of that name. */
export const SERVER = 'bw';

/** @param {string} id `12.bw` or `12`. */
export function slurmNumber(id) {
  if (!/^\d+(?:\.\w+)?$/u.test(id)) throw new Refusal(`unknown job ${id}`);
  return id.replace(/\..*$/u, '');
}

/** What a job gets of the submitting environment whatever it says; PBS, too, starts it as a login does. */
const ALWAYS = ['HOME', 'LANG', 'LOGNAME', 'PATH', 'SHELL', 'SLURM_CONF', 'USER'];

/** Holds what the job's first lines make `PBS_*` of. */
export const META = '__PBS_META';

/**
 * @param {JobRequest} request
 * @param {string} workdir Where it is submitted from.
 * @returns {string[]} Arguments of `sbatch`.
 * @throws {Refusal} When the nodes cannot be asked of Slurm.
 */
export function sbatchArguments(request, workdir) {
  const count = request.nodes.reduce((sum, group) => sum + group.count, 0);
  const { walltime, gres, signal, account, queue, dependencies, variables } = request;
  const exported = [...new Set([...ALWAYS, META, ...Object.keys(variables)])].join(',');
  return [
    ...['--ignore-pbs', '--parsable', '--exclusive', '--open-mode=append', `--job-name=${request.name}`],
    // On a Cray the script runs on a service node, and outlives the nodes that fail.
    '--no-kill',
    ...[`--nodes=${count}`, `--ntasks=${count}`, '--ntasks-per-node=1', ...constraint(request.nodes, count)],
    // Slurm counts in minutes. The job's own clock knows better.
    ...(walltime === undefined ? [] : [`--time=${Math.max(1, Math.ceil(walltime / 60))}`]),
    ...(gres.length === 0 ? [] : [`--licenses=${gres.join(',')}`]),
    ...(signal === undefined ? [] : [`--signal=${signal}`]),
    ...(account === undefined ? [] : [`--account=${account}`]),
    ...(queue === undefined ? [] : [`--partition=${queue}`]),
    ...(request.held ? ['--hold'] : []),
    request.rerunnable ? '--requeue' : '--no-requeue',
    // As PBS does: a job whose condition cannot come true any more is deleted.
    ...(dependencies.length === 0 ? [] : [`--dependency=${dependencies.join(',')}`, '--kill-on-invalid-dep=yes']),
    `--export=${request.wholeEnvironment ? 'ALL' : exported}`,
    ...outputs(request, workdir),
  ];
}

/**
 * @param {JobRequest['nodes']} groups
 * @param {number} count Of all together.
 */
function constraint(groups, count) {
  const asked = groups.filter(({ features }) => features.length > 0);
  const [first] = asked;
  if (!first) return [];
  if (first.count === count) return [`--constraint=${first.features.join('&')}`];
  if (asked.some(({ features }) => features.length > 1)) {
    throw new Refusal('nodes of several groups can have one feature each here');
  }
  return [`--constraint=[${asked.map(({ count, features }) => `${features[0]}*${count}`).join('&')}]`];
}

/**
 * @param {JobRequest} request
 * @param {string} workdir
 */
function outputs({ name, output, errors, join: joined }, workdir) {
  const number = `%j`;
  /**
   * @param {string | undefined} given
   * @param {string} letter
   */
  const file = (given, letter) => {
    const standard = `${name}.${letter}${number}`;
    if (given === undefined) return join(workdir, standard);
    const path = given.replace(/^[^/:]*:/u, '').replace(/\$\{?PBS_JOBID\}?/gu, `${number}.${SERVER}`);
    return path.endsWith('/') ? resolve(workdir, path, standard) : resolve(workdir, path);
  };
  if (joined === 'oe') return [`--output=${file(output, 'o')}`];
  if (joined === 'eo') return [`--output=${file(errors, 'e')}`];
  return [`--output=${file(output, 'o')}`, `--error=${file(errors, 'e')}`];
}

/**
 * The script that Slurm runs: it sets what PBS would have set and goes on as the user's script.
 *
 * @param {string} script
 * @param {JobRequest} request
 * @param {string} environmentProgram That prints assignments.
 */
export function wrap(script, { shell }, environmentProgram) {
  const interpreter = shell ?? /^#!\s*(\S.*)/u.exec(script)?.[1] ?? '/bin/bash';
  const end = '__END_OF_PBS_SCRIPT__';
  return `#!/bin/bash
assignments=$(node '${environmentProgram}') || exit 1
eval "$assignments"
cat > "$__PBS_SCRIPT" <<'${end}'
${script}
${end}
exec ${interpreter} "$__PBS_SCRIPT"
`;
}
