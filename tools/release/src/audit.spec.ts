import { describe, expect, it } from 'vitest';
import type { AuditReport } from '../../setup/src/advisories.mjs';
import { judge } from './accepted.mjs';
import { KNOWN, knownIn } from './known.mjs';
import { allows, objectionsTo } from './locked.mjs';

const TODAY = '2026-11-28';

const advisory = (name: string, severity: 'moderate' | 'high' | 'critical', id = `GHSA-${name}`) => ({
  ...{ name, severity, title: `${name} forgets`, range: '<2.0.0', url: `https://a.registry/advisories/${id}` },
});

const report = (...advisories: ReturnType<typeof advisory>[]): AuditReport => ({
  auditReportVersion: 2,
  vulnerabilities: Object.fromEntries(
    advisories.map((one) => [one.name, { via: [one], nodes: [`node_modules/${one.name}`] }]),
  ),
});

const acceptance = (name: string, until = '2027-01-31') => ({
  ...{ id: `GHSA-${name}`, package: name, why: 'nothing of ours calls it', until },
});

describe('judging advisories', () => {
  it('objects to a grave one, by its id and where the package is, and only remarks on a moderate one', () => {
    const { objections, remarks } = judge(report(advisory('a', 'critical'), advisory('b', 'moderate')), [], TODAY);
    expect(objections).toEqual(['critical: a <2.0.0: a forgets (GHSA-a), in node_modules/a']);
    expect(remarks).toEqual(['moderate: b <2.0.0: b forgets (GHSA-b), in node_modules/b']);
  });

  it('tells of an advisory once, under its own package and not under those that need it', () => {
    const found = report(advisory('a', 'high'));
    const through = { via: ['a', advisory('a', 'high')], nodes: ['node_modules/b'] };
    const vulnerabilities = { ...found.vulnerabilities, b: through };
    expect(judge({ ...found, vulnerabilities }, [], TODAY).objections).toHaveLength(1);
  });

  it('lets pass what is accepted, of that package, until its day', () => {
    const found = report(advisory('a', 'high'));
    expect(judge(found, [acceptance('a')], TODAY)).toEqual({ objections: [], remarks: [] });
    expect(judge(found, [acceptance('a', TODAY)], TODAY).objections[0]).toContain(`accepted until ${TODAY}`);
    expect(judge(found, [{ ...acceptance('a'), package: 'b' }], TODAY).objections).toHaveLength(2);
  });

  it('objects to an acceptance that nothing needs any more', () => {
    const { objections } = judge(report(), [acceptance('a')], TODAY);
    expect(objections).toEqual(['GHSA-a of a is accepted and no longer told of: take it off the list']);
  });
});

