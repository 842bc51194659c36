import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** The shared libraries that a process has loaded with a module of this package, as it is built. */
function loadedWith(module: string): string[] {
  const file = new URL(`../dist/${module}`, import.meta.url).href;
  const program = `import '${file}'; console.log(JSON.stringify(process.report.getReport().sharedObjects))`;
  const args = ['--input-type=module', '--eval', program];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as string[];
}

it(
  'brings what calls TensorFlow and MPI only when ranks are opened, so that launchers do without',
  { timeout: 120_000 },
  () => {
    const calls = (file: string): boolean => file.includes('koffi');
    expect(loadedWith('index.js').filter(calls)).toEqual([]);
    expect(loadedWith('communicator.js').filter(calls)).not.toEqual([]);
  },
);
