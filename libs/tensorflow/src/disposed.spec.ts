import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** What stays known without native memory: facts that were read when the object was made, and plain bookkeeping. */
const ANSWER = [
  'Graph.handle',
  'Graph.functions',
  'Graph.scope',
  'Graph.ownFunction',
  'Graph.releaseFunctions',
  'Scope.name',
  'Scope.device',
  'Scope.child',
  'Scope.on',
  'Scope.after',
  'Scope.colocatedWith',
  'GraphFunction.handle',
  'Output.name',
  'Tensor.handle',
];

it('whatever was given back answers from what it knows or says so with a code, and never crashes', async () => {
  const program = fileURLToPath(new URL('disposed.fixture.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  const outcomes = JSON.parse(stdout) as Record<string, string>;
  const answered = Object.keys(outcomes).filter((name) => outcomes[name] === 'answers');
  const others = Object.entries(outcomes).filter(([name]) => !answered.includes(name));
  expect(Object.keys(outcomes).length).toBeGreaterThan(50);
  expect(answered.filter((name) => !ANSWER.includes(name))).toEqual([]);
  // A checkpoint that is not there is found out before its session is looked at.
  const unlike = others.filter(([, code]) => code !== 'HANDLE_DISPOSED');
  expect(unlike).toEqual([['Saver.restore', 'CHECKPOINT_INVALID']]);
});
