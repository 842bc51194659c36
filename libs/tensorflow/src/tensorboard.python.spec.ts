import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EventWriter, Graph, relu } from './index.js';
import { onePixelPng, PYTHON, PYTHON_ENVIRONMENT } from './python.fixture.js';

/** Three runs of an experiment: two that differ in their rate, and one that failed. */
async function writeExperiment(directory: string): Promise<void> {
  const experiment = new EventWriter(directory);
  experiment.experiment({
    hparams: { rate: { least: 0, greatest: 1 }, optimiser: ['momentum', 'adam'], augment: [true, false] },
    metrics: ['accuracy'],
  });
  await experiment.close();
  const runs = [
    { name: 'first', rate: 0.1, accuracy: 0.75 },
    { name: 'second', rate: 0.5, accuracy: 0.5 },
    { name: 'failed', rate: 1, accuracy: 0.25 },
  ];
  for (const { name, rate, accuracy } of runs) {
    const writer = new EventWriter(join(directory, name));
    writer.hparams({ rate, optimiser: 'momentum', augment: true });
    for (const step of [1, 2]) writer.scalar('accuracy', step, (accuracy * step) / 2);
    writer.runEnded(name === 'failed' ? 'failure' : 'success');
    await writer.close();
  }
}

async function writeRun(directory: string): Promise<void> {
  using graph = new Graph();
  const scope = graph.scope().child('layer');
  relu(scope, scope.placeholder('float32', [null, 2], { name: 'x' }));
  const writer = new EventWriter(directory);
  writer.graph(graph.toGraphDef());
  writer.text('notes', 1, '**bold**');
  writer.histogram('weights', 2, [1, 2, 2, 3]);
  writer.image('picture', 3, { png: onePixelPng(), width: 1, height: 1 });
  await writer.close();
}

interface SessionGroups {
  readonly sessionGroups: {
    readonly hparams: Record<string, unknown>;
    readonly metricValues: { readonly name: { readonly tag: string }; readonly value: number }[];
    readonly sessions: { readonly name: string; readonly status: string }[];
  }[];
}

describe.skipIf(!PYTHON)("what TensorBoard's own server shows (needs BLUEWATERS_PYTHON)", { timeout: 60_000 }, () => {
  let folder: string;
  let tensorboard: ChildProcess;
  let address: string;
  let said = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorboard-'));
    await writeExperiment(join(folder, 'experiment'));
    await writeRun(join(folder, 'run'));
    const args = ['-m', 'tensorboard.main', '--logdir', folder, '--host', '127.0.0.1', '--port', '0'];
    tensorboard = spawn(PYTHON!, [...args, '--load_fast', 'true'], {
      // TensorBoard's own imports are no matter of ours.
      env: { ...PYTHON_ENVIRONMENT, PYTHONWARNINGS: 'ignore:pkg_resources' },
    });
    for await (const line of createInterface({ input: tensorboard.stderr! })) {
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
      if (found === undefined) said += `${line}\n`;
      else {
        address = found;
        break;
      }
    }
    tensorboard.stderr!.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await vi.waitFor(async () => expect(await get('/data/runs')).toHaveLength(5), { timeout: 60_000, interval: 200 });
  }, 120_000);
  afterAll(async () => {
    const ended = new Promise((resolve) => tensorboard.once('exit', resolve));
    tensorboard.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  });

  const fetchPath = async (path: string, body?: object) => {
    const request = body && {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    };
    const response = await fetch(address + path, request);
    expect(response.status, path).toBe(200);
    return response;
  };
  const get = async <Answer>(path: string) => (await (await fetchPath(path)).json()) as Answer;

  it('are the hyper-parameters of each run, with its last metric and how it ended', async () => {
    const path = '/data/plugin/hparams';
    const experiment = await (await fetchPath(`${path}/experiment`, { experimentName: '' })).json();
    const columns = (experiment as { hparamInfos: { name: string; type: string }[] }).hparamInfos;
    expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toEqual({
      rate: 'DATA_TYPE_FLOAT64',
      optimiser: 'DATA_TYPE_STRING',
      augment: 'DATA_TYPE_BOOL',
    });
    const request = {
      experimentName: '',
      allowedStatuses: ['STATUS_SUCCESS', 'STATUS_FAILURE'],
      colParams: [{ hparam: 'rate', order: 'ORDER_ASC' }],
      startIndex: 0,
      sliceSize: 10,
    };
    const { sessionGroups } = (await (await fetchPath(`${path}/session_groups`, request)).json()) as SessionGroups;
    const rows = sessionGroups.map(({ hparams, metricValues, sessions }) => [
      hparams,
      metricValues.map(({ name, value }) => [name.tag, value]),
      sessions.map(({ name, status }) => [name, status]),
    ]);
    const row = (name: string, rate: number, accuracy: number, status: string) => [
      { rate, optimiser: 'momentum', augment: true },
      [['accuracy', accuracy]],
      [[`experiment/${name}`, status]],
    ];
    expect(rows).toEqual([
      row('first', 0.1, 0.75, 'STATUS_SUCCESS'),
      row('second', 0.5, 0.5, 'STATUS_SUCCESS'),
      row('failed', 1, 0.25, 'STATUS_FAILURE'),
    ]);
  });

  it('are scalars, histograms, texts, images and the graph', async () => {
    const of = (run: string, tag: string) => `run=${encodeURIComponent(run)}&tag=${tag}`;
    const scalars = await get<number[][]>(`/data/plugin/scalars/scalars?${of('experiment/first', 'accuracy')}`);
    expect(scalars.map(([, step, value]) => [step, value])).toEqual([
      [1, 0.375],
      [2, 0.75],
    ]);
    const [[, step, buckets]] = await get<[[number, number, number[][]]]>(
      `/data/plugin/histograms/histograms?${of('run', 'weights')}`,
    );
    expect([step, buckets.reduce((sum, [, , count]) => sum + count!, 0)]).toEqual([2, 4]);
    const [text] = await get<[{ text: string }]>(`/data/plugin/text/text?${of('run', 'notes')}`);
    expect(text.text).toContain('<strong>bold</strong>');
    const [image] = await get<[{ step: number; query: string }]>(
      `/data/plugin/images/images?${of('run', 'picture')}&sample=0`,
    );
    expect(image.step).toBe(3);
    const png = await (await fetchPath(`/data/plugin/images/individualImage?${image.query}`)).arrayBuffer();
    expect(new Uint8Array(png)).toEqual(new Uint8Array(onePixelPng()));
    const graph = await (await fetchPath('/data/plugin/graphs/graph?run=run&conceptual=false')).text();
    expect(graph).toContain('layer/Relu');
  });

  it('comes without a warning', () => {
    expect(said).not.toMatch(/warn|error|corrupt|truncat/iu);
  });
});