describe('the lock file', () => {
  const integrity = `sha512-${'a'.repeat(86)}==`;
  const good = { version: '1.2.3', integrity };
  const SCRIPTS = ['@tensorflow/tfjs-node-gpu', 'core-js', 'cpu-features', 'esbuild', 'koffi', 'nx', 'protobufjs'];
  const withScripts = [...SCRIPTS, 'ssh2', 'unrs-resolver'];
  const packages = {
    '': { dependencies: { express: '5.1.0' } },
    'libs/errors': {},
    'libs/testing': { dependencies: { debug: '4.4.3' } },
    'node_modules/@bluewaters/errors': { link: true, resolved: 'libs/errors' },
    'node_modules/express': { ...good, engines: { node: '>= 18' }, dependencies: { old: 'npm:express@^4.0.0' } },
    ...Object.fromEntries(withScripts.map((name) => [`node_modules/${name}`, { ...good, hasInstallScript: true }])),
  };

  it('passes as it should be', () => expect(objectionsTo(packages)).toEqual([]));

  it.each([
    ['a range in place of a version', { a: { ...good, version: '^1.2.3' } }, 'expected one version'],
    ['no digest', { a: { version: '1.2.3' } }, 'expected a SHA-512'],
    ['a weak digest', { a: { ...good, integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' } }, 'expected a SHA-512'],
    ['a source that is a repository', { a: { ...good, resolved: 'git+ssh://git@a.host/a.git#1' } }, 'comes from git'],
    ['a source that is a file', { a: { ...good, resolved: 'file:a.tgz' } }, 'comes from file:a.tgz'],
    ['an address without TLS', { a: { ...good, resolved: 'http://registry/a.tgz' } }, 'comes from http:'],
    ['a need of a repository', { a: { ...good, dependencies: { b: 'someone/b' } } }, 'asks for b from someone/b'],
    ['a need of an address', { a: { ...good, dependencies: { b: 'https://h/b.tgz' } } }, 'asks for b from https:'],
    ['a need of a folder', { a: { ...good, optionalDependencies: { b: 'file:../b' } } }, 'asks for b from file:'],
    ['an install script', { a: { ...good, hasInstallScript: true } }, 'a has an install script'],
    ['one that is gone', { nx: good }, 'nx has no install script any more'],
    [
      'two versions of what ours name',
      { 'a/node_modules/express': { ...good, version: '4.0.0' } },
      'express runs in 2',
    ],
    ['two versions of tar', { tar: good, 'a/node_modules/tar': { ...good, version: '6.2.1' } }, 'tar runs in 2'],
    ['a part for another Node.js', { a: { ...good, engines: { node: '>=22' } } }, 'wants Node.js >=22'],
  ])('is objected to for %s', (_what, change, words) => {
    const changed = Object.fromEntries(Object.entries(change).map(([name, entry]) => [`node_modules/${name}`, entry]));
    expect(objectionsTo({ ...packages, ...changed })).toEqual([expect.stringContaining(words)]);
  });

  it('may have a second version of what only tests load', () => {
    const second = { ...good, version: '4.0.0', dev: true };
    expect(objectionsTo({ ...packages, 'node_modules/a/node_modules/express': second })).toEqual([]);
  });
});

describe('advisories that were read of', () => {
  it.each([
    ['node_modules/sharp', '0.34.5', ['GHSA-f88m-g3jw-g9cj']],
    ['node_modules/sharp', '0.35.0', []],
    ['node_modules/sharp', '1.0.0', []],
    ['node_modules/a/node_modules/adm-zip', '0.5.18', ['GHSA-xcpc-8h2w-3j85', 'GHSA-vwc7-r8mq-g2x9']],
    ['node_modules/adm-zip', '0.5.8', ['GHSA-xcpc-8h2w-3j85']],
    ['node_modules/adm-zip', '0.6.0', ['GHSA-vwc7-r8mq-g2x9']],
    ['node_modules/adm-zip', '0.6.1', []],
    ['node_modules/body-parser', '1.20.0', []],
    ['node_modules/body-parser', '2.2.10', ['GHSA-v422-hmwv-36x6']],
    ['node_modules/not-sharp', '0.34.5', []],
  ])('are held against %s %s', (path, version, ids) => {
    const found = knownIn({ [path]: { version } });
    expect(found.map((line) => /GHSA(?:-\w{4}){3}/u.exec(line)?.[0])).toEqual(ids);
    for (const line of found) expect(line).toContain(`${path}: ${version} `);
  });

  it('are named by an id, once each', () => {
    expect(new Set(KNOWN.map(({ id }) => id)).size).toBe(KNOWN.length);
    for (const { id } of KNOWN) expect(id).toMatch(/^GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}$/u);
  });
});

describe('a range of Node.js', () => {
  it.each([
    ['*', true],
    ['>=18', true],
    ['>= 18.0.0', true],
    ['>=v12.22.7', true],
    ['20', true],
    ['4.x || >=6.0.0', true],
    ['6.* || 8.* || >= 10.*', true],
    ['^16 || ^18 || >=20', true],
    ['^20.3.0', true],
    ['^20.20.0 || ^22.1.0', false],
    ['>=20.19.1', false],
    ['^18.17.0', false],
    ['18', false],
    ['20.18', false],
    ['>=22', false],
    ['<18', false],
  ])('%s takes 20.19.0: %s', (range, taken) => expect(allows(range, '20.19.0')).toBe(taken));
});
