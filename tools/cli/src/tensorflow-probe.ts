/** What TensorFlow finds on this machine, seen by a process of its own: none is loaded here, and nothing of a GPU taken. */
import { CodedError } from '@bluewaters/errors';
import { builtModule, forkChild } from '@bluewaters/service';
import type { TensorflowFinding } from './tensorflow-probe.main.js';

/** Loads TensorFlow in a child process and asks it for its devices. */
export function probeTensorflow(): Promise<TensorflowFinding> {
  return new Promise((resolve) => {
    const child = forkChild(builtModule(new URL('./tensorflow-probe.main.js', import.meta.url)), {
      onExit: (error) => resolve({ error: error?.message ?? 'TensorFlow said nothing' }),
    });
    child.process.once('message', (finding) => resolve(finding as TensorflowFinding));
  });
}

/** Whether TensorFlow can compute on a GPU of this machine. @throws {CodedError} TENSORFLOW_MISSING. */
export async function hasGpu(): Promise<boolean> {
  const finding = await probeTensorflow();
  if ('error' in finding) throw new CodedError('TENSORFLOW_MISSING', finding.error);
  return finding.devices.some((device) => device.startsWith('GPU:'));
}
