import { execFileSync } from 'node:child_process';
import { appendFile, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyRepository } from './support/clone.js';
import { ROOT } from './support/pages.js';

interface Manifest {
  readonly name: string;
  readonly workspaces: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Project {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

/** A library in the middle: some packages need it, and some do not. */
const CHANGED = 'libs/images';

describe('nx, in a clone', { timeout: 120_000 }, () => {
  let clone: string;

  beforeAll(async () => {
    clone = join(await temporaryDirectory(), 'clone');
    await copyRepository(clone);
    await symlink(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
    git('init', '--quiet', '--initial-branch=main');
    git('add', '--all');
    git('commit', '--quiet', '--message=As it is');
  }, 120_000);
  afterAll(() => rm(clone, { recursive: true, force: true }));

  function git(...args: string[]): void {
    const who = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
    execFileSync('git', [...who, ...args], { cwd: clone });
  }

  function nx(...args: string[]): string {
    const own = Object.entries(process.env).filter(([name]) => !/^(NX|VITEST|TINYPOOL|NODE_OPTIONS)/u.test(name));
    const env = Object.fromEntries(own);
    return execFileSync(process.execPath, [join(clone, 'node_modules/nx/bin/nx.js'), ...args], {
      cwd: clone,
      encoding: 'utf8',
      env,
    });
  }

  const readJson = async <T>(file: string): Promise<T> => JSON.parse(await readFile(join(clone, file), 'utf8')) as T;

  /** What depends on what, as the packages themselves say it. */
  async function projects(): Promise<Project[]> {
    const listed = execFileSync('git', ['ls-files', '*/package.json'], { cwd: clone, encoding: 'utf8' });
    const files = listed.split('\n').filter((file) => /^(libs|services|tools)\/[^/]+\/package\.json$/u.test(file));
    const manifests = await Promise.all(files.map((file) => readJson<Manifest>(file)));
    const test = await readJson<{ name: string; implicitDependencies: string[] }>('test/project.json');
    return [
      ...manifests.map(({ name, dependencies = {} }) => ({ name, dependsOn: Object.keys(dependencies) })),
      { name: test.name, dependsOn: test.implicitDependencies },
    ];
  }

  function withDependents(name: string, all: readonly Project[]): string[] {
    const reached = new Set([name]);
    for (const _ of all) {
      for (const project of all) if (project.dependsOn.some((other) => reached.has(other))) reached.add(project.name);
    }
    return [...reached].sort();
  }

  it('calls exactly a changed library and its dependents affected', async () => {
    await appendFile(join(clone, CHANGED, 'src/index.ts'), '\n');
    const affected = JSON.parse(nx('show', 'projects', '--affected', '--uncommitted', '--json')) as string[];
    const all = await projects();
    const expected = withDependents(`@bluewaters/${CHANGED.split('/')[1] ?? ''}`, all);
    expect(affected.sort()).toEqual(expected);
    expect(expected.length).toBeLessThan(all.length);
  });

  it('builds once, restores the build from its cache, and builds again what was changed', async () => {
    const built = join(clone, 'libs/errors/dist/index.js');
    const build = (): string => nx('build', 'errors');
    expect(build()).not.toMatch(/from the cache/u);
    const first = await readFile(built, 'utf8');
    await rm(join(clone, 'libs/errors/dist'), { recursive: true });
    expect(build()).toMatch(/from the cache instead of running the command for 1 out of 1 tasks/u);
    expect(await readFile(built, 'utf8')).toBe(first);
    await appendFile(join(clone, 'libs/errors/src/index.ts'), '/** Changed. */\nexport const changed = true;\n');
    expect(build()).not.toMatch(/from the cache/u);
    expect(await readFile(built, 'utf8')).toContain('changed = true');
  });
});
