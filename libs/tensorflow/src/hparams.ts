/** Hyper-parameters, as TensorBoard's plugin `hparams` compares them between the runs below one folder. */
import { createHash } from 'node:crypto';
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { dtypeNumber } from './dtypes.js';
import {
  DataType,
  type HParamInfoSchema,
  HParamsPluginDataSchema,
  Status,
} from './generated/tensorboard/plugins/hparams/plugin_data_pb.js';
import { tensorSummary, type SummaryInit } from './summaries.js';
import { shapeProto } from './tensor-proto.js';

/** The value of one hyper-parameter. Numbers are float64 to TensorBoard. */
export type HparamValue = number | string | boolean;

/** What a hyper-parameter may be: one of some values, or a number of an interval, both ends included. */
export type HparamDomain = readonly HparamValue[] | { readonly least: number; readonly greatest: number };

/** What an experiment varies and what it looks at. */
export interface HparamsExperiment {
  /** The columns of the table, by name. */
  readonly hparams: Readonly<Record<string, HparamDomain>>;
  /** Tags of scalars, such as 'accuracy/top1'; TensorBoard shows each run's last value. */
  readonly metrics: readonly string[];
}

/** How a run ended. */
export type RunStatus = 'success' | 'failure';

type PluginData = NonNullable<MessageInitShape<typeof HParamsPluginDataSchema>['data']>;

/** Written once, in the folder that holds the folders of the runs; without it TensorBoard looks for itself. */
export function experimentSummary({ hparams, metrics }: HparamsExperiment, seconds: number): SummaryInit {
  return pluginSummary('_hparams_/experiment', {
    case: 'experiment',
    value: {
      timeCreatedSecs: seconds,
      hparamInfos: Object.entries(hparams).map(([name, domain]) => hparamInfo(name, domain)),
      metricInfos: metrics.map((tag) => ({ name: { tag } })),
    },
  });
}

/** A run begins. Runs of equal hyper-parameters are one group, which TensorBoard can average. */
export function sessionStartSummary(hparams: Readonly<Record<string, HparamValue>>, seconds: number): SummaryInit {
  const entries = Object.entries(hparams).sort(([a], [b]) => (a < b ? -1 : 1));
  const groupName = createHash('sha256').update(JSON.stringify(entries)).digest('hex');
  return pluginSummary('_hparams_/session_start_info', {
    case: 'sessionStartInfo',
    value: {
      groupName,
      startTimeSecs: seconds,
      hparams: Object.fromEntries(entries.map(([name, value]) => [name, protoValue(value)])),
    },
  });
}

/** A run has ended. */
export function sessionEndSummary(status: RunStatus, seconds: number): SummaryInit {
  return pluginSummary('_hparams_/session_end_info', {
    case: 'sessionEndInfo',
    value: { status: status === 'success' ? Status.SUCCESS : Status.FAILURE, endTimeSecs: seconds },
  });
}

/** All of it is in the metadata; the value is one zero, as TensorBoard's own writer has it. */
function pluginSummary(tag: string, data: PluginData): SummaryInit {
  const content = toBinary(HParamsPluginDataSchema, create(HParamsPluginDataSchema, { version: 0, data }));
  const nothing = { dtype: dtypeNumber('float32'), tensorShape: shapeProto([1]), floatVal: [0] };
  return tensorSummary(tag, { pluginName: 'hparams', content }, nothing);
}

function hparamInfo(name: string, domain: HparamDomain): MessageInitShape<typeof HParamInfoSchema> {
  if ('least' in domain) {
    return { name, type: DataType.FLOAT64, domainInterval: { minValue: domain.least, maxValue: domain.greatest } };
  }
  return { name, type: typeOf(domain[0]), domainDiscrete: { values: domain.map(protoValue) } };
}

function typeOf(value: HparamValue | undefined): DataType {
  if (typeof value === 'string') return DataType.STRING;
  return typeof value === 'boolean' ? DataType.BOOL : DataType.FLOAT64;
}

function protoValue(value: HparamValue) {
  if (typeof value === 'string') return { kind: { case: 'stringValue' as const, value } };
  if (typeof value === 'boolean') return { kind: { case: 'boolValue' as const, value } };
  return { kind: { case: 'numberValue' as const, value } };
}
