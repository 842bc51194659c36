import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support/pages.js';

/** What the smallest Debian has of what the script itself calls. */
const ALWAYS_THERE = ['bash', 'dirname', 'env', 'mkdir', 'mktemp', 'rm', 'sleep', 'tail'];

describe('.ci/run on a machine with nothing installed', () => {
  it('installs every program that tests call, then runs all tests strictly, whatever becomes of Docker', async () => {
    const directory = await temporaryDirectory();
    const [bin, called, run] = ['bin', 'called', 'repository/.ci/run'].map((name) => join(directory, name));
    await mkdir(bin!);
    for (const program of ALWAYS_THERE) await symlink(`/bin/${program}`, join(bin!, program));
    for (const program of ['apt-get', 'apt-cache', 'node']) {
      const note = `#!/bin/bash\necho ${program} "$@" strict=$BLUEWATERS_STRICT >> ${called}\n`;
      await writeFile(join(bin!, program), note);
      await chmod(join(bin!, program), 0o755);
    }
    await cp(join(ROOT, '.ci/run'), run!);
    const env = {
      PATH: bin!,
      HOME: directory,
      BLUEWATERS_CACHE: join(directory, 'cache'),
      DOCKER_HOST: 'unix:///none',
    };
    const { status } = spawnSync('bash', [run!], { env, encoding: 'utf8' });
    const calls = (await readFile(called!, 'utf8')).trimEnd().split('\n');
    const installed = calls.find((call) => call.startsWith('apt-get install'))?.split(' ') ?? [];
    expect(installed).toEqual(
      expect.arrayContaining(['docker.io', 'docker-cli', 'iptables', 'debootstrap', 'chromium', 'g++', 'make', 'git']),
    );
    expect(installed).toEqual(
      expect.arrayContaining(['procps', 'python3', 'python3-pip', 'python3-venv', 'slurm-wlm', 'munge', 'acl']),
    );
    expect(installed).toEqual(expect.arrayContaining(['shellcheck', 'bats']));
    expect(calls.some((call) => /^apt-get install .*prometheus/u.test(call))).toBe(true);
    expect(calls.at(-1)).toBe('node tools/setup/setup.mjs test strict=1');
    expect(status).toBe(0);
  });
});
