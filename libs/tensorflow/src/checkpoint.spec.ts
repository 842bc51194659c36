import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  assign,
  Graph,
  group,
  initializers,
  listCheckpoint,
  liveHandles,
  readCheckpointState,
  saver,
  Session,
  variable,
  writeCheckpointState,
  type Variable,
} from './index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A graph with two variables, of which the second counts. */
function counted() {
  const graph = new Graph();
  const scope = graph.scope();
  const weights = variable(scope.child('layer'), 'weights', {
    dtype: 'float32',
    shape: [2, 3],
    initializer: initializers.truncatedNormal({ stddev: 1, seed: 3 }),
  });
  const steps = variable(scope, 'global_step', {
    dtype: 'int64',
    shape: [],
    initializer: initializers.zeros(),
    trainable: false,
  });
  const variables = [weights, steps];
  const initialize = group(
    scope,
    variables.map(({ initializer }) => initializer),
  );
  const clear = group(
    scope,
    variables.map((v) => assign(scope, v, initializers.zeros()(scope, v.shape, v.dtype))),
  );
  return { graph, variables, initialize, clear, saver: saver(scope, variables) };
}

async function valuesOf(session: Session, variables: readonly Variable[]) {
  const tensors = await session.run({ fetches: variables.map(({ value }) => value) });
  const values = tensors.map((tensor) => tensor.values());
  for (const tensor of tensors) tensor[Symbol.dispose]();
  return values;
}

describe('Saver', () => {
  it('gives back exactly what it saved, in the same session and in another', async () => {
    const first = counted();
    using graph = first.graph;
    using session = new Session(graph);
    await session.run({ targets: [first.initialize] });
    const saved = await valuesOf(session, first.variables);
    const prefix = join(folder, 'model.ckpt-1');
    await first.saver.save(session, prefix);
    expect(readdirSync(folder).sort()).toEqual(['model.ckpt-1.data-00000-of-00001', 'model.ckpt-1.index']);

    await session.run({ targets: [first.clear] });
    expect(await valuesOf(session, first.variables)).not.toEqual(saved);
    await first.saver.restore(session, prefix);
    expect(await valuesOf(session, first.variables)).toEqual(saved);

    const second = counted();
    using otherGraph = second.graph;
    using otherSession = new Session(otherGraph);
    await second.saver.restore(otherSession, prefix);
    expect(await valuesOf(otherSession, second.variables)).toEqual(saved);
  });

  it('refuses a checkpoint that is missing, cut short, or of other variables, and names it', async () => {
    const { initialize, saver: keeper, ...built } = counted();
    using graph = built.graph;
    using session = new Session(graph);
    await session.run({ targets: [initialize] });
    const prefix = join(folder, 'model.ckpt-1');
    const refused = expect.objectContaining({ code: 'CHECKPOINT_INVALID', details: { file: prefix } });
    await expect(keeper.restore(session, prefix)).rejects.toEqual(refused);
    await keeper.save(session, prefix);
    truncateSync(`${prefix}.data-00000-of-00001`, 10);
    await expect(keeper.restore(session, prefix)).rejects.toEqual(refused);
    await keeper.save(session, prefix);
    const other = variable(graph.scope(), 'other', { dtype: 'float32', shape: [1], initializer: initializers.ones() });
    await expect(saver(graph.scope(), [other]).restore(session, prefix)).rejects.toEqual(refused);
  });

  it('restores what fits of another checkpoint, under other names too, and reports the rest', async () => {
    const { initialize, saver: keeper, ...built } = counted();
    using graph = built.graph;
    using session = new Session(graph);
    await session.run({ targets: [initialize] });
    const prefix = join(folder, 'model.ckpt-1');
    await keeper.save(session, prefix);
    const saved = await valuesOf(session, built.variables);

    using otherGraph = new Graph();
    const scope = otherGraph.scope();
    const make = (name: string, shape: number[], dtype: 'float32' | 'int32' = 'float32') =>
      variable(scope, name, { dtype, shape, initializer: initializers.ones() });
    const others = [make('dense', [2, 3]), make('head', [3]), make('global_step', [], 'int32')];
    using otherSession = new Session(otherGraph);
    await otherSession.run({ targets: others.map(({ initializer }) => initializer) });
    const other = saver(scope, others);
    const rename = (name: string) => (name === 'dense' ? 'layer/weights' : name);

    const refusal = other.restore(otherSession, prefix, { rename });
    await expect(refusal).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: expect.stringMatching(/lacks head; global_step is int64\[\] and not int32\[\]/),
    });
    expect(await valuesOf(otherSession, others)).toEqual([
      new Float32Array(6).fill(1),
      new Float32Array(3).fill(1),
      Int32Array.of(1),
    ]);

    const before = liveHandles();
    expect(await other.restore(otherSession, prefix, { partial: true, rename })).toEqual({
      matched: ['dense'],
      missing: ['head'],
      mismatched: [{ name: 'global_step', expected: 'int32[]', got: 'int64[]' }],
      leftOver: [],
    });
    expect(liveHandles()).toEqual(before);
    expect(await valuesOf(otherSession, others)).toEqual([saved[0], new Float32Array(3).fill(1), Int32Array.of(1)]);
    const lone = saver(scope.child('lone'), others.slice(0, 1));
    expect(await lone.restore(otherSession, prefix, { rename })).toEqual({
      matched: ['dense'],
      missing: [],
      mismatched: [],
      leftOver: ['global_step'],
    });
  });

  it('says that there is no folder to save in', async () => {
    const { initialize, saver: keeper, ...built } = counted();
    using graph = built.graph;
    using session = new Session(graph);
    await session.run({ targets: [initialize] });
    writeFileSync(join(folder, 'file'), '');
    await expect(keeper.save(session, join(folder, 'file', 'x'))).rejects.toMatchObject({ code: 'TENSORFLOW_FAILED' });
  });
});

