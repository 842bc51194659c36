import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A Python that has TensorFlow and TensorBoard, if there is one. */
export const PYTHON = process.env['BLUEWATERS_PYTHON'];

/** How every Python program of a test is run. */
export const PYTHON_ENVIRONMENT = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '' };

/** Runs a program whose last line is JSON; `directory`, `os` and `json` are known to it. */
export async function runPython(program: string, folder: string): Promise<unknown> {
  const preamble = `import sys, os, json\ndirectory = sys.argv[1]\n`;
  const { stdout } = await promisify(execFile)(PYTHON!, ['-c', preamble + program, folder], {
    env: PYTHON_ENVIRONMENT,
    maxBuffer: 64 << 20,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

/** A single grey pixel. */
export function onePixelPng(): Uint8Array {
  const base64 = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';
  return Buffer.from(base64, 'base64');
}
