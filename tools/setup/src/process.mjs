import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** @typedef {import('./cache.mjs').Environment} Environment */

/**
 * How a program ended.
 *
 * @typedef {object} Outcome
 * @property {number} status Exit status; 128 when a signal ended it; 127 when it could not start.
 * @property {string} output What it wrote to standard output.
 * @property {string} errors What it wrote to standard error.
 */

/**
 * Runs a program to its end and keeps what it wrote. Never throws.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Environment, timeoutMs?: number }} [options]
 * @returns {Promise<Outcome>}
 */
export function capture(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...(options.env ?? process.env) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => child.kill(), options.timeoutMs);
    /** @param {Outcome} outcome */
    const end = (outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    child.on('error', (error) => end({ status: 127, output, errors: error.message }));
    child.on('close', (code) => end({ status: code ?? 128, output, errors }));
  });
}

/**
 * Runs a program on this terminal; an interrupt goes on to it and this process waits for its end.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Environment }} [options]
 * @returns {Promise<number>} Its exit status; 128 + the signal's number when a signal ended it.
 */
export function hand(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...(options.env ?? process.env) },
      stdio: 'inherit',
    });
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => {
      // A terminal sends an interrupt to both of us; any other sender reaches only this process.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    process.on('SIGINT', forward).on('SIGTERM', forward);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGINT', forward).off('SIGTERM', forward);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}

/**
 * @param {string} name
 * @param {Environment} env
 * @returns {string | undefined} The program's path, the first on PATH.
 */
export function onPath(name, env) {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

/**
 * @param {string} file
 * @returns {boolean} Whether it is a file that may be run.
 */
export function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * @param {string} text
 * @param {number} [lines]
 * @returns {string} The last lines that say something.
 */
export function lastLines(text, lines = 3) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
