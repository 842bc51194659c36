/** A child process of a fuzz, whose death or silence is a finding. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** So long without a word is a hang. */
const HANG_MS = 60_000;

/** Memory that the child may have: who asks for more is refused, as on a machine that has no more. */
const DATA_KIB = 4 << 20;

/**
 * Runs a program that tells what it does in lines of JSON, until it ends or says nothing for too long.
 *
 * @param {readonly string[]} command A program of Node's and its arguments; before it, options of Node.
 * @param {{ folder: string, environment?: Record<string, string>, onMessage: (message: any) => void }} options
 * @returns {Promise<{ ending: string, said: string }>} A signal, an exit code or `hang`; the last that it said on stderr.
 */
export async function watchChild(command, { folder, environment = {}, onMessage }) {
  const limited = ['-c', `ulimit -d ${DATA_KIB}; ulimit -c 0; exec "$@"`, 'sh', process.execPath, ...command];
  const child = spawn('/bin/sh', limited, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  /** @type {string[]} */
  const said = [];
  child.stderr.on('data', (bytes) => said.push(String(bytes).slice(-2000)) > 5 && said.shift());
  let hung = false;
  const kill = () => ((hung = true), child.kill('SIGKILL'));
  let watch = setTimeout(kill, HANG_MS);
  createInterface({ input: child.stdout }).on('line', (line) => {
    clearTimeout(watch);
    watch = setTimeout(kill, HANG_MS);
    const message = parse(line);
    if (typeof message === 'object' && message !== null) onMessage(message);
  });
  const ending = await new Promise((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`)),
  );
  clearTimeout(watch);
  return { ending: hung ? 'hang' : ending, said: said.join('').slice(-1500) };
}

/** @param {string} line */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // what a library printed
  }
}
