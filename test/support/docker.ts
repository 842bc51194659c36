import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ROOT } from './pages.js';
import { withoutOptions } from './cli.js';

/** How a program ended. */
export interface ProgramEnded {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is run. */
export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Told each line of stderr as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Runs a line of bash in the repository, with none of the options that steer our own programs. */
export function bash(line: string, { env = {}, onLine }: ProgramOptions = {}): Promise<ProgramEnded> {
  const child = spawn('bash', ['-c', line], {
    cwd: ROOT,
    env: { ...withoutOptions(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  createInterface({ input: child.stderr }).on('line', (text) => {
    stderr += `${text}\n`;
    onLine?.(text);
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

/** Runs a line of bash that has to succeed. Answers what it wrote to stdout, without the last line's end. */
export async function bashOutput(line: string, options: ProgramOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await bash(line, options);
  if (code !== 0) throw new Error(`${line}\nended with ${code}:\n${stdout}${stderr}`);
  return stdout.trimEnd();
}
