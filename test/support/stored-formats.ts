/** A valid file of each format that the product stores and reads again, with what writes and what reads it. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorCode } from '@bluewaters/errors';
import { parseReport } from '@bluewaters/ingest';
import { readBusFile, TrainRequest, writeBusFile } from '@bluewaters/messages';
import {
  encodeAcceptance,
  encodeGrant,
  encodeIndexEntry,
  encodeManifest,
  encodeModelEntry,
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
import { StoredRun } from '@bluewaters/training/programs';

/** Of nothing in particular. */
export const SHA256 = 'ab'.repeat(32);
const AT = '2026-01-02T03:04:05.000Z';
const OF_TEXT = { dataset: 'flowers', sha256: SHA256 };
const ENGINE = { tensorflow: '2.18.1', cpu: 'test', oneDnn: true, threads: 2 };

/** One kind of file that is read again. */
export interface Stored {
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
/** As JSON. */
export const textOf = (document: object): Buffer => Buffer.from(JSON.stringify(document));

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
export const READ_AGAIN: Readonly<Record<string, Stored>> = {
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
    written: () =>
      encodeProvenance({
        ...{ format: 'bluewaters.provenance.v1', request: REQUEST },
        code: { version: '0.1.0', digest: SHA256 },
      }),
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
export async function fileOf(format: string): Promise<string> {
  if (format === 'bluewaters.checkpoint.v1') return 'model.ckpt-5.json';
  if (format === 'bluewaters.run.v1') return 'run.json';
  return format === 'bluewaters.bus.v1' ? join(await temporaryDirectory(), 'bus.json') : 'there/it.json';
}
