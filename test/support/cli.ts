import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The program itself, for tests that start it by other means. */
export const COMMAND = fileURLToPath(new URL('../../tools/cli/bin/bluewaters.mjs', import.meta.url));

/** How a command ended. */
export interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of stdout as JSON, for commands run with `--json`. */
  json<T = Record<string, unknown>>(): T;
}

/** A `bluewaters` command that is running. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves at the first line of stdout or stderr that matches; rejects when the command ends before. */
  line(pattern: RegExp): Promise<string>;
}

/** How a command is started. */
export interface CliOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Another Node.js than this process's. */
  readonly node?: string;
}

/** Starts `bluewaters` as a user would, as a process of its own. */
export function startCli(args: readonly string[], options: CliOptions = {}): Running {
  const child = spawn(options.node ?? process.execPath, [COMMAND, ...args], {
    cwd: options.cwd,
    env: { ...withoutOptions(process.env), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const waiting = new Set<(line: string) => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    createInterface({ input: child[name] as NodeJS.ReadableStream }).on('line', (line) => {
      output[name] += `${line}\n`;
      for (const look of waiting) look(line);
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      const json = <T>(): T => JSON.parse(output.stdout.trimEnd().split('\n').at(-1) ?? '') as T;
      resolve({ code: code ?? signal ?? 'unknown', ...output, json });
    });
  });
  const line = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      waiting.add((text) => {
        if (pattern.test(text)) resolve(text);
      });
      void ended.then(({ code, stderr }) => reject(new Error(`ended with ${code} before ${pattern}:\n${stderr}`)));
    });
  return { process: child, ended, line };
}

/** Runs `bluewaters` to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
  return startCli(args, options).ended;
}

/**
 * Every verb, as the command's own help lists them: `train`, `shards build`. Without `completion`, which is no verb of
 * ours: it prints a script whatever its options.
 */
export async function listVerbs(group: readonly string[] = []): Promise<string[]> {
  const { stdout } = await runCli([...group, '--help']);
  const commands = /^Commands:\n((?: .*\n)*)/mu.exec(stdout)?.[1] ?? '';
  const listed = [...commands.matchAll(/^ {2}bluewaters (.+?)(?: \[| {2})/gmu)].map(([, verb = '']) => verb);
  const verbs = listed.filter((verb) => verb !== 'completion');
  const within = await Promise.all(verbs.map((verb) => listVerbs(verb.split(' '))));
  return verbs.flatMap((verb, n) => (within[n]?.length ? within[n] : [verb]));
}

/** The tests' own variables are no options of the command, and none of the user's must steer a test. */
export function withoutOptions(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('BLUEWATERS_') || name === 'BLUEWATERS_CACHE'),
  );
}
