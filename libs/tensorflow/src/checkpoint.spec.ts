import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  assign,
  Graph,
  group,
  initializers,
  readCheckpointState,
  saver,
  Session,
  variable,
  writeCheckpointState,
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

async function valuesOf(session: Session, variables: ReturnType<typeof counted>['variables']) {
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

  it('says that there is no folder to save in', async () => {
    const { initialize, saver: keeper, ...built } = counted();
    using graph = built.graph;
    using session = new Session(graph);
    await session.run({ targets: [initialize] });
    writeFileSync(join(folder, 'file'), '');
    await expect(keeper.save(session, join(folder, 'file', 'x'))).rejects.toMatchObject({ code: 'TENSORFLOW_FAILED' });
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
