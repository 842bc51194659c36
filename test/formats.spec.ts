import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseReport } from '@bluewaters/ingest';
import { readBusFile, TrainRequest } from '@bluewaters/messages';
import {
  decodeOffsets,
  encodeOffsets,
  parseAcceptance,
  parseGrant,
  parseIndexEntry,
  parseManifest,
  parseModelEntry,
  parseRestriction,
  parseTerms,
  runKeys,
} from '@bluewaters/records';
import { DirectoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { StoredRun } from '@bluewaters/training';
import { describe, expect, it } from 'vitest';
import { ROOT, tableIn } from './support/pages.js';

const SHA256 = 'ab'.repeat(32);
const AT = '2026-01-02T03:04:05.000Z';
const OF_TEXT = { dataset: 'flowers', sha256: SHA256 };
const ENGINE = { tensorflow: '2.18.1', cpu: 'test', oneDnn: true, threads: 2 };

/** One kind of file that is read again. */
interface Stored {
  /** All but its format. */
  readonly document: object;
  /** What the product itself reads it with. @param file What errors name it. */
  readonly read: (bytes: Buffer, file: string) => unknown;
}

type Parse = (bytes: Uint8Array, source: { readonly file: string }) => unknown;
const parsedBy =
  (parse: Parse): Stored['read'] =>
  (bytes, file) =>
    parse(bytes, { file });

/** Reads a run of which the store has nothing but this file. */
async function fromRun(name: string, bytes: Buffer): Promise<StoredRun> {
  const store = new DirectoryStore(await temporaryDirectory());
  await store.put(`${runKeys.checkpoints('r')}${name}`, bytes);
  return StoredRun.open({ store, run: 'r', workDirectory: await temporaryDirectory() });
}

const REQUEST = TrainRequest.parse({
  ...{ run: 'r', dataset: 'd', manifest: SHA256, model: 'm', network: 'lenet', epochs: 2, batch: 32, imageSize: 28 },
  ...{ learningRate: 0.1, momentum: 0.9, weightDecay: 0, seed: 1, checkpointEverySteps: 10, keepCheckpoints: 2 },
});

/** A valid document of each format, and its reader. */
const READ_AGAIN: Readonly<Record<string, Stored>> = {
  'bluewaters.index.v1': {
    document: {
      ...{ dataset: 'flowers', archive: { key: 'a.tar' }, archiveSize: 1, examples: 1, refused: 0, repaired: 0 },
      synsets: [{ synset: 'n11669921', label: 1, words: 'flower', examples: 1, sha256: SHA256 }],
    },
    read: parsedBy(parseIndexEntry),
  },
  'bluewaters.ingest-report.v1': {
    document: { dataset: 'flowers', images: 1 },
    read: parseReport,
  },
  'bluewaters.manifest.v1': {
    document: { dataset: 'flowers', index: SHA256, seed: 7, classes: [], splits: { train: [], validation: [] } },
    read: parsedBy(parseManifest),
  },
  'bluewaters.checkpoint.v1': {
    document: { step: 5, request: SHA256, files: [], engine: ENGINE },
    read: async (bytes, file) => (await fromRun(file, bytes)).at(5),
  },
  'bluewaters.run.v1': {
    document: { request: REQUEST, state: 'stopped', step: 5, epoch: 0 },
    read: async (bytes, file) => {
      const { entry, unreadable } = await fromRun(file, bytes);
      if (unreadable) throw unreadable;
      return entry;
    },
  },
  'bluewaters.model.v1': {
    document: {
      ...{ model: 'm', version: 1, signatureKey: 'models/m/1/signature.json', createdAt: AT },
      files: [{ key: 'models/m/1/saved_model.pb', size: 1, sha256: SHA256 }],
    },
    read: parsedBy(parseModelEntry),
  },
  'bluewaters.terms.v1': { document: { ...OF_TEXT, custodian: 'carol', since: AT }, read: parsedBy(parseTerms) },
  'bluewaters.acceptance.v1': {
    document: {
      ...{ ...OF_TEXT, person: 'ann', name: 'Ann', acceptedAt: AT, enteredBy: 'ann' },
      evidence: { key: 'terms/x.pdf', sha256: SHA256, size: 1 },
    },
    read: parsedBy(parseAcceptance),
  },
  'bluewaters.grant.v1': {
    document: { ...OF_TEXT, person: 'ann', grantedBy: 'carol', grantedAt: AT },
    read: parsedBy(parseGrant),
  },
  'bluewaters.restriction.v1': { document: { ...OF_TEXT, custodian: 'carol' }, read: parsedBy(parseRestriction) },
  'bluewaters.bus.v1': {
    document: { url: 'nats://nid00012:4222', user: 'u', password: 'p' },
    read: async (bytes, file) => {
      await writeFile(file, bytes);
      return readBusFile(file);
    },
  },
};

/** What errors name the file of a format: readers that need a folder have theirs in it. */
async function fileOf(format: string): Promise<string> {
  if (format === 'bluewaters.checkpoint.v1') return 'model.ckpt-5.json';
  if (format === 'bluewaters.run.v1') return 'run.json';
  return format === 'bluewaters.bus.v1' ? join(await temporaryDirectory(), 'bus.json') : 'there/it.json';
}

/** Formats whose readers are inside of a package, or that do something else than to refuse: the spec that shows it. */
const SHOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  'bluewaters.lease.v1': 'services/training/src/lease.fixture.ts',
  'bluewaters.machine.v1': 'tools/cli/src/machines/machine.spec.ts',
  'bluewaters.mnist-archive.v1': 'tools/cli/src/mnist-archive.spec.ts',
};
/** For other programs: nothing of ours reads them. */
const ONLY_WRITTEN = ['bluewaters.confusion.v1'];
/** Not JSON: it begins with its format. */
const OFFSETS = 'BWOFFS01';

