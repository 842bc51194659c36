import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { answers, freePort, OTHER_ACCOUNT, temporaryDirectory, until } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bash } from './support/docker.js';
import { FlattenedImage } from './support/flattened-image.js';
import { ROOT } from './support/pages.js';
import { archiveFlags, writeArchive } from './support/pictures.js';
import { SERVICES } from './support/services.js';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

describe.each([...SERVICES, 'cli', 'blue-waters'])(
  'the image of %s as one read-only file',
  { timeout: 180_000 },
  (name) => {
    let folder: string;
    let image: FlattenedImage;
    /** What stands for a file system of the site. */
    let project: string;

    beforeAll(async () => {
      folder = await temporaryDirectory();
      await chmod(folder, 0o755);
      image = await FlattenedImage.mount(`bluewaters/${name}:${version}`, folder);
      project = join(folder, 'project');
      await mkdir(project);
      await chown(project, OTHER_ACCOUNT.uid, OTHER_ACCOUNT.gid);
    }, 180_000);

    afterAll(async () => {
      await image.unmount();
      await rm(folder, { recursive: true, force: true });
    });

    it('is run by an ordinary user, who can write where the site’s folders are bound and nowhere else', async () => {
      const mounts = ['/mnt/a', '/mnt/b', '/mnt/c', '/sw', '/projects', '/scratch'];
      const writes = `for place in /opt/bluewaters /var/cache/bluewaters ${mounts.join(' ')}; do touch $place/written && echo $place; done`;
      const line = `id -u; for place in ${mounts.join(' ')}; do test -d $place || echo no $place; done; ${writes}`;
      const { stdout } = await image.run(`bash -c '${line}'`, { '/mnt/a': project, '/scratch': project });
      expect(stdout.trim().split('\n')).toEqual([String(OTHER_ACCOUNT.uid), '/mnt/a', '/scratch']);
    });

    if (name === 'cli') {
      it('takes real work from a bound folder and leaves its results there', async () => {
        const archive = archiveFlags(await writeArchive(join(project, 'archive')));
        const files = [
          ...archive.map((word) => word.replace(project, '/mnt/a')),
          '--dataset',
          'd',
          '--store',
          '/mnt/a/run',
        ];
        const how = ['--network', 'lenet', '--epochs', '1', '--batch', '8', '--threads', '1', '--json'];
        const command = ['run', ...files, ...how].join(' ');
        const ended = await image.run(`bluewaters ${command}`, { '/mnt/a': project });
        expect(ended).toMatchObject({ code: 0 });
        expect(JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
          seconds: expect.any(Number) as number,
        });
        const { stdout } = await bash(`find ${project}/run -name saved_model.pb -user ${OTHER_ACCOUNT.uid}`);
        expect(stdout).toContain('/models/');
      });
    }
    if (name === 'cli' || name === 'blue-waters') {
      it('makes shards of what is bound, and trains two ranks on them over the MPI and with the NATS that are in it', async () => {
        const archive = archiveFlags(await writeArchive(join(project, 'archive')));
        const lines = [
          ['ingest', ...archive.map((word) => word.replace(project, '/mnt/a'))],
          ['shards', 'build', '--train-shards', '2'],
          ['train', '--network', 'lenet', '--epochs', '1', '--batch', '8', '--threads', '1', '--run', 'two'],
        ].map((words) => `bluewaters ${words.join(' ')} --dataset two --store /mnt/a/two`);
        const [ingest, build, train] = lines;
        const ranks = `mpiexec -n 2 ${train} --start-coordinator --bus file:/mnt/a/two.bus`;
        const ended = await image.run(`bash -c '${ingest} && ${build} && ${ranks}'`, { '/mnt/a': project });
        expect(ended.code, ended.stderr).toBe(0);
        expect(ended.stderr).toContain('coordinated; see --bus file:/mnt/a/two.bus');
        const { stdout } = await bash(`find ${project}/two/runs/two -name checkpoint -user ${OTHER_ACCOUNT.uid}`);
        expect(stdout).toContain('/checkpoint_dir/checkpoint');
      });
    } else {
      it('starts the service, which is well and ends with 0 at SIGTERM', async () => {
        const [health, port] = [await freePort(), await freePort()];
        const more = { inference: `--port ${port}`, training: '--page-port 0' }[name] ?? '';
        const options = `--health-host 127.0.0.1 --health-port ${health} --store directory:/mnt/a/store --bus in-process`;
        const main = `node /opt/bluewaters/services/${name}/dist/main.js ${options} ${more}`;
        const service = spawn('bash', ['-c', image.line(main, { '/mnt/a': project })], { stdio: 'ignore' });
        const ended = once(service, 'exit');
        await until(`${name} to be well`, () => answers(`http://127.0.0.1:${health}/healthz`), 60_000);
        service.kill('SIGTERM');
        expect(await ended).toEqual([0, null]);
      });
    }
  },
);
