import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findMachine, findNodes, MACHINE_NAMES, nodeNames } from './find-machine.js';
import { probeMachine } from './probe-machine.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bw-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A copy of a machine's file with other values at some paths, such as `jobs.train.nodes`. */
async function altered(name: string, values: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const text = await readFile(new URL(`../../machines/${name}.json`, import.meta.url), 'utf8');
  const file = JSON.parse(text) as Record<string, unknown>;
  for (const [path, value] of Object.entries(values)) {
    const names = path.split('.');
    const within = names.slice(0, -1).reduce((part, key) => part[key] as typeof file, file);
    within[names.at(-1) ?? ''] = value;
  }
  const copy = join(folder, 'mine.json');
  await writeFile(copy, JSON.stringify(file));
  return copy;
}

describe('machine files', () => {
  it.each(MACHINE_NAMES)('of %s is whole, and says where its facts are from', async (name) => {
    expect(await findMachine(name)).toMatchObject({ name, source: expect.stringMatching(/\w{4}/u) as string });
  });

  it('name nodes by machine and type, or by the machine alone where all are alike', async () => {
    expect(await nodeNames()).toEqual(expect.arrayContaining(['bluewaters-xk', 'delta-cpu', 'deltaai', 'local']));
    for (const name of await nodeNames()) expect(await findNodes(name)).toMatchObject({ name });
    const mine = await altered('bluewaters');
    expect(await findNodes(`${mine}:xe`)).toMatchObject({ name: 'mine-xe', nodeType: { cores: 32 } });
  });

  it.each([
    ['titan', 'bluewaters-xk or bluewaters-xe'],
    ['bluewaters', 'bluewaters-xk or bluewaters-xe'],
    ['bluewaters-xz', 'bluewaters-xk or bluewaters-xe'],
  ])('have no nodes called %s', async (name, expected) => {
    const details = { field: 'machine', got: name, expected: expect.stringContaining(expected) as string };
    await expect(findNodes(name)).rejects.toMatchObject({ code: 'CONFIG_INVALID', details });
  });

  it.each([
    ['jobs.train.nodeType', 'xk or xe', 'xz'],
    ['jobs.prepare.queue', 'normal or high or debug', 'low'],
    ['batch.queues.high.nodeTypes', 'xk or xe', ['xk', 'xz']],
    ['batch.queues.high.walltime', 'hours:minutes:seconds', '1 day'],
    ['nodeTypes.xk.cores', '>0', 0],
    ['nodeTypes.xe.figures.device.threads', 'at most 32', 33],
    ['nodeTypes.xk.system.kernel', 'a version', 'old'],
  ])('are refused by the name of the field that contradicts the rest: %s', async (field, expected, value) => {
    const file = await altered('bluewaters', { [field]: value });
    const details = { file, field, expected: expect.stringContaining(expected) as string };
    await expect(findMachine(file)).rejects.toMatchObject({ code: 'CONFIG_INVALID', details });
  });

  it('are refused with a field that means nothing', async () => {
    const file = await altered('bluewaters', { 'batch.que': {} });
    const details = { field: 'batch', expected: expect.stringContaining('que') as string };
    await expect(findMachine(file)).rejects.toMatchObject({ code: 'CONFIG_INVALID', details });
  });

  it('may say of which version they are, and are refused when that is another', async () => {
    const version1 = await altered('delta', { format: 'bluewaters.machine.v1' });
    expect(await findMachine(version1)).toMatchObject({ name: 'mine' });
    for (const got of ['bluewaters.machine.v2', 'bluewaters.machine.v0']) {
      const file = await altered('delta', { format: got });
      await expect(findMachine(file)).rejects.toMatchObject({
        code: 'FORMAT_UNKNOWN',
        details: { file, field: 'format', expected: 'bluewaters.machine.v1', got },
      });
    }
  });

  it('are refused when there are none, or no JSON', async () => {
    await expect(findMachine(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await writeFile(join(folder, 'text.json'), 'text');
    await expect(findMachine(join(folder, 'text.json'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('the doctor, given a machine', () => {
  it('says of each thing in its file whether it is here, and what to do if not', async () => {
    await mkdir(join(folder, 'scratch'));
    const here = Object.keys(networkInterfaces())[0] ?? '';
    const file = await altered('bluewaters', {
      ...{ 'batch.system': 'slurm', 'batch.launcher': 'mpiexec', interfaces: [here, 'ipogif'] },
      mounts: [join(folder, 'scratch'), join(folder, 'none')],
    });
    const program = join(folder, 'sbatch');
    await writeFile(program, '#!/bin/sh\n', { mode: 0o755 });
    const path = process.env['PATH'];
    process.env['PATH'] = folder;
    const findings = await probeMachine(await findMachine(file)).finally(() => (process.env['PATH'] = path));
    expect(findings.map(({ name, found }) => [name, found])).toEqual([
      ['mine: mpiexec', false],
      ['mine: sbatch', true],
      ['mine: scancel', false],
      ['mine: squeue', false],
      ['mine: scontrol', false],
      ['mine: shifter', false],
      [`mine: mount ${folder}/scratch`, true],
      [`mine: mount ${folder}/none`, false],
      [`mine: interface ${here}`, true],
      ['mine: interface ipogif', false],
    ]);
    for (const { how } of findings) expect(how).toMatch(/\.$/u);
  });
});