const ALL = [...Object.keys(READ_AGAIN), ...Object.keys(SHOWN_ELSEWHERE), ...ONLY_WRITTEN, OFFSETS].sort();

/** The sources that name a format, by its name. */
function formatsInSources(): Map<string, string[]> {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  const sources = listed
    .toString()
    .split('\0')
    .filter((file) => /^(?:libs|services|tools)\/[^/]+\/src\/.*\.(?:ts|mjs)$/u.test(file))
    .filter((file) => !/\.(?:spec|fixture)\.\w+$/u.test(file));
  const found = new Map<string, string[]>();
  for (const file of sources) {
    const names = readFileSync(join(ROOT, file), 'utf8').matchAll(/'(bluewaters\.[a-z-]+\.v\d+|BWOFFS\d\d)'/gu);
    for (const [, name = ''] of names) found.set(name, [...(found.get(name) ?? []), file]);
  }
  return found;
}

describe('every format of the sources', () => {
  const inSources = formatsInSources();

  it('is shown here to be refused in another version, or said to be shown elsewhere', () => {
    expect([...inSources.keys()].sort()).toEqual(ALL);
  });

  it('is in the table of docs/architecture.md, with where it lies and what becomes of another version', () => {
    const rows = tableIn('docs/architecture.md', 'format').map(([cell = '', ...rest]) => {
      expect(rest.every((each) => each.length > 5)).toBe(true);
      return cell.replaceAll('`', '');
    });
    expect(rows.sort()).toEqual(ALL);
  });

  it.each(Object.entries(SHOWN_ELSEWHERE))('such as %s has what becomes of a newer one in %s', (format, spec) => {
    expect(readFileSync(join(ROOT, spec), 'utf8')).toContain(format.replace(/\d+$/u, '2'));
  });

  it.each(ONLY_WRITTEN)('such as %s is named by its writer alone, if nothing reads it', (format) => {
    expect(inSources.get(format)).toHaveLength(1);
  });
});

describe.each(Object.entries(READ_AGAIN))('a file of the format %s', (format, { document, read }) => {
  const reading = async (value: object): Promise<unknown> =>
    read(Buffer.from(JSON.stringify(value)), await fileOf(format));

  it('is read', async () => {
    expect(await reading({ format, ...document })).toBeDefined();
  });

  it.each([
    [format.replace(/\d+$/u, '2'), /written by a newer version of Blue Waters ML/u],
    [format.replace(/\d+$/u, '11'), /written by a newer version of Blue Waters ML/u],
    [format.replace(/\d+$/u, '0'), /written by an older version of Blue Waters ML/u],
    ['bluewaters.unheard-of.v1', /a format that this version of Blue Waters ML does not know/u],
  ])('is refused by name when it says %s, whatever else is in it', async (got, message) => {
    const name = (await fileOf(format)).split('/').at(-1) as string;
    for (const value of [
      { format: got, ...document },
      { format: got, quite: ['different'] },
    ]) {
      await expect(reading(value)).rejects.toMatchObject({
        code: 'FORMAT_UNKNOWN',
        message: expect.stringMatching(message) as string,
        details: { file: expect.stringContaining(name) as string, field: 'format', expected: format, got },
      });
    }
  });
});

describe('the offsets of a shard', () => {
  const bytes = encodeOffsets({ records: [{ offset: 0, length: 20 }], size: 20, sha256: SHA256, build: SHA256 });

  it.each([
    ['BWOFFS02', /newer version/u],
    ['BWOFFS00', /older version/u],
  ])('are refused by name when they begin with %s', (got, message) => {
    const other = Buffer.from(bytes);
    other.write(got);
    const decoding = (): unknown => decodeOffsets(other, { file: 'x.offsets' });
    expect(decoding).toThrow(message);
    const details = { file: 'x.offsets', field: 'format', expected: OFFSETS, got };
    expect(decoding).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN', details }));
  });
});
