import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './support/cli.js';
import { ROOT } from './support/pages.js';

interface Finding {
  readonly name: string;
  readonly found: boolean;
  readonly value: string;
  readonly how: string;
}

/** What a site's login shell defines: it has one module, and says of others what modules of sites say. */
const PROFILE = `module() {
  [[ $1 == load ]] || return 2
  [[ $2 == cray-mpich/8.1 ]] || { echo "Unable to locate a modulefile for '$2'" >&2; return 1; }
}
`;

describe('bluewaters doctor, given a machine’s file', { timeout: 60_000 }, () => {
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = await temporaryDirectory();
    await Promise.all(['bin', 'home', 'scratch'].map((name) => mkdir(join(folder, name))));
    for (const name of ['aprun', 'qsub']) {
      await writeFile(join(folder, 'bin', name), '#!/bin/sh\n');
      await chmod(join(folder, 'bin', name), 0o755);
    }
    await writeFile(join(folder, 'home/.bash_profile'), PROFILE);
    const machine = JSON.parse(await readFile(join(ROOT, 'tools/cli/machines/bluewaters.json'), 'utf8')) as object;
    const [here = ''] = Object.keys(networkInterfaces());
    const ours = {
      mounts: [join(folder, 'scratch'), join(folder, 'gone')],
      modules: ['cray-mpich/8.1', 'cudatoolkit; exit 0'],
      interfaces: [here, 'ipogif'],
    };
    file = join(folder, 'mine.json');
    await writeFile(file, JSON.stringify({ ...machine, ...ours }));
  });

  const doctor = (...options: string[]) =>
    runCli(['doctor', '--machine', file, ...options], {
      env: { HOME: join(folder, 'home'), PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
    });

  it('says of launcher, batch commands, runtime, mounts, interfaces and modules whether they are here', async () => {
    const ended = await doctor('--json');
    expect(ended).toMatchObject({ code: 0 });
    const { findings } = ended.json<{ findings: Finding[] }>();
    const mine = findings.filter(({ name }) => name.startsWith('mine: '));
    const [here = ''] = Object.keys(networkInterfaces());
    expect(mine.map(({ name, found }) => [name.slice(6), found])).toEqual([
      ['aprun', true],
      ['qsub', true],
      ['qdel', false],
      ['qstat', false],
      ['qrerun', false],
      ['shifter', false],
      [`mount ${folder}/scratch`, true],
      [`mount ${folder}/gone`, false],
      [`interface ${here}`, true],
      ['interface ipogif', false],
      ['module cray-mpich/8.1', true],
      // A name, and not a part of a command.
      ['module cudatoolkit; exit 0', false],
    ]);
    expect(mine.find(({ name }) => name === 'mine: aprun')?.value).toBe(join(folder, 'bin/aprun'));
    for (const { how } of mine) expect(how).toMatch(/\.$/u);
    // What it says without a machine, it says with one.
    expect(findings.map(({ name }) => name)).toEqual(expect.arrayContaining(['TensorFlow', 'MPI']));
  });

  it('tells people what is missing, and what to do about it, and still ends with 0', async () => {
    const { code, stdout } = await doctor();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ *yes +mine: module cray-mpich\/8\.1 +loads$/mu);
    expect(stdout).toMatch(/^ *no +mine: module cudatoolkit; exit 0 +`module avail` lists those that there are\.$/mu);
    expect(stdout).toMatch(/^ *no +mine: qdel +Nothing on the path is called qdel: log in to the machine, /mu);
    expect(stdout).toMatch(/^ *no +mine: mount \S+\/gone +Correct `mounts` in the file of the machine\.$/mu);
  });

  it('finds no module where the login shell has none', async () => {
    await writeFile(join(folder, 'home/.bash_profile'), 'unset -f module\n');
    const { findings } = (await doctor('--json')).json<{ findings: Finding[] }>();
    expect(findings.filter(({ name, found }) => name.startsWith('mine: module ') && found)).toEqual([]);
    await writeFile(join(folder, 'home/.bash_profile'), PROFILE);
  });

  it('refuses a machine that it does not know, by the names of those that it does', async () => {
    const { code, stderr } = await runCli(['doctor', '--machine', 'titan']);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/CONFIG_INVALID.*There is no machine titan/u);
    expect(stderr).toMatch(/bluewaters or delta/u);
  });
});
