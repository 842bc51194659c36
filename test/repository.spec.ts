import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listFiles, ROOT as root } from './support/pages.js';

interface Manifest {
  name: string;
  version: string;
  private: boolean;
  license: string;
  type: string;
  workspaces?: string[];
  exports?: { '.': Record<string, string> };
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  nx?: { tags?: string[] };
}

const files = listFiles();

const packages = files
  .filter((file) => /^(libs|services|tools)\/[^/]+\/package\.json$/.test(file))
  .map((file) => ({ folder: file.replace('/package.json', ''), manifest: readJson<Manifest>(file) }));

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(join(root, file), 'utf8')) as T;
}

/** The folders that a `tsconfig.json` refers to, relative to the root, in ascending order. */
function references(folder: string): string[] {
  const { references = [] } = readJson<{ references?: { path: string }[] }>(join(folder, 'tsconfig.json'));
  return references.map(({ path }) => relative(root, join(root, folder, path))).sort();
}

function ourDependencies({ dependencies = {} }: Manifest): string[] {
  return Object.keys(dependencies).filter((name) => name.startsWith('@bluewaters/'));
}

describe('the top level', () => {
  const topLevel = [...new Set(files.map((file) => file.split('/')[0] ?? file))];
  const configuration =
    /^(\.[a-z]+(rc)?(\.json)?|tsconfig(\.[a-z]+)?\.json|[a-z]+\.config\.(ts|mjs)|package-lock\.json)$/;

  it('has the folders and files that the README speaks of, and no others but configuration', () => {
    const rest = topLevel.filter((name) => name === '.ci' || !configuration.test(name));
    expect(rest.sort()).toEqual(
      [
        '.ci',
        'CONTRIBUTING.md',
        'LICENSE',
        'README.md',
        'compose.yaml',
        'containers',
        'docs',
        'libs',
        'nx.json',
        'package.json',
        'pbs',
        'services',
        'test',
        'tools',
      ].sort(),
    );
  });

  it('builds every package', () => {
    const built = packages
      .map(({ folder }) => folder)
      .filter((folder) => existsSync(join(root, folder, 'tsconfig.json')));
    expect(references('.')).toEqual(built.sort());
  });
});

describe.each(packages)('$folder', ({ folder, manifest }) => {
  const name = folder.split('/')[1] ?? '';

  it('is a private ES module package named after its folder', () => {
    const { version, license } = readJson<Manifest>('package.json');
    expect(manifest).toMatchObject({
      name: `@bluewaters/${name}`,
      private: true,
      type: 'module',
      version,
      license,
    });
  });

  it('has one layer and its own scope, by which lint knows its arrows', () => {
    const tags = manifest.nx?.tags ?? [];
    const layer = { libs: name === 'testing' ? 'testing' : 'library', services: 'service', tools: 'tool' };
    expect(tags.toSorted()).toEqual([`layer:${layer[folder.split('/')[0] as keyof typeof layer]}`, `scope:${name}`]);
  });

  it('refers to exactly the packages that it depends on', () => {
    const folders = ourDependencies(manifest).map(
      (dependency) => packages.find((other) => other.manifest.name === dependency)?.folder ?? dependency,
    );
    expect(references(folder)).toEqual(folders.sort());
  });
});

describe('dependencies', () => {
  const manifests = [{ folder: '.', manifest: readJson<Manifest>('package.json') }, ...packages];

  it.each(manifests)('of $folder are pinned to one version, and our own to the workspace', ({ manifest }) => {
    const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    const loose = all.filter(([name, version]) =>
      name.startsWith('@bluewaters/') ? version !== '*' : !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  it('have the same version wherever they are named', () => {
    const versions = new Map<string, Set<string>>();
    for (const { manifest } of manifests) {
      for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
        versions.set(name, (versions.get(name) ?? new Set()).add(version));
      }
    }
    expect([...versions].filter(([, found]) => found.size > 1)).toEqual([]);
  });

  it('are locked by digest, whatever registry they come from', () => {
    const { packages: locked } = readJson<{ packages: Record<string, Record<string, unknown>> }>('package-lock.json');
    const fetched = Object.entries(locked).filter(
      ([path, { link }]) => path.includes('node_modules/') && link !== true,
    );
    expect(fetched.filter(([, { integrity }]) => integrity === undefined)).toEqual([]);
    expect(fetched.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });
});

describe('every file', () => {
  it('is free of the path where this copy lies', () => {
    const checkout = root.replace(/\/$/, '');
    const naming = files.filter((file) => {
      const path = join(root, file);
      return statSync(path).isFile() && readFileSync(path, 'utf8').includes(`${checkout}/`);
    });
    expect(naming).toEqual([]);
  });
});
