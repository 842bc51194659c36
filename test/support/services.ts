import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort, until } from '@bluewaters/testing';

/** The services, in the order of the line. */
export const SERVICES = ['ingest', 'shards', 'training', 'inference'] as const;

/** One of them. */
export type ServiceName = (typeof SERVICES)[number];

/** A service as a process of its own. */
export interface ServiceProcess {
  readonly name: ServiceName;
  readonly process: ChildProcess;
  /** Where health, readiness and metrics are: `http://host:port`. */
  readonly health: string;
  /** What it has written on stderr: JSON lines. */
  readonly log: () => string;
  /** Kills it as a crash would, resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a service as operations would, and waits until it says that it is ready. */
export async function startService(
  name: ServiceName,
  env: NodeJS.ProcessEnv,
  inferencePort: number,
): Promise<ServiceProcess> {
  const main = fileURLToPath(new URL(`../../services/${name}/dist/main.js`, import.meta.url));
  const healthPort = await freePort();
  const health = `http://127.0.0.1:${healthPort}`;
  const port =
    name === 'inference' ? ['--port', String(inferencePort)] : name === 'training' ? ['--page-port', '0'] : [];
  const child = spawn(process.execPath, [main, '--health-port', String(healthPort), ...port], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (bytes: Buffer) => (log += bytes.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  await until(
    `${name} to be ready`,
    async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${log}`);
      return fetch(`${health}/readyz`).then(
        async (response) => response.ok || (name === 'inference' && (await waitsForModels(response))),
        () => false,
      );
    },
    30_000,
  );
  return {
    name,
    process: child,
    health,
    log: () => log,
    kill: (signal = 'SIGKILL') => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Whether inference has started, and only lacks models: before that it has not even its metrics. */
async function waitsForModels(response: Response): Promise<boolean> {
  const { reasons } = (await response.json()) as { readonly reasons: readonly string[] };
  return !reasons.includes('starting');
}
