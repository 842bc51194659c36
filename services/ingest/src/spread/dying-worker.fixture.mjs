// A worker of the tests that takes a unit over NATS and dies between storing its lines and its result. Runs the built package.
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { openBus } from '@bluewaters/messages';
import { DirectoryStore } from '@bluewaters/storage';
import { takeUnits } from '../../dist/spread/take-units.js';

const [, , url, path] = process.argv;
const store = new DirectoryStore(path);
const put = store.put.bind(store);
store.put = async (key, ...rest) => {
  if (key.includes('/progress/')) process.kill(process.pid, 'SIGKILL');
  return put(key, ...rest);
};
const bus = await openBus({ kind: 'nats', url, ackWaitMs: 1_000 });
await takeUnits({ bus, store, scratch: path, limits: DEFAULT_LIMITS });
