import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A Python with TensorFlow and TensorBoard; undefined where there is none. */
export const PYTHON = process.env['BLUEWATERS_PYTHON'];

/** What a Python program said. */
export interface PythonOutput<T> {
  /** Its last line of stdout, read as JSON. */
  readonly value: T;
  readonly stderr: string;
}

/**
 * Runs a Python program that prints JSON on its last line.
 *
 * @param args Where the program finds them: `sys.argv[1:]`.
 */
export async function runPython<T>(program: string, args: readonly string[]): Promise<PythonOutput<T>> {
  const { stdout, stderr } = await python(['-c', `import json, os, sys\n${program}`, ...args]);
  return { value: JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as T, stderr };
}

/** Runs a module as `python -m` does, on the CPU and without TensorFlow's own log. */
export function runPythonModule(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return python(['-m', ...args]);
}

function python(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(PYTHON ?? 'python3', [...args], {
    env: {
      ...process.env,
      TF_CPP_MIN_LOG_LEVEL: '3',
      TF_ENABLE_ONEDNN_OPTS: '1',
      CUDA_VISIBLE_DEVICES: '-1',
      // TensorBoard's own import, whatever it reads.
      PYTHONWARNINGS: 'ignore:pkg_resources is deprecated as an API',
    },
    maxBuffer: 64 << 20,
  });
}
