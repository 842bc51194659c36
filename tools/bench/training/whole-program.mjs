/** Programs that are run to their end, and the memory that they took. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Often enough: a process's own peak is kept by the kernel until it ends. */
const LOOK_EVERY_MS = 200;

/**
 * @typedef {object} Ended
 * @property {string} output What it wrote to standard output.
 * @property {number} peakBytes Of resident memory: the peaks of all its processes together.
 */

/**
 * Runs a program, and waits for it to end.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {object} options
 * @param {Record<string, string | undefined>} options.env All of it: what is undefined is not set.
 * @param {() => boolean} [options.enough] Looked at now and then: once it holds, the program is asked to stop.
 * @returns {Promise<Ended>}
 * @throws {Error} When it fails though nobody asked it to stop.
 */
export async function runWholeProgram(program, args, { env, enough }) {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (said.output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (said.errors = `${said.errors}${text}`.slice(-4000)));
  /** @type {Map<number, number>} */
  const peaks = new Map();
  let asked = false;
  const timer = setInterval(() => {
    notePeaks(child.pid ?? 0, peaks);
    if (!asked && enough?.()) asked = child.kill('SIGINT');
  }, LOOK_EVERY_MS);
  const status = await new Promise((resolve) => child.on('error', resolve).on('close', resolve));
  clearInterval(timer);
  if (status !== 0 && !asked) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${said.errors}`);
  return { output: said.output, peakBytes: [...peaks.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

/** Looks at a process and all that it started. @param {number} pid @param {Map<number, number>} peaks */
function notePeaks(pid, peaks) {
  for (const id of [pid, ...descendants(pid)]) {
    const kilobytes = /^VmHWM:\s+(\d+) kB/mu.exec(readIfThere(`/proc/${id}/status`))?.[1];
    if (kilobytes) peaks.set(id, Number(kilobytes) * 1024);
  }
}

/** @param {number} pid @returns {number[]} */
function descendants(pid) {
  const threads = listIfThere(`/proc/${pid}/task`);
  const children = threads.flatMap((thread) => readIfThere(`/proc/${pid}/task/${thread}/children`).split(' '));
  return children.filter(Boolean).flatMap((child) => [Number(child), ...descendants(Number(child))]);
}

/** A process may end at any moment. @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} folder */
function listIfThere(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
