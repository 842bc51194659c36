/** Names of devices: '/job:ps/task:0/device:CPU:0', of which any part may be left out. */
import { CodedError } from '@bluewaters/errors';

/** One part of a device's name. */
const PART = /^(job:[\w-]+|(replica|task):\d+|device:[A-Za-z_]+(:(\d+|\*))?)$/;

/**
 * A device within the scope of another: the inner parts win, the outer ones fill the gaps.
 *
 * @param outer As TensorFlow writes devices, or ''.
 * @param inner The same; '' asks for nothing new. '/cpu:0' and '/gpu:1' are short for '/device:…'.
 * @throws {CodedError} GRAPH_INVALID when `inner` is no device that TensorFlow could know.
 */
export function nestDevice(outer: string, inner: string): string {
  const parts = new Map([...partsOf(outer), ...partsOf(inner)]);
  return ['job', 'replica', 'task', 'device'].flatMap((part) => parts.get(part) ?? []).join('');
}

function partsOf(device: string): [string, string][] {
  const parts = device
    .split('/')
    .filter((part) => part !== '')
    .map((part) => part.replace(/^(cpu|gpu):/i, (kind) => `device:${kind.toUpperCase()}`));
  if (!parts.every((part) => PART.test(part))) {
    throw new CodedError('GRAPH_INVALID', `'${device}' is not the name of a device`, {
      details: { field: 'device', expected: "such as '/job:worker/task:0/device:GPU:0' or '/cpu:0'", got: device },
    });
  }
  return parts.map((part) => [part.slice(0, part.indexOf(':')).toLowerCase(), `/${part}`]);
}
