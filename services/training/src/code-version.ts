/** Which programs train: for ranks, which must have the same, and for whoever asks later what made a model. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { CodeVersion } from '@bluewaters/records';
import { filesBelow } from '@bluewaters/storage';

/** Those whose code decides what comes of a training. */
const PACKAGES = ['@bluewaters/training', '@bluewaters/models', '@bluewaters/tensorflow', '@bluewaters/collectives'];

const require = createRequire(import.meta.url);
let digest: Promise<string> | undefined;

/** Of the programs that ranks run, and of Node.js, in hex. Read once: new files do not change a process that runs. */
export function codeDigest(): Promise<string> {
  return (digest ??= digestPrograms(PACKAGES.map((name) => dirname(require.resolve(name)))));
}

/** What is noted of the code beside what it made. All packages have the product's version. */
export async function codeVersion(): Promise<CodeVersion> {
  const { version } = require('../package.json') as { version: string };
  return { version, digest: await codeDigest() };
}

/** Of all JavaScript in some folders, and of Node.js. */
export async function digestPrograms(folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const folder of folders) {
    const programs = (await filesBelow(folder)).filter((path) => path.endsWith('.js'));
    for (const program of programs) hash.update(await readFile(join(folder, program)));
  }
  return hash.digest('hex');
}
