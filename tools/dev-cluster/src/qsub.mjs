/** `qsub [options] [script]`: submits a PBS job to Slurm and prints its number. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { frontEnd, Refusal } from './refusal.mjs';
import { readDirectives, readOptions, readRequest } from './request.mjs';
import { META, sbatchArguments, SERVER, wrap } from './sbatch.mjs';

/** @param {readonly string[]} args */
function submit(args) {
  const { options, rest } = readOptions(args);
  const [file, ...others] = rest;
  if (others.length > 0) throw new Refusal(`a script takes no arguments, variables by -v: ${others[0]}`);
  const script = readScript(file);
  const request = readRequest(readDirectives(script), options, file === undefined ? 'STDIN' : basename(file));
  const workdir = process.cwd();
  const meta = { ...request, workdir, host: hostname() };
  const { status, stdout, stderr } = spawnSync('sbatch', sbatchArguments(request, workdir), {
    input: wrap(script, request, fileURLToPath(new URL('job-environment.mjs', import.meta.url))),
    env: { ...process.env, ...given(request.variables), [META]: Buffer.from(JSON.stringify(meta)).toString('base64') },
    encoding: 'utf8',
  });
  process.stderr.write(stderr ?? '');
  if (status === 0) process.stdout.write(`${/\d+/u.exec(stdout)?.[0]}.${SERVER}\n`);
  return status ?? 1;
}

/** @param {string | undefined} file Stdin without one. */
function readScript(file) {
  try {
    return readFileSync(file ?? 0, 'utf8');
  } catch (error) {
    throw new Refusal(`the script cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

/** @param {Readonly<Record<string, string | undefined>>} variables Those without a value are the submitter's own. */
function given(variables) {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined));
}

await frontEnd('qsub', () => submit(process.argv.slice(2)));
