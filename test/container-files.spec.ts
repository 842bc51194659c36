import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWith, SERVER_IMAGES, temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { bash, bashOutput } from './support/docker.js';
import { commandsIn, ROOT } from './support/pages.js';
import { SERVICES } from './support/services.js';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

/** The text of each stage of the Dockerfile, by name. */
const stages = new Map(
  read('containers/Dockerfile')
    .split(/^FROM /mu)
    .slice(1)
    .map((text) => [/^\S+ AS (\S+)/u.exec(text)?.[1] ?? '', text]),
);

describe('the Dockerfile', () => {
  it('starts from one base image, and from an old one for Blue Waters, each named once and pinned by digest', () => {
    const [head = ''] = read('containers/Dockerfile').split(/^FROM /mu);
    expect(head.match(/^ARG (?:NODE|UBUNTU)_IMAGE=.*@sha256:[0-9a-f]{64}$/gmu)).toHaveLength(2);
    const bases = [...stages.values()].map((text) => text.split(' ')[0] ?? '');
    const named = ['${NODE_IMAGE}', '${UBUNTU_IMAGE}', 'scratch'];
    expect(bases.filter((base) => !named.includes(base) && !stages.has(base))).toEqual([]);
    const old = [...stages].filter(([, text]) => text.startsWith('${UBUNTU_IMAGE}')).map(([name]) => name);
    expect(old).toEqual(['old-libraries', 'blue-waters']);
  });

  it('ends the target blue-waters as a user of its own, without tini', () => {
    const text = stages.get('blue-waters') ?? '';
    expect(text).toMatch(/^USER 10001:10001$/mu);
    expect(text).toMatch(/^HEALTHCHECK NONE$/mu);
    expect(text).toMatch(/^ENTRYPOINT \["node", "\/opt\/bluewaters\/\S+"\]$/mu);
  });

  it.each([...SERVICES, 'cli'])('ends the target %s as its user, with tini and a word on its health', (target) => {
    const text = stages.get(target) ?? '';
    expect(text).toMatch(/^HEALTHCHECK /mu);
    expect(text).toMatch(/^ENTRYPOINT \["tini", "--", "node", "\/opt\/bluewaters\/\S+"\]$/mu);
    expect(text).not.toMatch(/^(?:USER|RUN|ADD) /mu);
    for (const stage of ['runtime', 'with-mpi']) {
      expect([...(stages.get(stage) ?? '').matchAll(/^USER (\S+)$/gmu)].at(-1)?.[1], stage).toBe('10001:10001');
    }
  });

  it.each(['tensorflow', 'old'])('copies every folder of packages that npm makes from %s-modules', (kind) => {
    const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, object> };
    const folders = Object.keys(lock.packages).flatMap(
      (path) => /^(?:(?:libs|services|tools)\/\w+\/)?node_modules(?=\/)/u.exec(path) ?? [],
    );
    const copies = new RegExp(`^COPY --from=${kind}-modules /opt/bluewaters/(\\S+)`, 'gmu');
    const copied = [...read('containers/Dockerfile').matchAll(copies)];
    expect(copied.map(([, folder]) => folder).sort()).toEqual([...new Set(folders)].sort());
  });

  it('adds nothing from the network but by package managers', () => {
    expect(read('containers/Dockerfile')).not.toMatch(/^ADD |\b(?:curl|wget) /mu);
  });
});

describe('compose.yaml', () => {
  it('names the images of others by digest, those that the tests start among them, and lets a variable name another', () => {
    const named = [...read('containers/compose.yaml').matchAll(/^ +image: (?!bluewaters\/)(.*)$/gmu)];
    const pinned = named.map(([, image = '']) => /^\$\{(\w+_IMAGE):-([^@]+@sha256:[0-9a-f]{64})\}$/u.exec(image) ?? []);
    const images = Object.fromEntries(pinned.map(([, variable = '', image]) => [variable, image]));
    expect(Object.keys(images)).toEqual(['NATS_IMAGE', 'MINIO_IMAGE', 'PROMETHEUS_IMAGE', 'GRAFANA_IMAGE']);
    expect(images).toMatchObject(SERVER_IMAGES);
  });
});

describe('docs/compose.md', () => {
  it.each(commandsIn('docs/compose.md'))('has its commands run, or says why not: $lines.0', ({ mark }) => {
    // test/compose.containers.spec.ts runs them, and compose-development.containers.spec.ts the last.
    const run = ['start', 'line', 'quickstart', 'submitted', 'ranks', 'watch', 'metrics', 'development'];
    if (mark?.kind === 'run') expect(run).toContain(mark.text);
    else expect(mark?.text).toMatch(/\S+ \S+/u);
  });
});