describe('listCheckpoint', () => {
  it('gives every name, dtype and shape, also of an index of several blocks', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const values = [
      scope.constant([[1, 2, 3]]),
      scope.constant(7n),
      scope.constant(new Float32Array(0), { shape: [0, 2] }),
    ];
    const entries = Array.from({ length: 3000 }, (_, i) => ({
      name: `${i}/${'layer'.repeat(20)}`,
      value: values[i % 3]!,
    }));
    const strings = (list: string[]) => scope.constant(list, { dtype: 'string' });
    const prefix = join(folder, 'many');
    const keys = [strings(entries.map(({ name }) => name)), strings(entries.map(() => ''))];
    const filename = scope.constant(prefix, { dtype: 'string' });
    const save = scope.op('SaveV2', { inputs: [filename, ...keys, entries.map(({ value }) => value)] });
    using session = new Session(graph);
    await session.run({ targets: [save] });
    const expected = entries.map(({ name, value: { dtype, shape } }) => ({ name, dtype, shape }));
    expect(await listCheckpoint(prefix)).toEqual(expected.sort((a, b) => (a.name < b.name ? -1 : 1)));
  });

  it('refuses an index with any byte of it changed, or cut short', async () => {
    const { initialize, saver: keeper, ...built } = counted();
    using graph = built.graph;
    using session = new Session(graph);
    await session.run({ targets: [initialize] });
    const prefix = join(folder, 'model.ckpt-1');
    await keeper.save(session, prefix);
    const index = readFileSync(`${prefix}.index`);
    const entries = await listCheckpoint(prefix);
    for (let i = 0; i < index.length; i++) {
      const damaged = Buffer.from(index);
      damaged[i]! ^= 0xff;
      writeFileSync(`${prefix}.index`, damaged);
      // Bytes that pad the footer, and the block for filters, are read by no one.
      const found = await listCheckpoint(prefix).catch((error: unknown) => error);
      if (!Array.isArray(found)) expect(found).toMatchObject({ code: 'CHECKPOINT_INVALID' });
      else expect(found).toEqual(entries);
    }
    writeFileSync(`${prefix}.index`, index.subarray(0, -1));
    await expect(listCheckpoint(prefix)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
  });
});

describe('the checkpoint state', () => {
  it('is read as it was written, whatever the names', async () => {
    const state = { latest: 'modèle.ckpt-"2"\\', all: ['model.ckpt-1', 'modèle.ckpt-"2"\\'] };
    await writeCheckpointState(folder, { latest: 'model.ckpt-1', all: ['model.ckpt-1'] });
    await writeCheckpointState(folder, state);
    expect(await readCheckpointState(folder)).toEqual(state);
    expect(readdirSync(folder)).toEqual(['checkpoint']);
  });

  it('is read as Python writes it', async () => {
    writeFileSync(join(folder, 'checkpoint'), 'model_checkpoint_path: "\\303\\274bung\\\\1"\n');
    expect((await readCheckpointState(folder))?.latest).toBe('übung\\1');
  });

  it('is undefined without the file, and refused without a newest checkpoint', async () => {
    expect(await readCheckpointState(folder)).toBeUndefined();
    writeFileSync(join(folder, 'checkpoint'), 'all_model_checkpoint_paths: "a"\n');
    await expect(readCheckpointState(folder)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
  });

  it('cannot be written into a folder that is not there', async () => {
    const written = writeCheckpointState(join(folder, 'nowhere'), { latest: 'a', all: ['a'] });
    await expect(written).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
