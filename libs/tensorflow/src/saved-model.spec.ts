import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  add,
  dataset,
  gradients,
  Graph,
  initializers,
  liveHandles,
  loadSavedModel,
  matMul,
  Session,
  softmax,
  Tensor,
  variable,
  writeSavedModel,
} from './index.js';
import { wordTable } from './network.fixture.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saved-model-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A graph that trains and predicts, with parts on devices of its own. */
function model() {
  const graph = new Graph();
  const scope = graph.scope().on('/job:localhost/task:0');
  const x = scope.placeholder('float32', [null, 3], { name: 'x' });
  const w = variable(scope.child('layer'), 'weights', {
    dtype: 'float32',
    shape: [3, 2],
    initializer: initializers.glorotUniform({ seed: 1 }),
  });
  const probabilities = softmax(scope, matMul(scope, x, w.value));
  gradients(scope, [probabilities], [w.value]);
  dataset.iterator(
    scope,
    dataset.map(scope, dataset.range(scope, 0, 3), (inner, [i]) => [add(inner, i!, 1)]),
    'input',
  );
  const signature = { inputs: { x }, outputs: { probabilities } };
  return { graph, x, w, probabilities, signature };
}

async function write(
  directory: string,
  options: { extraFiles?: Record<string, string>; stripTraining?: boolean } = {},
) {
  const { x, w, probabilities, signature, ...built } = model();
  using graph = built.graph;
  using session = new Session(graph);
  await session.run({ targets: [w.initializer] });
  await writeSavedModel(directory, {
    graph,
    session,
    signatures: { serving_default: signature },
    variables: [w],
    ...options,
  });
  using fed = Tensor.of('float32', [2, 3], [1, 2, 3, -1, 0, 1]);
  using answer = (await session.run({ feeds: [[x, fed]], fetches: [probabilities] }))[0]!;
  return answer.values('float32');
}

describe('a SavedModel', () => {
  it('answers as the graph that it was written from, and leaves no handle behind', async () => {
    const before = liveHandles();
    const directory = join(folder, '1');
    const expected = await write(directory);
    {
      using loaded = await loadSavedModel(directory, { intraOpThreads: 1 });
      const { inputs, outputs, methodName } = loaded.signatures['serving_default']!;
      expect([inputs['x']!.shape, outputs['probabilities']!.shape]).toEqual([
        [null, 3],
        [null, 2],
      ]);
      expect(methodName).toBe('tensorflow/serving/predict');
      using fed = Tensor.of('float32', [2, 3], [1, 2, 3, -1, 0, 1]);
      using answer = (
        await loaded.session.run({ feeds: [[inputs['x']!, fed]], fetches: [outputs['probabilities']!] })
      )[0]!;
      expect(answer.values()).toEqual(expected);
    }
    expect(liveHandles()).toEqual(before);
  });

  it('holds what serving needs and no more, on no device', async () => {
    await write(join(folder, '1'));
    using loaded = await loadSavedModel(join(folder, '1'));
    const operations = loaded.graph.operations();
    expect(operations.filter(({ name }) => /^(gradients|input|ParallelMap)/.test(name))).toEqual([]);
    expect(operations.filter(({ device }) => device !== '')).toEqual([]);
    expect(operations.map(({ name }) => name)).toContain('layer/weights/Assign');
  });

  it('keeps the training part when asked to', async () => {
    await write(join(folder, '1'), { stripTraining: false });
    using loaded = await loadSavedModel(join(folder, '1'));
    expect(loaded.graph.operation('input').type).toBe('IteratorV2');
  });

  it('is written whole, next to files that no loader looks at, and never over another', async () => {
    const directory = join(folder, '1');
    await write(directory, { extraFiles: { 'labels.txt': 'cat\n' } });
    expect(readdirSync(folder)).toEqual(['1']);
    expect(readdirSync(directory).sort()).toEqual(['assets.extra', 'saved_model.pb', 'variables']);
    expect(readFileSync(join(directory, 'assets.extra', 'labels.txt'), 'utf8')).toBe('cat\n');
    await expect(write(directory)).rejects.toMatchObject({ code: 'OBJECT_EXISTS', details: { file: directory } });
  });

  it('has several signatures, and takes the files along that its graph reads', async () => {
    const vocabulary = join(folder, 'vocabulary.txt');
    writeFileSync(vocabulary, 'cat\ndog\nbird\n');
    {
      using graph = new Graph();
      const options = { graph, variables: [], ...wordTable(graph.scope(), vocabulary) };
      using session = new Session(graph);
      await writeSavedModel(join(folder, '1'), { session, ...options });
      const twice = { ...options, assets: [...options.assets, ...options.assets] };
      const refused = writeSavedModel(join(folder, '2'), { session, ...twice });
      await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
    rmSync(vocabulary);
    renameSync(join(folder, '1'), join(folder, 'moved'));
    using loaded = await loadSavedModel(join(folder, 'moved'));
    expect(loaded.assets).toEqual([join(folder, 'moved', 'assets', 'vocabulary.txt')]);
    expect(readFileSync(loaded.assets[0]!, 'utf8')).toBe('cat\ndog\nbird\n');
    const answers = ['label', 'twice'].map(async (name) => {
      const { inputs, outputs } = loaded.signatures[name]!;
      using words = Tensor.of('string', [3], ['bird', 'cat', 'fish']);
      using answer = (
        await loaded.session.run({ feeds: [[inputs['words']!, words]], fetches: [outputs['label']!] })
      )[0]!;
      return Array.from(answer.values(), Number);
    });
    expect(await Promise.all(answers)).toEqual([
      [2, 0, -1],
      [4, 0, -2],
    ]);
  });

  it('leaves nothing behind when it cannot be written', async () => {
    mkdirSync(join(folder, 'models'));
    await expect(write(join(folder, 'models', '1'), { extraFiles: { 'no/folder': '' } })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
    expect(readdirSync(join(folder, 'models'))).toEqual([]);
  });
});

describe('loadSavedModel', () => {
  it('refuses a folder without a model, a damaged one, and tags that it lacks', async () => {
    const before = liveHandles();
    const invalid = (file: string) => expect.objectContaining({ code: 'MODEL_INVALID', details: { file } });
    await expect(loadSavedModel(folder)).rejects.toEqual(invalid(folder));
    const directory = join(folder, '1');
    await write(directory);
    await expect(loadSavedModel(directory, { tags: ['train'] })).rejects.toEqual(invalid(directory));
    writeFileSync(join(directory, 'saved_model.pb'), 'damaged');
    await expect(loadSavedModel(directory)).rejects.toEqual(invalid(directory));
    expect(liveHandles()).toEqual(before);
  });
});
