import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { boundToParent, FEW_OBJECTS } from '@bluewaters/service';

/** This command, for those who start it again. */
export const PROGRAM = fileURLToPath(new URL('../bin/bluewaters.mjs', import.meta.url));

/**
 * Starts this command as one of several processes that train together on this machine, and that end with this one. Its
 * process group is its own: Ctrl-C is for this process, which lets the others write a checkpoint.
 *
 * @param defaults Variables where the environment does not say otherwise; `variables` go before it.
 */
export function startProcess(
  args: readonly string[],
  {
    defaults = {},
    environment,
    variables,
  }: Readonly<Record<'environment' | 'variables', NodeJS.ProcessEnv>> & { readonly defaults?: NodeJS.ProcessEnv },
): ChildProcess {
  return spawn(process.execPath, [...boundToParent(), FEW_OBJECTS, PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
    env: { UV_THREADPOOL_SIZE: '16', ...defaults, ...environment, ...variables, BLUEWATERS_LAUNCHED: '1' },
  });
}
