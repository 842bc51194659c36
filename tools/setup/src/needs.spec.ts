import { describe, expect, it } from 'vitest';
import { divide, NEEDS, needsOf } from './needs.mjs';
import { meetNeeds } from './needs-here.mjs';

const suffixesOf = (file: string): string[] => needsOf(file).map(({ suffix }) => suffix);

describe('the need of a test file', () => {
  it('stands before .spec.ts in its name', () => {
    expect(suffixesOf('libs/storage/src/minio.net.spec.ts')).toEqual(['net']);
    expect(suffixesOf('libs/tensorflow/src/two.gpu.spec.ts')).toEqual(['gpu']);
  });

  it('may be several', () => {
    expect(suffixesOf('test/coordinator.mpi.net.spec.ts')).toEqual(['net', 'mpi']);
  });

  it('is nothing for other names', () => {
    expect(suffixesOf('libs/records/src/framing.spec.ts')).toEqual([]);
    expect(suffixesOf('libs/records/src/net.spec.ts')).toEqual([]);
    expect(suffixesOf('libs/records/src/one.other.spec.ts')).toEqual([]);
  });

  it('is demanded by a strict run unless no package can bring it', () => {
    const optional = NEEDS.filter((need) => need.optional).map((need) => need.suffix);
    expect(optional).toEqual(['gpu', 'data', 'advisories', 'old']);
  });
});

describe('dividing test files', () => {
  const files = ['a.spec.ts', 'b.net.spec.ts', 'c.net.spec.ts', 'd.gpu.spec.ts'];

  it('runs everything where nothing is lacking', () => {
    expect(divide(files, {})).toEqual({ runs: files, leftOut: [] });
  });

  it('leaves out the files of each need that is not met, and says why once', () => {
    const { runs, leftOut } = divide(files, { net: 'no server', browser: 'no browser' });
    expect(runs).toEqual(['a.spec.ts', 'd.gpu.spec.ts']);
    expect(leftOut.map(({ need, why, files: out }) => [need.suffix, why, out])).toEqual([
      ['net', 'no server', ['b.net.spec.ts', 'c.net.spec.ts']],
    ]);
  });
});

describe('meeting needs', () => {
  it('fetches nothing for files that need nothing', async () => {
    expect(await meetNeeds('/nowhere', ['a.spec.ts'], {})).toEqual({ env: {}, lacks: {} });
  });

  it('names the folder of real images as lacking unless it is given', async () => {
    expect((await meetNeeds('/nowhere', ['a.data.spec.ts'], {})).lacks).toEqual({ data: expect.stringMatching(/\.$/) });
    expect(await meetNeeds('/nowhere', ['a.data.spec.ts'], { BLUEWATERS_DATA: '/images' })).toEqual({
      env: {},
      lacks: {},
    });
  });

  it('asks no registry about advisories unless someone wants to know', async () => {
    const { lacks } = await meetNeeds('/nowhere', ['a.advisories.spec.ts'], {});
    expect(lacks).toEqual({ advisories: 'BLUEWATERS_ADVISORIES is not 1.' });
  });

  it('says of programs of the system that the path has none', async () => {
    const { lacks } = await meetNeeds('/nowhere', ['a.shellcheck.spec.ts', 'a.bats.spec.ts'], { PATH: '/nowhere' });
    expect(lacks).toEqual({ shellcheck: 'There is no shellcheck.', bats: 'There is no bats.' });
  });

  it('turns a program that was named wrongly into a reason, not into a stop', async () => {
    const { lacks } = await meetNeeds(repository, ['a.net.spec.ts'], {
      DOCKER_HOST: 'unix:///nowhere.sock',
      BLUEWATERS_NATS_SERVER: '/nowhere/nats-server',
    });
    expect(lacks['net']).toContain('BLUEWATERS_NATS_SERVER');
  });
});

const repository = new URL('../../..', import.meta.url).pathname;
