import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How ranks of `ranks.fixture.mjs` ended. */
export interface RanksEnded {
  readonly exitCode: number | null;
  readonly stderr: string;
  /** What each that came to its end found. */
  readonly found: Readonly<Record<string, unknown>>;
}

/** Runs a scene of `ranks.fixture.mjs` on some ranks, by the `mpiexec` of this machine. */
export async function runRanks(ranks: number, scene: string, ...args: string[]): Promise<RanksEnded> {
  const program = fileURLToPath(new URL('./ranks.fixture.mjs', import.meta.url));
  const flags = ['-n', String(ranks), process.execPath, program, scene, ...args];
  const child = spawn('mpiexec', flags, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = [...stdout.matchAll(/^(\d+) (.*)$/gmu)].map(([, rank = '', json = '']) => [rank, JSON.parse(json)]);
  return { exitCode, stderr, found: Object.fromEntries(lines) as Record<string, unknown> };
}