describe('the version', () => {
  it.each([
    ...['Dockerfile', 'compose.yaml', 'compose.gpu.yaml', 'compose.development.yaml'],
    ...['bluewaters', 'registry', 'site'].map((name) => `apptainer/${name}.def`),
  ])('in containers/%s is that of the repository', (file) => {
    const named = [
      ...read(`containers/${file}`).matchAll(/(?:bluewaters\/[a-z]+:|VERSION=|image\.version )(\d[\d.]*)/gu),
    ];
    expect(new Set(named.map(([, one]) => one))).toEqual(new Set([version]));
  });
});

describe('healthy.sh', () => {
  it('is content with 200 alone', async () => {
    const server = createServer(({ url }, response) => response.writeHead(url === '/readyz' ? 503 : 200).end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ask = async (path: string): Promise<number | null> =>
      (await bash(`containers/healthy.sh ${port} ${path}`)).code;
    expect(await ask('/healthz')).toBe(0);
    expect(await ask('/readyz')).not.toBe(0);
    await promisify(server.close.bind(server))();
    expect(await ask('/healthz')).not.toBe(0);
  });
});

await describeWith(['openssl'], 'make-secrets.sh', () => {
  it('makes each secret once, for its owner alone, and prints none', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'bluewaters-secrets-')), 'secrets');
    const make = () =>
      promisify(execFile)(join(ROOT, 'containers/make-secrets.sh'), {
        env: { ...process.env, SECRETS_FOLDER: folder },
      });
    const contents = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        await Promise.all(
          (await readdir(folder)).map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const),
        ),
      );
    expect(await make()).toEqual({ stdout: '', stderr: '' });
    const made = await contents();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const { nats_server: server = '', nats_ca, nats_certificate, nats_key, ...secrets } = made;
    // Neither the key that signed nor anything else is left.
    for (const text of [nats_ca, nats_certificate, nats_key]) expect(text).toMatch(/^-----BEGIN /u);
    expect(nats_ca).not.toContain('PRIVATE KEY');
    for (const secret of Object.values(secrets)) expect(secret).toMatch(/^[0-9a-f]{40}$/u);
    expect(new Set(Object.values(secrets)).size).toBe(13);
    for (const name of [...SERVICES, 'cli', 'setup']) expect(server).toContain(secrets[`nats_${name}`]);
    await make();
    expect(await contents()).toEqual(made);
  });

  it('makes a certificate for the names of NATS alone, which its authority signed and which signs no other', async () => {
    const folder = join(await temporaryDirectory(), 'secrets');
    const make = () => bashOutput('containers/make-secrets.sh', { env: { SECRETS_FOLDER: folder } });
    const certificate = async (name: string) => new X509Certificate(await readFile(join(folder, name)));
    await make();
    const [authority, shown] = [await certificate('nats_ca'), await certificate('nats_certificate')];
    expect(shown.subjectAltName).toBe('DNS:nats, DNS:localhost, IP Address:127.0.0.1');
    expect(shown.checkIssued(authority) && shown.verify(authority.publicKey)).toBe(true);
    expect([authority.ca, shown.ca]).toEqual([true, false]);
    expect(shown.checkPrivateKey(createPrivateKey(await readFile(join(folder, 'nats_key'))))).toBe(true);
    await rm(join(folder, 'nats_key'));
    await make();
    const anew = await certificate('nats_certificate');
    expect(anew.verify(authority.publicKey)).toBe(false);
    expect(anew.verify((await certificate('nats_ca')).publicKey)).toBe(true);
  });
});

// test/apptainer.python.spec.ts parses them.
describe('the definition files of Apptainer', () => {
  it.each([
    ['bluewaters', 'docker-daemon\nFrom: bluewaters/cli:'],
    ['registry', 'docker\nFrom: {{ PROJECT }}/bluewaters:{{ VERSION }}\n'],
    ['site', 'localimage\nFrom: bluewaters.sif\n'],
  ])('%s.def has a source and every section that its users look for', (name, source) => {
    const text = read(`containers/apptainer/${name}.def`);
    expect(text.startsWith(`Bootstrap: ${source}`)).toBe(true);
    const sections = [...text.matchAll(/^%(\w+)$/gmu)].map(([, section]) => section);
    expect(sections).toEqual(expect.arrayContaining(['help', 'labels', 'environment', 'runscript', 'test']));
    const entry = /^ENTRYPOINT \["tini", "--", "node", "(\S+)"\]$/mu.exec(stages.get('cli') ?? '')?.[1];
    expect(text).toContain(`exec node ${entry} "$@"`);
  });
});
