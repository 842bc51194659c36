#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = new URL('../dist/main.js', import.meta.url);
if (!existsSync(built)) {
  console.error('bluewaters is not built yet: run `npm run setup` in the repository first.');
  process.exit(1);
}
if (Symbol.dispose === undefined) {
  const older = new URL('./older-node.cjs', import.meta.url);
  await import(older.href);
  // For every process that this one starts, before anything of its own.
  process.env.NODE_OPTIONS = `--require ${JSON.stringify(fileURLToPath(older))} ${process.env.NODE_OPTIONS ?? ''}`;
}
await import(built.href);
