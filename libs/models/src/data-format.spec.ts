import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { networkByName, VariableStore } from './index.js';
import { Graph } from '@bluewaters/tensorflow';

const FIXTURE = fileURLToPath(new URL('./data-format.fixture.mjs', import.meta.url));

/**
 * Poolings and flattening; channels of zeros; branches and LRN; groups; batch normalisation and dense layers; windows that
 * are no squares; projections; zeros put around the picture; batch normalisation before what it prepares.
 */
const CASES = [
  ...['lenet:12', 'resnet-20:16', 'googlenet:64', 'alexnet-2012-towers:67'],
  ...['vgg-16-bn:32', 'inception-v3:80', 'resnet-18:32', 'resnet-50-v1:32', 'resnet-50-v2:32'],
];

/** A bias, poolings and dense layers; batch normalisation, and the mean and the channels of a residual unit. */
const TRAINED = ['lenet:12', 'resnet-20:16'];

interface Found {
  readonly network: string;
  readonly variables: number;
  /** Logits, or why there are none. */
  readonly nhwc: readonly number[];
  readonly nchw: readonly number[] | string;
}

/** Loss, gradients, and what a step leaves in the variables: how far apart, as a share of the largest value. */
interface FoundStep {
  readonly network: string;
  readonly apart: readonly { readonly name: string; readonly apart: number; readonly largest: number }[];
}

async function compare<T>(what: 'logits' | 'step', cases: readonly string[], oneDnn: boolean): Promise<T[]> {
  const env = { ...process.env, TF_ENABLE_ONEDNN_OPTS: oneDnn ? '1' : '0', TF_CPP_MIN_LOG_LEVEL: '3' };
  const { stdout } = await promisify(execFile)(process.execPath, [FIXTURE, what, ...cases], { env });
  return JSON.parse(stdout) as T[];
}

const nameOf = (asked: string): string => asked.split(':')[0]!;

describe('networks in NCHW', { timeout: 60_000 }, () => {
  let found: Map<string, Found>;
  let steps: Map<string, FoundStep>;
  beforeAll(async () => {
    found = new Map((await compare<Found>('logits', CASES, true)).map((one) => [one.network, one]));
    steps = new Map((await compare<FoundStep>('step', TRAINED, true)).map((one) => [one.network, one]));
  }, 120_000);

  it.each(CASES.map(nameOf))('%s gives the logits of NHWC within 1e-5', (name) => {
    const { nhwc, nchw } = found.get(name)!;
    const largest = Math.max(...nhwc.map(Math.abs));
    expect(largest).toBeGreaterThan(0);
    expect(nchw).toEqual(nhwc.map((logit) => expect.closeTo(logit, -Math.log10(2e-5 * largest)) as number));
  });

  it.each(TRAINED.map(nameOf))('%s has the loss, the gradients and the step of NHWC within 1e-4', (name) => {
    const { apart } = steps.get(name)!;
    expect(apart.filter(({ name: of }) => of.startsWith('gradient')).length).toBeGreaterThan(7);
    expect(apart.filter((one) => !(one.apart < 1e-4 && one.largest > 0))).toEqual([]);
  });

  it('have the variables of NHWC, by name and by shape', () => {
    const variablesIn = (dataFormat: 'NHWC' | 'NCHW') => {
      using graph = new Graph();
      const scope = graph.scope();
      const variables = new VariableStore(scope, 1);
      const shape = dataFormat === 'NHWC' ? [1, 64, 64, 3] : [1, 3, 64, 64];
      networkByName('googlenet').build({ scope, variables, dataFormat }, scope.placeholder('float32', shape), 5);
      return variables.variables.map(({ name, shape: lengths }) => [name, lengths]);
    };
    expect(variablesIn('NCHW')).toEqual(variablesIn('NHWC'));
  });

  it('are refused by a CPU without oneDNN, by the name of the operation', async () => {
    const [lenet] = await compare<Found>('logits', ['lenet:12'], false);
    expect(lenet!.nhwc).toHaveLength(10);
    expect(lenet!.nchw).toMatch(/only supports NHWC on device type CPU.*NCHW\/pool1/u);
  });
});
