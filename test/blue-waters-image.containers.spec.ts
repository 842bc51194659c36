import { readFileSync } from 'node:fs';
import { chmod, chown, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OTHER_ACCOUNT, temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './support/cli.js';
import { LENET_TRAINING } from './support/dataset.js';
import { bash, bashOutput, type ProgramEnded } from './support/docker.js';
import { digestFolder } from './support/folders.js';
import { ROOT } from './support/pages.js';
import { archiveFlags, writeArchive } from './support/pictures.js';
import { TrainedRuns } from './support/trained-runs.js';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const image = `bluewaters/blue-waters:${version}`;

interface Checked {
  readonly verdict: string;
  readonly findings: readonly { readonly what: string; readonly verdict: string; readonly why: string }[];
}

/** Of 96 records in batches of 8. */
const STEPS = 12;
const RANKS = ['train', ...LENET_TRAINING, '--epochs', '1', '--run'];

describe('the image for Blue Waters', { timeout: 180_000 }, () => {
  let folder: string;
  /** What stands for a file system of the site. */
  let site: string;
  let archive: string[];

  beforeAll(async () => {
    folder = await temporaryDirectory();
    await chmod(folder, 0o755);
    site = join(folder, 'site');
    archive = archiveFlags(await writeArchive(join(site, 'archive')));
    await mkdir(join(site, 'store'));
    await chown(join(site, 'store'), OTHER_ACCOUNT.uid, OTHER_ACCOUNT.gid);
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Runs a line in it as Shifter does: by an account that owns nothing there, which can write to nothing of it. */
  const within = (line: string): Promise<ProgramEnded> => {
    const { uid, gid } = OTHER_ACCOUNT;
    const contained = '--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --network none';
    // Ranks of MPICH find one another by the name of their host.
    const place = `--hostname localhost --user ${uid}:${gid} --workdir /mnt/a`;
    // The archive by its own name, too, which is part of the index.
    const mounts = `--volume ${site}:/mnt/a --volume ${site}/archive:${site}/archive:ro`;
    return bash(`docker run --rm --init ${contained} ${place} ${mounts} --entrypoint bash ${image} -c '${line}'`);
  };
  const toStore = (words: readonly string[]): string => `bluewaters ${words.join(' ')} --store /mnt/a/store`;

  it('has a system of 2016, and is of this version', async () => {
    const { stdout } = await within('ldd --version; node --version; bluewaters --version');
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['v16.20.2', version]));
    expect(stdout).toMatch(/GLIBC 2\.23/u);
  });

  it('has nothing that refuses the nodes of Blue Waters; of what nobody has tried, Node.js on their kernel is the worst', async () => {
    const file = join(folder, 'image.tar');
    await bashOutput(`docker save --output ${file} ${image}`);
    const checked = await runCli(['image', 'check', file, '--machine', 'bluewaters-xk', '--json']);
    await rm(file);
    expect(checked).toMatchObject({ code: 0 });
    const { verdict, findings } = checked.json<Checked>();
    expect(verdict).toBe('unproven');
    const of = (what: string) => findings.filter((finding) => finding.what === what);
    expect(of('kernel')).toMatchObject([{ verdict: 'runs' }]);
    expect(of('versions')).toMatchObject([{ verdict: 'runs', why: expect.stringMatching(/the image has 2\.23/u) }]);
    expect(of('Node.js')).toMatchObject([{ verdict: 'unproven', why: expect.stringMatching(/3\.10 or newer/u) }]);
    expect(of('Go')).toMatchObject([{ verdict: 'runs', files: ['/usr/local/bin/nats-server'] }]);
    expect(of('our programs')).toMatchObject([{ verdict: 'runs' }]);
    expect(findings.filter((finding) => finding.verdict !== 'runs').map(({ what }) => what)).toEqual([
      'MPI',
      'Node.js',
    ]);
  });

  it('finds TensorFlow, our operations and MPI in itself', async () => {
    const { stdout } = await within('bluewaters doctor --json');
    const { findings } = JSON.parse(stdout) as { findings: { name: string; found: boolean; value: string }[] };
    const found = new Map(findings.filter((each) => each.found).map(({ name, value }) => [name, value]));
    expect(found.get('TensorFlow')).toMatch(/^2\.18/u);
    expect(found.get('operations of our own')).toContain('/opt/tensorflow/operations/');
    expect(found.get('MPI')).toMatch(/mpiexec.*libmpich\.so\.12/u);
  });

  it('indexes an archive and builds the shards of today’s Node.js, byte by byte', async () => {
    const build = ['shards', 'build', '--dataset', 'd', '--train-shards', '2', '--validation-share', '0.2'];
    const ingest = ['ingest', '--dataset', 'd', ...archive];
    expect(await within(`${toStore(ingest)} && ${toStore(build)}`)).toMatchObject({ code: 0 });
    for (const words of [ingest, build]) {
      expect(await runCli([...words, '--store', join(folder, 'today')])).toMatchObject({ code: 0 });
    }
    const made = await digestFolder(join(folder, 'today/datasets'));
    expect(Object.keys(made)).toContain('d/manifest.json');
    expect(await digestFolder(join(site, 'store/datasets'))).toEqual(made);
  });

  it('trains ranks that its own MPI starts to the weights of today’s ranks, but for rounding', async () => {
    expect(await within(`mpiexec -n 2 ${toStore([...RANKS, 'two'])}`)).toMatchObject({ code: 0 });
    const today = ['launch', '--ranks', '2', '--over', 'grpc', '--', ...RANKS, 'two', '--store', join(folder, 'today')];
    expect(await runCli(today)).toMatchObject({ code: 0 });
    await cp(join(site, 'store/runs/two'), join(folder, 'today/runs/old'), { recursive: true });
    // Of two numbers there is but one sum, whoever adds them; exponentials of another C library are not those of this one.
    expect(await new TrainedRuns(join(folder, 'today'), STEPS).distance('old', 'two')).toBeLessThan(1e-5);
  });

  it('takes the site’s MPI where the site puts one before it', async () => {
    const lines = [
      'mkdir store/mpi && cp /usr/lib/x86_64-linux-gnu/libmpich.so.12 store/mpi/libmpi.so.12',
      'export LD_LIBRARY_PATH=/mnt/a/store/mpi LD_DEBUG=libs LD_DEBUG_OUTPUT=/tmp/loaded',
      `mpiexec -n 2 ${toStore([...RANKS, 'site'])} >&2`,
      'grep --no-filename --only-matching "calling init: .*/libmpi.*" /tmp/loaded.*',
    ];
    const { stdout } = await within(lines.join(' && '));
    expect(new Set(stdout.trim().split('\n'))).toContain('calling init: /mnt/a/store/mpi/libmpi.so.12');
  });

  it('brings a coordinator and its NATS along, which know the ranks and stop them', async () => {
    const bus = '--bus file:/tmp/job.bus';
    const training = RANKS.join(' ').replace('--epochs 1', '--epochs 5000');
    const lines = [
      `mpiexec -n 2 bluewaters ${training} coordinated --store /mnt/a/store --start-coordinator ${bus} &`,
      `until bluewaters status --json ${bus} --store /mnt/a/store | grep -E 'arrived": *2'; do sleep 1; done`,
      `bluewaters runs stop coordinated ${bus} && wait`,
    ];
    await writeFile(join(site, 'coordinated.sh'), lines.join('\n'));
    const { code, stderr } = await within('timeout --foreground 150 bash /mnt/a/coordinated.sh');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain('coordinated; see --bus file:/tmp/job.bus');
    expect(stderr).toMatch(/stopped after a checkpoint at step \d+/u);
  });

  it('fits a line by a parameter server, as smoke tests do', async () => {
    const { stdout } = await within('bluewaters regression --servers 1 --workers 2');
    expect(stdout).toMatch(/y = 0\.3\d* x - /u);
  });
});
