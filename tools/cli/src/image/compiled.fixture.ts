/** Programs for tests of images, compiled as they are needed. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { FoundNodes } from '../machines/find-machine.js';

const run = promisify(execFile);

/** Whether this machine has all of these programs, such as `cc`. */
export function hasTools(...tools: readonly string[]): boolean {
  try {
    for (const tool of tools) execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Compiles C. @param folder For the source. @param file What is made; its folder need not be there. */
export async function compileC(
  { folder, file }: { readonly folder: string; readonly file: string },
  source: string,
  ...options: readonly string[]
): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(join(folder, 'source.c'), source);
  await run('cc', ['-o', file, join(folder, 'source.c'), ...options]);
  return file;
}

/** The same nodes, but for this. */
export function nodesBut(nodes: FoundNodes, system: FoundNodes['nodeType']['system']): FoundNodes {
  const { nodeType } = nodes;
  return { ...nodes, nodeType: { ...nodeType, system: { ...nodeType.system, ...system } } };
}
