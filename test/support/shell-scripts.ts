import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles, ROOT } from './pages.js';

/** Those that bash reads as others do, and tests of bats, which has words of its own. */
const NAMED = /\.(?:sh|pbs|sbatch|bats)$/u;
/** The first line of the others. */
const SHELL = /^#!.*\b(?:ba)?sh\b/u;

/** Every shell script of the repository, by its path there: by its name's ending, or by its first line. */
export function shellScripts(): string[] {
  return listFiles().filter(isShell);
}

function isShell(file: string): boolean {
  return NAMED.test(file) || SHELL.test(beginning(join(ROOT, file)));
}

function beginning(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(64);
    return bytes.toString('latin1', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
