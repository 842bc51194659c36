import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { networkByName, VariableStore } from './index.js';
import { Graph } from '@bluewaters/tensorflow';

const FIXTURE = fileURLToPath(new URL('./data-format.fixture.mjs', import.meta.url));

/** Poolings and flattening; channels of zeros; branches and LRN; groups. */
const CASES = ['lenet:12', 'resnet-20:16', 'googlenet:64', 'alexnet-2012-towers:67'];

interface Found {
  readonly network: string;
  readonly variables: number;
  /** Logits, or why there are none. */
  readonly nhwc: readonly number[];
  readonly nchw: readonly number[] | string;
}

async function compareFormats(cases: readonly string[], { oneDnn }: { readonly oneDnn: boolean }): Promise<Found[]> {
  const env = { ...process.env, TF_ENABLE_ONEDNN_OPTS: oneDnn ? '1' : '0', TF_CPP_MIN_LOG_LEVEL: '3' };
  const { stdout } = await promisify(execFile)(process.execPath, [FIXTURE, ...cases], { env });
  return JSON.parse(stdout) as Found[];
}

describe('networks in NCHW', { timeout: 60_000 }, () => {
  let found: Map<string, Found>;
  beforeAll(async () => {
    found = new Map((await compareFormats(CASES, { oneDnn: true })).map((one) => [one.network, one]));
  }, 60_000);

  it.each(CASES.map((one) => one.split(':')[0]!))('%s gives the logits of NHWC within 1e-5', (name) => {
    const { nhwc, nchw } = found.get(name)!;
    const largest = Math.max(...nhwc.map(Math.abs));
    expect(nchw).toEqual(nhwc.map((logit) => expect.closeTo(logit, -Math.log10(2e-5 * largest)) as number));
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
    const [lenet] = await compareFormats(['lenet:12'], { oneDnn: false });
    expect(lenet!.nhwc).toHaveLength(10);
    expect(lenet!.nchw).toMatch(/only supports NHWC on device type CPU.*NCHW\/pool1/u);
  });
});
