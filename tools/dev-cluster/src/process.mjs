/**
 * One process of an application, started by Slurm: runs the program of its segment, and listens to what it says to the
 * process manager. On a Cray all segments share one MPI_COMM_WORLD: when one process calls MPI_Init, every one has to, and
 * has to call MPI_Finalize before it ends.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { APPLICATION, leave, whoLeft } from './application.mjs';

/** The descriptor that the program is given for the process manager. */
const MANAGER_FD = 3;

const { [APPLICATION]: folder = '', PMI_FD, SLURM_PROCID = '0', ...environment } = process.env;
const pe = Number(SLURM_PROCID);
const { command, depth, segment } = JSON.parse(readFileSync(join(folder, 'processes.json'), 'utf8'))[pe];
const [program = '', ...args] = command;

let hasBegun = false;
let hasFinished = false;
/** The end of what was said before, since a word may come in two parts. */
let tail = '';

/** @param {string} what */
function refuse(what) {
  process.stderr.write(`aprun: process ${pe} (${program}, segment ${segment}) ${what}\n`);
  child.kill('SIGKILL');
  leave(folder, 'end', pe, 1);
  process.exit(1);
}

/** In the words of a Cray, where the place in its cabinet follows the node. @param {NodeJS.Signals} signal */
function tellOfEnd(signal) {
  const node = environment['SLURMD_NODENAME']?.replace('nid', '');
  const words = signal === 'SIGKILL' ? 'Killed' : signal;
  process.stderr.write(`_pmiu_daemon(SIGCHLD): [NID ${node}] PE RANK ${pe} exit signal ${words}\n`);
}

/** @param {Buffer} bytes From the program to the process manager. */
function listen(bytes) {
  tail = (tail + bytes.toString('latin1')).slice(-4096);
  hasFinished ||= /cmd=finalize\b/u.test(tail);
  if (hasBegun) return;
  hasBegun = true;
  leave(folder, 'init', pe);
  if (whoLeft(folder, 'none').length > 0) refuse('calls MPI_Init, but another ended without it');
}

const child = spawn(program, args, {
  stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  env: {
    ...environment,
    ...{ SLURM_PROCID, PMI_FD: String(MANAGER_FD), ALPS_APP_PE: String(pe), ALPS_APP_DEPTH: String(depth) },
    OMP_NUM_THREADS: environment.OMP_NUM_THREADS ?? String(depth),
  },
});
const toProgram = /** @type {Socket} */ (child.stdio[MANAGER_FD]);
const toManager = new Socket({ fd: Number(PMI_FD), readable: true, writable: true });
// Only the end of this process closes the manager's: it takes an earlier one for an error.
toProgram.on('data', listen).pipe(toManager, { end: false });
toManager.pipe(toProgram);
// Either may be gone first.
for (const socket of [toProgram, toManager]) socket.on('error', () => undefined);

let isAsked = false;
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) {
  process.on(signal, () => {
    isAsked = true;
    child.kill(signal);
  });
}
child.once('error', (error) => {
  process.stderr.write(`aprun: ${program} cannot be started: ${error.message}\n`);
  leave(folder, 'end', pe, 127);
  process.exit(1);
});
child.once('close', (code, signal) => {
  if (code === 0 && !hasBegun) {
    leave(folder, 'none', pe);
    if (whoLeft(folder, 'init').length > 0) refuse('ended without MPI_Init, which others called');
  }
  if (code === 0 && hasBegun && !hasFinished) refuse('ended without MPI_Finalize');
  if (signal && !isAsked) tellOfEnd(signal);
  if (code !== 0) leave(folder, 'end', pe, code ?? 128 + (signal ? constants.signals[signal] : 0));
  // What makes Slurm end the others.
  process.exit(signal || (hasBegun && !hasFinished) ? 1 : 0);
});
