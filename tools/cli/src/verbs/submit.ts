/** `bluewaters submit`: the three jobs of the talk in a chain, as a machine's file says that jobs are to be submitted there. */
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { frameOptions } from '../common-options.js';
import { findMachine } from '../machines/find-machine.js';
import { planJobs, type Job } from '../submit/chain.js';
import { submitOptions, type SubmitValues } from '../submit/options.js';
import { shellScript } from '../submit/shell-script.js';
import { submitJobs } from '../submit/submit-jobs.js';
import { formatTable } from '../terminal.js';
import { defineVerb } from '../verb.js';

const options = z.strictObject({ ...submitOptions, ...frameOptions });
const REPOSITORY = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/u, '');

/** `bluewaters submit` */
export const submit = defineVerb({
  options,
  examples: [
    ['$0 submit --images Images.tar --synsets synsets.txt', 'one after the other on this computer'],
    ['$0 submit --machine bluewaters --nodes 16 … --dry-run', 'the commands for PBS, as a shell script'],
  ],
  run: async (values, context) => {
    const machine = await findMachine(values.machine);
    const jobs = planJobs(machine, values, values.home ?? REPOSITORY);
    if (values.dryRun) {
      const script = shellScript(machine, jobs);
      script.forEach(context.print);
      return { machine: machine.name, submitted: false, jobs, script };
    }
    await requireFiles(jobs, values);
    const numbers = await submitJobs(machine, jobs, context);
    if (numbers.length > 0) describe(jobs, numbers).forEach(context.print);
    return { machine: machine.name, submitted: true, jobs: jobs.map((job, n) => ({ ...job, number: numbers[n] })) };
  },
});

/** What is submitted here is read here: a wrong path is found now, not in the queue. */
async function requireFiles(jobs: readonly Job[], values: SubmitValues): Promise<void> {
  const inputs = (['images', 'synsets', 'words', 'imageList', 'boxes', 'validationList'] as const).flatMap((field) => {
    const file = values[field];
    return file === undefined ? [] : [{ field, file }];
  });
  for (const { field, file } of [...jobs.map(({ script }) => ({ field: 'home', file: script })), ...inputs]) {
    await access(file).catch((cause: unknown) => {
      const details = { file, field, expected: 'a file', got: 'none' };
      throw new CodedError('FILE_NOT_FOUND', 'A job would not find what it reads', { details, cause });
    });
  }
}

function describe(jobs: readonly Job[], numbers: readonly string[]): string[] {
  return formatTable(
    ['job', 'number', 'nodes', 'queue', 'walltime'],
    jobs.map(({ name, asks: { nodes, nodeType, queue = '', walltime = '' } }, n) => [
      name,
      numbers[n] ?? '',
      `${nodes} ${nodeType}`,
      queue,
      walltime,
    ]),
  );
}
