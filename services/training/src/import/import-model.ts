/** Enters published weights in the model registry, as training enters its own. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ImportResult, type ImportRequest, type Progress } from '@bluewaters/messages';
import {
  labelledClasses,
  modelKeys,
  parseProvenance,
  parseSynsetList,
  parseSynsetWords,
  type LabelledClass,
  type ModelEntry,
} from '@bluewaters/records';
import { builtModule, type ServicePorts } from '@bluewaters/service';
import { filesBelow, readTextSource, type ObjectStore, type SourceName } from '@bluewaters/storage';
import { runIsolated } from '@bluewaters/tensorflow';
import { z } from 'zod';
import { digestFile } from '../files.js';
import type { TrainingOptions } from '../options.js';
import { codeVersion } from '../code-version.js';
import { announceVersion, nextVersion, readVersions, signatureOf, storeVersion } from '../registry.js';
import type { ImportedModel, ImportTask } from './import-weights.main.js';

const MODULE = pathToFileURL(builtModule(new URL('./import-weights.main.js', import.meta.url)));

/** ImageNet's lists have 22,000 lines and less than a megabyte. */
const MAX_LIST_BYTES = 16 << 20;

/** What an import needs of its service. */
export interface ImportPorts extends Pick<ServicePorts, 'bus' | 'store'> {
  readonly options: TrainingOptions;
  readonly report: (progress: Progress) => void;
}

/**
 * Makes a SavedModel of published weights, with the preprocessing that they want inside, and registers it, entry last.
 * Asked again for the same bytes in the same way it finds the version that is there.
 *
 * @throws {CodedError} FILE_NOT_FOUND; SYNSET_INVALID; NETWORK_UNKNOWN; WEIGHTS_INVALID when file, network and classes
 * do not fit; CONFIG_INVALID when nothing is known of such weights for the network.
 */
export async function importModel(request: ImportRequest, ports: ImportPorts): Promise<ImportResult> {
  const { store, bus, report } = ports;
  const classes = await readClasses(store, request);
  report({ phase: `reading ${basename(request.file)}`, done: 0, unit: 'files' });
  const digest = await digestOf(request, classes);
  const versions = await readVersions(store, request.model);
  const known = versions.find(({ imported }) => imported?.digest === digest);
  const entry = known ?? (await makeVersion({ request, classes, digest, version: nextVersion(versions) }, ports));
  await announceVersion(bus, entry);
  const { model, version } = entry;
  const prefix = modelKeys.prefix(model, version);
  return { model, version, prefix, classes: classes.length, ...(await readReport(store, entry)) };
}

/** A version that is to be made. */
interface Wanted {
  readonly request: ImportRequest;
  readonly classes: readonly LabelledClass[];
  readonly digest: string;
  readonly version: number;
}

async function makeVersion(wanted: Wanted, { store, options }: ImportPorts): Promise<ModelEntry> {
  const { request, classes, digest, version } = wanted;
  await mkdir(options.workDirectory, { recursive: true });
  const parent = await mkdtemp(join(options.workDirectory, 'import-'));
  try {
    const directory = join(parent, 'saved-model');
    const task: ImportTask = { request, classes, directory, threads: options.threads };
    const made = await runIsolated<ImportTask, ImportedModel>(MODULE, task, { doing: `imports ${request.file}` });
    const { imported, ...rest } = made.report;
    const report: Report = { ...rest, imported: imported.length, fresh: [...rest.fresh], leftOut: [...rest.leftOut] };
    const { labelsShifted } = report;
    return await storeVersion(store, {
      ...{ model: request.model, version, directory },
      signature: { ...signatureOf(made.input, classes), ...(labelsShifted && { labelsShifted }) },
      provenance: { request, report, code: await codeVersion() },
      origin: { imported: { file: basename(request.file), digest } },
    });
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

const Report = ImportResult.pick({ imported: true, fresh: true, leftOut: true, labelsShifted: true });
type Report = z.infer<typeof Report>;

async function readReport(store: ObjectStore, { model, version }: ModelEntry): Promise<Report> {
  const file = modelKeys.provenance(model, version);
  return z.object({ report: Report }).parse(parseProvenance(await store.get(file), { file })).report;
}

async function readClasses(store: ObjectStore, { synsets, words }: ImportRequest): Promise<LabelledClass[]> {
  const read = (source: SourceName): Promise<string> => readTextSource(store, source, MAX_LIST_BYTES);
  const named = (source: SourceName): { file: string } => ({ file: 'path' in source ? source.path : source.key });
  const list = parseSynsetList(await read(synsets), named(synsets));
  return labelledClasses(list, words ? parseSynsetWords(await read(words), named(words)) : new Map());
}

/** Of the bytes of every file of the weights, and of what decides what they become. */
async function digestOf(request: ImportRequest, classes: readonly LabelledClass[]): Promise<string> {
  const { network, imageSize, crop, newLayers, seed } = request;
  const hash = createHash('sha256').update(JSON.stringify({ network, imageSize, crop, newLayers, seed, classes }));
  for (const file of await filesOf(request.file)) hash.update((await digestFile(file)).sha256);
  return hash.digest('hex');
}

/** The file itself, all files of a folder, or those of a checkpoint by their prefix. */
async function filesOf(path: string): Promise<string[]> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile()) return [path];
  const folder = info ? resolve(path) : dirname(path);
  const names = await (info ? filesBelow(folder) : readdir(folder)).catch(() => []);
  const wanted = names.sort().filter((name) => info !== undefined || name.startsWith(`${basename(path)}.`));
  const files: string[] = [];
  for (const name of wanted) if ((await stat(join(folder, name))).isFile()) files.push(join(folder, name));
  return files;
}
