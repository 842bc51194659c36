import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorCode } from '@bluewaters/errors';
import { parseReport } from '@bluewaters/ingest';
import { readBusFile, TrainRequest, writeBusFile } from '@bluewaters/messages';
import {
  decodeOffsets,
  encodeAcceptance,
  encodeGrant,
  encodeIndexEntry,
  encodeManifest,
  encodeModelEntry,
  encodeOffsets,
  encodeProvenance,
  encodeRestriction,
  encodeSignature,
  encodeTerms,
  parseAcceptance,
  parseGrant,
  parseIndexEntry,
  parseManifest,
  parseModelEntry,
  parseProvenance,
  parseRestriction,
  parseSignature,
  parseTerms,
  runKeys,
  type Acceptance,
  type IndexEntry,
  type Manifest,
  type ModelEntry,
  type Signature,
} from '@bluewaters/records';
import { DirectoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { StoredRun } from '@bluewaters/training';
import { describe, expect, it } from 'vitest';
import { readPage, ROOT, tableIn } from './support/pages.js';

const SHA256 = 'ab'.repeat(32);
const AT = '2026-01-02T03:04:05.000Z';
const OF_TEXT = { dataset: 'flowers', sha256: SHA256 };
const ENGINE = { tensorflow: '2.18.1', cpu: 'test', oneDnn: true, threads: 2 };

/** One kind of file that is read again. */
interface Stored {
  /** A valid one, by the product's own writer where that takes no work of a service. */
  readonly written: () => Uint8Array | Promise<Uint8Array>;
  /** What the product itself reads it with. @param file What errors name it. */
  readonly read: (bytes: Buffer, file: string) => unknown;
  /** What one without a format is: damaged, or of the time before it had one. */
  readonly unversioned: ErrorCode | 'version 1';
}

type Parse = (bytes: Uint8Array, source: { readonly file: string }) => unknown;
const parsedBy =
  (parse: Parse): Stored['read'] =>
  (bytes, file) =>
    parse(bytes, { file });
const textOf = (document: object): Buffer => Buffer.from(JSON.stringify(document));

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

const INDEX: IndexEntry = {
  format: 'bluewaters.index.v1',
  ...{ dataset: 'flowers', archive: { key: 'a.tar' }, archiveSize: 1, examples: 1, refused: 0, repaired: 0 },
  synsets: [{ synset: 'n11669921', label: 1, words: 'flower', examples: 1, sha256: SHA256 }],
};
const MANIFEST: Manifest = {
  ...{ format: 'bluewaters.manifest.v1', dataset: 'flowers', index: SHA256, seed: 7, classes: [] },
  splits: { train: [], validation: [] },
};
const MODEL: ModelEntry = {
  ...{ format: 'bluewaters.model.v1', model: 'm', version: 1, createdAt: AT },
  ...{
    files: [{ key: 'models/m/1/saved_model.pb', size: 1, sha256: SHA256 }],
    signatureKey: 'models/m/1/signature.json',
  },
};
const SIGNATURE: Signature = {
  ...{ format: 'bluewaters.signature.v1', imageSize: 28, channels: 1, mean: [0.5], std: [0.5], crop: 'squeeze' },
  ...{ colourOrder: 'RGB', classes: [{ label: 1, synset: 'n11669921', words: 'flower' }], outputs: 2, background: 0 },
  ...{ inputKey: 'image_bytes', outputKeys: ['probabilities', 'top_probabilities', 'top_labels', 'top_synsets'] },
};
const ACCEPTANCE: Acceptance = {
  ...{ format: 'bluewaters.acceptance.v1', ...OF_TEXT, person: 'ann', name: 'Ann', acceptedAt: AT, enteredBy: 'ann' },
  evidence: { key: 'terms/x.pdf', sha256: SHA256, size: 1 },
};

/** A valid document of each format, and its reader. */
const READ_AGAIN: Readonly<Record<string, Stored>> = {
  'bluewaters.index.v1': {
    written: () => encodeIndexEntry(INDEX),
    read: parsedBy(parseIndexEntry),
    unversioned: 'INDEX_INVALID',
  },
  'bluewaters.ingest-report.v1': {
    written: () => textOf({ format: 'bluewaters.ingest-report.v1', dataset: 'flowers', images: 1 }),
    read: parseReport,
    unversioned: 'INDEX_INVALID',
  },
  'bluewaters.manifest.v1': {
    written: () => encodeManifest(MANIFEST),
    read: parsedBy(parseManifest),
    unversioned: 'MANIFEST_INVALID',
  },
  'bluewaters.checkpoint.v1': {
    written: () => textOf({ format: 'bluewaters.checkpoint.v1', step: 5, request: SHA256, files: [], engine: ENGINE }),
    read: async (bytes, file) => (await fromRun(file, bytes)).at(5),
    unversioned: 'CHECKPOINT_INVALID',
  },
  'bluewaters.run.v1': {
    written: () => textOf({ format: 'bluewaters.run.v1', request: REQUEST, state: 'stopped', step: 5, epoch: 0 }),
    read: async (bytes, file) => {
      const { entry, unreadable } = await fromRun(file, bytes);
      if (unreadable) throw unreadable;
      return entry;
    },
    unversioned: 'CHECKPOINT_INVALID',
  },
  'bluewaters.model.v1': {
    written: () => encodeModelEntry(MODEL),
    read: parsedBy(parseModelEntry),
    unversioned: 'MODEL_INVALID',
  },
  'bluewaters.signature.v1': {
    written: () => encodeSignature(SIGNATURE),
    read: parsedBy(parseSignature),
    unversioned: 'version 1',
  },
  'bluewaters.provenance.v1': {
    written: () => encodeProvenance({ format: 'bluewaters.provenance.v1', request: REQUEST }),
    read: parsedBy(parseProvenance),
    unversioned: 'version 1',
  },
  'bluewaters.terms.v1': {
    written: () => encodeTerms({ format: 'bluewaters.terms.v1', ...OF_TEXT, custodian: 'carol', since: AT }),
    read: parsedBy(parseTerms),
    unversioned: 'TERMS_INVALID',
  },
  'bluewaters.acceptance.v1': {
    written: () => encodeAcceptance(ACCEPTANCE),
    read: parsedBy(parseAcceptance),
    unversioned: 'TERMS_INVALID',
  },
  'bluewaters.grant.v1': {
    written: () =>
      encodeGrant({ format: 'bluewaters.grant.v1', ...OF_TEXT, person: 'ann', grantedBy: 'carol', grantedAt: AT }),
    read: parsedBy(parseGrant),
    unversioned: 'TERMS_INVALID',
  },
  'bluewaters.restriction.v1': {
    written: () => encodeRestriction({ format: 'bluewaters.restriction.v1', ...OF_TEXT, custodian: 'carol' }),
    read: parsedBy(parseRestriction),
    unversioned: 'TERMS_INVALID',
  },
  'bluewaters.bus.v1': {
    written: async () => {
      const file = join(await temporaryDirectory(), 'bus.json');
      await writeBusFile(file, { format: 'bluewaters.bus.v1', url: 'nats://nid00012:4222', user: 'u', password: 'p' });
      return readFileSync(file);
    },
    read: async (bytes, file) => {
      await writeFile(file, bytes);
      return readBusFile(file);
    },
    unversioned: 'CONFIG_INVALID',
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
    .filter((file) => /^(?:libs|services|tools|containers|pbs)\/.*\.(?:ts|[cm]?js|py)$/u.test(file))
    .filter((file) => !/\.(?:spec|fixture)\.\w+$/u.test(file));
  const found = new Map<string, string[]>();
  for (const file of sources) {
    const names = readFileSync(join(ROOT, file), 'utf8').matchAll(/['"`](bluewaters\.[\w-]+\.v\d+|BWOFFS\d\d)['"`]/gu);
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

  it('or that of another file says of which version it is: docs/architecture.md names all that lie in the store', () => {
    const [, section = ''] = readPage('docs/architecture.md').split('## Stored formats and their versions');
    const layout = readFileSync(join(ROOT, 'libs/records/src/layout.ts'), 'utf8');
    const names = [...layout.matchAll(/[\w}]+\.(?:jsonl?|offsets)`/gu)].map(([name]) => /[a-z-]*\.\w+/u.exec(name)![0]);
    expect(names).toContain('entry.json');
    expect(names.filter((name) => !section.split('\n## ')[0]!.includes(name))).toEqual([]);
  });

  it.each(Object.entries(SHOWN_ELSEWHERE))('such as %s has what becomes of a newer one in %s', (format, spec) => {
    expect(readFileSync(join(ROOT, spec), 'utf8')).toContain(format.replace(/\d+$/u, '2'));
  });

  it.each(ONLY_WRITTEN)('such as %s is named by its writer alone, if nothing reads it', (format) => {
    expect(inSources.get(format)).toHaveLength(1);
  });
});

describe.each(Object.entries(READ_AGAIN))('a file of the format %s', (format, { written, read, unversioned }) => {
  const reading = async (value: object): Promise<unknown> => read(textOf(value), await fileOf(format));
  const valid = async (): Promise<object> => JSON.parse(Buffer.from(await written()).toString()) as object;

  it('is read as it was written', async () => {
    const document = await valid();
    expect(document).toHaveProperty('format', format);
    expect(await reading(document)).toBeDefined();
  });

  it.each([
    [format.replace(/\d+$/u, '2'), /written by a newer version of Blue Waters ML: use that one/u],
    [format.replace(/\d+$/u, '11'), /written by a newer version of Blue Waters ML: use that one/u],
    [format.replace(/\d+$/u, '0'), /written by an older version of Blue Waters ML/u],
    ['bluewaters.unheard-of.v1', /a format that this version of Blue Waters ML does not know/u],
  ])('is refused by name when it says %s, whatever else is in it', async (got, message) => {
    const name = (await fileOf(format)).split('/').at(-1) as string;
    for (const value of [
      { ...(await valid()), format: got },
      { format: got, quite: ['different'] },
    ]) {
      await expect(reading(value)).rejects.toMatchObject({
        code: 'FORMAT_UNKNOWN',
        message: expect.stringMatching(message) as string,
        details: { file: expect.stringContaining(name) as string, field: 'format', expected: format, got },
      });
    }
  });

  it(`is ${unversioned} when it says nothing of its format`, async () => {
    const document = { ...(await valid()), format: undefined };
    if (unversioned === 'version 1') expect(await reading(document)).toBeDefined();
    else await expect(reading(document)).rejects.toMatchObject({ code: unversioned });
  });
});

describe('the offsets of a shard', () => {
  const bytes = encodeOffsets({ records: [{ offset: 0, length: 20 }], size: 20, sha256: SHA256, build: SHA256 });

  it('are damaged when they begin with something else', () => {
    const other = Buffer.from(bytes);
    other.write('PK');
    expect(() => decodeOffsets(other, { file: 'x.offsets' })).toThrow(
      expect.objectContaining({ code: 'SHARD_CORRUPT' }),
    );
  });

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
