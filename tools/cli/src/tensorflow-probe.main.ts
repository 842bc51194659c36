/** A child that loads TensorFlow and tells what it found, so that a crash in it is only a finding. */
import { toCodedError } from '@bluewaters/errors';
import { listDevices, tensorflowVersion } from '@bluewaters/tensorflow';

/** What the child sends. */
export type TensorflowFinding =
  | { readonly version: string; readonly devices: readonly string[]; readonly oneDnn: boolean }
  | { readonly error: string };

function look(): TensorflowFinding {
  try {
    const devices = listDevices().map(({ name }) => name.replace(/^.*device:/u, ''));
    return { version: tensorflowVersion(), devices, oneDnn: process.env['TF_ENABLE_ONEDNN_OPTS'] === '1' };
  } catch (error) {
    return { error: toCodedError(error).message };
  }
}

process.send?.(look(), undefined, undefined, () => process.exit(0));
