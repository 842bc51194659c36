import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { add, freeze, Graph, mul, Session, writeTfjsModel, type FrozenModel } from './index.js';
import { TFJS_OPERATIONS } from './tfjs-operations.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tfjs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** x · w + b with 3,000 bytes of w, and a "to the end" in int64. */
async function model(): Promise<FrozenModel> {
  using graph = new Graph();
  const scope = graph.scope();
  const x = scope.placeholder('float32', [null, 750], { name: 'x' });
  const weights = scope.constant(Float32Array.from({ length: 750 }, (_, i) => i));
  const end = scope.op('Cast', { inputs: [scope.constant(2n ** 62n)], attributes: { DstT: 'float32' } }).output();
  using session = new Session(graph);
  const y = add(scope, mul(scope, x, weights), end);
  return await freeze(session, { inputs: { x }, outputs: { y } }, { foldConstants: false });
}

describe('writeTfjsModel', () => {
  it('writes a topology without values, a signature, and shards of weights in the order of the manifest', async () => {
    const directory = join(folder, 'model');
    await writeTfjsModel(directory, await model(), { shardBytes: 1024 });
    expect(readdirSync(folder)).toEqual(['model']);
    const json = JSON.parse(readFileSync(join(directory, 'model.json'), 'utf8'));
    expect(json.format).toBe('graph-model');
    expect(json.signature.inputs.x).toEqual({
      name: 'x:0',
      dtype: 'DT_FLOAT',
      tensorShape: { dim: [{ size: '-1' }, { size: '750' }] },
    });
    expect(readFileSync(join(directory, 'model.json'), 'utf8')).not.toContain('tensorContent');
    const [{ paths, weights }] = json.weightsManifest;
    expect(paths).toEqual([1, 2, 3].map((i) => `group1-shard${i}of3.bin`));
    const bytes = Buffer.concat(paths.map((path: string) => readFileSync(join(directory, path))));
    expect(weights).toEqual([
      { name: 'Const', shape: [750], dtype: 'float32' },
      { name: 'Const_1', shape: [], dtype: 'int32' },
    ]);
    expect(bytes.readFloatLE(4 * 749)).toBe(749);
    expect(bytes.readInt32LE(3000)).toBe(2 ** 31 - 1);
    expect(statSync(join(directory, paths[0])).size).toBe(1024);
  });

  it('refuses operations that tfjs does not have, by name, and a folder that is there', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.placeholder('string', [], { name: 'x' });
    const y = scope.op('DecodeJpeg', { name: 'decoded', inputs: [x] }).output();
    using session = new Session(graph);
    const decoding = await freeze(session, { inputs: { x }, outputs: { y } });
    await expect(writeTfjsModel(join(folder, 'a'), decoding)).rejects.toMatchObject({
      code: 'GRAPH_INVALID',
      message: expect.stringContaining('DecodeJpeg'),
      details: { field: 'decoded' },
    });
    await writeTfjsModel(join(folder, 'b'), await model());
    await expect(writeTfjsModel(join(folder, 'b'), await model())).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
    expect(readdirSync(folder)).toEqual(['b']);
  });

  it('knows the operations of the tfjs that is installed', () => {
    const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-converter/package.json');
    const lists = join(dirname(main), 'dist/operations/op_list');
    const sources = readdirSync(lists).filter((name) => name.endsWith('.js') && !name.includes('test'));
    const names = sources.flatMap((name) =>
      [...readFileSync(join(lists, name), 'utf8').matchAll(/'tfOpName': '(\w+)'/g)].map(([, type]) => type!),
    );
    expect([...TFJS_OPERATIONS].sort()).toEqual([...new Set(names)].sort());
  });
});
