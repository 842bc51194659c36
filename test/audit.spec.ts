import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bash, bashOutput, type ProgramEnded } from './support/docker.js';

/** What a registry says of a package's weakness. */
interface Advisory {
  readonly id: number;
  readonly url: string;
  readonly title: string;
  readonly severity: string;
  readonly vulnerable_versions: string;
}

/** npm keeps what it knows of an advisory by its number. */
let numbers = 0;

const weakness = (severity: string, vulnerable_versions: string): Advisory => ({
  ...{ id: ++numbers, url: 'https://a.registry/advisories/GHSA-1234-5678-9abc', title: 'It forgets', severity },
  vulnerable_versions,
});

it('no package runs a program when it is installed', async () => {
  expect(await bashOutput('npm config get ignore-scripts')).toBe('true');
});

describe('npm run audit', { timeout: 60_000 }, () => {
  let directory: string;
  let registry: Server;
  /** By package; undefined refuses to answer. */
  let advisories: Record<string, Advisory[]> | undefined;
  /** Packages that the registry was last asked about, with their versions. */
  let asked: Record<string, string[]>;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    registry = createServer((request, response) => {
      void buffer(request).then((body) => {
        if (request.method === 'POST') asked = JSON.parse(gunzipSync(body).toString()) as typeof asked;
        const answer = request.method === 'POST' ? advisories : { name: request.url?.slice(1), versions: {} };
        response.writeHead(answer === undefined ? 405 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer));
      });
    }).listen(0, '127.0.0.1');
    await once(registry, 'listening');
  });
  beforeEach(() => {
    advisories = {};
    asked = {};
  });
  afterAll(async () => {
    registry.close();
    await rm(directory, { recursive: true, force: true });
  });

  const audit = (): Promise<ProgramEnded> =>
    bash('npm run --silent audit', {
      env: {
        npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`,
        npm_config_cache: join(directory, 'cache'),
      },
    });

  it('asks about every package that runs, and finds nothing where nothing is known', async () => {
    const { code, stdout, stderr } = await audit();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\d{3,} packages, advisories of \d{4}-\d\d-\d\d: 0 to act on$/mu);
    for (const name of ['express', 'nats', 'minio', 'sharp', 'zod', 'koffi']) expect(asked[name]).toHaveLength(1);
  });

  it('ends with 1 for a grave advisory, and names it, its package and the folder', async () => {
    advisories = { express: [weakness('high', '<6.0.0')] };
    const { code, stderr } = await audit();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^audit: high: express .*It forgets \(GHSA-1234-5678-9abc\), in node_modules\/express$/mu);
  });

  it('only tells of a moderate one', async () => {
    advisories = { express: [weakness('moderate', '<6.0.0')] };
    const { code, stdout } = await audit();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^moderate: express /mu);
  });

  it('ends with 2, and says that no advisories were looked at, where the registry does not answer', async () => {
    advisories = undefined;
    const { code, stderr } = await audit();
    expect(code).toBe(2);
    // Nothing else: the lock file holds to all rules.
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^audit: no advisories were looked at: 405 Method Not Allowed/u),
    ]);
  });
});
