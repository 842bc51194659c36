/** Names of devices: '/job:ps/task:0/device:CPU:0', of which any part may be left out. */

/**
 * A device within the scope of another: the inner parts win, the outer ones fill the gaps.
 *
 * @param outer As TensorFlow writes devices, or ''.
 * @param inner The same; '' asks for nothing new. '/cpu:0' and '/gpu:1' are short for '/device:…'.
 */
export function nestDevice(outer: string, inner: string): string {
  const parts = new Map([...partsOf(outer), ...partsOf(inner)]);
  return ['job', 'replica', 'task', 'device'].flatMap((part) => parts.get(part) ?? []).join('');
}

function partsOf(device: string): [string, string][] {
  return device
    .split('/')
    .filter((part) => part !== '')
    .map((part) => part.replace(/^(cpu|gpu):/i, (kind) => `device:${kind.toUpperCase()}`))
    .map((part) => [part.slice(0, part.indexOf(':')).toLowerCase(), `/${part}`]);
}
