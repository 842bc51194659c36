import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CodedError } from '@bluewaters/errors';
import { runKeys } from '@bluewaters/records';
import { cacheDirectory, onAbort } from '@bluewaters/service';
import { folderOfCopies } from '@bluewaters/storage';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { followEvents } from '../follow-events.js';
import { findTensorboard } from '../find-tensorboard.js';
import { defineVerb, type VerbContext } from '../verb.js';
import { withWorkplace, type Workplace } from '../workplace.js';

const options = z.strictObject({
  run: z.string().optional().describe('show this run alone; default: every run of the store'),
  host: z.string().default('127.0.0.1').describe('the address to listen on; 0.0.0.0 for every one'),
  port: z.int().min(0).max(65_535).default(6006).describe('the port to listen on; 0 for any that is free'),
  ...placeOptions,
  ...frameOptions,
});
type Options = Readonly<z.output<typeof options>>;

/** `bluewaters tensorboard` */
export const tensorboard = defineVerb({
  options,
  examples: [['$0 tensorboard', 'then open http://127.0.0.1:6006/']],
  run: (values, context) => {
    return withWorkplace(readPlace(values), async (workplace) => {
      const following = await followRuns(workplace, values.run);
      try {
        return { address: await show(following.directory, values, context) };
      } finally {
        following.stop();
      }
    });
  },
});

/** A folder that has the event files and gets those that are still to come. */
async function followRuns(
  { store, storeOptions }: Workplace,
  run: string | undefined,
): Promise<{ readonly directory: string; readonly stop: () => void }> {
  const prefix = run === undefined ? runKeys.root : runKeys.checkpoints(run);
  const here = store.localPath(prefix.replace(/\/$/u, ''));
  if (here !== undefined) return { directory: here, stop: () => undefined };
  const directory = folderOfCopies(cacheDirectory('tensorboard'), storeOptions);
  return { directory: join(directory, prefix), stop: await followEvents(store, prefix, directory) };
}

/** Runs TensorBoard until it is told to end. Resolves to its address. */
async function show(directory: string, { host, port }: Options, { print, signal }: VerbContext): Promise<string> {
  const [program, ...args] = await findTensorboard(process.env);
  const child = spawn(program, [...args, '--logdir', directory, '--host', host, '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PYTHONUNBUFFERED: '1', PYTHONWARNINGS: 'ignore', TF_ENABLE_ONEDNN_OPTS: '0' },
  });
  const stopHeeding = onAbort(signal, () => void child.kill('SIGTERM'));
  let address: string | undefined;
  const last: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    last.push(line);
    const [, found] = /^TensorBoard .* at (https?:\/\/\S+)/u.exec(line) ?? [];
    if (found === undefined || address !== undefined) return;
    address = found;
    print(`TensorBoard shows ${directory} on ${address} (Ctrl-C to end)`);
  });
  await new Promise<void>((resolve) => child.once('close', () => resolve()));
  stopHeeding();
  if (signal.aborted && address !== undefined) return address;
  throw new CodedError('PROCESS_DIED', `TensorBoard ended by itself; it last wrote:\n${last.slice(-5).join('\n')}`);
}
