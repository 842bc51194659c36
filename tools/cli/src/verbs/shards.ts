import { CodedError } from '@bluewaters/errors';
import type { BuildRequest, BuildResult } from '@bluewaters/messages';
import { assertAccess } from '@bluewaters/registry';
import { verifyDataset } from '@bluewaters/shards';
import { allDatasets, findIndexDigest, indexDigest } from '../digests.js';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { buildRequest, DEFAULT_VALIDATION_SHARE, shardsOptions } from '../line-options.js';
import { whoAsks } from '../person.js';
import { asSource, buildShards, type LineContext } from '../line.js';
import { splitColumns } from '../split-columns.js';
import { formatCount, formatMegabytes, formatTable } from '../terminal.js';
import { defineVerb } from '../verb.js';
import { withWorkplace } from '../workplace.js';

const dataset = z.string().optional().describe('the name of the dataset');
const buildOptions = z.strictObject({ dataset, ...shardsOptions, ...placeOptions, ...frameOptions });
const verifyOptions = z.strictObject({ dataset, ...placeOptions, ...frameOptions });
const listOptions = z.strictObject({ ...placeOptions, ...frameOptions });

/** `bluewaters shards build` */
export const shardsBuild = defineVerb({
  options: buildOptions,
  examples: [['$0 shards build --dataset flowers --train-shards 64', 'spread the records over 64 files']],
  run: (values, context) =>
    withWorkplace(readPlace(values), (workplace) =>
      buildFrom({ ...context, workplace }, { ...values, dataset: requireDataset(values.dataset) }),
    ),
});

/** `bluewaters shards verify` */
export const shardsVerify = defineVerb({
  options: verifyOptions,
  examples: [['$0 shards verify --dataset flowers', 'name the first record that is damaged, if any']],
  run: (values, { terminal, signal, print }) =>
    withWorkplace(readPlace(values), async ({ store }) => {
      const name = requireDataset(values.dataset);
      await assertAccess(store, name, whoAsks());
      const report = await verifyDataset(store, name, {
        signal,
        report: (progress) => terminal.progress('verify', verifying(progress)),
      });
      print(`${name}: ${formatCount(report.examples)} records in ${formatCount(report.shards)} shards are sound`);
      return report;
    }),
});

/** `bluewaters shards ls` */
export const shardsList = defineVerb({
  options: listOptions,
  examples: [['$0 shards ls', 'what can be trained on']],
  run: (values, { print }) =>
    withWorkplace(readPlace(values), async ({ store }) => {
      const datasets = await allDatasets(store);
      const { header, cells } = splitColumns(datasets);
      const rows = datasets.map(({ dataset: name, splits }) => [
        name,
        ...cells(splits),
        String(sum(splits, ({ shards }) => shards)),
        formatMegabytes(sum(splits, ({ bytes }) => bytes)),
      ]);
      if (rows.length === 0) print(`no dataset in ${store.description} yet`);
      else formatTable(['dataset', ...header, 'shards', 'size'], rows).forEach(print);
      return { datasets };
    }),
});

/** Builds the shards that the options ask for, from the indexes that the store has. */
export async function buildFrom(
  context: LineContext,
  values: Omit<z.output<typeof buildOptions>, 'dataset'> & { readonly dataset: string },
): Promise<BuildResult> {
  const { store } = context.workplace;
  const { dataset: name } = values;
  await assertAccess(store, name, whoAsks());
  const index = await indexDigest(store, name);
  const validation = await validationRule(context, values);
  const testing = await findIndexDigest(store, name, 'testing');
  const request = { dataset: name, index, validation, ...(testing !== undefined && { testing }) };
  return buildShards(context, buildRequest(values, request));
}

/** What is held out: as the options say; else the split validation, where it is indexed; else a share. */
async function validationRule(
  context: LineContext,
  { dataset: name, validationList, validationShare }: Parameters<typeof buildFrom>[1],
): Promise<BuildRequest['validation']> {
  if (validationList !== undefined) return { kind: 'list', list: await asSource(context, validationList, name) };
  if (validationShare !== undefined) return { kind: 'share', share: validationShare };
  const index = await findIndexDigest(context.workplace.store, name, 'validation');
  return index === undefined ? { kind: 'share', share: DEFAULT_VALIDATION_SHARE } : { kind: 'index', index };
}

function sum(
  { train, validation, testing }: BuildResult['splits'],
  amount: (split: BuildResult['splits']['train']) => number,
): number {
  return amount(train) + amount(validation) + (testing ? amount(testing) : 0);
}

function requireDataset(name: string | undefined): string {
  if (name !== undefined) return name;
  throw new CodedError('CONFIG_INVALID', 'Say which dataset: --dataset NAME is missing');
}

type TerminalRecord = Parameters<LineContext['terminal']['progress']>[1];

/** Verifying is done here, not by a service; it looks the same to the user. */
function verifying(progress: NonNullable<TerminalRecord['progress']>): TerminalRecord {
  return { job: 'verify', work: 'verify', state: 'running', attempt: 1, updatedAt: Date.now(), progress };
}
